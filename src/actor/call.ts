import { TroupeError } from '../base/errors.js'
import { Deadline, type Deadlines } from './deadlines.js'
import type { ReplySink } from './reply-sink.js'

/** What calls count together. */
export interface CallCounters {
  /** Answers that came after the asker had given up. */
  lateAnswers: number
  askTimeouts: number
}

let grabbedResolve: (value: unknown) => void
let grabbedReject: (error: unknown) => void
/** One executor for all promises: no closure a call. */
const grab = (resolve: (value: unknown) => void, reject: (error: unknown) => void): void => {
  grabbedResolve = resolve
  grabbedReject = reject
}

const spent = (): void => {}

/**
 * One ask in flight, on the asker's side: a promise that settles once, at its deadline at the latest.
 * The text of `to` says who was asked; it is read only when an error needs it.
 *
 * Once settled it holds neither the promise nor the answer: tables of calls that outgrew their memory
 * point to their successors, so that one dead table which got old would keep all answers after it alive.
 */
export class Call extends Deadline implements ReplySink {
  #promise: Promise<unknown> | undefined
  settled: boolean
  readonly #deadlines: Deadlines
  readonly #counters: CallCounters
  readonly #to: { toString(): string }
  readonly #method: string | undefined
  #timeoutMs: number
  #resolve: (value: unknown) => void
  #reject: (error: unknown) => void
  #abandon: ((reason: unknown) => void) | undefined
  /** Why the asker gave up, once it has. */
  #givenUp: TroupeError | undefined
  #signal: AbortSignal | undefined
  #onAbort: (() => void) | undefined

  constructor(
    deadlines: Deadlines,
    counters: CallCounters,
    to: { toString(): string },
    method?: string,
  ) {
    super()
    this.#promise = new Promise(grab)
    this.#resolve = grabbedResolve
    this.#reject = grabbedReject
    this.settled = false
    this.#deadlines = deadlines
    this.#counters = counters
    this.#to = to
    this.#method = method
    this.#timeoutMs = 0
    this.#abandon = undefined
    this.#givenUp = undefined
    this.#signal = undefined
    this.#onAbort = undefined
  }

  /** What the asker waits for. Once. */
  take(): Promise<unknown> {
    const promise = this.#promise as Promise<unknown>
    this.#promise = undefined
    return promise
  }

  /** Starts the deadline. An aborted signal settles the call at once. */
  start(timeoutMs: number, signal: AbortSignal | undefined): void {
    this.#timeoutMs = timeoutMs
    if (signal !== undefined) this.#listen(signal)
    if (!this.settled) this.#deadlines.add(this, timeoutMs)
  }

  reply(value: unknown): void {
    const resolve = this.#resolve
    if (this.#settle()) resolve(value)
  }

  fail(error: unknown): void {
    const reject = this.#reject
    if (this.#settle()) reject(error)
  }

  onAbandoned(run: (reason: unknown) => void): void {
    if (this.#givenUp !== undefined) {
      run(this.#givenUp)
      return
    }
    const before = this.#abandon
    this.#abandon = before === undefined ? run : both(before, run)
  }

  /** Called by `Deadlines`. */
  override expire(): void {
    this.#counters.askTimeouts++
    const detail = `${this.#what} was not answered in ${this.#timeoutMs} ms`
    this.#giveUp(new TroupeError('ERR_ASK_TIMEOUT', detail))
  }

  get #what(): string {
    return this.#method === undefined ? String(this.#to) : `${this.#method} of ${this.#to}`
  }

  #settle(): boolean {
    if (this.settled) {
      this.#counters.lateAnswers++
      return false
    }
    this.settled = true
    this.#deadlines.remove(this)
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#abandon = undefined
    this.#resolve = this.#reject = spent
    return true
  }

  #giveUp(error: TroupeError): void {
    if (this.settled) return
    const abandon = this.#abandon
    const reject = this.#reject
    this.#settle()
    this.#givenUp = error
    reject(error)
    abandon?.(error)
  }

  #listen(signal: AbortSignal): void {
    const abort = (): void => {
      const detail = `${this.#what} was aborted`
      this.#giveUp(new TroupeError('ERR_ABORTED', detail, { cause: signal.reason }))
    }
    if (signal.aborted) {
      abort()
      return
    }
    this.#signal = signal
    this.#onAbort = abort
    signal.addEventListener('abort', abort, { once: true })
  }
}

/** One listener that calls two. */
export function both(
  first: (reason: unknown) => void,
  second: (reason: unknown) => void,
): (reason: unknown) => void {
  return (reason) => {
    first(reason)
    second(reason)
  }
}

/** A call within one node whose answer is copied as the wire would. */
export class CopyingCall extends Call {
  readonly #copy: (values: readonly unknown[]) => readonly unknown[]

  constructor(
    deadlines: Deadlines,
    counters: CallCounters,
    to: { toString(): string },
    method: string,
    copy: (values: readonly unknown[]) => readonly unknown[],
  ) {
    super(deadlines, counters, to, method)
    this.#copy = copy
  }

  override reply(value: unknown): void {
    let copied: unknown
    try {
      copied = this.#copy([value])[0]
    } catch (error) {
      this.fail(error)
      return
    }
    super.reply(copied)
  }
}
