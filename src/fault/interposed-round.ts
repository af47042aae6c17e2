import { TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import type { Fate, Passing } from '../peer/passage.js'
import type { Clock } from '../world/clock.js'
import type { Action, Counters, Interposed, InterposedFailure } from './interposed.js'

/** What holds for all functions of a node. */
export interface Rules {
  readonly clock: Clock
  readonly limitMs: number
  readonly dropsAtLimit: boolean
  failed(failure: InterposedFailure): void
}

export interface Standing {
  readonly functions: Interposed
  readonly stats: Counters
}

type Later<T> = T | Promise<T>

const COPIES_MAX = 1_000
const TIMES_MAX = 100
const DROP: Action = { type: 'drop' }

/** One message on its way through the functions at a point. */
export class Round {
  readonly #standing: readonly Standing[]
  readonly #before: Passing
  readonly #rules: Rules
  #now: Passing
  #copies = 1
  #delayMs = 0

  constructor(standing: readonly Standing[], message: Passing, rules: Rules) {
    this.#standing = standing
    this.#before = message
    this.#rules = rules
    this.#now = message
  }

  run(): Later<Fate | undefined> {
    for (const one of this.#standing) {
      one.stats.seen++
      const answer = this.#guarded(one, () => one.functions.pre?.(this.#before))
      if (isThenable(answer)) this.#unawaited(one, answer)
    }
    return this.#mains(0)
  }

  #mains(from: number): Later<Fate | undefined> {
    for (let at = from; at < this.#standing.length && this.#copies > 0; at++) {
      const one = this.#standing[at] as Standing
      const answer = this.#guarded(one, () => one.functions.main?.(this.#now))
      if (isThenable(answer)) {
        return this.#limited(one, answer).then((action) => {
          this.#apply(one, action)
          return this.#mains(at + 1)
        })
      }
      this.#apply(one, answer)
    }
    return this.#posts()
  }

  #posts(): Later<Fate | undefined> {
    for (const one of this.#standing) {
      const after = { message: this.#now, copies: this.#copies, delayMs: this.#delayMs }
      const answer = this.#guarded(one, () => one.functions.post?.(this.#before, after))
      if (answer === undefined) continue
      if (isThenable(answer)) this.#unawaited(one, answer)
      if ((answer as Action | null)?.type !== 'drop') this.#failed(one, badAction(answer))
      else this.#apply(one, DROP)
    }
    const same = this.#copies === 1 && this.#now === this.#before
    const args = this.#now === this.#before ? undefined : this.#now.args
    const fate = same ? undefined : { copies: this.#copies, args }
    if (this.#delayMs === 0 || this.#copies === 0) return fate
    return new Promise((resolve) => {
      this.#rules.clock.after(this.#delayMs, () => resolve(fate), true)
    })
  }

  /** Nothing that a function does leaves it but its answer. */
  #guarded(one: Standing, run: () => unknown): unknown {
    try {
      return run()
    } catch (error) {
      this.#failed(one, error)
      return undefined
    }
  }

  /** Nobody waits for a promise of `pre` or `post`; should it reject, that is told all the same. */
  #unawaited(one: Standing, answer: PromiseLike<unknown>): void {
    Promise.resolve(answer).catch((error: unknown) => this.#failed(one, error))
  }

  #apply(one: Standing, answer: unknown): void {
    if (answer === undefined) return
    const { stats } = one
    const action = answer as Action | null
    switch (action?.type) {
      case 'pass':
        return
      case 'drop':
        if (this.#copies > 0) stats.dropped++
        this.#copies = 0
        return
      case 'delay':
        this.#delay(one, action.ms)
        return
      case 'duplicate':
        this.#duplicate(one, action.times ?? 1)
        return
      case 'replace':
        this.#guarded(one, () => {
          this.#now = this.#now.changed(action.args)
          stats.replaced++
        })
        return
      default:
        this.#failed(one, badAction(answer))
    }
  }

  #delay(one: Standing, ms: unknown): void {
    if (!(typeof ms === 'number' && ms >= 0)) {
      this.#failed(one, badAction({ type: 'delay', ms }))
      return
    }
    one.stats.delayed++
    this.#delayMs += ms
    const { limitMs } = this.#rules
    if (this.#delayMs <= limitMs) return
    this.#delayMs = limitMs
    this.#cutOff(one)
  }

  #duplicate(one: Standing, times: unknown): void {
    if (!(Number.isInteger(times) && (times as number) >= 1 && (times as number) <= TIMES_MAX)) {
      this.#failed(one, badAction({ type: 'duplicate', times }))
      return
    }
    one.stats.duplicated++
    this.#copies = Math.min(COPIES_MAX, this.#copies + (times as number))
  }

  /** The answer that comes later; at the limit what the options say. */
  #limited(one: Standing, answer: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve) => {
      let over = false
      const timer = this.#rules.clock.after(
        this.#rules.limitMs,
        () => {
          if (over) return
          over = true
          this.#cutOff(one)
          resolve(this.#rules.dropsAtLimit ? DROP : undefined)
        },
        true,
      )
      const settle = (action: unknown, error?: unknown): void => {
        if (over) return
        over = true
        timer.cancel()
        if (error !== undefined) this.#failed(one, error)
        resolve(action)
      }
      Promise.resolve(answer).then(
        (action) => settle(action),
        (error: unknown) => settle(undefined, error ?? new Error('a promise was rejected')),
      )
    })
  }

  #cutOff(one: Standing): void {
    one.stats.cutOff++
    this.#report(one, 'cutOff')
  }

  #failed(one: Standing, error: unknown): void {
    one.stats.failed++
    this.#report(one, 'failed', error)
  }

  #report(one: Standing, reason: 'cutOff' | 'failed', error?: unknown): void {
    const { name, at } = one.functions
    const { method, peer } = this.#before
    this.#rules.failed({ name, at, reason, method, peer, ...(error !== undefined && { error }) })
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function'

const badAction = (answer: unknown): TroupeError =>
  new TroupeError('ERR_BAD_OPTION', `an interposed function answered with ${show(answer)}`)
