import type { SimEvent } from './agenda.js'

/**
 * Why a run failed: `error`, something in a simulated program broke; `unreached`, what was waited for
 * did not come in its time; or a limit: `events` in all, virtual `time`, `sends` in one event,
 * events at one instant (`standstill`).
 */
export type FailureKind = 'error' | 'unreached' | 'events' | 'time' | 'sends' | 'standstill'

/** A simulated run failed: where it was, how to see it again, and the error itself as `cause`. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure'
  readonly kind: FailureKind
  readonly seed: string
  /** Virtual time in milliseconds. */
  readonly atMs: number
  /** How many events had run. */
  readonly events: number

  constructor(
    kind: FailureKind,
    what: string,
    seed: string,
    atMs: number,
    events: number,
    cause?: unknown,
  ) {
    super(`${what} [SEED=${seed}, event ${events} at ${atMs} ms]`, { cause })
    this.kind = kind
    this.seed = seed
    this.atMs = atMs
    this.events = events
  }
}

/** `data a>b:9000#1` or `timer on b`. */
export function describe(event: SimEvent | undefined): string {
  if (event === undefined) return 'before the first event'
  return event.life?.name === event.label
    ? `${event.kind} on ${event.label}`
    : `${event.kind} ${event.label}`
}

/** What an error is, and what it says. */
export const errorText = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)
