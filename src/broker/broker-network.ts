import { TroupeError } from '../base/errors.js'
import { isUlid } from '../base/identity.js'
import type { Medium, MediumGround } from '../cluster/medium.js'
import type { Timer } from '../world/clock.js'
import type { Address, Connection, Listener, Network, TlsOptions } from '../world/network.js'
import type { Broker, BrokerLink, Fate } from './broker-link.js'
import type { BrokerOptions } from './broker-options.js'
import { LinkKeeper } from './link-keeper.js'
import {
  encodeOpening,
  encodePacket,
  PACKET,
  type Packet,
  type PacketKind,
  readOpening,
  readPacket,
} from './packet.js'
import { type ConnectionHost, type FarEnd, VirtualConnection } from './virtual-connection.js'

const EVERYBODY = 'presence'
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1'])

interface Dialling {
  readonly far: FarEnd
  settle(connection: VirtualConnection | TroupeError): void
}

type Accept = (connection: Connection) => void

/**
 * A network whose connections are carried by messages of a broker. Every node has one queue; an
 * address is a node's name and incarnation, and a port as any. While the broker is away, and when
 * its connection is lost, all connections break; whoever wants them dials again.
 */
export class BrokerNetwork implements Medium, Network, ConnectionHost {
  readonly world: MediumGround['world']
  readonly windowBytes: number
  readonly #ground: MediumGround
  readonly #options: BrokerOptions
  readonly #host: string
  readonly #keeper: LinkKeeper
  readonly #place: string
  readonly #listeners = new Map<number, Accept>()
  readonly #connections = new Map<string, VirtualConnection>()
  readonly #dialling = new Map<string, Dialling>()
  readonly #waiting = new Set<VirtualConnection>()
  #heard: (body: Uint8Array) => void = () => {}
  #started: Promise<void> | undefined
  #dialled = 0
  #inFlightBytes = 0
  /** Messages handed to the link that stands, and those of them it has confirmed. */
  #handed = 0
  #confirmed = 0
  #confirmTimer: Timer | undefined
  #unacked = 0
  #lastTag = 0
  #ackDue = false

