import type { TroupeError } from '../base/errors.js'
import { unreachable } from '../base/unreachable.js'
import type { Member } from '../overlay/overlay.js'
import type { Clock, Timer } from '../world/clock.js'
import { EventLine } from './event-line.js'
import type { Detector, DetectorEffect, DetectorEvent } from './failure-detector.js'

/** Who hears what the failure detector decided. */
export interface NodeSink {
  /** `again`: it was out of reach for a moment and never down. */
  nodeUp(node: Member, again: boolean): void
  /** `orderly`: it said goodbye or left. */
  nodeDown(node: Member, reason: TroupeError, orderly: boolean): void
  /** Ask it for a sign of life; `fresh`: over a way that is searched anew. */
  ping(node: Member, fresh: boolean): void
  /** True when somebody here counts on hearing of its end. */
  holds(node: Member): boolean
  /** It is not remembered any more, neither as up nor as down. */
  forgotten(node: Member): void
}

/** From so much on a timer came late. */
const LATE_MS = 20

/** Feeds the failure detector and performs its effects; events that come up meanwhile wait. */
export class NodeWatch {
  readonly #detector: Detector
  readonly #clock: Clock
  readonly #sink: NodeSink
  readonly #line = new EventLine<DetectorEvent>((event) => {
    for (const effect of this.#detector.step(event)) this.#perform(effect)
  })
  readonly #timers = new Map<string, Timer>()

  constructor(clock: Clock, detector: Detector, sink: NodeSink) {
    this.#detector = detector
    this.#clock = clock
    this.#sink = sink
  }

  /** The incarnation of that name that is up. */
  up(name: string): Member | undefined {
    return this.#detector.up(name)
  }

  /** True when it is up and can be reached right now. */
  isConnected(name: string): boolean {
    return this.#detector.isConnected(name)
  }

  /** True from the moment it was given up until it is up again. */
  isDown(name: string): boolean {
    return this.#detector.isDown(name)
  }

  /** The incarnation that is up, or was given up and may come back. */
  known(name: string): Member | undefined {
    return this.#detector.known(name)
  }

  /** Nodes that are up without a connection. */
  leased(): readonly Member[] {
    return this.#detector.leased()
  }

  feed(event: DetectorEvent): void {
    this.#line.feed(event)
  }

  stop(): void {
    this.#line.stop()
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #perform(effect: DetectorEffect): void {
    switch (effect.type) {
      case 'startTimer':
        this.#startTimer(effect.peer, effect.delayMs)
        break
      case 'cancelTimer':
        this.#cancelTimer(effect.peer)
        break
      case 'nodeUp':
        this.#sink.nodeUp(effect.node, effect.again)
        break
      case 'nodeDown':
        this.#sink.nodeDown(effect.node, effect.reason, effect.orderly)
        break
      case 'ping':
        this.#sink.ping(effect.node, effect.fresh)
        break
      case 'idle':
        if (!this.#sink.holds(effect.node)) this.feed({ type: 'forget', peer: effect.node.name })
        break
      case 'forgotten':
        this.#sink.forgotten(effect.node)
        break
      default:
        unreachable(effect)
    }
  }

  /**
   * A timer that comes late says that this process was busy or stopped, and what came from the node
   * meanwhile is still unread: it gets as much longer, once.
   */
  #startTimer(peer: string, delayMs: number): void {
    this.#cancelTimer(peer)
    const dueMs = this.#clock.now() + delayMs
    const fire = (): void => {
      this.#timers.delete(peer)
      this.feed({ type: 'timer', peer })
    }
    const look = (): void => {
      const lateMs = this.#clock.now() - dueMs
      if (lateMs < LATE_MS) fire()
      else this.#timers.set(peer, this.#clock.after(Math.min(lateMs, delayMs), fire, true))
    }
    this.#timers.set(peer, this.#clock.after(delayMs, look, true))
  }

  #cancelTimer(peer: string): void {
    this.#timers.get(peer)?.cancel()
    this.#timers.delete(peer)
  }
}
