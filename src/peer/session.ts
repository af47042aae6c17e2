import { TroupeError } from '../base/errors.js'
import { FRAME, type FrameKind } from '../wire/frame.js'
import type { Timer } from '../world/clock.js'
import type { Address } from '../world/network.js'
import { Acks } from './acks.js'
import { DEFAULT_CHANNEL, MEMBERSHIP } from './channel-table.js'
import { Credits } from './credits.js'
import { Dial, type DialHost } from './dial.js'
import type { FrameStream } from './frame-stream.js'
import { INTENT, isCount, OUTCOME } from './greeting.js'
import { Heartbeat } from './heartbeat.js'
import type { Lane } from './lane.js'
import type { PeerContext } from './peer-context.js'
import type { PeerWindow } from './peer-window.js'
import { Redial } from './redial.js'

/** How a session came about. */
export interface SessionStart {
  /** The dialling side's clock when it opened the session: names it on both sides. */
  readonly id: number
  /** Where this node has dialled the peer; undefined when the peer dialled. */
  readonly dialled: Address | undefined
  /** The peer's clock when it opened or took the session. */
  readonly peerClock: number
}

export interface SessionHost {
  readonly name: string
  readonly incarnation: string
  readonly live: boolean
  readonly window: PeerWindow
  /** All lanes agreed on with the peer. */
  lanes(): readonly Lane[]
  membership(): Lane
  laneUp(lane: Lane, stream: FrameStream, clock: number): void
  dialFailed(error: TroupeError): void
  over(error: TroupeError): void
}

/**
 * The connections between two incarnations, from the first to the last: whoever dialled the
 * membership lane dials all the others and keeps them standing; both sides listen for each other's
 * heartbeat.
 */
export class Session {
  readonly id: number
  readonly dialled: Address | undefined
  readonly peerClock: number
  /** The peer closes on purpose: lost lanes are not dialled again. */
  leaving = false
  readonly #context: PeerContext
  readonly #host: SessionHost
  readonly #heartbeat: Heartbeat
  readonly acks: Acks
  readonly credits: Credits
  #timer: Timer | undefined
  readonly #redials = new Map<Lane, Redial>()
  readonly #probes = new Map<number, (alive: boolean) => void>()
  #over = false

  constructor(context: PeerContext, host: SessionHost, start: SessionStart) {
    this.id = start.id
    this.dialled = start.dialled
    this.peerClock = start.peerClock
    this.#context = context
    this.#host = host
    this.#heartbeat = new Heartbeat(context.options, context.world.clock.now())
    this.acks = new Acks(context.world.turn, host)
    this.credits = new Credits(context.plainCodec, host)
  }

  get rttMs(): number | undefined {
    return this.#heartbeat.rttMs
  }

  /** Begins to beat, and to dial what is missing. */
  start(): void {
    this.#beat()
    this.dialMissing()
  }

