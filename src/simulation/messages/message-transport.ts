import { TroupeError } from '../../base/errors.js'
import type {
  GatedTransport,
  OverlayWithTransport,
  TransportGround,
} from '../../cluster/brought-transport.js'
import { stored } from '../../cluster/stored-envelope.js'
import type { Address, Member } from '../../overlay/overlay.js'
import { flipBits } from '../../peer/bit-flip.js'
import { type ChannelTable, MEMBERSHIP_NAME } from '../../peer/channel-table.js'
import { Gate, type GateSide } from '../../peer/gate.js'
import { FULL, SENT, type SendOutcome, type TransportStats } from '../../peer/transport.js'
import { Envelope } from '../../wire/envelope.js'
import { FRAME, type FrameKind, HEAD_BYTES } from '../../wire/frame.js'
import { readEnvelope } from '../../wire/read-envelope.js'
import type { Life } from '../sim-host.js'
import { ALL_NODES, AllNodes } from './all-nodes.js'
import type { Flight } from './flight.js'
import type { BusEnd, MessageBus } from './message-bus.js'

const PORT = 9_000
/** More messages do not wait for one peer. */
const HELD_MAX = 10_000
/** Timers run in time here. */
const NO_LAG = { lastMs: 0, mostMs: 0, reported: 0 }
/** Messages are handed over whole, and at once. */
const UNMEASURED = {
  up: true,
  lanes: 0,
  rttMs: undefined,
  minRttMs: undefined,
  windowBytes: 0,
  inFlightBytes: 0,
}

/** What waits for one start of a peer. */
interface Held {
  readonly peer: Member
  readonly messages: { readonly channel: number; readonly envelope: Envelope }[]
}

/** The overlay of a node in a world of messages, which brings the bus along. */
export function onBus(bus: MessageBus, life: Life): OverlayWithTransport {
  return {
    name: ALL_NODES,
    create: (self) => new AllNodes(self),
    transport: (ground) => new MessageTransport(bus, life, ground),
  }
}

/** One node's end of a message bus, in the place of connections and lanes. */
export class MessageTransport implements GatedTransport, BusEnd {
  readonly name: string
  readonly life: Life
  readonly gate = new Gate()
  readonly channels: ChannelTable
  readonly addresses: readonly Address[]
  readonly #bus: MessageBus
  readonly #ground: TransportGround
  readonly #self: Member
  readonly #up = new Map<string, Member>()
  /** Who waits for a peer to be there. */
  readonly #waiting = new Map<string, ((member: Member) => void)[]>()
  readonly #unwanted = new Set<string>()
  /** What waits for a peer that is away, until it is back or given up. */
  readonly #held = new Map<string, Held>()
  #open = false

  constructor(bus: MessageBus, life: Life, ground: TransportGround) {
    const { self, channels } = ground
    this.name = self.name
    this.life = life
    this.channels = channels
    this.addresses = [{ host: self.name, port: PORT }]
    this.#bus = bus
    this.#ground = ground
    this.#self = { ...self, addresses: this.addresses }
  }

  get member(): Member {
    return this.#self
  }

  start(): Promise<void> {
    this.#open = true
    this.#bus.attach(this)
    return Promise.resolve()
  }

  introduce({ host }: Address): Promise<Member> {
    if (host === this.name) {
      return Promise.reject(new TroupeError('ERR_JOIN_SELF', 'that address is this node'))
    }
    const known = this.#up.get(host)
    if (known !== undefined) return Promise.resolve(known)
    if (this.#bus.end(host) === undefined) {
      return Promise.reject(new TroupeError('ERR_CONNECT', `nobody is at ${host}`))
    }
    this.#bus.connect(this.name, host)
    return new Promise((resolve) => {
      this.#waiting.set(host, [...(this.#waiting.get(host) ?? []), resolve])
    })
  }

