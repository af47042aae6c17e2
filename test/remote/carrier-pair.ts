import { type ErrorCode, TroupeError } from '../../src/base/errors.js'
import type { Random } from '../../src/base/random.js'
import type { Carrier, CarrierSink } from '../../src/cluster/carrier.js'
import type { Member } from '../../src/overlay/overlay.js'
import { FULL, SENT, type SendOutcome, SLOW } from '../../src/peer/transport.js'
import type { Simulation } from '../../src/simulation/index.js'
import type { Codec } from '../../src/wire/codec.js'
import { type EncodedBody, Envelope } from '../../src/wire/envelope.js'
import type { Clock } from '../../src/world/clock.js'

/** Lanes of each channel, so that different keys may overtake each other. */
const LANES = 4
const CHANNELS = ['membership', 'default', 'game', 'replay']

export interface InFlight {
  readonly from: string
  readonly to: string
  readonly channel: number
  readonly envelope: Envelope
}

/**
 * A cluster without a network: carriers in one process under virtual time that really encode every
 * envelope. Lanes keep their order, latency is drawn; envelopes can be lost, repeated never.
 */
export class CarrierNet {
  readonly #clock: Clock
  readonly #random: Random
  readonly carriers = new Map<string, FakeCarrier>()
  readonly #lanes = new Map<string, number>()
  readonly #cuts = new Set<string>()
  /** True loses the envelope silently. */
  lose: (flight: InFlight) => boolean = () => false
  /** Everything that was sent, when switched on. */
  log: InFlight[] | undefined
  latencyMs: readonly [number, number] = [0.2, 3]

  constructor(sim: Simulation) {
    this.#clock = sim.world('carrier-net').clock
    this.#random = sim.random.fork('carrier-net')
  }

  /** A carrier for a (new incarnation of a) node. The others learn of it by `up`. */
  add(self: Member, codec: Codec): FakeCarrier {
    const carrier = new FakeCarrier(this, self, codec)
    this.carriers.set(self.name, carrier)
    return carrier
  }

  /** Both know and reach each other from now on. */
  up(a: string, b: string): void {
    this.#at(a).meet(this.#at(b).self)
    this.#at(b).meet(this.#at(a).self)
  }

  /** `at` gives up on `node`. */
  down(at: string, node: string, code: ErrorCode = 'ERR_PEER_SILENT'): void {
    this.#at(at).giveUp(node, new TroupeError(code, `node ${node} was given up`))
  }

  /** `node` is no member any more for `at`. */
  left(at: string, node: string): void {
    this.#at(at).forget(node, new TroupeError('ERR_LEFT', `node ${node} left`))
  }

  /** From now on what is sent between the two is lost, what is under way too. */
  cut(a: string, b: string): void {
    this.#cuts.add(`${a}>${b}`)
    this.#cuts.add(`${b}>${a}`)
  }

  heal(a: string, b: string): void {
    this.#cuts.delete(`${a}>${b}`)
    this.#cuts.delete(`${b}>${a}`)
  }

  transmit(flight: InFlight, body: EncodedBody): void {
    this.log?.push(flight)
    if (this.lose(flight)) return
    const { from, to, channel, envelope } = flight
    const lane = `${from}>${to}#${channel}.${envelope.key % LANES}`
    const [least, most] = this.latencyMs
    const now = this.#clock.now()
    const at = Math.max(
      now + least + this.#random.float() * (most - least),
      this.#lanes.get(lane) ?? 0,
    )
    this.#lanes.set(lane, at)
    const sender = this.#at(from).self
    const receiver = this.carriers.get(to)
    this.#clock.after(at - now, () => {
      if (this.#cuts.has(`${from}>${to}`)) return
      if (!receiver?.running || this.carriers.get(to) !== receiver) return
      const { kind, to: target, method, callId, key, stamp } = envelope
      receiver.sink?.envelope(
        sender,
        channel,
        new Envelope(kind, target, method, callId, key, undefined, body, stamp),
        false,
      )
    })
  }

  #at(name: string): FakeCarrier {
    const carrier = this.carriers.get(name)
    if (carrier === undefined) throw new Error(`no carrier ${name}`)
    return carrier
  }
}

