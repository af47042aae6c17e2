import { TroupeError } from '../base/errors.js'
import { type Logger, silentLogger } from '../base/logger.js'
import { show } from '../base/options.js'
import type { Member } from '../overlay/overlay.js'
import { Codec } from '../wire/codec.js'
import type { Envelope } from '../wire/envelope.js'
import type { FrameKind } from '../wire/frame.js'
import type { Timer } from '../world/clock.js'
import type { Address, TlsOptions } from '../world/network.js'
import type { World } from '../world/world.js'
import { isOlder } from './arbitration.js'
import { type ChannelOptions, ChannelTable, MEMBERSHIP } from './channel-table.js'
import { Connections } from './connections.js'
import { showAddress } from './dial.js'
import { Gate } from './gate.js'
import type { Busy } from './grants.js'
import { LoopLag } from './loop-lag.js'
import { alwaysInTime, type Pace } from './pace.js'
import type { Peer, PeerHost } from './peer.js'
import type { PeerContext } from './peer-context.js'
import { type PeerOptions, readPeerOptions } from './peer-options.js'
import { Reception } from './reception.js'
import type { Attempt } from './redial.js'
import { Roster } from './roster.js'
import { SessionDial } from './session-dial.js'
import {
  FULL,
  type SendOutcome,
  type Sends,
  type Transport,
  type TransportSink,
  type TransportStats,
} from './transport.js'

/** What a node brings to talk to others. */
export interface PeersConfig {
  readonly world: World
  /** This node, all but its addresses, which follow from `listen` and `advertise`. */
  readonly self: Omit<Member, 'addresses'>
  /** The overlay's name: nodes with another one are refused. */
  readonly overlay: string
  readonly codec: Codec
  readonly sink: TransportSink
  /** Default: 127.0.0.1, a free port. */
  readonly listen?: Address
  /** Where others may dial this node when that is not where it listens (NAT, containers), best first. */
  readonly advertise?: readonly Address[]
  /** The secret all nodes share, proven by HMAC and never sent. Without it only loopback is listened on. */
  readonly cookie?: string
  readonly tls?: TlsOptions
  readonly channels?: Readonly<Record<string, Partial<ChannelOptions>>>
  readonly options?: Partial<PeerOptions>
  readonly logger?: Logger
  /** Default: a new one without rules. */
  readonly gate?: Gate
  /** When lanes stop reading for a while. Default: never. */
  readonly pace?: Pace
}

interface Introduction {
  readonly attempt: SessionDial
  incarnation: string | undefined
  settle(error?: TroupeError): void
}

/** Talks to peers over connections of a network: sessions, lanes, heartbeats. */
export class Peers implements Transport, PeerHost {
  readonly gate: Gate
  /** This node's channels by index; peers may add theirs. */
  readonly channels: ChannelTable
  readonly options: PeerOptions
  readonly #config: PeersConfig
  readonly #context: PeerContext
  readonly #roster: Roster
  readonly #reception: Reception
  readonly #introductions = new Set<Introduction>()
  #clock = 0
  #stopping = false
  #emptied: (() => void) | undefined

  /** @throws TroupeError ERR_BAD_OPTION */
  constructor(config: PeersConfig) {
    checkListen(config)
    this.#config = config
    this.gate = config.gate ?? new Gate()
    this.channels = new ChannelTable(config.channels)
    this.options = readPeerOptions(config.options)
    this.#context = this.#makeContext(config)
    this.#roster = new Roster(this.#context, this)
    this.#reception = new Reception(this.#context, this.#roster)
  }

  get self(): Member {
    return this.#context.self
  }

  get addresses(): readonly Address[] {
    return this.self.addresses
  }

  async start(): Promise<void> {
    const { listen = LOOPBACK, advertise, tls } = this.#config
    const bound = await this.#reception.open(listen, tls)
    const addresses = advertise ?? bound
    this.#context.self = Object.freeze(memberAt(this.self, addresses))
  }

