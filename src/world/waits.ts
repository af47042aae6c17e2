/** Code of a user that runs for one message or one lifecycle method of an actor. */
export interface Handler {
  /** It has not come to its end, and its end still matters to somebody. */
  readonly pending: boolean
  /** Handlers of one owner may wait for each other's promises: an incarnation. */
  readonly owner: object
  /** Another message can come in while it waits. */
  readonly reentrant: boolean
  readonly actor: string
  /** `add`, `onStart` and the like. */
  readonly method: string
}

/**
 * Who waits for what. A simulated world keeps it, to find a handler that waits for something outside
 * of this world; on a real node there is none, and nothing is counted.
 */
export interface Waits {
  /** The handler whose code runs now, also after an `await`. */
  readonly current: Handler | undefined
  /** Runs what a handler does until its first `await`. */
  run(handler: Handler, body: () => void): void
  /**
   * Something of this world is under way that the running handler may wait for. The function
   * returned says that it came, or was given up; undefined: no handler runs. What is `lasting` may
   * come again, and counts for this handler only.
   */
  open(lasting?: boolean): (() => void) | undefined
  /** The same for a promise, until it settles. Gives the promise back. */
  hold<T>(promise: Promise<T>): Promise<T>
}
