import { TroupeError } from '../base/errors.js'
import type { Address, Connection, TlsOptions } from '../world/network.js'
import type { SimEvent } from './agenda.js'
import type { Packet, Pipe } from './pipe.js'
import { SimConnection } from './sim-connection.js'
import type { Life, SimHost } from './sim-host.js'
import type { SimListener, Wires } from './sim-network.js'

interface Settle {
  resolve(connection: Connection): void
  reject(error: TroupeError): void
}

/**
 * One attempt to connect, in the three steps of TCP, so that a way that is cut in one direction
 * leaves neither side with a connection the other knows nothing of.
 */
export class Dial {
  readonly #wires: Wires
  readonly #life: Life
  readonly #to: Address
  readonly #secure: boolean
  readonly #settle: Settle
  readonly #there: Pipe
  readonly #back: Pipe
  readonly #timeout: SimEvent
  readonly #localPort: number
  #waiting = true
  #refusal = 'connection refused'

  constructor(
    wires: Wires,
    life: Life,
    to: Address,
    server: SimHost | undefined,
    timeoutMs: number,
    tls: TlsOptions | undefined,
    settle: Settle,
  ) {
    this.#wires = wires
    this.#life = life
    this.#to = to
    this.#secure = tls !== undefined
    this.#settle = settle
    this.#localPort = life.host.freePort()
    const [there, back] = wires.pipes(life.name, server?.name ?? to.host, to.port)
    this.#there = there
    this.#back = back
    const expire = (): void => this.#fail(`no answer within ${timeoutMs} ms`)
    const timeoutUs = Math.ceil(timeoutMs * 1000)
    this.#timeout = wires.agenda.schedule(timeoutUs, 'timer', life, there.label, expire)
    back.receiver = { arrived: (packet) => this.#atDialler(packet) }
    if (server === undefined) {
      const unknown = (): void => this.#fail('host not found')
      wires.agenda.schedule(0, 'refuse', life, there.label, unknown)
      return
    }
    there.receiver = { arrived: (packet) => this.#atServer(packet, server) }
    there.emit('syn')
  }

  #atServer(packet: Packet, server: SimHost): void {
    if (!server.on || packet.kind !== 'syn') return
    const listener = server.listeners.get(this.#to.port)
    if (listener === undefined || !listener.reachableFrom(this.#life.name)) {
      this.#back.emit('refuse')
    } else if (listener.secure !== this.#secure) {
      this.#refusal = 'only one side speaks TLS'
      this.#back.emit('refuse')
    } else {
      this.#there.receiver = { arrived: (next) => this.#accepted(next, listener) }
      this.#back.emit('synAck')
    }
  }

  #accepted(packet: Packet, listener: SimListener): void {
    if (!listener.life.host.on || packet.kind !== 'accept') return
    if (!listener.open) {
      this.#back.reset()
      return
    }
    const remote = `${this.#life.name}:${this.#localPort}`
    const { agenda } = this.#wires
    const connection = new SimConnection(agenda, listener.life, remote, this.#back, this.#there)
    agenda.schedule(0, 'accept', listener.life, this.#there.label, () => {
      listener.accept(connection)
    })
  }

  #atDialler(packet: Packet): void {
    if (!this.#life.host.on) return
    if (packet.kind === 'refuse') {
      if (this.#waiting) this.#soon(() => this.#fail(this.#refusal))
    } else if (packet.kind === 'synAck') {
      if (this.#waiting && this.#life.alive) this.#establish()
      else this.#there.reset()
    }
  }

  #establish(): void {
    const remote = `${this.#to.host}:${this.#to.port}`
    const { agenda } = this.#wires
    const connection = new SimConnection(agenda, this.#life, remote, this.#there, this.#back)
    this.#there.emit('accept')
    this.#soon(() => {
      if (!this.#waiting) {
        connection.destroy()
        return
      }
      this.#waiting = false
      agenda.cancel(this.#timeout)
      this.#settle.resolve(connection)
    })
  }

  /** In an event of the dialling program, which may be paused. */
  #soon(run: () => void): void {
    this.#wires.agenda.schedule(0, 'connected', this.#life, this.#there.label, run)
  }

  #fail(reason: string): void {
    if (!this.#waiting) return
    this.#waiting = false
    this.#wires.agenda.cancel(this.#timeout)
    const { host, port } = this.#to
    this.#settle.reject(
      new TroupeError('ERR_CONNECT', `cannot connect to ${host}:${port}: ${reason}`),
    )
  }
}
