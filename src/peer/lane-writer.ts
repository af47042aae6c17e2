import { TroupeError } from '../base/errors.js'
import { isCredited } from '../wire/credited-frame.js'
import { Envelope } from '../wire/envelope.js'
import { FRAGMENT_ABOVE, FRAME, type FrameKind, HEAD_BYTES } from '../wire/frame.js'
import { type EncodedFrame, encodeEnvelopeFrame } from '../wire/frame-writer.js'
import { BATCH_BYTES } from './batch.js'
import type { Helping } from './bulk-queue.js'
import { NO_OFFER } from './channel-table.js'
import type { CreditWindow } from './credit.js'
import { CreditedQueue } from './credited-queue.js'
import { Detour } from './detour.js'
import type { FrameStream } from './frame-stream.js'
import { type GateSide, PASS, type Verdict } from './gate.js'
import type { QueuedFrame } from './held-queue.js'
import { LaneQueue } from './lane-queue.js'
import { LaneShare } from './lane-share.js'
import { LaneWaiters, SENDS, sendsOf } from './lane-waiters.js'
import { Packer } from './packer.js'
import type { PeerContext } from './peer-context.js'
import type { PeerWindow, WindowWaiter } from './peer-window.js'
import { FULL, SENT, type SendOutcome, type Sends, SLOW } from './transport.js'

/** The lane a writer writes for. */
export interface WriterHost extends GateSide {
  readonly index: number
  /** The peer is up: what is queued may be written. */
  readonly live: boolean
  undelivered(envelope: Envelope, reason: TroupeError): void
  /** Nothing is queued any more. */
  emptied(): void
}

/** A fragment whose way is cut is tried again after this long. */
const CUT_RETRY_MS = 50
/** The part of a lane's bound up to which it takes messages of others: what overlays say finds room behind them. */
const RELAY_SHARE = 0.5
/** The part of a lane's bound from which who was turned away has room again. */
const ROOM = 0.5

/**
 * The sending half of a lane: a queue that outlives connections, and the pump that empties it into
 * the one that stands. Messages of a tick leave in one write; small ones go before large ones.
 */
