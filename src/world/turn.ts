/** When work runs that should not run now. */
export interface Turn {
  /** After the running code, before any I/O or timer. */
  micro(run: () => void): void
  /** After I/O that is ready has been handled: one turn of the event loop later. */
  immediate(run: () => void): void
  /** Milliseconds that this loop has worked since it began, and not waited; 0 where work takes no time. */
  workedMs(): number
}
