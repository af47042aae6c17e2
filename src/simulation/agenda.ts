import { Heap } from '../base/heap.js'
import { EventHash } from './event-hash.js'
import type { Life } from './sim-host.js'

/** What an event is; with time, host and label it is what a trace shows and the hash covers. */
export type EventKind =
  | 'timer'
  | 'immediate'
  | 'listening'
  | 'syn'
  | 'synAck'
  | 'accept'
  | 'refuse'
  | 'data'
  | 'end'
  | 'reset'
  | 'read'
  | 'ack'
  | 'drain'
  | 'connected'
  | 'close'
  | 'store'
  | 'message'

/** One external cause. After it has run and its promises have settled comes the next. */
export class SimEvent {
  /** Virtual time in microseconds. */
  at: number
  serial: number
  readonly kind: EventKind
  /** The incarnation that runs it; undefined for what the network itself does. */
  readonly life: Life | undefined
  /** Link, port or key; texts that repeat, such as `a>b:9000#1`. */
  readonly label: string
  /** The index of the event that scheduled it; 0 for what was done between runs. */
  readonly cause: number
  /** 1 for the first event that ran; 0 before it runs. */
  index = 0
  /** For a timer, when it is due by its host's own clock, in microseconds; else -1. */
  localUs = -1
  /** Undefined: cancelled, or done. */
  run: (() => void) | undefined

  constructor(
    at: number,
    serial: number,
    kind: EventKind,
    life: Life | undefined,
    label: string,
    cause: number,
    run: () => void,
  ) {
    this.at = at
    this.serial = serial
    this.kind = kind
    this.life = life
    this.label = label
    this.cause = cause
    this.run = run
  }
}

/**
 * Virtual time and what is due in it. Time is an integer of microseconds and moves only when a later
 * event is taken; events of the same instant run in the order they were set down.
 */
export class Agenda {
  readonly hash = new EventHash()
  nowUs = 0
  /** The index of the event that runs, until the next begins; 0 between runs. */
  running = 0
  /** Writes to connections since this event began. What is written beyond the limit is lost. */
  sends = 0
  maxSends = Number.POSITIVE_INFINITY
  /** An event runs, or what it left to promises and microtasks. */
  stepping = false
  /** Events other than timers that are still to come: bytes under way, turns, store operations. */
  inFlight = 0
  #queue = new Heap(before)
  #serial = 0

  schedule(
    delayUs: number,
    kind: EventKind,
    life: Life | undefined,
    label: string,
    run: () => void,
  ): SimEvent {
    const event = new SimEvent(
      this.nowUs + delayUs,
      this.#serial++,
      kind,
      life,
      label,
      this.running,
      run,
    )
    this.#push(event)
    return event
  }

  cancel(event: SimEvent): void {
    if (event.run === undefined) return
    event.run = undefined
    if (event.kind !== 'timer') this.inFlight--
  }

  /** Brings back an event that was put aside while its host was paused. */
  again(event: SimEvent): void {
    if (event.run === undefined) return
    event.at = Math.max(event.at, this.nowUs)
    event.serial = this.#serial++
    this.#push(event)
  }

  /** Moves the timers of a life whose clock goes at another rate now. */
  retime(life: Life, delayUs: (localUs: number) => number): void {
    const queue = new Heap(before)
    for (let event = this.#queue.pop(); event !== undefined; event = this.#queue.pop()) {
      if (event.life === life && event.localUs >= 0) event.at = this.nowUs + delayUs(event.localUs)
      queue.push(event)
    }
    this.#queue = queue
  }

  /**
   * Takes the next event that is due by `untilUs` and moves time to it. The caller either runs it or
   * puts it aside.
   */
  take(untilUs: number): SimEvent | undefined {
    for (;;) {
      const next = this.#queue.peek()
      if (next === undefined) return undefined
      if (next.run === undefined) this.#queue.pop()
      else if (next.life !== undefined && !next.life.alive) this.cancel(next)
      else if (next.at > untilUs) return undefined
      else {
        this.#queue.pop()
        if (next.kind !== 'timer') this.inFlight--
        if (next.at > this.nowUs) this.nowUs = next.at
        return next
      }
    }
  }

  /** When the next timer is due; undefined when there is none. Looks at all events. */
  get nextTimerUs(): number | undefined {
    let atUs: number | undefined
    for (const { kind, run, life, at } of this.#queue) {
      if (kind !== 'timer' || run === undefined || life?.alive !== true) continue
      if (atUs === undefined || at < atUs) atUs = at
    }
    return atUs
  }

  #push(event: SimEvent): void {
    if (event.kind !== 'timer') this.inFlight++
    this.#queue.push(event)
  }
}

const before = (a: SimEvent, b: SimEvent): boolean =>
  a.at < b.at || (a.at === b.at && a.serial < b.serial)