export class FakeCarrier implements Carrier {
  readonly direct = true
  readonly receipts: { readonly receipt: number; readonly incarnation: string }[] = []
  readonly self: Member
  partial = false
  readonly relays = false
  sink: CarrierSink | undefined
  /** False: the process is dead. */
  running = true
  /** Channels with the policy `wait`. */
  readonly waiting = new Set<number>()
  /** What `send` answers, by node; default SENT. */
  outcome: (node: string) => SendOutcome = () => SENT
  /** Bytes of arguments that a node takes at most. */
  mostBytes: (node: string) => number = () => Number.POSITIVE_INFINITY
  readonly #net: CarrierNet
  readonly #codec: Codec
  readonly #members = new Map<string, Member>()
  readonly #ready: (() => void)[] = []

  constructor(net: CarrierNet, self: Member, codec: Codec) {
    this.#net = net
    this.self = self
    this.#codec = codec
    this.#members.set(self.name, self)
  }

  members(): readonly Member[] {
    return [...this.#members.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  member(node: string): Member | undefined {
    return this.#members.get(node)
  }

  channelIndex(name: string): number {
    const index = CHANNELS.indexOf(name)
    if (index < 0) throw new TroupeError('ERR_UNKNOWN_CHANNEL', `no channel ${name}`)
    return index
  }

  channelName(index: number): string {
    return CHANNELS[index] ?? ''
  }

  plan(): undefined {
    return undefined
  }

  answerPlan(): undefined {
    return undefined
  }

  waits(channel: number): boolean {
    return this.waiting.has(channel)
  }

  send(node: string, channel: number, envelope: Envelope): SendOutcome {
    if (!this.running) throw new TroupeError('ERR_NODE_STOPPED', `${this.self.name} has stopped`)
    if (!this.#members.has(node)) throw new TroupeError('ERR_UNKNOWN_NODE', `no member ${node}`)
    const { args, body } = envelope
    const encoded = body ?? this.#codec.encodeArgs(args ?? [])
    if (encoded.head.length > this.mostBytes(node)) {
      throw new TroupeError('ERR_TOO_LARGE', `node ${node} takes less`)
    }
    const outcome = this.outcome(node)
    if (outcome === FULL) return FULL
    this.#net.transmit({ from: this.self.name, to: node, channel, envelope }, encoded)
    return outcome
  }

  /** Nobody broadcasts where all are connected. */
  broadcast(): boolean {
    return false
  }

  onBroadcast(): () => void {
    return () => {}
  }

  seek(node: string, _bytes: number, _found: () => void, failed: (error: TroupeError) => void) {
    failed(new TroupeError('ERR_UNKNOWN_NODE', `no member ${node}`))
  }

  handled(receipt: number, incarnation: string): void {
    this.receipts.push({ receipt, incarnation })
  }

  withhold(): void {}

  ready(node: string): Promise<void> {
    if (this.outcome(node) === SENT) return Promise.resolve()
    return new Promise((resolve) => this.#ready.push(resolve))
  }

  /** The lanes have room again. */
  drain(): void {
    this.outcome = () => SENT
    for (const resolve of this.#ready.splice(0)) resolve()
  }

  slow(): void {
    this.outcome = () => SLOW
  }

  full(): void {
    this.outcome = () => FULL
  }

  meet(member: Member): void {
    const known = this.#members.get(member.name)
    this.#members.set(member.name, member)
    if (known !== undefined && known.incarnation !== member.incarnation) {
      const reason = new TroupeError('ERR_NODE_DOWN', `${member.name} was started anew`)
      this.sink?.nodeDown(known, reason)
    }
    this.sink?.nodeUp(member)
  }

  giveUp(node: string, reason: TroupeError): void {
    const member = this.#members.get(node)
    if (member !== undefined) this.sink?.nodeDown(member, reason)
  }

  forget(node: string, reason: TroupeError): void {
    const member = this.#members.get(node)
    this.#members.delete(node)
    if (member !== undefined) this.sink?.nodeDown(member, reason)
  }

  /** It is known as a member, and not in reach. */
  meetSilently(member: Member): void {
    this.#members.set(member.name, member)
  }

  forgetSilently(node: string): void {
    this.#members.delete(node)
  }

  /** The process dies: nothing goes in or out. */
  kill(): void {
    this.running = false
  }
}
