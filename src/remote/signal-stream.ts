import { RingQueue } from '../base/ring-queue.js'
import { unreachable } from '../base/unreachable.js'

/**
 * The signals (watches, links, ends) from this node to one incarnation of a peer and back: each
 * arrives once and in order as long as neither side gives the other up. Sequence numbers, cumulative
 * acknowledgements, retransmission; a pure machine.
 *
 * A *session* is what one side remembers of the other. Who gives a peer up forgets it and draws a
 * higher session number. Packets carry both numbers and count for exactly that pair; so the other side
 * notices and asks again for what it still wants (`restarted`), and no side goes on waiting for news
 * that the other has forgotten to send. Who has forgotten nobody has nothing to say when it meets a
 * peer, and takes the first signals also from one that has not heard its session number yet. Should it forget
 * those, its next session number tells so (it is odd): who never heard of the first session would send them once more.
 */
export class SignalStream<S> {
  readonly #options: SignalStreamOptions
  #mine: number
  #peer = 0
  /** Sequence number of the oldest signal in flight. */
  #base = 1
  readonly #inFlight = new RingQueue<S | Hello>()
  readonly #waiting = new RingQueue<S>()
  #expected = 1
  readonly #early = new Map<number, S | Hello>()
  #ackOwed = false
  #tries = 0
  #timer = false
  /** True when the peer may remember something of an older session of ours. */
  #mustTell: boolean
  /** Signals were taken of a peer that has not shown since that it heard the session number. */
  #unheard: boolean
  /** Neither side has begun anew: whatever came from the peer's session was numbered for this one. */
  #first: boolean

  /**
   * `session`: higher than any this node used before towards that peer incarnation. `first`: it
   * used none before. `unheard`: in one before it may have taken what the peer does not know of (`forgetsUnheard`).
   */
  constructor(session: number, first: boolean, options: SignalStreamOptions, unheard = false) {
    this.#first = first
    this.#unheard = unheard
    this.#mine = this.#numberOf(session)
    this.#mustTell = !first
    this.#options = options
  }

  /** Signals that the peer has not acknowledged. */
  get pending(): number {
    return this.#inFlight.size + this.#waiting.size
  }

