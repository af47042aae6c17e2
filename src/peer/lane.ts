import { TroupeError } from '../base/errors.js'
import type { Member } from '../overlay/overlay.js'
import type { Envelope } from '../wire/envelope.js'
import { FRAME, type FrameKind } from '../wire/frame.js'
import type { EncodedFrame } from '../wire/frame-writer.js'
import { readEnvelope } from '../wire/read-envelope.js'
import { type ChannelOffer, MEMBERSHIP, NO_OFFER } from './channel-table.js'
import type { CreditWindow } from './credit.js'
import type { FrameStream, StreamOwner } from './frame-stream.js'
import { type Busy, Grants } from './grants.js'
import { LaneWriter, type WriterHost } from './lane-writer.js'
import type { PeerContext } from './peer-context.js'
import type { PeerWindow } from './peer-window.js'
import type { LaneStats, SendOutcome, Sends } from './transport.js'

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
  /** Tells the peer what it may send on a lane. */
  readonly session: { readonly credits: { grant(lane: Lane): void } } | undefined
  readonly window: PeerWindow
  /** More fragments came in over that lane: the peer is to be told. */
  acknowledge(lane: Lane): void
  /** The lane has no connection any more. */
  laneLost(lane: Lane, error: TroupeError): void
  /** Nothing is queued on the lane any more. */
  laneEmpty(): void
}

/** With so many windows waiting in the connection its peer does not read: then no signs of life either. */
const STUCK_WINDOWS = 4

/** One lane of a channel to one peer, for as long as the peer is known: at most one connection at a time. */
export class Lane implements StreamOwner, WriterHost {
  readonly peer: string
  readonly channel: string
  readonly index: number
  readonly lane: number
  /** The dialling side's clock of the connection in place, or of the session's last one. */
  clock = 0
  /** Messages that came in over this connection. */
  received = 0
  /** As many of them the peer has been told. */
  told = 0
  /** Fragments that came in whole over this connection. */
  fragments = 0
  readonly #host: LaneHost
  readonly #context: PeerContext
  readonly #writer: LaneWriter
  readonly #grants: Grants
  #stream: FrameStream | undefined = undefined
  #paused = false
  /** As many of the messages written the peer has got for sure. */
  #arrived = 0
  /** What connections that are gone have carried. */
  readonly #past = { bytesIn: 0, bytesOut: 0, framesIn: 0, framesOut: 0 }

  constructor(host: LaneHost, context: PeerContext, index: number, lane: number) {
    this.peer = host.member.name
    this.channel = context.table.name(index)
    this.index = index
    this.lane = lane
    this.#host = host
    this.#context = context
    this.#writer = new LaneWriter(this, context, host.window)
    this.#grants = new Grants(context.table.creditWith(index, NO_OFFER))
  }

  get live(): boolean {
    return this.#host.live
  }

  get connected(): boolean {
    return this.#stream !== undefined
  }

  get queuedBytes(): number {
    return this.#writer.queuedBytes
  }

  get queuedMessages(): number {
    return this.#writer.queuedMessages
  }

  get heldBytes(): number {
    return this.#writer.heldBytes
  }

  get heldMessages(): number {
    return this.#writer.heldMessages
  }

  /** What the peer may be told now: so many messages that need credit have come in, of so many bytes. */
  get granted(): CreditWindow {
    const { creditedIn = 0, creditedBytesIn = 0 } = this.#stream ?? {}
    this.#grants.raise(creditedIn, creditedBytesIn)
    return this.#grants
  }

  get empty(): boolean {
    return this.#writer.empty
  }

  /** @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, with nothing queued */
  send(envelope: Envelope): SendOutcome {
    return this.#writer.send(envelope)
  }

  /** FULL when the lane is not connected or has no room. @throws TroupeError ERR_TOO_LARGE */
  sendFrame(kind: FrameKind, body: Uint8Array): SendOutcome {
    return this.#writer.sendFrame(kind, body)
  }

  /** A session begins, with a peer that takes messages of so many bytes: either side may dial this one. */
  begin(maxMessageBytes: number, offer: ChannelOffer): void {
    this.clock = 0 // that of the side that dialled the last session tells nothing about the other
    const window = this.#context.table.creditWith(this.index, offer)
    this.#grants.agree(window)
    this.#writer.agree(maxMessageBytes, window)
  }