  stop(): void {
    this.#over = true
    this.#timer?.cancel()
    this.acks.stop()
    for (const redial of this.#redials.values()) redial.stop()
    for (const answer of this.#probes.values()) answer(false)
    this.#probes.clear()
  }

  /**
   * The default channel comes first: once it stands, both sides call the peer up, and only then come
   * the rest, so that nothing arrives from a peer that is not up.
   */
  dialMissing(): void {
    if (this.dialled === undefined || this.leaving) return
    for (const lane of this.#host.lanes()) {
      const early = lane.index === MEMBERSHIP || lane.index === DEFAULT_CHANNEL
      if (!lane.connected && (early || this.#host.live)) this.#redial(lane).start()
    }
  }

  laneLost(lane: Lane): void {
    if (this.dialled === undefined || this.leaving) return
    if (this.#host.live || lane.index <= DEFAULT_CHANNEL) this.#redial(lane).startSoon()
  }

  heard(): void {
    this.#heartbeat.heard(this.#context.world.clock.now())
  }

  /** True when a ping that leaves now is answered in time. */
  probe(timeoutMs: number): Promise<boolean> {
    const number = this.#heartbeat.ping(this.#context.world.clock.now())
    return new Promise((resolve) => {
      const timer = this.#context.world.clock.after(timeoutMs, () => settle(false))
      const settle = (alive: boolean): void => {
        timer.cancel()
        this.#probes.delete(number)
        resolve(alive)
      }
      this.#probes.set(number, settle)
      this.#say(FRAME.PING, number)
    })
  }

  /** Tells a last time what came in, so that the peer does not count it as lost. */
  confirmAll(): void {
    this.#say(FRAME.PONG, 0)
  }

  /** PING or PONG. @throws TroupeError ERR_DECODE, ERR_BAD_FRAME */
  onBeat(kind: FrameKind, body: Uint8Array): void {
    const fields = this.#context.plainCodec.decodeValue(body)
    const [number, counts, fragments = []] = Array.isArray(fields) ? fields : []
    if (!isCount(number) || !isPairs(counts) || !isPairs(fragments)) {
      throw new TroupeError('ERR_BAD_FRAME', `a heartbeat of ${this.#host.name} is malformed`)
    }
    this.#confirm(counts)
    for (let i = 0; i < fragments.length; i += 2) {
      this.acks.arrived(Number(fragments[i]) >>> 0, Number(fragments[i + 1]) >>> 0)
    }
    if (kind === FRAME.PING) {
      this.#say(FRAME.PONG, number)
      return
    }
    const sampleMs = this.#heartbeat.pong(number, this.#context.world.clock.now())
    if (sampleMs !== undefined) this.#host.window.heartbeat(sampleMs)
    this.#probes.get(number)?.(true)
  }

  #beat(): void {
    if (this.#over) return
    const { clock } = this.#context.world
    const nowMs = clock.now()
    const effects = this.#heartbeat.step(nowMs)
    const { lateMs } = this.#heartbeat
    if (this.#context.lag.late(lateMs, nowMs)) this.#context.sink.lagged(lateMs)
    if (effects.silentMs !== undefined) {
      const detail = `nothing came from ${this.#host.name} for ${Math.round(effects.silentMs)} ms`
      this.#host.over(new TroupeError('ERR_PEER_SILENT', detail))
      return
    }
    if (effects.ping !== undefined) {
      this.#say(FRAME.PING, effects.ping)
      this.credits.ask()
    }
    this.#timer = clock.after(Math.max(0, effects.nextAtMs - clock.now()), () => this.#beat())
  }

  /**
   * Heartbeats carry how many messages came in over each connection since that was last told, and how
   * many fragments so far: an acknowledgement may have been lost to a fault.
   */
  #say(kind: FrameKind, number: number): void {
    const counts: number[] = []
    const fragments: number[] = []
    for (const lane of this.#host.lanes()) {
      if (!lane.connected) continue
      if (lane.received !== lane.told) {
        lane.told = lane.received
        counts.push(lane.clock, lane.received)
      }
      if (lane.fragments > 0) fragments.push(lane.clock, lane.fragments)
    }
    const beat = fragments.length === 0 ? [number, counts] : [number, counts, fragments]
    this.#host.membership().writeNow(kind, this.#context.plainCodec.encodeValue(beat))
  }

  #confirm(counts: readonly unknown[]): void {
    if (counts.length === 0) return
    for (const lane of this.#host.lanes()) {
      for (let i = 0; i < counts.length; i += 2) {
        const count = counts[i + 1]
        if (counts[i] === lane.clock && isCount(count)) lane.arrived(count)
      }
    }
  }

  #redial(lane: Lane): Redial {
    let redial = this.#redials.get(lane)
    if (redial === undefined) {
      const address = this.dialled as Address
      redial = new Redial(
        this.#context,
        () => new Dial(this.#context, address, this.#host.name, this.#laneDial(lane)),
      )
      this.#redials.set(lane, redial)
    }
    return redial
  }

  #laneDial(lane: Lane): DialHost {
    return {
      purpose: () => ({
        intent: INTENT.LANE,
        session: this.id,
        channel: lane.channel,
        lane: lane.lane,
      }),
      ended: (dial, outcome, greeting, greeter) => {
        const same = greeting.member.incarnation === this.#host.incarnation
        if (!same || outcome === OUTCOME.GONE) {
          greeter.stream.close()
          const detail = `${this.#host.name} has lost the session`
          return this.#host.over(new TroupeError('ERR_CONNECTION_LOST', detail))
        }
        if (outcome !== OUTCOME.OPEN) return this.#redial(lane).again(true)
        this.#redial(lane).stop()
        this.#host.laneUp(lane, greeter.stream, dial.clock)
      },
      failed: (_dial, error) => {
        this.#redial(lane).again(true)
        this.#host.dialFailed(error)
      },
    }
  }
}

const isPairs = (value: unknown): value is unknown[] =>
  Array.isArray(value) && value.length % 2 === 0
