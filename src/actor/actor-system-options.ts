import { durationMs, type Fields, integer, isFunction } from '../base/options.js'

export interface ActorSystemOptions {
  /** Deadline of an ask that names none, in ms. Default: 5,000. */
  readonly askTimeoutMs?: number
  /** Messages that may wait for one actor. Default: 100,000. */
  readonly mailboxLimit?: number
  /** Messages one actor may stash. Default: 1,000. */
  readonly stashLimit?: number
  /** What a running handler and onStop get when an actor is stopped, in ms. Default: 5,000. */
  readonly stopTimeoutMs?: number
  /** Deferred replies that may wait on other nodes. Default: 100,000. */
  readonly replyLimit?: number
  /** Copies arguments and results between actors of this node as the wire would; on in simulation. Default: none, they are passed as they are. */
  readonly copyLocal?: (values: readonly unknown[]) => readonly unknown[]
}

export const ACTOR_SYSTEM_FIELDS = {
  askTimeoutMs: { fallback: 5_000, check: durationMs(1) },
  mailboxLimit: { fallback: 100_000, check: integer(1) },
  stashLimit: { fallback: 1_000, check: integer(0) },
  stopTimeoutMs: { fallback: 5_000, check: durationMs() },
  replyLimit: { fallback: 100_000, check: integer(1) },
  copyLocal: { fallback: undefined, check: isFunction() },
} as unknown as Fields<ActorSystemOptions>