  /** No credit is granted until that is ready: it has more to do than it likes. */
  withhold(busy: Busy): void {
    const counters = this.#context.table.counters(this.index)
    const { withheld } = this.#grants
    if (this.#grants.withhold(busy, () => this.#grant()) && !withheld) counters.withheld++
  }

  /** The peer has granted so much of what was sent over this connection. False: that cannot be. */
  grant(messages: number, bytes: number): boolean {
    return this.#writer.grant(messages, bytes)
  }

  /** A frame that bypasses the queue: a sign of life, a goodbye. Lost while the peer reads nothing at all. */
  writeNow(kind: FrameKind, body: Uint8Array): void {
    const stream = this.#stream
    if (
      stream === undefined ||
      stream.unsentBytes > STUCK_WINDOWS * this.#context.options.windowBytes
    )
      return
    stream.writeFrame(kind, body)
  }

  /** Resolves when the lane takes what is to be sent. */
  ready(sends: Sends): Promise<void> {
    return this.#writer.ready(sends)
  }

  /** Takes a frame that waited on another lane. */
  adopt(frame: EncodedFrame, key: number, envelope: Envelope | undefined): void {
    this.#writer.adopt(frame, key, envelope)
  }

  /** Takes everything out that waits. */
  drain(): ReturnType<LaneWriter['drain']> {
    return this.#writer.drain()
  }

  /** The peer is forgotten: what waits will never be written, who waits will never be ready. */
  abandon(reason: TroupeError): void {
    this.#writer.abandon(reason)
  }

  pump(): void {
    this.#writer.pump()
  }

  /** A connection for this lane, fresh from its handshake. The one before is closed and heard no more. */
  attach(stream: FrameStream, clock: number): void {
    this.detach((old) => old.abort())
    this.#stream = stream
    this.#paused = false
    this.clock = clock
    this.received = this.told = this.#arrived = 0
    this.#grants.restart()
    this.fragments = 0
    stream.handTo(this)
    this.#writer.attach(stream)
  }

  /** Lets go of the connection. If it broke, what was written to it and not confirmed is reported. */
  detach(end: (stream: FrameStream) => void, orderly = false): void {
    const stream = this.#stream
    if (stream === undefined) return
    this.#stream = undefined
    this.#writer.detach()
    end(stream)
    this.#past.bytesIn += stream.bytesIn
    this.#past.bytesOut += stream.bytesOut
    this.#past.framesIn += stream.framesIn
    this.#past.framesOut += stream.framesOut
    const lost = this.#writer.written - this.#arrived
    if (orderly || lost <= 0 || this.index === MEMBERSHIP) return
    this.#context.sink.connectionLost(this.#host.member, this.channel, lost)
  }

  /** Breaks the connection that stands, as the network does. False without one. */
  reset(): boolean {
    this.#stream?.connection.destroy()
    return this.#stream !== undefined
  }

  /** The peer has told how many messages of this connection it has got. */
  arrived(count: number): void {
    if (count > this.#arrived && count <= this.#writer.written) this.#arrived = count
  }

  frame(kind: FrameKind, bytes: Buffer, start: number, end: number): void {
    if (this.index === MEMBERSHIP) {
      this.#host.control(kind, bytes, start, end)
      return
    }
    if (!this.#host.live) {
      this.#host.hold(this, kind, bytes, start, end)
      return
    }
    if (kind !== FRAME.ENVELOPE) {
      throw new TroupeError('ERR_BAD_FRAME', `frame ${kind} on channel ${this.channel}`)
    }
    this.received++
    this.#deliver(readEnvelope(bytes, start, end))
  }

  /**
   * So many fragments of this connection the peer has.
   * @throws TroupeError ERR_BAD_FRAME for more than were sent
   */
  acked(fragments: number): void {
    if (this.#writer.acked(fragments)) return
    throw new TroupeError('ERR_BAD_FRAME', `${this.peer} acknowledges what was never sent`)
  }

  took(fragments: number): void {
    this.fragments = fragments
    this.#host.acknowledge(this)
  }

  heard(): void {
    this.#host.heard()
  }

  drained(): void {
    this.#writer.drained()
  }

  credited(): void {
    const stream = this.#stream
    if (stream === undefined) return
    if (this.#grants.isDue(stream.creditedIn, stream.creditedBytesIn)) this.#grant()
  }

  broken(cause: unknown): void {
    const error =
      cause instanceof TroupeError
        ? cause
        : new TroupeError('ERR_BAD_FRAME', 'a frame could not be handled', { cause })
    this.#context.turnAway(this.#stream?.connection.remote ?? this.peer, error)
    this.detach((stream) => stream.abort())
    this.#host.laneLost(this, error)
  }

  closed(cause: Error | undefined): void {
    this.detach(() => {})
    const detail = `the connection to ${this.peer} (${this.channel}, lane ${this.lane}) was closed`
    const options = cause === undefined ? {} : { cause }
    this.#host.laneLost(this, new TroupeError('ERR_CONNECTION_LOST', detail, options))
  }

  undelivered(envelope: Envelope, reason: TroupeError): void {
    this.#context.sink.undelivered(this.#host.member, this.channel, envelope, reason)
  }

  emptied(): void {
    this.#host.laneEmpty()
  }

  /** Stops reading, once however often it is called. */
  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#stream?.hold()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#stream?.letGo()
  }

  stats(): LaneStats {
    const now = this.#stream
    const { bytesIn, bytesOut, framesIn, framesOut } = this.#past
    return {
      peer: this.peer,
      channel: this.channel,
      lane: this.lane,
      connected: now !== undefined,
      queuedBytes: this.#writer.queuedBytes,
      queuedMessages: this.#writer.queuedMessages,
      heldMessages: this.#writer.heldMessages,
      withheld: this.#grants.withheld,
      inFlightBytes: this.#writer.share.inFlight,
      bytesIn: bytesIn + (now?.bytesIn ?? 0),
      bytesOut: bytesOut + (now?.bytesOut ?? 0),
      framesIn: framesIn + (now?.framesIn ?? 0),
      framesOut: framesOut + (now?.framesOut ?? 0),
    }
  }

  #grant(): void {
    if (this.#stream === undefined || this.#stream.creditedIn === this.#grants.messages) return
    this.#context.table.counters(this.index).granted++
    this.#host.session?.credits.grant(this)
  }

  #deliver(envelope: Envelope): void {
    const { sink, logger } = this.#context
    try {
      sink.envelope(this.#host.member, this.index, envelope)
    } catch (error) {
      logger.error({ peer: this.peer, channel: this.channel, error }, 'a message was not handled')
    }
  }
}
