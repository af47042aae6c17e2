/**
 * How far the node is behind with what its lanes have read. A lane stops reading while the node is, so
 * that a fast sender is slowed by its own connection and not refused by full mailboxes.
 * `actor/scheduler.ts` is one.
 */
export interface Pace {
  /** Work is left over from this turn of the event loop. */
  readonly behind: boolean
  /** Calls `run` once `count` more messages have been handled, or nothing is left to do. */
  afterHandled(count: number, run: () => void): void
}

/** Never behind: a node without actors handles what comes as it comes. */
export const alwaysInTime: Pace = {
  behind: false,
  afterHandled: (_count, run) => run(),
}
