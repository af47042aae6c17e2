import type { SimEvent } from './agenda.js'

/** One event as a trace shows it. */
export interface TraceEvent {
  /** 1 for the first. */
  readonly index: number
  /** The index of the event that led to it; 0 for what was done from outside, between runs. */
  readonly cause: number
  readonly atMs: number
  readonly kind: string
  /** The host whose program runs it; undefined for what the network does. */
  readonly host: string | undefined
  /** Link, port or host, such as `a>b:9000#1`. */
  readonly label: string
  /** The simulation's hash before this event. */
  readonly hash: string
}

export const traceEvent = (event: SimEvent, hash: string): TraceEvent => ({
  index: event.index,
  cause: event.cause,
  atMs: event.at / 1000,
  kind: event.kind,
  host: event.life?.name,
  label: event.label,
  hash,
})
