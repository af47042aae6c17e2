import { TroupeError } from '../base/errors.js'
import type { Member } from '../overlay/overlay.js'
import type { Envelope } from '../wire/envelope.js'
import { FRAME, type FrameKind } from '../wire/frame.js'
import type { Timer } from '../world/clock.js'
import { DEFAULT_CHANNEL, MEMBERSHIP } from './channel-table.js'
import { EarlyFrames } from './early-frames.js'
import { type FrameStream, InFrame } from './frame-stream.js'
import { type Greeting, isCount } from './greeting.js'
import type { Lane, LaneHost } from './lane.js'
import type { PeerContext } from './peer-context.js'
import { PeerLanes } from './peer-lanes.js'
import { PeerWindow } from './peer-window.js'
import { type Attempt, Redial } from './redial.js'
import { Session, type SessionHost, type SessionStart } from './session.js'
import { FULL, type PeerStats, type SendOutcome } from './transport.js'

export interface PeerHost {
  /** Tries to open a session at the peer's address with that number; ends in `opened` or `sessionFailed`. */
  dialSession(peer: Peer, failures: number): Attempt | undefined
  cameUp(peer: Peer): void
  laneEmpty(): void
  /** Nobody wishes this peer and nothing connects it any more. */
  forget(peer: Peer): void
}

/** A peer that is about to dial gets so long. */
const PATIENCE_MS = 300
/** Near peers have so many windows of bulk under way on each lane: a busy processor leaves them waiting. */
const NEAR_WINDOWS = 8

/** Another node as seen from here: the wish to be connected, its lanes, and the session that stands. */
export class Peer implements LaneHost, SessionHost {
  readonly name: string
  member: Member
  /** Up was reported, and down not yet. */
  live = false
  /** It took the place of an older start, of which alone those who send have heard so far. */
  isNews = false
  session: Session | undefined
  readonly #context: PeerContext
  readonly #host: PeerHost
  readonly window: PeerWindow
  readonly #redial: Redial
  readonly #lanes: PeerLanes
  #wished = false
  #forgotten = false
  #forgetTimer: Timer | undefined
  readonly #early = new EarlyFrames()
  readonly #channelsUp = new Set<number>()

  constructor(context: PeerContext, host: PeerHost, member: Member) {
    this.name = member.name
    this.member = member
    this.#context = context
    this.#host = host
    this.window = new PeerWindow(context.world, NEAR_WINDOWS * context.options.windowBytes)
    this.#redial = new Redial(context, (failures) => host.dialSession(this, failures))
    this.#lanes = new PeerLanes(this, context)
  }

  get incarnation(): string {
    return this.member.incarnation
  }

  get forgotten(): boolean {
    return this.#forgotten
  }

  /** Be connected from now on; `patient`: it will probably dial. */
  wish(patient: boolean): void {
    this.#wished = true
    this.#forgetTimer?.cancel()
    if (this.session === undefined) this.#redial.start(patient ? PATIENCE_MS : 0)
  }

  /** No new attempts. */
  stopDialling(): void {
    this.#wished = false
    this.#redial.stop()
  }

  /** The wish to be connected is over. A connection that stands stays until somebody closes it. */
  release(): void {
    this.stopDialling()
    if (this.session !== undefined) return
    this.#forget(new TroupeError('ERR_CONNECTION_LOST', `${this.name} was released`))
  }

  /** A newer incarnation holds the name: what waited for the old one is undeliverable. */
  replace(member: Member): void {
    const detail = `${this.name} was replaced by incarnation ${member.incarnation}`
    const reason = new TroupeError('ERR_NODE_DOWN', detail)
    this.#redial.stop()
    this.over(reason)
    this.#abandon(reason)
    this.member = member
    this.isNews = true
    this.#lanes.renew()
  }

