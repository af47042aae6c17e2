import { TroupeError } from '../base/errors.js'
import { isUlid } from '../base/identity.js'
import type { Medium, MediumGround } from '../cluster/medium.js'
import type { PeerOptions } from '../peer/peer-options.js'
import type { Timer } from '../world/clock.js'
import type { Address, Connection, Listener, Network, TlsOptions } from '../world/network.js'
import { BrokerLine } from './broker-line.js'
import type { Broker, Fate, QueueWish } from './broker-link.js'
import type { BrokerOptions } from './broker-options.js'
import { FarNodes } from './far-nodes.js'
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
  /**
   * The presence of nodes says that they live, so that heartbeats between each two need not; and a
   * broker that is slow is not silent.
   */
  readonly options: Partial<PeerOptions> = {
    heartbeatMs: 10_000,
    silenceMs: 30_000,
    connectTimeoutMs: 10_000,
    handshakeTimeoutMs: 15_000,
  }
  readonly world: MediumGround['world']
  readonly windowBytes: number
  readonly #ground: MediumGround
  readonly #options: BrokerOptions
  readonly #host: string
  readonly #line: BrokerLine
  readonly #place: string
  readonly #listeners = new Map<number, Accept>()
  readonly #connections = new Map<string, VirtualConnection>()
  readonly #dialling = new Map<string, Dialling>()
  readonly #farNodes = new FarNodes()
  /** When this node's own presence came back last. */
  #echoedMs = 0
  #watch: Timer | undefined
  readonly #waiting = new Set<VirtualConnection>()
  #heard: (body: Uint8Array) => void = () => {}
  #started: Promise<void> | undefined
  #dialled = 0

  constructor(ground: MediumGround, broker: Broker, options: BrokerOptions) {
    this.#ground = ground
    this.#options = options
    this.world = ground.world
    this.windowBytes = options.windowBytes
    this.#host = hostOf(ground.self)
    this.#place = broker.place
    this.#line = new BrokerLine({
      world: ground.world,
      logger: ground.logger,
      broker,
      options,
      wish: (attempt) => this.#wish(attempt),
      message: (bytes) => this.#message(bytes),
      down: (error) => this.#breakAll(error.message),
      room: () => this.#wakeWaiting(),
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
    this.#line.hand(EVERYBODY, encodePacket({ ...head, from: this.#incarnation }, [body]), false)
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    this.#breakAll('this node has stopped')
    this.#watch?.cancel()
    await this.#line.close()
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
    if (this.#started === undefined) {
      this.#started = this.#line.start()
      this.#watchSilence()
    }
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
    if (!this.#line.isUp) {
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
    return this.#line.hasRoom
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
    this.#farNodes.closed(connection)
    this.#connections.delete(keyOf(connection.far))
    this.#waiting.delete(connection)
  }

  // sending

  #sendTo(far: FarEnd, kind: PacketKind, value: number, parts?: readonly Uint8Array[]): void {
    const head = { kind, byDialler: far.dialled, number: far.number, value }
    const bytes = encodePacket({ ...head, from: this.#incarnation }, parts)
    this.#line.hand(keyOfNode(far.incarnation), bytes, kind !== PACKET.RESET, (fate) => {
      if (fate !== 'taken') this.#notTaken(far, fate)
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

  // receiving

  #message(bytes: Uint8Array): void {
    const packet = readPacket(bytes)
    if (packet === undefined) {
      this.#ground.logger.debug({ bytes: bytes.length }, 'a message of the broker is no packet')
      return
    }
    const nowMs = this.world.clock.now()
    this.#farNodes.heard(packet.from, nowMs)
    if (packet.kind === PACKET.PUBLISHED) {
      if (packet.from === this.#incarnation) this.#echoedMs = nowMs
      this.#heard(packet.body)
    } else if (packet.kind === PACKET.OPEN) this.#opened(packet)
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
    this.#keep(connection)
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
    this.#keep(connection)
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

  #keep(connection: VirtualConnection): void {
    this.#connections.set(keyOf(connection.far), connection)
    this.#farNodes.opened(connection, this.world.clock.now())
  }

  /**
   * A node whose presence is missed is taken for dead, as by TCP's keep-alive. While a node does not
   * hear itself it can say nothing about others.
   */
  #watchSilence(): void {
    const { presenceMs, missedMax } = this.#options
    const nowMs = this.world.clock.now()
    if (nowMs - this.#echoedMs < 2 * presenceMs) {
      const sinceMs = nowMs - (missedMax + 1) * presenceMs
      for (const connection of this.#farNodes.silentSince(sinceMs)) {
        connection.fail('the presence of the node there is missed')
      }
    }
    this.#watch = this.world.clock.after(presenceMs, () => this.#watchSilence(), true)
  }

  // the link

  #wish(attempt: number): QueueWish {
    const { cluster, durable, expiresMs, queueMaxBytes, prefetch } = this.#options
    const exchange = `troupe.${cluster}`
    // The broker may hold the queue of a connection that is dead, and not know that yet.
    const queue = `${exchange}.${this.#host}${durable || attempt === 1 ? '' : `.${attempt}`}`
    const keys = [keyOfNode(this.#incarnation), EVERYBODY]
    return { exchange, queue, keys, durable, expiresMs, queueMaxBytes, prefetch }
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
