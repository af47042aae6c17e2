/**
 * "No" as an answer, not a crash: thrown by a method, it reaches the asker with its code and data
 * and the actor lives on.
 *
 * ```ts
 * if (this.seats === 0) throw new Refusal('ROOM_FULL', 'no seat left', { seats: 0 })
 * ```
 */
export class Refusal extends Error {
  override readonly name: string = 'Refusal'
  /** The application's own code, such as `ROOM_FULL`. */
  readonly code: string
  readonly data: unknown

  constructor(code: string, message: string = code, data?: unknown) {
    super(message)
    this.code = code
    this.data = data
  }
}

/** True for a refusal of this or another copy of the package, also after it crossed the wire. Never throws. */
export function isRefusal(error: unknown): error is Refusal {
  try {
    return error instanceof Error && error.name === 'Refusal' && 'code' in error
  } catch {
    return false
  }
}
