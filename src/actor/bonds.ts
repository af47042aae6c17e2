import type { Cell } from './cell.js'
import type { ExitReason } from './exit-reason.js'
import type { AnyRef } from './ref.js'

/**
 * Watches and links, filled by `supervision/`. All calls are idempotent per pair. Both work for local
 * and remote targets; a target that cannot be watched throws, nothing is ignored in silence.
 */
export interface Bonds {
  /** `onDown` of the watcher's present incarnation will be called once when an incarnation of the target ends, or its node goes down. */
  watch(watcher: Cell, target: AnyRef): void
  unwatch(watcher: Cell, target: AnyRef): void
  /** As OTP's link: an abnormal end of either ends the other, unless that one traps exits. */
  link(cell: Cell, target: AnyRef): void
  unlink(cell: Cell, target: AnyRef): void
  /**
   * The cell calls this once per incarnation, after onStop: tell watchers and links, drop what the old
   * incarnation held. Once more, with `willRestart` false, when a promised restart is called off.
   */
  ended(cell: Cell, incarnation: number, reason: ExitReason, willRestart: boolean): void
}

/** What `onDown` receives. */
export interface Down {
  readonly ref: AnyRef
  /** Which life of the actor ended: 1 for the first; 0 when it was never there or is not known. */
  readonly incarnation: number
  readonly reason: ExitReason
  /** True when its supervisor starts it again behind the same ref; watching goes on. */
  readonly willRestart: boolean
}

/** What `onExit` receives in an actor that traps exits. */
export interface Exit {
  readonly ref: AnyRef
  readonly reason: ExitReason
}
