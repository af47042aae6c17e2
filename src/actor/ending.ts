import { badOption } from '../base/options.js'
import type { Timer } from '../world/clock.js'
import { checkReason, type ExitReason } from './exit-reason.js'
import { type AnyRef, checkRef } from './ref.js'

/** An incarnation that is being ended: why, until when, and who waits for it. */
export class Ending {
  reason: ExitReason
  timeoutMs: number
  /** Ended by its guardian, which is therefore not asked what becomes of it. */
  byGuardian = false
  /** With `byGuardian`: a new incarnation follows. */
  willRestart = false
  /** Runs when `timeoutMs` are over; armed once something has to be waited for. */
  timer: Timer | undefined = undefined
  readonly #waiters: (() => void)[] = []

  constructor(reason: ExitReason, timeoutMs: number) {
    this.reason = reason
    this.timeoutMs = timeoutMs
  }

  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve)
    })
  }

  done(): void {
    this.timer?.cancel()
    for (const resolve of this.#waiters) resolve()
  }
}

/** @throws TroupeError ERR_BAD_REF, ERR_BAD_OPTION */
export function checkStop(ref: AnyRef, reason: ExitReason, timeoutMs: number): void {
  checkRef('stop', ref)
  checkReason('stop.reason', reason)
  if (!(timeoutMs >= 0))
    throw badOption('stop.timeoutMs', 'a number of milliseconds >= 0', timeoutMs)
}