  async introduce(address: Address, timeoutMs: number): Promise<Member> {
    if (this.#stopping) throw this.#stopped()
    return new Promise((resolve, reject) => {
      let lastError: TroupeError | undefined
      const settle = (error?: TroupeError): void => {
        if (!this.#introductions.delete(introduction)) return
        timer.cancel()
        introduction.attempt.cancel()
        const peer = this.#introduced(introduction)
        if (error !== undefined) reject(error)
        else if (peer !== undefined) resolve(peer.member)
      }
      const timer: Timer = this.#context.world.clock.after(timeoutMs, () => {
        const detail = `${showAddress(address)} could not be used within ${timeoutMs} ms`
        const options = lastError === undefined ? {} : { cause: lastError }
        settle(new TroupeError('ERR_HANDSHAKE_TIMEOUT', detail, options))
      })
      const host = {
        reached: (member: Member): void => {
          introduction.incarnation = member.incarnation
          if (this.#introduced(introduction)?.live === true) settle()
        },
        failed: (error: TroupeError): void => {
          lastError = error
          settle(error)
        },
      }
      const introduction: Introduction = {
        attempt: new SessionDial(this.#context, this.#roster, address, '', host, timeoutMs),
        incarnation: undefined,
        settle,
      }
      this.#introductions.add(introduction)
    })
  }

  connect(member: Member, patient = false): void {
    if (this.#stopping || member.name === this.self.name) return
    const known = this.#roster.get(member.name)
    const stale = known !== undefined && isOlder(member, known.member)
    const busy = known?.session !== undefined && known.incarnation !== member.incarnation
    const peer = known !== undefined && (stale || busy) ? known : this.#roster.adopt(member)
    if (peer.incarnation === member.incarnation) {
      peer.isNews = false // not to whoever asks for it
      if (member.addresses.length > 0) peer.member = member
    }
    peer.wish(patient)
  }

  disconnect(name: string, reason: string): void {
    const detail = `disconnected from ${name}: ${reason}`
    this.#roster.get(name)?.leave(false, new TroupeError('ERR_CONNECTION_LOST', detail))
  }

  release(name: string): void {
    this.#roster.get(name)?.release()
  }

  giveUp(member: Member, reason: TroupeError): void {
    this.#roster.incarnation(member.incarnation)?.giveUp(reason)
  }

  isUp(name: string): boolean {
    return this.#roster.get(name)?.live === true
  }

  send(name: string, channel: number, envelope: Envelope): SendOutcome {
    const peer = this.#roster.get(name)
    if (peer === undefined) {
      throw new TroupeError('ERR_NO_ROUTE', `${show(name)} is no peer of ${this.self.name}`)
    }
    return peer.send(channel, envelope)
  }

  sendControl(name: string, kind: FrameKind, body: Uint8Array): SendOutcome {
    return this.#roster.get(name)?.sendControl(kind, body) ?? FULL
  }

  async ready(name: string, channel: number, key: number, sends: Sends = 'tell'): Promise<void> {
    const peer = this.#roster.get(name)
    if (peer === undefined) {
      throw new TroupeError('ERR_NODE_DOWN', `${show(name)} is no peer of ${this.self.name}`)
    }
    const lane = channel === MEMBERSHIP ? peer.membership() : peer.laneFor(channel, key)
    await lane.ready(sends)
  }

  withhold(name: string, channel: number, key: number, busy: Busy): void {
    this.#roster.get(name)?.laneFor(channel, key).withhold(busy)
  }

  /** Which lane of a channel a key picks; undefined for a peer nobody knows. */
  laneOf(name: string, channel: number, key: number): number | undefined {
    return this.#roster.get(name)?.laneFor(channel, key).lane
  }

  /** Breaks all connections to a peer at once, as the network does, and says how many. */
  reset(name: string): number {
    const lanes = this.#roster.get(name)?.lanes() ?? []
    return lanes.filter((lane) => lane.reset()).length
  }

  rttMs(name: string): number | undefined {
    return this.#roster.get(name)?.session?.rttMs
  }

  async probe(name: string, timeoutMs: number): Promise<boolean> {
    return this.#roster.get(name)?.session?.probe(timeoutMs) ?? false
  }

  async stop(drainMs: number): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    const deadlineMs = this.#context.world.clock.now() + drainMs
    for (const introduction of [...this.#introductions]) introduction.settle(this.#stopped())
    await this.#reception.close()
    for (const peer of this.#roster.all()) peer.stopDialling()
    await this.#flushed(drainMs)
    this.#context.connections.lingerMs = Math.max(drainMs, this.options.lingerMs)
    for (const peer of this.#roster.all()) peer.leave(true, this.#stopped())
    await this.#closed(Math.max(0, deadlineMs - this.#context.world.clock.now()))
  }

  stats(): TransportStats {
    return {
      connections: this.#context.connections.size,
      refused: this.#reception.refused,
      lag: this.#context.lag.stats(),
      peers: this.#roster.all().map((peer) => peer.stats()),
      channels: this.channels.stats(this.#roster.all().flatMap((peer) => peer.lanes())),
      lanes: this.#roster.all().flatMap((peer) => peer.lanes().map((lane) => lane.stats())),
    }
  }

  dialSession(peer: Peer, failures: number): Attempt | undefined {
    const { addresses } = peer.member
    const address = addresses[failures % Math.max(1, addresses.length)]
    if (address === undefined) {
      peer.dialFailed(new TroupeError('ERR_CONNECT', `${peer.name} has told no address`))
      return undefined
    }
    const host = {
      reached: (): void => peer.sessionFailed(undefined),
      failed: (error: TroupeError): void => peer.sessionFailed(error),
    }
    return new SessionDial(this.#context, this.#roster, address, peer.name, host)
  }

  cameUp(peer: Peer): void {
    for (const introduction of [...this.#introductions]) {
      if (introduction.incarnation === peer.incarnation) introduction.settle()
    }
  }

  laneEmpty(): void {
    if (this.#emptied !== undefined && this.#allEmpty()) this.#emptied()
  }

  forget(peer: Peer): void {
    this.#roster.remove(peer)
  }

  #makeContext(config: PeersConfig): PeerContext {
    const { world, overlay, codec, sink, tls, logger = silentLogger } = config
    return {
      world,
      options: this.options,
      codec,
      plainCodec: new Codec(),
      gate: this.gate,
      pace: config.pace ?? alwaysInTime,
      table: this.channels,
      connections: new Connections(world.clock, this.options.lingerMs),
      lag: new LoopLag(this.options.heartbeatMs),
      sink,
      logger,
      overlay,
      cookie: config.cookie === undefined ? undefined : new TextEncoder().encode(config.cookie),
      tls,
      self: memberAt(config.self, []),
      nextClock: () => ++this.#clock,
      turnAway: (remote, error) => this.#reception.turnAway(remote, error),
    }
  }

  #introduced(introduction: Introduction): Peer | undefined {
    const { incarnation } = introduction
    return incarnation === undefined ? undefined : this.#roster.incarnation(incarnation)
  }

  #allEmpty(): boolean {
    return this.#roster
      .all()
      .every((peer) => peer.session === undefined || peer.lanes().every((lane) => lane.empty))
  }

  /** Resolves when no lane of a connected peer holds anything, or when the time is over. */
  #flushed(drainMs: number): Promise<void> {
    if (this.#allEmpty()) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#context.world.clock.after(drainMs, () => done())
      const done = (): void => {
        timer.cancel()
        this.#emptied = undefined
        resolve()
      }
      this.#emptied = done
    })
  }

  /** Resolves when the last connection is closed, by force when the time is over. */
  async #closed(leftMs: number): Promise<void> {
    const { connections, world } = this.#context
    const waitMs = Math.max(leftMs, this.options.lingerMs)
    const timer = world.clock.after(waitMs, () => connections.abortAll())
    await connections.none()
    timer.cancel()
  }

  #stopped(): TroupeError {
    return new TroupeError('ERR_NODE_STOPPED', `${this.self.name} is stopping`)
  }
}

function memberAt(self: Omit<Member, 'addresses'>, addresses: readonly Address[]): Member {
  const { name, incarnation, generation, tags } = self
  return { name, incarnation, generation, tags, addresses }
}

const LOOPBACK: Address = { host: '127.0.0.1', port: 0 }

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

/**
 * Strangers must not find an open door: who has no secret to ask for stays on loopback.
 * @throws TroupeError ERR_BAD_OPTION
 */
export function checkListen(config: {
  readonly listen?: PeersConfig['listen'] | undefined
  readonly cookie?: string | undefined
  readonly tls?: TlsOptions | undefined
}): void {
  const { listen, cookie, tls } = config
  if (cookie === '') {
    throw new TroupeError('ERR_BAD_OPTION', 'cookie must be a non-empty string, got ""')
  }
  if (listen === undefined || isLoopback(listen.host)) return
  if (cookie !== undefined || tls?.ca !== undefined) return
  throw new TroupeError(
    'ERR_BAD_OPTION',
    `listen.host must be a loopback address while there is neither a cookie nor tls.ca, got ${show(listen.host)}`,
  )
}