  /** The membership lane stands: a session begins, and takes the place of one that stands. */
  open(stream: FrameStream, greeting: Greeting, start: SessionStart, laneClock: number): void {
    const detail = `${this.name} has opened a new session`
    if (this.session !== undefined) this.over(new TroupeError('ERR_CONNECTION_LOST', detail))
    if (this.#forgotten) {
      stream.close()
      return
    }
    this.#forgetTimer?.cancel()
    this.#redial.stop()
    this.member = greeting.member
    this.#lanes.resize(greeting.channels)
    this.window.reset(stream.connection.sameHost === true)
    for (const lane of this.lanes()) lane.begin(greeting.maxMessageBytes, greeting)
    this.session = new Session(this.#context, this, start)
    this.membership().attach(stream, laneClock)
    this.session.start()
  }

  laneUp(lane: Lane, stream: FrameStream, clock: number): void {
    lane.attach(stream, clock)
    this.#settle(lane)
  }

  /** The lane of that name and number, if it was agreed on. */
  findLane(channel: string, lane: number): Lane | undefined {
    return this.#lanes.find(channel, lane)
  }

  lanes(): readonly Lane[] {
    return this.#lanes.all
  }

  membership(): Lane {
    return this.#lanes.membership
  }

  /** The lane of a key; channels the peer does not have travel on the default one. */
  laneFor(channel: number, key: number): Lane {
    return this.#lanes.for(channel, key)
  }

  send(channel: number, envelope: Envelope): SendOutcome {
    if (this.isNews) {
      const detail = `node ${this.name} was started anew and is not up yet`
      throw new TroupeError('ERR_NODE_DOWN', detail, { data: { node: this.name } })
    }
    return this.laneFor(channel, envelope.key).send(envelope)
  }

  sendControl(kind: FrameKind, body: Uint8Array): SendOutcome {
    return this.live ? this.membership().sendFrame(kind, body) : FULL
  }

  /** Lets go of the peer: writes what can be written at once, says goodbye, closes. */
  leave(stopping: boolean, reason: TroupeError): void {
    this.stopDialling()
    this.farewell(stopping, reason)
    this.#forget(reason)
  }

  /** What waits is never written; should the peer come back, it begins with nothing. */
  giveUp(reason: TroupeError): void {
    if (this.live) return // fragments may be under way, and what waits can travel
    const detail = `node ${this.name} went down before this was sent`
    const data = { node: this.name }
    this.#abandon(new TroupeError('ERR_NODE_DOWN', detail, { cause: reason, data }))
  }

  /** Says goodbye and closes; the peer still takes what was written. */
  farewell(stopping: boolean, reason: TroupeError): void {
    if (this.session === undefined) return
    for (const lane of this.lanes()) lane.pump()
    this.session.confirmAll()
    const body = this.#context.plainCodec.encodeValue([stopping ? 1 : 0, reason.message])
    this.membership().writeNow(FRAME.GOODBYE, body)
    this.#end(reason, (stream) => stream.close(), true)
  }

  /** An attempt to open a session came to nothing. */
  sessionFailed(error: TroupeError | undefined): void {
    this.#redial.again(error !== undefined)
    if (error !== undefined) this.dialFailed(error)
  }

  dialFailed(error: TroupeError): void {
    if (!this.live && !this.#forgotten) this.#context.sink.connectFailed(this.member, error)
  }

  /** The session is lost. */
  over(error: TroupeError): void {
    if (this.session === undefined) return
    this.#end(error, (stream) => stream.abort())
    if (this.#forgotten || this.session !== undefined) return
    if (this.#wished) this.#redial.startSoon()
    else this.#forgetLater()
  }

  hold(lane: Lane | undefined, kind: FrameKind, bytes: Buffer, start: number, end: number): void {
    if (!this.#early.hold(lane, new InFrame(kind, bytes, start, end))) {
      throw new TroupeError('ERR_BAD_FRAME', `${this.name} sends before it is connected`)
    }
    lane?.pause()
  }

  control(kind: FrameKind, bytes: Buffer, start: number, end: number): void {
    switch (kind) {
      case FRAME.PING:
      case FRAME.PONG:
        this.session?.onBeat(kind, bytes.subarray(start, end))
        return
      case FRAME.CREDIT:
        this.session?.credits.received(bytes.subarray(start, end))
        return
      case FRAME.ACK:
        this.session?.acks.received(bytes.subarray(start, end))
        return
      case FRAME.GOODBYE:
        this.#onGoodbye(bytes.subarray(start, end))
        return
      case FRAME.OVERLAY:
      case FRAME.BROADCAST:
      case FRAME.DELIVERY:
      case FRAME.RELAY:
      case FRAME.RELEASE:
      case FRAME.ROUTE:
        if (!this.live) {
          this.hold(undefined, kind, bytes, start, end)
          return
        }
        this.#deliver(kind, bytes.subarray(start, end))
        return
      default:
        throw new TroupeError('ERR_BAD_FRAME', `frame ${kind} on channel membership`)
    }
  }

  heard(): void {
    this.session?.heard()
  }

  acknowledge(lane: Lane): void {
    this.session?.acks.took(lane)
  }

  laneEmpty(): void {
    this.#host.laneEmpty()
  }

  laneLost(lane: Lane, error: TroupeError): void {
    const session = this.session
    if (session === undefined) return
    if (this.#channelsUp.delete(lane.index)) {
      this.#context.sink.channelDown(this.member, lane.channel)
    }
    if (this.session !== session) return
    if (this.lanes().some((each) => each.connected)) session.laneLost(lane)
    else this.over(error)
  }

  stats(): PeerStats {
    const { name: peer, live: up, window } = this
    const { minRttMs, bytes: windowBytes, inFlight: inFlightBytes } = window
    const lanes = this.lanes().length
    return { peer, up, lanes, rttMs: this.session?.rttMs, minRttMs, windowBytes, inFlightBytes }
  }

  /** Reports what has become usable, in order: the peer, then its channels. */
  #settle(lane: Lane): void {
    const session = this.session
    if (!this.live) {
      const early = [...this.#lanes.of(MEMBERSHIP), ...this.#lanes.of(DEFAULT_CHANNEL)]
      if (!early.every((each) => each.connected)) return
      this.live = true
      this.isNews = false
      this.#context.sink.peerUp(this.member)
      if (this.session !== session) return
      this.#channelUp(MEMBERSHIP)
      this.#channelUp(DEFAULT_CHANNEL)
      this.#host.cameUp(this)
      this.#release()
      session?.dialMissing()
    } else this.#channelUp(lane.index)
    for (const each of this.lanes()) each.pump()
  }

  #channelUp(index: number): void {
    const lanes = this.#lanes.of(index)
    if (!this.live || this.#channelsUp.has(index)) return
    if (!lanes.every((lane) => lane.connected)) return
    this.#channelsUp.add(index)
    this.#context.sink.channelUp(this.member, this.#context.table.name(index))
  }

  /** What came in early is delivered now, in its order. */
  #release(): void {
    const lanes = new Set<Lane>()
    for (const { lane, frame } of this.#early.take()) {
      if (lane !== undefined) lanes.add(lane)
      const owner = lane ?? this.membership()
      if (!owner.connected) continue
      try {
        owner.frame(frame.kind, frame.bytes, frame.start, frame.end)
      } catch (error) {
        owner.broken(error)
      }
    }
    for (const lane of lanes) lane.resume()
  }

  #deliver(kind: FrameKind, body: Uint8Array): void {
    try {
      this.#context.sink.control(this.member, kind, body)
    } catch (error) {
      this.#context.logger.error({ peer: this.name, kind, error }, 'a frame was not handled')
    }
  }

  #onGoodbye(body: Uint8Array): void {
    if (this.session === undefined || this.session.leaving) return
    this.session.leaving = true
    const fields = this.#context.plainCodec.decodeValue(body)
    const stopping = Array.isArray(fields) && isCount(fields[0]) && fields[0] === 1
    if (stopping && this.live) this.#context.sink.goodbye(this.member)
  }

  /** Tears the session down and reports it; what was not delivered by now never is. */
  #end(error: TroupeError, close: (stream: FrameStream) => void, orderly = false): void {
    const session = this.session
    if (session === undefined) return
    this.session = undefined
    session.stop()
    const wasLive = this.live
    this.live = false
    this.#early.take()
    const { sink, table } = this.#context
    const member = this.member
    for (const lane of this.lanes()) lane.detach(close, orderly)
    for (const index of this.#channelsUp) sink.channelDown(member, table.name(index))
    this.#channelsUp.clear()
    if (wasLive) sink.peerDown(member, error, orderly || session.leaving)
    else if (session.dialled !== undefined && this.#wished) this.dialFailed(error)
  }

  #forgetLater(): void {
    this.#forgetTimer?.cancel()
    const { downAfterMs } = this.#context.options
    this.#forgetTimer = this.#context.world.clock.after(downAfterMs, () => {
      if (this.session !== undefined || this.#wished) return
      const detail = `${this.name} did not come back within ${downAfterMs} ms`
      this.#forget(new TroupeError('ERR_NODE_DOWN', detail))
    })
  }

  #forget(reason: TroupeError): void {
    if (this.#forgotten) return
    this.#forgotten = true
    this.#forgetTimer?.cancel()
    this.#redial.stop()
    this.#host.forget(this)
    this.#abandon(
      reason.code === 'ERR_NODE_DOWN'
        ? reason
        : new TroupeError('ERR_NODE_DOWN', `${this.name} was let go`, { cause: reason }),
    )
  }

  #abandon(reason: TroupeError): void {
    for (const lane of this.lanes()) lane.abandon(reason)
  }
}
