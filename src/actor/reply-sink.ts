/** Where the answer of one ask goes: to a promise of this node, or back over the wire. */
export interface ReplySink {
  /** True once answered, timed out or aborted: nobody waits any more. */
  readonly settled: boolean
  /** The first of `reply` and `fail` counts; what comes later is dropped and counted. */
  reply(value: unknown): void
  fail(error: unknown): void
  /** `run` is called once when the asker gives up (deadline, abort, lost node) before an answer came; at once if it has. */
  onAbandoned(run: (reason: unknown) => void): void
}
