import { TroupeError } from '../base/errors.js'
import type { Member } from '../overlay/overlay.js'
import type { Envelope } from '../wire/envelope.js'
import { Assembler } from '../wire/fragment.js'
import { FRAGMENT_ABOVE, FRAME, type FrameKind, HEAD_BYTES } from '../wire/frame.js'
import type { OnFrame } from '../wire/frame-reader.js'
import { type EncodedFrame, encodeEnvelopeFrame } from '../wire/frame-writer.js'
import { readEnvelope } from '../wire/read-envelope.js'
import { MEMBERSHIP } from './channel-table.js'
import { DelayLine } from './delay-line.js'
import type { FrameStream, StreamOwner } from './frame-stream.js'
import { PASS, type Verdict } from './gate.js'
import { BATCH_BYTES, LaneQueue } from './lane-queue.js'
import type { PeerContext } from './peer-context.js'
import { SendWindow } from './send-window.js'
import { FULL, type LaneStats, type SendOutcome, SENT, SLOW } from './transport.js'

/** The peer a lane belongs to. */
export interface LaneHost {
  readonly member: Member
  /** The peer was reported up: messages may be written and delivered. Before, they wait. */
  readonly live: boolean
  /** A frame that came before the peer was reported up: to be handed to `frame` again then. */
  hold(lane: Lane, kind: FrameKind, bytes: Buffer, start: number, end: number): void
  /** A frame of the membership lane. */
  control(kind: FrameKind, bytes: Buffer, start: number, end: number): void
  heard(): void
  /** The lane has no connection any more. */
  laneLost(lane: Lane, error: TroupeError): void
  /** Nothing is queued on the lane any more. */
  laneEmpty(): void
}

interface Waiter {
  resolve(): void
  reject(error: TroupeError): void
}

class LateFrame {
  readonly frame: EncodedFrame
  readonly key: number
  readonly envelope: Envelope | undefined

  constructor(frame: EncodedFrame, key: number, envelope: Envelope | undefined) {
    this.frame = frame
    this.key = key
    this.envelope = envelope
  }
}

/**
 * One lane of a channel to one peer, for as long as the peer is known: a queue, and at most one
 * connection at a time. Messages of a tick leave in one write; small ones go before large ones.
 */
export class Lane implements StreamOwner {
  readonly peer: string
  readonly channel: string
  readonly index: number
  readonly lane: number
  /** The dialling side's clock of the connection in place, or of the last one. */
  clock = 0
  /** Messages that came in over this connection. */
  received = 0
  /** As many of them the peer has been told. */
  told = 0
  readonly #host: LaneHost
  readonly #context: PeerContext
  readonly #queue: LaneQueue
  readonly #window: SendWindow
  readonly #tick: () => void
  readonly #nextTurn: () => void
  readonly #pass: OnFrame
  readonly #waiters: Waiter[] = []
  #stream: FrameStream | undefined = undefined
  #assembler: Assembler | undefined = undefined
  #ticking = false
  #turning = false
  #draining = false
  #late: DelayLine<LateFrame> | undefined = undefined
  #written = 0
  #arrived = 0
  #past = { bytesIn: 0, bytesOut: 0, framesIn: 0, framesOut: 0 }

