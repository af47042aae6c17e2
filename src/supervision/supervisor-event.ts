import type { ExitReason } from '../actor/exit-reason.js'
import type { TroupeError } from '../base/errors.js'
import type { CallError } from './call-error.js'
import type { MembersView, On, Place, Relocate } from './relocation.js'
import type { RestartType } from './restart-policy.js'

/** What the core needs to know of a child; the driver's specification adds class and arguments. */
export interface CoreSpec {
  readonly id: string
  readonly restart: RestartType
  /** Time for an orderly end, in milliseconds; 0 kills at once, Infinity waits. */
  readonly shutdownMs: number
  readonly significant: boolean
  readonly type: 'worker' | 'supervisor'
  readonly on: On | undefined
  readonly relocate: Relocate
}

/**
 * What happens to a supervisor. `run` numbers the starts of all its children, rising; it tells an
 * incarnation from the one before. `call` names a management call for its reply.
 */
export type SupervisorEvent<S extends CoreSpec> =
  | { readonly type: 'start' }
  /** A start or restart succeeded. */
  | { readonly type: 'childStarted'; readonly id: string; readonly run: number }
  /** It failed. `lost`: its node was lost meanwhile, whether a copy runs there is not known. */
  | {
      readonly type: 'childStartFailed'
      readonly id: string
      readonly run: number
      readonly error: unknown
      readonly lost?: boolean
    }
  /** A running child ended by itself. */
  | {
      readonly type: 'childEnded'
      readonly id: string
      readonly run: number
      readonly reason: ExitReason
    }
  /** A `stop` effect is done, in order or by force. `lost`: its node was lost before that was known. */
  | {
      readonly type: 'childStopped'
      readonly id: string
      readonly run: number
      readonly lost?: boolean
    }
  | { readonly type: 'stopRequested'; readonly reason: ExitReason }
  | { readonly type: 'startChild'; readonly call: number; readonly spec: S }
  | { readonly type: 'terminateChild'; readonly call: number; readonly id: string }
  | { readonly type: 'restartChild'; readonly call: number; readonly id: string }
  | { readonly type: 'deleteChild'; readonly call: number; readonly id: string }
  /** Answers a `tryAgain` effect. */
  | { readonly type: 'tryAgain'; readonly id: string; readonly run: number }
  /** The members changed, or a `retryPlaces` effect is due: waiting children may have a place now. */
  | { readonly type: 'members'; readonly view: MembersView }
  | { readonly type: 'nodeDown'; readonly place: Place }
  /** A node can be reached, for the first time or again. */
  | { readonly type: 'nodeUp'; readonly place: Place }

/** What the driver is to do. `place` is undefined for a child on the supervisor's own node. */
export type SupervisorEffect<S extends CoreSpec> =
  /** Start a new actor. */
  | {
      readonly type: 'start'
      readonly id: string
      readonly run: number
      readonly spec: S
      readonly place: Place | undefined
    }
  /** Start a new incarnation behind the ref that is held for it. Should it fail, the ref stays held. */
  | {
      readonly type: 'restart'
      readonly id: string
      readonly run: number
      readonly spec: S
      readonly place: Place | undefined
    }
  /**
   * End the incarnation by the deadline (0: kill). `hold`: keep its ref for a restart to come, its
   * mailbox goes to dead letters. A stop of a child that is still starting abandons the start.
   */
  | {
      readonly type: 'stop'
      readonly id: string
      readonly run: number
      readonly reason: ExitReason
      readonly deadlineMs: number
      readonly hold: boolean
      readonly place: Place | undefined
    }
  /** No restart will come for the held ref: end it. Needs no answer. */
  | {
      readonly type: 'finish'
      readonly id: string
      readonly run: number
      readonly reason: ExitReason
      readonly place: Place | undefined
    }
  /** That copy on a node that went down may still run and is not wanted any more: end it on contact. */
  | { readonly type: 'abandon'; readonly copy: Copy }
  /** The copy on a node that is back in contact is the child again; nothing is to be done. */
  | { readonly type: 'adopt'; readonly id: string; readonly run: number; readonly place: Place }
  /** The child's specification is gone. */
  | { readonly type: 'forget'; readonly id: string }
  | { readonly type: 'reply'; readonly call: number; readonly error?: CallError }
  /** Come back with the event `tryAgain` after I/O and other actors had their turn. */
  | { readonly type: 'tryAgain'; readonly id: string; readonly run: number }
  /** Children wait for a place: come back with `members` after a while. */
  | { readonly type: 'retryPlaces' }
  /** All children are started. */
  | { readonly type: 'started' }
  /** The start of the supervisor failed; what had started is stopped. */
  | { readonly type: 'startFailed'; readonly id: string; readonly error: unknown }
  /** All children are stopped: end with this reason. Follows a `stopRequested` too. */
  | { readonly type: 'end'; readonly reason: ExitReason }
  | { readonly type: 'log'; readonly entry: LogEntry }

/** A copy of a child that may still run on a node that went down, as seen from here. */
export interface Copy {
  readonly id: string
  readonly run: number
  readonly place: Place
}

export type LogEntry =
  | { readonly event: 'childEnded'; readonly id: string; readonly reason: ExitReason }
  | {
      readonly event: 'restarting'
      readonly id: string
      readonly reason: ExitReason | undefined
      readonly siblings: readonly string[]
      /** Towards the restart intensity. */
      readonly counts: boolean
    }
  | {
      readonly event: 'startFailed'
      readonly id: string
      readonly error: unknown
      readonly again: boolean
    }
  | {
      readonly event: 'gaveUp'
      readonly id: string
      readonly maxRestarts: number
      readonly withinMs: number
    }
  | { readonly event: 'autoShutdown'; readonly id: string }
  | { readonly event: 'noPlace'; readonly id: string; readonly error: TroupeError }

export const NO_EFFECTS: readonly never[] = Object.freeze([])
