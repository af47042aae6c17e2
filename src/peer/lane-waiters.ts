import type { TroupeError } from '../base/errors.js'

interface Waiter {
  resolve(): void
  reject(error: TroupeError): void
}

/**
 * Who waits until a lane takes more. Apart by whether what they have needs credit: what needs none
 * must not wait for an actor that may itself wait for it.
 */
export class LaneWaiters {
  readonly #credited: Waiter[] = []
  readonly #others: Waiter[] = []

  get none(): boolean {
    return this.#credited.length === 0 && this.#others.length === 0
  }

  wait(credited: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#of(credited).push({ resolve, reject })
    })
  }

  resolve(credited: boolean): void {
    for (const waiter of this.#of(credited).splice(0)) waiter.resolve()
  }

  resolveAll(): void {
    this.resolve(false)
    this.resolve(true)
  }

  rejectAll(reason: TroupeError): void {
    for (const waiter of this.#others.splice(0)) waiter.reject(reason)
    for (const waiter of this.#credited.splice(0)) waiter.reject(reason)
  }

  #of(credited: boolean): Waiter[] {
    return credited ? this.#credited : this.#others
  }
}