  /** True when the peer has to be kept for them. A greeting alone can be forgotten: the next contact begins with one. */
  get owes(): boolean {
    return this.pending > 1 || (this.pending === 1 && this.#inFlight.peek() !== HELLO)
  }

  /** True when giving the peer up now would forget signals taken of it that it does not know to be taken. */
  get forgetsUnheard(): boolean {
    return this.#unheard
  }

  step(event: StreamEvent<S>): readonly StreamEffect<S>[] {
    const effects: StreamEffect<S>[] = []
    switch (event.type) {
      case 'send':
        this.#send(event.signal, effects)
        break
      case 'packet':
        this.#onPacket(event.packet, effects)
        break
      case 'ackDue':
        if (this.#ackOwed) this.#transmit(0, undefined, effects)
        break
      case 'retryDue':
        this.#onRetryDue(event.session, effects)
        break
      case 'peerUp':
        this.#onPeerUp(effects)
        break
      case 'peerDown':
        this.#forget(event.session)
        if (this.#timer) effects.push({ type: 'cancelTimer' })
        this.#timer = false
        break
      default:
        unreachable(event)
    }
    return effects
  }

  #send(signal: S | Hello, effects: StreamEffect<S>[]): void {
    if (this.#inFlight.size >= WINDOW) {
      if (signal !== HELLO) this.#waiting.push(signal as S)
      return
    }
    this.#inFlight.push(signal)
    this.#transmit(this.#base + this.#inFlight.size - 1, signal, effects)
    this.#armTimer(effects)
  }

  #transmit(seq: number, signal: S | Hello | undefined, effects: StreamEffect<S>[]): void {
    this.#ackOwed = false
    effects.push({
      type: 'transmit',
      packet: {
        mine: this.#mine,
        yours: this.#peer,
        seq,
        ack: this.#expected - 1,
        signal: signal === HELLO ? undefined : (signal as S | undefined),
      },
    })
  }

  #onPacket(packet: Packet<S>, effects: StreamEffect<S>[]): void {
    const { mine, yours, seq } = packet
    if (mine < this.#peer) return
    const isNamed = yours === this.#mine
    // To a machine that knows no session of the peer yet, what names an older one of ours may be as
    // old itself: it waited on a lane while both gave each other up.
    const isStale = this.#peer === 0 && yours !== 0 && !isNamed
    const isNew = mine > this.#peer && !isStale
    if (isNew) this.#onNewSession(mine, effects)
    if (isNamed) this.#onAck(packet.ack, effects)
    const isTaken = isNamed || (yours === 0 && this.#first)
    if (isNamed) this.#unheard = false
    else if (isTaken && seq > 0) this.#unheard = true
    if (isTaken && seq > 0) this.#onData(seq, packet.signal ?? HELLO, effects)
    // What was sent before named no session of the peer, and may not have been taken.
    if (isNew && this.#inFlight.size > 0) this.#resend(effects)
    // It speaks to an older session of ours, or knows none. Any packet tells it the present one.
    else if (!isNamed && !this.#ackOwed) this.#transmit(0, undefined, effects)
  }

  #onNewSession(peer: number, effects: StreamEffect<S>[]): void {
    const known = this.#peer !== 0
    this.#peer = peer
    if (!known && !(forgotUnheard(peer) && this.owes)) return
    // The peer forgot how far we had come. Our number stays: the pair of both is new all the same,
    // and a new one would make the peer begin anew in its turn.
    this.#renumber()
    effects.push({ type: 'restarted' })
  }

  #onAck(ack: number, effects: StreamEffect<S>[]): void {
    if (ack < this.#base || ack >= this.#base + this.#inFlight.size) return
    this.#mustTell = false
    while (this.#base <= ack) {
      this.#inFlight.shift()
      this.#base++
    }
    this.#tries = 0
    while (this.#waiting.size > 0 && this.#inFlight.size < WINDOW) {
      this.#send(this.#waiting.shift() as S, effects)
    }
    if (this.#inFlight.size === 0 && this.#timer) {
      this.#timer = false
      effects.push({ type: 'cancelTimer' })
    }
  }

  #onData(seq: number, signal: S | Hello, effects: StreamEffect<S>[]): void {
    if (!this.#ackOwed) {
      this.#ackOwed = true
      effects.push({ type: 'ackSoon' })
    }
    if (seq < this.#expected || seq >= this.#expected + WINDOW) return
    if (seq > this.#expected) {
      this.#early.set(seq, signal)
      return
    }
    let next: S | Hello | undefined = signal
    while (next !== undefined) {
      this.#early.delete(this.#expected)
      this.#expected++
      if (next !== HELLO) effects.push({ type: 'deliver', signal: next as S })
      next = this.#early.get(this.#expected)
    }
  }

  #onRetryDue(session: number, effects: StreamEffect<S>[]): void {
    this.#timer = false
    if (this.#inFlight.size === 0) return
    this.#tries++
    const onlyHello = this.#inFlight.size === 1 && this.#inFlight.peek() === HELLO
    if (this.#tries * this.#options.retryMs >= this.#options.giveUpMs && !onlyHello) {
      this.#forget(session)
      this.#send(HELLO, effects)
      effects.push({ type: 'gaveUp' })
      return
    }
    this.#resend(effects)
  }

  #onPeerUp(effects: StreamEffect<S>[]): void {
    if (this.#inFlight.size > 0) this.#resend(effects)
    else if (this.#mustTell) this.#send(HELLO, effects)
  }

  #resend(effects: StreamEffect<S>[]): void {
    let seq = this.#base
    for (const signal of this.#inFlight) this.#transmit(seq++, signal, effects)
    this.#armTimer(effects)
  }

  #armTimer(effects: StreamEffect<S>[]): void {
    if (this.#timer) return
    this.#timer = true
    effects.push({ type: 'startTimer', delayMs: this.#options.retryMs })
  }

  #numberOf(session: number): number {
    return 2 * session + (this.#unheard ? 1 : 0)
  }

  #forget(session: number): void {
    this.#mine = this.#numberOf(session)
    this.#mustTell = true
    this.#renumber()
  }

  #renumber(): void {
    this.#first = false
    this.#inFlight.clear()
    this.#waiting.clear()
    this.#early.clear()
    this.#base = 1
    this.#expected = 1
    this.#tries = 0
    this.#ackOwed = false
  }
}

export interface SignalStreamOptions {
  /** Pause between retransmissions, in ms. */
  readonly retryMs: number
  /** Without any acknowledgement for this long the peer counts as lost, in ms. */
  readonly giveUpMs: number
}

/** What travels: both sessions, the signal's number (0: none), the highest number received in order. */
export interface Packet<S> {
  readonly mine: number
  readonly yours: number
  readonly seq: number
  readonly ack: number
  readonly signal: S | undefined
}

/** `session` is always a number higher than all given before; used when the machine starts anew. */
export type StreamEvent<S> =
  | { readonly type: 'send'; readonly signal: S }
  | { readonly type: 'packet'; readonly packet: Packet<S> }
  | { readonly type: 'ackDue' }
  | { readonly type: 'retryDue'; readonly session: number }
  /** The peer can be reached (again). */
  | { readonly type: 'peerUp' }
  /** This node gave the peer up: what it asked for is forgotten. */
  | { readonly type: 'peerDown'; readonly session: number }

export type StreamEffect<S> =
  | { readonly type: 'transmit'; readonly packet: Packet<S> }
  | { readonly type: 'deliver'; readonly signal: S }
  /** The peer had given this node up: drop what it asked for, ask it again for what is still wanted. */
  | { readonly type: 'restarted' }
  /** Nothing was acknowledged for giveUpMs: act as if the peer were down. */
  | { readonly type: 'gaveUp' }
  /** Feed `ackDue` after what is at hand was handled. */
  | { readonly type: 'ackSoon' }
  | { readonly type: 'startTimer'; readonly delayMs: number }
  | { readonly type: 'cancelTimer' }

const forgotUnheard = (session: number): boolean => session % 2 === 1

/** Signals in flight, and the most that are kept when they come early. */
const WINDOW = 1024

/** Fills a number in the stream when there is nothing to say but "I began anew". */
const HELLO = Symbol('hello')
type Hello = typeof HELLO