  constructor(ground: MediumGround, broker: Broker, options: BrokerOptions) {
    this.#ground = ground
    this.#options = options
    this.world = ground.world
    this.windowBytes = options.windowBytes
    this.#host = hostOf(ground.self)
    this.#place = broker.place
    this.#keeper = new LinkKeeper({
      world: ground.world,
      logger: ground.logger,
      broker,
      options,
      wish: (attempt) => this.#wish(attempt),
      up: () => this.#up(),
      message: (body, tag) => this.#message(body, tag),
      down: (error) => this.#down(error),
    })
  }

  get network(): Network {
    return this
  }

  // Medium

  subscribe(heard: (body: Uint8Array) => void): void {
    this.#heard = heard
  }

  publish(body: Uint8Array): void {
    const head = { kind: PACKET.PUBLISHED, byDialler: false, number: 0, value: 0 }
    this.#hand(EVERYBODY, encodePacket({ ...head, from: this.#incarnation }, [body]), false)
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    this.#breakAll('this node has stopped')
    this.#confirmTimer?.cancel()
    if (this.#ackDue) this.#ackNow()
    await this.#keeper.close()
  }

  // Network

  /** Resolves when the broker was tried once, whether it answered or not: it is tried until it does. */
  async listen(at: Address, accept: Accept, tls?: TlsOptions): Promise<Listener> {
    if (tls !== undefined) throw noTls()
    const fine = Number.isInteger(at.port) && at.port >= 0 && at.port <= 65_535
    if (!fine || (at.host !== this.#host && !LOOPBACK.has(at.host))) {
      const detail = `cannot listen on ${at.host}:${at.port}: over the broker this node is ${this.#host}`
      throw new TroupeError('ERR_BAD_ADDRESS', detail)
    }
    const port = at.port === 0 ? this.#freePort() : at.port
    if (this.#listeners.has(port)) {
      const detail = `this node listens on ${at.host}:${port} already`
      throw new TroupeError('ERR_ADDRESS_IN_USE', detail)
    }
    this.#listeners.set(port, accept)
    this.#started ??= this.#keeper.start()
    await this.#started
    return {
      address: { host: at.host, port },
      addresses: [{ host: this.#host, port }],
      close: async () => {
        if (this.#listeners.get(port) === accept) this.#listeners.delete(port)
      },
    }
  }

  connect(to: Address, options: { timeoutMs: number; tls?: TlsOptions }): Promise<Connection> {
    if (options.tls !== undefined) return Promise.reject(noTls())
    const incarnation = LOOPBACK.has(to.host) ? this.#incarnation : incarnationOf(to.host)
    const remote = `${to.host}:${to.port}`
    if (incarnation === undefined) {
      return Promise.reject(connectError(remote, 'that is no node of the broker'))
    }
    if (this.#keeper.link === undefined) {
      return Promise.reject(connectError(remote, `the broker ${this.#place} is away`))
    }
    const far = { incarnation, number: ++this.#dialled, dialled: true, remote }
    return new Promise((resolve, reject) => {
      const key = keyOf(far)
      const timer = this.world.clock.after(options.timeoutMs, () => {
        settle(connectError(remote, `no answer within ${options.timeoutMs} ms`))
      })
      const settle = (outcome: VirtualConnection | TroupeError): void => {
        if (!this.#dialling.delete(key)) return
        timer.cancel()
        if (outcome instanceof VirtualConnection) resolve(outcome)
        else reject(outcome)
      }
      this.#dialling.set(key, { far, settle })
      const opening = { port: to.port, window: this.windowBytes, name: this.#host }
      this.#sendTo(far, PACKET.OPEN, 0, [encodeOpening(opening)])
    })
  }

  // ConnectionHost

  get hasRoom(): boolean {
    return this.#inFlightBytes < this.#options.inFlightMaxBytes
  }

  awaitRoom(connection: VirtualConnection): void {
    this.#waiting.add(connection)
  }

  send(
    connection: VirtualConnection,
    kind: PacketKind,
    value: number,
    parts?: readonly Uint8Array[],
  ): void {
    this.#sendTo(connection.far, kind, value, parts)
  }

  forget(connection: VirtualConnection): void {
    this.#connections.delete(keyOf(connection.far))
    this.#waiting.delete(connection)
  }

  // sending

  #sendTo(far: FarEnd, kind: PacketKind, value: number, parts?: readonly Uint8Array[]): void {
    const head = { kind, byDialler: far.dialled, number: far.number, value }
    const bytes = encodePacket({ ...head, from: this.#incarnation }, parts)
    this.#hand(keyOfNode(far.incarnation), bytes, kind !== PACKET.RESET, (fate) => {
      if (fate !== 'taken') this.#notTaken(far, fate)
    })
  }

  #hand(key: string, bytes: Uint8Array, mandatory: boolean, done?: (fate: Fate) => void): void {
    const { link } = this.#keeper
    if (link === undefined) return
    this.#inFlightBytes += bytes.length
    this.#handed++
    if (this.#confirmTimer === undefined) this.#watchConfirms(link)
    link.publish(key, bytes, mandatory, (fate) => {
      if (this.#keeper.link !== link) return
      this.#confirmed++
      this.#inFlightBytes -= bytes.length
      done?.(fate)
      this.#wakeWaiting()
    })
  }

  #notTaken(far: FarEnd, fate: Fate): void {
    const reason = fate === 'nobody' ? 'nobody is there' : 'the queue there is full'
    const key = keyOf(far)
    this.#dialling.get(key)?.settle(connectError(far.remote, reason))
    const connection = this.#connections.get(key)
    if (fate === 'nobody') connection?.fail(reason)
    else connection?.break(reason)
  }

  /** Each that waits may fill what room there is; who is left waits behind the others. */
  #wakeWaiting(): void {
    for (const connection of this.#waiting) {
      if (!this.hasRoom) return
      this.#waiting.delete(connection)
      connection.pump()
    }
  }

  /** A broker that confirms nothing any more is lost, whatever its heartbeats say. */
  #watchConfirms(link: BrokerLink): void {
    const { confirmTimeoutMs } = this.#options
    const before = this.#confirmed
    const check = (): void => {
      this.#confirmTimer = undefined
      if (this.#keeper.link !== link || this.#handed === this.#confirmed) return
      if (this.#confirmed > before) this.#watchConfirms(link)
      else this.#keeper.drop(`the broker confirmed nothing for ${confirmTimeoutMs} ms`)
    }
    this.#confirmTimer = this.world.clock.after(confirmTimeoutMs, check, true)
  }

  // receiving

  #message(bytes: Uint8Array, tag: number): void {
    this.#ackSoon(tag)
    const packet = readPacket(bytes)
    if (packet === undefined) {
      this.#ground.logger.debug({ bytes: bytes.length }, 'a message of the broker is no packet')
    } else if (packet.kind === PACKET.PUBLISHED) this.#heard(packet.body)
    else if (packet.kind === PACKET.OPEN) this.#opened(packet)
    else if (packet.kind === PACKET.ACCEPT) this.#accepted(packet)
    else this.#arrived(packet)
  }

  #opened(packet: Packet): void {
    const opening = readOpening(packet.body)
    if (opening === undefined || !packet.byDialler) return
    const { port, window, name } = opening
    const remote = `${name}:${packet.number}`
    const far = { incarnation: packet.from, number: packet.number, dialled: false, remote }
    if (this.#connections.has(keyOf(far))) return // delivered again
    const accept = this.#listeners.get(port)
    if (accept === undefined) {
      this.#sendTo(far, PACKET.RESET, 0)
      return
    }
    const connection = new VirtualConnection(this, far, window)
    this.#connections.set(keyOf(far), connection)
    this.#sendTo(far, PACKET.ACCEPT, this.windowBytes)
    accept(connection)
  }

  #accepted(packet: Packet): void {
    const dialling = this.#dialling.get(keyOfPacket(packet))
    if (dialling === undefined || packet.byDialler) {
      this.#refuse(packet)
      return
    }
    const connection = new VirtualConnection(this, dialling.far, packet.value)
    this.#connections.set(keyOf(dialling.far), connection)
    dialling.settle(connection)
  }

  #arrived(packet: Packet): void {
    const key = keyOfPacket(packet)
    const connection = this.#connections.get(key)
    if (connection === undefined) {
      const dialling = this.#dialling.get(key)
      if (dialling === undefined) this.#refuse(packet)
      else if (packet.kind === PACKET.RESET) {
        dialling.settle(connectError(dialling.far.remote, 'nobody listens there'))
      }
      return
    }
    switch (packet.kind) {
      case PACKET.DATA:
        connection.data(packet.value, packet.body)
        break
      case PACKET.WINDOW:
        connection.window(packet.value)
        break
      case PACKET.END:
        connection.endSeen(packet.value, 'end')
        break
      case PACKET.GONE:
        connection.endSeen(packet.value, 'gone')
        break
      default:
        connection.fail('the other side has broken it')
    }
  }

  /** To who still thinks that there is a connection. */
  #refuse({ kind, from, number, byDialler }: Packet): void {
    if (kind === PACKET.RESET || kind === PACKET.GONE || kind === PACKET.WINDOW) return
    const far = { incarnation: from, number, dialled: !byDialler, remote: from }
    if (!this.#connections.has(keyOf(far))) this.#sendTo(far, PACKET.RESET, 0)
  }

  #ackSoon(tag: number): void {
    this.#lastTag = tag
    this.#unacked++
    if (this.#unacked >= this.#options.prefetch / 4) this.#ackNow()
    else if (!this.#ackDue) {
      this.#ackDue = true
      this.world.turn.immediate(() => {
        if (this.#ackDue) this.#ackNow()
      })
    }
  }

  #ackNow(): void {
    this.#ackDue = false
    if (this.#unacked > 0) this.#keeper.link?.ack(this.#lastTag)
    this.#unacked = 0
  }

  // the link

  #wish(attempt: number): ReturnType<LinkWish> {
    const { cluster, durable, expiresMs, queueMaxBytes, prefetch } = this.#options
    const exchange = `troupe.${cluster}`
    // The broker may hold the queue of a connection that is dead, and not know that yet.
    const queue = `${exchange}.${this.#host}${durable || attempt === 1 ? '' : `.${attempt}`}`
    const keys = [keyOfNode(this.#incarnation), EVERYBODY]
    return { exchange, queue, keys, durable, expiresMs, queueMaxBytes, prefetch }
  }

  #up(): void {
    this.#inFlightBytes = 0
    this.#handed = 0
    this.#confirmed = 0
    this.#confirmTimer?.cancel()
    this.#confirmTimer = undefined
    this.#unacked = 0
  }

  #down({ message }: TroupeError): void {
    this.#breakAll(message)
  }

  #breakAll(reason: string): void {
    for (const { far, settle } of [...this.#dialling.values()]) {
      settle(connectError(far.remote, reason))
    }
    for (const connection of [...this.#connections.values()]) connection.fail(reason)
  }

  get #incarnation(): string {
    return this.#ground.self.incarnation
  }

  #freePort(): number {
    let port = 1
    while (this.#listeners.has(port)) port++
    return port
  }
}

type LinkWish = ConstructorParameters<typeof LinkKeeper>[0]['wish']

/** How a node is called in addresses. */
export const hostOf = (self: { readonly name: string; readonly incarnation: string }): string =>
  `${self.name}.${self.incarnation}`

function incarnationOf(host: string): string | undefined {
  const last = host.slice(host.lastIndexOf('.') + 1)
  return isUlid(last) ? last : undefined
}

const keyOfNode = (incarnation: string): string => `node.${incarnation}`

const keyOf = ({ dialled, incarnation, number }: FarEnd): string =>
  `${dialled ? 'to' : 'from'} ${incarnation} ${number}`

/** The receiver's key for the connection of a packet. */
const keyOfPacket = ({ byDialler, from, number }: Packet): string =>
  `${byDialler ? 'from' : 'to'} ${from} ${number}`

const connectError = (remote: string, reason: string): TroupeError =>
  new TroupeError('ERR_CONNECT', `cannot connect to ${remote}: ${reason}`)

const noTls = (): TroupeError =>
  new TroupeError(
    'ERR_BAD_OPTION',
    'startNode.tls is not for nodes over a broker; speak to the broker by amqps://',
  )
