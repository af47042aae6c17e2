import type { TroupeError } from '../base/errors.js'
import { RingQueue } from '../base/ring-queue.js'
import { unreachable } from '../base/unreachable.js'
import type { Member } from '../overlay/overlay.js'
import type { Clock, Timer } from '../world/clock.js'
import { type DetectorEffect, type DetectorEvent, FailureDetector } from './failure-detector.js'

/** Who hears what the failure detector decided. */
export interface NodeSink {
  /** `again`: it was out of reach for a moment and never down. */
  nodeUp(node: Member, again: boolean): void
  /** `orderly`: it said goodbye or left. */
  nodeDown(node: Member, reason: TroupeError, orderly: boolean): void
}

/** Feeds the failure detector and performs its effects; events that come up meanwhile wait. */
export class NodeWatch {
  readonly #detector: FailureDetector
  readonly #clock: Clock
  readonly #sink: NodeSink
  readonly #events = new RingQueue<DetectorEvent>()
  readonly #timers = new Map<string, Timer>()
  #running = false
  #stopped = false

  constructor(clock: Clock, downAfterMs: number, sink: NodeSink) {
    this.#detector = new FailureDetector(downAfterMs)
    this.#clock = clock
    this.#sink = sink
  }

  /** The incarnation of that name that is up. */
  up(name: string): Member | undefined {
    return this.#detector.up(name)
  }

  /** True when it is up and connected right now. */
  isConnected(name: string): boolean {
    return this.#detector.isConnected(name)
  }

  /** True from the moment it was given up until it is up again. */
  isDown(name: string): boolean {
    return this.#detector.isDown(name)
  }

  feed(event: DetectorEvent): void {
    if (this.#stopped) return
    this.#events.push(event)
    if (this.#running) return
    this.#running = true
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const effect of this.#detector.step(next)) this.#perform(effect)
      }
    } finally {
      this.#running = false
    }
  }

  stop(): void {
    this.#stopped = true
    this.#events.clear()
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
      default:
        unreachable(effect)
    }
  }

  #startTimer(peer: string, delayMs: number): void {
    this.#cancelTimer(peer)
    const fire = (): void => {
      this.#timers.delete(peer)
      this.feed({ type: 'timer', peer })
    }
    this.#timers.set(peer, this.#clock.after(delayMs, fire, true))
  }

  #cancelTimer(peer: string): void {
    this.#timers.get(peer)?.cancel()
    this.#timers.delete(peer)
  }
}