  connect({ name }: Member): void {
    this.#unwanted.delete(name)
    this.#bus.connect(this.name, name)
  }

  disconnect(peer: string, reason: string): void {
    this.#unwanted.add(peer)
    this.#bus.part(this.name, peer, reason)
    this.#abandon(peer, new TroupeError('ERR_NODE_DOWN', reason))
    this.#held.delete(peer)
  }

  release(): void {}

  giveUp({ name, incarnation }: Member, reason: TroupeError): void {
    if (this.#held.get(name)?.peer.incarnation === incarnation) this.#abandon(name, reason)
  }

  isUp(peer: string): boolean {
    return this.#up.has(peer)
  }

  laneOf(peer: string, channel: number, key: number): number | undefined {
    if (!this.#up.has(peer)) return undefined
    return key % this.channels.options(channel).connections
  }

  /** There are no lanes: nothing is held back. */
  withhold(): void {}

  reset(peer: string): number {
    return this.#bus.reset(this.name, peer)
  }

  send(peer: string, channel: number, envelope: Envelope): SendOutcome {
    if (!this.#up.has(peer)) return this.#hold(peer, channel, envelope)
    const side = this.#side(
      peer,
      this.channels.name(channel),
      this.laneOf(peer, channel, envelope.key),
    )
    const verdict = this.gate.out(side, FRAME.ENVELOPE, envelope, 0)
    if (verdict.drop) return SENT
    const leaves = verdict.by instanceof Envelope ? verdict.by : envelope
    const bytes = this.#encoded(leaves)
    if (verdict.flips.length > 0) flipBits([bytes], 0, verdict.flips)
    for (let i = 0; i < verdict.copies; i++) {
      this.#bus.send(
        this.name,
        peer,
        FRAME.ENVELOPE,
        side.channel,
        side.lane,
        bytes,
        leaves,
        verdict,
      )
    }
    return SENT
  }

  sendControl(peer: string, kind: FrameKind, body: Uint8Array): SendOutcome {
    if (!this.#up.has(peer)) return FULL
    const side = this.#side(peer, MEMBERSHIP_NAME, 0)
    const verdict = this.gate.out(side, kind, undefined, body.length, body, 0, body.length)
    if (verdict.drop) return SENT
    const bytes = Buffer.from(verdict.by instanceof Uint8Array ? verdict.by : body)
    if (verdict.flips.length > 0) flipBits([bytes], 0, verdict.flips)
    for (let i = 0; i < verdict.copies; i++) {
      this.#bus.send(this.name, peer, kind, MEMBERSHIP_NAME, 0, bytes, undefined, verdict)
    }
    return SENT
  }

  ready(): Promise<void> {
    return Promise.resolve()
  }

  rttMs(): undefined {
    return undefined
  }

  probe(peer: string): Promise<boolean> {
    return Promise.resolve(this.#up.has(peer))
  }

  stop(): Promise<void> {
    this.#open = false
    this.#bus.detach(this.name, `${this.name} was stopped`)
    return Promise.resolve()
  }

  stats(): TransportStats {
    return {
      connections: this.#up.size,
      refused: {},
      lag: NO_LAG,
      peers: [...this.#up.keys()].map((peer) => ({ ...UNMEASURED, peer })),
      channels: this.channels.stats([]),
      lanes: [],
    }
  }

  up(peer: BusEnd): void {
    const { member } = peer as MessageTransport
    if (!this.#open || this.#unwanted.has(peer.name)) return
    const { sink } = this.#ground
    this.#up.set(peer.name, member)
    sink.peerUp(member)
    for (let i = 1; i < this.channels.declared; i++) sink.channelUp(member, this.channels.name(i))
    this.#release(member)
    const waiting = this.#waiting.get(peer.name) ?? []
    this.#waiting.delete(peer.name)
    for (const resolve of waiting) resolve(member)
  }

  down(name: string, reason: string, lost: ReadonlyMap<string, number>): void {
    const peer = this.#up.get(name)
    if (peer === undefined || !this.#open) return
    this.#up.delete(name)
    this.#held.set(name, { peer, messages: [] })
    const { sink } = this.#ground
    for (const [channel, count] of lost) sink.connectionLost(peer, channel, count)
    sink.peerDown(
      peer,
      new TroupeError('ERR_CONNECTION_LOST', `the connection to ${name}: ${reason}`),
    )
  }

  arrive(from: string, flight: Flight): boolean {
    const peer = this.#up.get(from)
    if (peer === undefined) return true
    if (!flight.passed && !this.#letIn(from, flight)) return flight.copies === 0
    for (let i = 0; i < flight.copies; i++) this.#take(peer, flight)
    return true
  }

  /** Across the gate, once. False where it does not arrive now: never, later on its lane, or later and apart. */
  #letIn(from: string, flight: Flight): boolean {
    const { kind, channel, bytes } = flight
    const side = this.#side(from, channel, 0)
    const verdict = this.gate.in(side, kind, undefined, bytes.length, bytes, 0, bytes.length)
    const { drop, delayMs, asideMs, copies, flips } = verdict
    flight.passed = true
    flight.copies = drop ? 0 : copies
    if (drop) return false
    if (flips.length > 0) {
      flight.bytes = Buffer.from(bytes)
      flipBits([flight.bytes], 0, flips)
    }
    if (delayMs + asideMs === 0) return true
    flight.readyUs = this.#bus.nowUs + Math.round((delayMs + asideMs) * 1000)
    if (asideMs > 0) {
      this.#bus.again(from, this.name, flight.apart())
      flight.copies = 0
    }
    return false
  }

  /** As a lane does: for a peer that was here, until it is back or given up. */
  #hold(peer: string, channel: number, envelope: Envelope): SendOutcome {
    const held = this.#held.get(peer)
    if (held === undefined || this.#unwanted.has(peer)) {
      throw new TroupeError('ERR_NO_ROUTE', `there is no way to ${peer}`)
    }
    if (held.messages.length >= HELD_MAX) return FULL
    // What cannot be sent is refused at once, and what is changed later is not what was said.
    held.messages.push({ channel, envelope: stored(envelope, this.#ground.codec) })
    return SENT
  }

  #release(peer: Member): void {
    const held = this.#held.get(peer.name)
    if (held !== undefined && held.peer.incarnation !== peer.incarnation) {
      this.#abandon(peer.name, new TroupeError('ERR_NODE_DOWN', `${peer.name} was started anew`))
    }
    this.#held.delete(peer.name)
    for (const { channel, envelope } of held?.messages ?? []) {
      this.send(peer.name, channel, envelope)
    }
  }

  #abandon(name: string, reason: TroupeError): void {
    const held = this.#held.get(name)
    for (const { channel, envelope } of held?.messages.splice(0) ?? []) {
      this.#ground.sink.undelivered(
        held?.peer as Member,
        this.channels.name(channel),
        envelope,
        reason,
      )
    }
  }

  #take(from: Member, { kind, channel, bytes }: Flight): void {
    const { sink, logger } = this.#ground
    if (kind !== FRAME.ENVELOPE) {
      sink.control(from, kind, bytes)
      return
    }
    const index = this.channels.learn(channel)
    if (index === undefined) return
    try {
      sink.envelope(from, index, readEnvelope(bytes, 0, bytes.length))
    } catch (error) {
      logger.error({ peer: from.name, channel, error }, 'a message was not handled')
    }
  }

  #encoded(envelope: Envelope): Buffer {
    const { writer } = this.#bus
    writer.writeEnvelope(envelope, this.#ground.codec)
    const chunks = writer.take()
    const whole = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
    return whole.subarray(HEAD_BYTES)
  }

  #side(peer: string, channel: string, lane = 0): GateSide {
    return { peer, channel, lane }
  }
}
