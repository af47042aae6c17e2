import type { Cell } from './cell.js'
import type { ExitReason } from './exit-reason.js'

/**
 * Who decides what becomes of an actor whose incarnation ended: a supervisor's side of the seam
 * between `actor/` and `supervision/`. An actor without one just ends.
 */
export interface Guardian {
  /** Called once per incarnation, synchronously, when its onStart has finished and messages are handled. One that does not start is `ended` only. */
  started(cell: Cell): void
  /**
   * Called once per incarnation, synchronously, when it has ended by itself (not when the guardian
   * stopped it). True: a new incarnation will follow behind the same ref, the cell keeps its mailbox
   * and waits for `cell.restart()`, or for `cell.finish()` should the guardian change its mind. False: the cell is finished now.
   */
  ended(cell: Cell, reason: ExitReason): boolean
  /** The ref of the supervisor, which `Down` and exit signals name as parent. */
  readonly cell: Cell | undefined
}