  constructor(host: LaneHost, context: PeerContext, peer: string, index: number, lane: number) {
    this.peer = peer
    this.channel = context.table.name(index)
    this.index = index
    this.lane = lane
    this.#host = host
    this.#context = context
    this.#queue = new LaneQueue(context.codec)
    this.#window = new SendWindow(context.options.windowBytes)
    this.#tick = () => {
      this.#ticking = false
      this.pump()
    }
    this.#nextTurn = () => {
      this.#turning = false
      this.#window.refill()
      this.pump()
    }
    this.#pass = (kind, bytes, start, end) => this.#stream?.pass(kind, bytes, start, end)
  }

  get connected(): boolean {
    return this.#stream !== undefined
  }

  get empty(): boolean {
    return this.#queue.empty
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  /** @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, with nothing queued */
  send(envelope: Envelope): SendOutcome {
    const queue = this.#queue
    const { options } = this.#context
    if (queue.bytes >= options.laneMaxBytes || queue.messages >= options.laneMaxMessages) {
      const outcome = this.#atBound(envelope)
      if (outcome !== undefined) return outcome
    }
    const verdict = this.#context.gate.out(this, FRAME.ENVELOPE, envelope, 0)
    if (verdict === PASS && this.#late === undefined) queue.pushEnvelope(envelope)
    else this.#detour(verdict, envelope)
    this.#wake()
    return queue.bytes > options.laneHighWaterBytes ? SLOW : SENT
  }

  /** False when the lane is not connected or full. @throws TroupeError ERR_TOO_LARGE */
  sendFrame(kind: FrameKind, body: Uint8Array): boolean {
    const queue = this.#queue
    if (this.#stream === undefined || queue.bytes >= this.#context.options.laneMaxBytes) {
      return false
    }
    const verdict = this.#context.gate.out(this, kind, undefined, body.length + HEAD_BYTES)
    if (verdict === PASS && this.#late === undefined) queue.pushFrame(kind, body)
    else {
      const apart = new LaneQueue(this.#context.codec)
      apart.pushFrame(kind, body)
      for (const { frame, key } of apart.drain()) this.#queueLate(verdict, frame, key, undefined)
    }
    this.#wake()
    return true
  }

  /** Takes a frame that waited on another lane, when the number of lanes has changed. */
  adopt(frame: EncodedFrame, key: number, envelope: Envelope | undefined): void {
    this.#queue.pushEncoded(frame, key, envelope)
  }

  /** Takes everything out that waits; who waits for `ready` looks for another lane. */
  drain(): ReturnType<LaneQueue['drain']> {
    this.#late?.flush()
    for (const waiter of this.#waiters.splice(0)) waiter.resolve()
    return this.#queue.drain()
  }

  /** Resolves when the queue is at its low-water mark. */
  ready(): Promise<void> {
    if (this.#queue.bytes <= this.#context.options.laneLowWaterBytes) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
    })
  }

  /** The peer is forgotten: what waits will never be written, who waits will never be ready. */
  abandon(reason: TroupeError): void {
    const { sink } = this.#context
    for (const waiter of this.#waiters.splice(0)) waiter.reject(reason)
    for (const { envelope } of this.drain()) {
      if (envelope !== undefined) {
        sink.undelivered(this.#host.member, this.channel, envelope, reason)
      }
    }
  }

  /** A connection for this lane, fresh from its handshake. The one before is closed and heard no more. */
  attach(stream: FrameStream, clock: number): void {
    this.detach((old) => old.abort())
    this.#stream = stream
    this.#assembler = new Assembler(this.#context.options.maxMessageBytes)
    this.clock = clock
    this.received = this.told = this.#written = this.#arrived = 0
    this.#draining = false
    this.#window.refill()
    stream.handTo(this)
    this.pump()
  }

  /** Lets go of the connection. If it broke, what was written to it and not confirmed is reported. */
  detach(end: (stream: FrameStream) => void, orderly = false): void {
    const stream = this.#stream
    if (stream === undefined) return
    this.#stream = undefined
    this.#assembler = undefined
    end(stream)
    this.#past.bytesIn += stream.bytesIn
    this.#past.bytesOut += stream.bytesOut
    this.#past.framesIn += stream.framesIn
    this.#past.framesOut += stream.framesOut
    this.#queue.rewind()
    const lost = this.#written - this.#arrived
    if (orderly || lost <= 0 || this.index === MEMBERSHIP) return
    this.#context.sink.connectionLost(this.#host.member, this.channel, lost)
  }

  /** The peer has told how many messages of this connection it has got. */
  arrived(count: number): void {
    if (count > this.#arrived && count <= this.#written) this.#arrived = count
  }

  /** A frame that bypasses the queue: a sign of life, a goodbye. */
  writeNow(kind: FrameKind, body: Uint8Array): void {
    this.#stream?.writeFrame(kind, body)
  }

  /** Writes as much as the window allows. */
  pump(): void {
    const stream = this.#stream
    if (stream === undefined || !this.#host.live || this.#queue.empty) return
    this.#pumpSmall(stream)
    if (this.#queue.hasBulk) this.#pumpBulk(stream)
    if (this.#queue.empty) this.#host.laneEmpty()
    else if (!this.#draining) this.#askTurn()
    const { laneLowWaterBytes } = this.#context.options
    if (this.#waiters.length === 0 || this.#queue.bytes > laneLowWaterBytes) return
    for (const waiter of this.#waiters.splice(0)) waiter.resolve()
  }

  frame(kind: FrameKind, bytes: Buffer, start: number, end: number): void {
    if (this.index === MEMBERSHIP) return this.#host.control(kind, bytes, start, end)
    if (!this.#host.live) return this.#host.hold(this, kind, bytes, start, end)
    if (kind === FRAME.ENVELOPE) {
      this.received++
      this.#deliver(readEnvelope(bytes, start, end))
    } else if (kind === FRAME.FRAGMENT) this.assemble(bytes, start, end)
    else throw new TroupeError('ERR_BAD_FRAME', `frame ${kind} on channel ${this.channel}`)
  }

  /** A part of a large frame, which crosses the gate again once it is whole. */
  assemble(bytes: Buffer, start: number, end: number): void {
    this.#assembler?.accept(bytes, start, end, this.#pass)
  }

  heard(): void {
    this.#host.heard()
  }

  drained(): void {
    this.#draining = false
    this.#window.refill()
    this.pump()
  }

  broken(cause: unknown): void {
    const error =
      cause instanceof TroupeError
        ? cause
        : new TroupeError('ERR_BAD_FRAME', 'a frame could not be handled', { cause })
    const remote = this.#stream?.connection.remote ?? this.peer
    this.#context.turnAway(remote, error)
    this.detach((stream) => stream.abort())
    this.#host.laneLost(this, error)
  }

  closed(cause: Error | undefined): void {
    this.detach(() => {})
    const detail = `the connection to ${this.peer} (${this.channel}, lane ${this.lane}) was closed`
    this.#host.laneLost(
      this,
      new TroupeError('ERR_CONNECTION_LOST', detail, cause === undefined ? {} : { cause }),
    )
  }

  /** Stops and starts reading. */
  pause(): void {
    this.#stream?.connection.pause()
  }

  resume(): void {
    this.#stream?.connection.resume()
  }

  stats(): LaneStats {
    const now = this.#stream
    const { bytesIn, bytesOut, framesIn, framesOut } = this.#past
    return {
      peer: this.peer,
      channel: this.channel,
      lane: this.lane,
      connected: now !== undefined,
      queuedBytes: this.#queue.bytes,
      bytesIn: bytesIn + (now?.bytesIn ?? 0),
      bytesOut: bytesOut + (now?.bytesOut ?? 0),
      framesIn: framesIn + (now?.framesIn ?? 0),
      framesOut: framesOut + (now?.framesOut ?? 0),
    }
  }

  #deliver(envelope: Envelope): void {
    const { sink, logger } = this.#context
    try {
      sink.envelope(this.#host.member, this.index, envelope)
    } catch (error) {
      logger.error({ peer: this.peer, channel: this.channel, error }, 'a message was not handled')
    }
  }

  /** One write a tick, or one each BATCH_BYTES. */
  #wake(): void {
    if (this.#queue.pendingBytes >= BATCH_BYTES) {
      this.#queue.seal()
      if (this.#stream !== undefined) this.pump()
    } else if (!this.#ticking && this.#stream !== undefined) {
      this.#ticking = true
      this.#context.world.turn.micro(this.#tick)
    }
  }

  #askTurn(): void {
    if (this.#turning) return
    this.#turning = true
    this.#context.world.turn.immediate(this.#nextTurn)
  }

  #pumpSmall(stream: FrameStream): void {
    const { windowBytes } = this.#context.options
    while (stream.unsentBytes < windowBytes) {
      const batch = this.#queue.takeSmall()
      if (batch === undefined) return
      this.#written += batch.messages
      stream.framesOut += batch.messages
      const { parts } = batch
      if (parts.length > 1) stream.connection.cork()
      for (let i = 0; i < parts.length; i++) {
        if (!stream.write(parts[i] as Uint8Array)) this.#draining = true
      }
      if (parts.length > 1) stream.connection.uncork()
    }
  }

  #pumpBulk(stream: FrameStream): void {
    const { gate, world } = this.#context
    stream.connection.cork()
    while (this.#window.allows(stream.unsentBytes)) {
      if (gate.out(this, FRAME.FRAGMENT, undefined, FRAGMENT_ABOVE).drop) {
        this.#draining = true
        world.clock.after(CUT_RETRY_MS, () => this.drained())
        break
      }
      const helping = this.#queue.takeBulk(262144)
      if (helping === undefined) break
      this.#window.handed(helping.bytes)
      stream.framesOut++
      if (helping.completes) this.#written++
      for (const piece of helping.pieces) {
        if (!stream.write(piece)) this.#draining = true
      }
    }
    stream.connection.uncork()
    if (!this.#queue.hasBulk) this.#window.refill()
  }

  /** The lane holds what it may hold: the channel's policy decides; undefined when there is room now. */
  #atBound(envelope: Envelope): SendOutcome | undefined {
    const { policy } = this.#context.table.options(this.index)
    if (policy === 'fail') return FULL
    if (policy === 'dropNewest') {
      this.#dropped(envelope)
      return SLOW
    }
    const oldest = this.#queue.dropOldest()
    if (oldest === undefined) return FULL
    if (oldest.envelope !== undefined) this.#dropped(oldest.envelope)
    return undefined
  }

  #dropped(envelope: Envelope): void {
    const detail = `lane ${this.lane} of ${this.channel} to ${this.peer} holds ${this.#queue.bytes} bytes in ${this.#queue.messages} messages`
    const reason = new TroupeError('ERR_LANE_FULL', detail)
    this.#context.sink.undelivered(this.#host.member, this.channel, envelope, reason)
  }

  /** Off the fast path: a rule has spoken, or messages before this one are held back. */
  #detour(verdict: Verdict, envelope: Envelope): void {
    const frame = encodeEnvelopeFrame(envelope, this.#context.codec)
    this.#queueLate(verdict, frame, envelope.key, envelope)
  }

  #queueLate(
    verdict: Verdict,
    frame: EncodedFrame,
    key: number,
    envelope: Envelope | undefined,
  ): void {
    if (this.#late?.size === 0) this.#late = undefined
    if (verdict.drop) return
    for (let i = 0; i < verdict.copies; i++) {
      if (this.#late === undefined && verdict.delayMs === 0) {
        this.#queue.pushEncoded(frame, key, envelope)
        continue
      }
      this.#late ??= new DelayLine(this.#context.world.clock, (late) => {
        this.#queue.pushEncoded(late.frame, late.key, late.envelope)
        this.#wake()
        return true
      })
      this.#late.push(new LateFrame(frame, key, envelope), verdict.delayMs)
    }
  }
}

/** A fragment whose way is cut is tried again after this long. */
const CUT_RETRY_MS = 50
