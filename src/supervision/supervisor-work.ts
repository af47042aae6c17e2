import type { ExitReason } from '../actor/exit-reason.js'
import type { Child } from './child-table.js'
import type { CoreSpec } from './supervisor-event.js'

/** What a piece of work is for, and so what follows from its end or its failure. */
export type Purpose =
  | { readonly type: 'startUp' }
  | { readonly type: 'restart' }
  | { readonly type: 'startChild'; readonly call: number }
  | { readonly type: 'restartChild'; readonly call: number }
  | { readonly type: 'terminateChild'; readonly call: number }
  | { readonly type: 'end'; readonly reason: ExitReason }
  | { readonly type: 'failStart'; readonly id: string; readonly error: unknown }

/**
 * Children to stop, then children to start, one after the other, each awaited before the next. A
 * supervisor has at most one piece of work at a time; what happens meanwhile waits, as in the mailbox
 * of OTP's supervisor.
 */
export class Work<S extends CoreSpec> {
  readonly purpose: Purpose
  readonly #stops: readonly Child<S>[]
  readonly #starts: readonly Child<S>[]
  readonly #startSet: ReadonlySet<Child<S>>
  #stopsDone = 0
  #startsDone = 0
  /** Whose stop or start is under way; what an earlier work began is not among them before its turn. */
  readonly awaited = new Set<Child<S>>()
  /** All stops at the same time: the end of a dynamic supervisor. */
  readonly #parallel: boolean

  constructor(
    purpose: Purpose,
    stops: readonly Child<S>[],
    starts: readonly Child<S>[],
    parallel = false,
  ) {
    this.purpose = purpose
    this.#stops = stops
    this.#starts = starts
    this.#startSet = new Set(starts)
    this.#parallel = parallel
  }

  /** The supervisor is on its way out: no child is kept for a restart. */
  get ending(): boolean {
    return this.purpose.type === 'end' || this.purpose.type === 'failStart'
  }

  /** Whether a child that is stopped by this work is started again by it. */
  starts(child: Child<S>): boolean {
    return this.#startSet.has(child)
  }

  nextStop(): Child<S> | undefined {
    if (this.awaited.size > 0 && !this.#parallel) return undefined
    return this.#stops[this.#stopsDone++]
  }

  nextStart(): Child<S> | undefined {
    if (this.awaited.size > 0 || this.#stopsDone < this.#stops.length) return undefined
    return this.#starts[this.#startsDone++]
  }
}
