/** Where the answer of one ask goes: to a promise of this node, or back over the wire. */
export interface ReplySink {
  /** True once answered, timed out or aborted: nobody waits any more. */
  readonly settled: boolean
  /** The first of `reply` and `fail` counts; what comes later is dropped and counted. */
  reply(value: unknown): void
  fail(error: unknown): void
  /** `run` is called once when the asker gives up (deadline, abort, lost node) before an answer came; at once if it has. */
  onAbandoned(run: (reason: unknown) => void): void
  /**
   * Set where nobody waits for an answer: the message is a tell, and somebody counts those that were
   * handled. Called in place of `fail` when the message is refused, or its actor has ended; true: it
   * is lost, and a dead letter.
   */
  refused?(): boolean
}

/** Somebody waits for an answer. */
export const waits = (sink: ReplySink | undefined): sink is ReplySink =>
  sink !== undefined && sink.refused === undefined

/** A tell that nobody has handled is lost, unless it comes again. */
export const isLost = (sink: ReplySink | undefined): boolean => sink?.refused?.() ?? true