export class LaneWriter implements WindowWaiter {
  readonly share = new LaneShare()
  /** Messages handed to the present connection. */
  written = 0
  readonly #host: WriterHost
  readonly #context: PeerContext
  readonly #queue: CreditedQueue
  readonly #window: PeerWindow
  readonly #packer: Packer | undefined
  readonly #tick = (): void => {
    this.#ticking = false
    this.pump()
  }
  readonly #nextTurn = (): void => {
    this.#turning = false
    this.pump()
  }
  readonly #waiters = new LaneWaiters()
  #stream: FrameStream | undefined = undefined
  #ticking = false
  #turning = false
  /** A write was answered with "wait": `drained` follows. */
  #draining = false
  /** Bulk waits for the window to open. */
  #awaitsAck = false
  /** The way is cut: `drained` follows, as if it were a matter of room. */
  #cut = false
  /** Made when a rule first speaks. */
  #apart: Detour | undefined = undefined

  constructor(host: WriterHost, context: PeerContext, window: PeerWindow) {
    this.#host = host
    this.#context = context
    const { table, world, codec } = context
    const counters = table.counters(host.index)
    this.#queue = new CreditedQueue(codec, table.creditWith(host.index, NO_OFFER), counters)
    this.#window = window
    const { compressFromBytes } = table.options(host.index)
    if (compressFromBytes > 0) {
      this.#packer = new Packer(compressFromBytes, world.compress, counters)
    }
  }

  get empty(): boolean {
    return this.#queue.empty
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  get queuedMessages(): number {
    return this.#queue.messages
  }

  get heldBytes(): number {
    return this.#queue.heldBytes
  }

  get heldMessages(): number {
    return this.#queue.heldMessages
  }

  /** @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, with nothing queued */
  send(envelope: Envelope): SendOutcome {
    const queue = this.#queue
    const { options } = this.#context
    const credited = isCredited(envelope)
    if (this.#waiters.isBehind(envelope)) return this.#turnAway(envelope)
    while (this.#isFull(credited)) {
      const outcome = this.#atBound(envelope, credited)
      if (outcome !== undefined) return outcome
    }
    const verdict = this.#context.gate.out(this.#host, FRAME.ENVELOPE, envelope, 0)
    if (verdict === PASS && !this.#apart?.isLate) queue.pushEnvelope(envelope, credited)
    else this.#detour(verdict, envelope)
    this.#wake()
    if (credited && queue.heldMessages > 0) return SLOW
    return queue.open.bytes > options.laneHighWaterBytes ? SLOW : SENT
  }

  /** FULL when the lane is not connected or has no room. @throws TroupeError ERR_TOO_LARGE */
  sendFrame(kind: FrameKind, body: Uint8Array): SendOutcome {
    const queue = this.#queue.open
    const { gate, options } = this.#context
    const share = kind === FRAME.RELAY ? RELAY_SHARE : 1
    if (this.#stream === undefined || this.#isFull(false, share)) return FULL
    const size = body.length + HEAD_BYTES
    const verdict = gate.out(this.#host, kind, undefined, size, body, 0, body.length)
    if (verdict === PASS && !this.#apart?.isLate) queue.pushFrame(kind, body)
    else {
      const apart = new LaneQueue(this.#context.codec)
      apart.pushFrame(kind, verdict.by instanceof Uint8Array ? verdict.by : body)
      for (const late of apart.drain()) this.#aside.push(verdict, late)
    }
    this.#wake()
    return queue.bytes > options.laneHighWaterBytes ? SLOW : SENT
  }

  get #windowBytes(): number {
    return this.#context.options.windowBytes
  }

  /** What waits for credit takes no room from what needs none. */
  #isFull(credited: boolean, part = 1): boolean {
    const { laneMaxBytes, laneMaxMessages } = this.#context.options
    const { open, heldBytes, heldMessages } = this.#queue
    const bytes = credited ? open.bytes + heldBytes : open.bytes
    const messages = credited ? open.messages + heldMessages : open.messages
    return bytes >= part * laneMaxBytes || messages >= part * laneMaxMessages
  }

  /** The peer takes messages of so many bytes: what waits and is larger is handed back. */
  agree(maxMessageBytes: number, window: CreditWindow): void {
    const limit = Math.min(maxMessageBytes, this.#context.codec.maxMessageBytes)
    for (const envelope of this.#queue.agree(limit, window)) {
      const detail = `${this.#host.peer} takes messages of at most ${limit} bytes`
      this.#host.undelivered(envelope, new TroupeError('ERR_TOO_LARGE', detail))
    }
    this.#tellReady()
  }

  /** Takes a frame that waited on another lane, when the number of lanes has changed. */
  adopt(frame: EncodedFrame, key: number, envelope: Envelope | undefined): void {
    this.#queue.pushEncoded(frame, key, envelope)
  }

  /** Takes everything out that waits; who waits for `ready` looks for another lane. */
  drain(): ReturnType<CreditedQueue['drain']> {
    this.#apart?.flush()
    this.#waiters.resolveAll()
    return this.#queue.drain()
  }

  /** Resolves when the lane takes what is to be sent (`Sends`). */
  ready(sends: Sends): Promise<void> {
    if (!this.#takes(sends)) return this.#waiters.wait(sends)
    this.#waiters.resolve(sends)
    return Promise.resolve()
  }

  #takes(sends: Sends): boolean {
    if (sends !== 'tell') return !this.#isFull(sends === 'ask', ROOM)
    const { open, heldMessages } = this.#queue
    if (heldMessages > 0 || this.#isFull(true)) return false
    return open.bytes <= this.#context.options.laneLowWaterBytes
  }

  /** The peer is forgotten: what waits will never be written, who waits will never be ready. */
  abandon(reason: TroupeError): void {
    this.#waiters.rejectAll(reason)
    for (const { envelope } of this.drain()) {
      if (envelope !== undefined) this.#host.undelivered(envelope, reason)
    }
  }

  /** The peer has granted so much over this connection, in all. False: more than it was sent. */
  grant(messages: number, bytes: number): boolean {
    const granted = this.#queue.grant(messages, bytes)
    if (this.#queue.empty) this.#host.emptied()
    this.pump()
    this.#tellReady()
    return granted
  }

  attach(stream: FrameStream): void {
    this.#stream = stream
    this.written = 0
    this.#draining = false
    this.pump()
  }

  /** The connection is gone; large messages that were under way begin anew on the next. */
  detach(): void {
    this.#stream = undefined
    this.#queue.rewind()
    this.#window.lost(this)
  }

  /** The connection has passed on what it held. */
  drained(): void {
    this.#draining = false
    this.pump()
  }

  /** The peer has so many fragments of this connection. False when more than were sent. */
  acked(fragments: number): boolean {
    return this.#window.acked(this.share, fragments)
  }

  /** Writes as much as the window allows. */
  pump(): void {
    const stream = this.#stream
    if (stream === undefined || !this.#host.live || this.#queue.open.empty) return
    this.#pumpSmall(stream)
    if (this.#queue.open.hasBulk) this.#pumpBulk(stream)
    else this.#awaitsAck = false
    if (this.#queue.empty) this.#host.emptied()
    else if (!this.#queue.open.empty && !this.#draining && !this.#awaitsAck) this.#goOn(stream)
    this.#tellReady()
  }

  #tellReady(): void {
    if (this.#waiters.none) return
    for (const sends of SENDS) if (this.#takes(sends)) this.#waiters.resolve(sends)
  }

  /** One write a tick, or one each BATCH_BYTES. */
  #wake(): void {
    if (this.#queue.open.pendingBytes >= BATCH_BYTES) {
      this.#queue.open.seal()
      this.pump()
    } else if (!this.#ticking && this.#stream !== undefined) {
      this.#ticking = true
      this.#context.world.turn.micro(this.#tick)
    }
  }

  /** In the next turn, unless the connection says when. */
  #goOn({ unsentBytes }: FrameStream): void {
    if (this.#turning || unsentBytes >= this.#windowBytes) return
    this.#turning = true
    this.#context.world.turn.immediate(this.#nextTurn)
  }

  #pumpSmall(stream: FrameStream): void {
    while (stream.unsentBytes < this.#windowBytes) {
      const batch = this.#queue.open.takeSmall()
      if (batch === undefined) return
      this.written += batch.messages
      stream.framesOut += batch.messages
      const parts = this.#packer?.pack(batch.parts, batch.bytes) ?? batch.parts
      if (parts.length > 1) stream.connection.cork()
      for (let i = 0; i < parts.length; i++) {
        if (!stream.write(parts[i] as Uint8Array)) this.#draining = true
      }
      if (parts.length > 1) stream.connection.uncork()
    }
  }

  #pumpBulk(stream: FrameStream): void {
    const { gate } = this.#context
    const window = this.#window
    this.#awaitsAck = false
    while (window.allows(this.share)) {
      if (this.#holds(stream)) break
      const maxBytes = this.#fragmentBytes
      if (gate.out(this.#host, FRAME.FRAGMENT, undefined, maxBytes).drop) {
        this.#draining = true
        this.#retryCut()
        return
      }
      const helping = this.#queue.open.takeBulk(maxBytes)
      if (helping === undefined) return
      this.#hand(stream, helping)
    }
    this.#awaitsAck ||= !window.allows(this.share)
    if (this.#awaitsAck) window.wait(this)
  }

  /** The kernel holds what was written before; bulk of this lane is asked for again by its acknowledgement. */
  #holds({ unsentBytes }: FrameStream): boolean {
    if (unsentBytes === 0) return false
    if (this.share.inFlight === 0) return unsentBytes >= this.#windowBytes
    this.#window.kernelFull(this.share)
    this.#awaitsAck = true
    return true
  }

  #hand(stream: FrameStream, helping: Helping): void {
    if (helping.isFragment) this.#window.sent(this.share, helping.bytes)
    stream.framesOut++
    if (helping.completes) this.written++
    stream.connection.cork()
    const { pieces } = helping
    for (const piece of this.#packer?.pack(pieces) ?? pieces) {
      if (!stream.write(piece)) this.#draining = true
    }
    stream.connection.uncork()
    if (stream.unsentBytes === 0) this.#draining = false
  }

  /** What is compressed holds the event loop up meanwhile: smaller pieces, then. */
  get #fragmentBytes(): number {
    const bytes = this.#window.fragmentBytes
    return this.#packer === undefined ? bytes : Math.min(bytes, FRAGMENT_ABOVE)
  }

  /** One timer, however often the pump runs meanwhile. */
  #retryCut(): void {
    if (this.#cut) return
    this.#cut = true
    this.#context.world.clock.after(CUT_RETRY_MS, () => {
      this.#cut = false
      this.drained()
    })
  }

  /** The lane holds what it may hold: the channel's policy decides; undefined when there is room now. */
  #atBound(envelope: Envelope, credited: boolean): SendOutcome | undefined {
    const { policy } = this.#context.table.options(this.#host.index)
    const counters = this.#context.table.counters(this.#host.index)
    if (policy === 'dropNewest') {
      counters.droppedNewest++
      this.#dropped(envelope)
      return SLOW
    }
    const heldFirst = credited && this.#stream !== undefined
    const oldest = policy === 'dropOldest' ? this.#queue.dropOldest(heldFirst) : undefined
    if (oldest === undefined) return this.#turnAway(envelope)
    counters.droppedOldest++
    if (oldest.envelope !== undefined) this.#dropped(oldest.envelope)
    return undefined
  }

  /** Asks of the policy `wait` and answers come back when there is room. */
  #turnAway(envelope: Envelope): SendOutcome {
    const { policy } = this.#context.table.options(this.#host.index)
    const counters = this.#context.table.counters(this.#host.index)
    const sends = sendsOf(envelope)
    const waits = sends === 'ask' && policy === 'wait'
    if (waits) counters.waited++
    else counters.refused++
    if (waits || sends === 'answer') this.#waiters.turnAway(sends)
    return FULL
  }

  #dropped(envelope: Envelope): void {
    const { peer, channel, lane } = this.#host
    const { bytes, messages } = this.#queue
    const detail = `lane ${lane} of ${channel} to ${peer} holds ${bytes} bytes in ${messages} messages`
    this.#host.undelivered(envelope, new TroupeError('ERR_LANE_FULL', detail))
  }

  /** Off the fast path: a rule has spoken, or messages before this one are held back. */
  #detour(verdict: Verdict, envelope: Envelope): void {
    const { codec } = this.#context
    const sent = verdict.by instanceof Envelope ? verdict.by : envelope
    const frame = encodeEnvelopeFrame(sent, codec, this.#queue.open.maxMessageBytes)
    this.#aside.push(verdict, { frame, key: envelope.key, envelope })
  }

  get #aside(): Detour {
    this.#apart ??= new Detour(
      this.#context.world.clock,
      ({ frame, key, envelope }) => this.adopt(frame, key, envelope),
      (due) => this.#release(due),
    )
    return this.#apart
  }

  #release({ frame, key, envelope }: QueuedFrame): void {
    this.#queue.pushEncoded(frame, key, envelope)
    this.#wake()
  }
}
