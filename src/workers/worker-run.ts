import { TroupeError } from '../base/errors.js'
import type { StopOptions } from '../node/node.js'
import type { Clock, Timer } from '../world/clock.js'
import { WorkerThread } from '../world/real/worker-thread.js'
import type {
  Contacts,
  PlainError,
  WorkerGift,
  WorkerOrder,
  WorkerReport,
} from './worker-message.js'

export interface RunPlan {
  readonly gift: WorkerGift
  readonly clock: Clock
  readonly imports: readonly string[]
  readonly heapMiB: number | undefined
  readonly startTimeoutMs: number
  /** Once, last: the thread has ended, and why. */
  ended(error: TroupeError): void
}

/** The module beside this one, compiled or not. */
const MAIN = new URL(
  `./worker-main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
)

const isTypeScript = (url: string): boolean => /\.[cm]?tsx?$/.test(url)

/** One thread of a worker, from its start to its end. */
export class WorkerRun {
  /** Where its node listens, once it does. */
  address: string | undefined
  /** Resolves when its node listens. */
  readonly listening: Promise<void>
  /** Resolves when it has joined the others, and its module has started what it starts. */
  readonly ready: Promise<void>
  /** Resolves when the thread has ended. Never rejects. */
  readonly over: Promise<void>
  readonly #plan: RunPlan
  readonly #thread: WorkerThread
  readonly #deadline: Timer
  readonly #listening = pending()
  readonly #ready = pending()
  readonly #stopped = pending()
  readonly #over = pending()
  #error: TroupeError | undefined

  constructor(plan: RunPlan) {
    const { gift, imports, heapMiB, clock, startTimeoutMs } = plan
    this.#plan = plan
    this.listening = this.#listening.promise
    this.ready = this.#ready.promise
    this.over = this.#over.promise
    const options = {
      name: gift.name,
      imports,
      typescript: isTypeScript(MAIN.href) || isTypeScript(gift.module),
      ...(heapMiB !== undefined && { heapMiB }),
    }
    this.#thread = new WorkerThread(MAIN, gift, options, {
      onMessage: (report) => this.#onReport(report as WorkerReport),
      onEnd: (exitCode, error) => this.#onEnd(exitCode, error),
    })
    this.#deadline = clock.after(startTimeoutMs, () => {
      this.#fail(`it was not ready within ${startTimeoutMs} ms`)
    })
  }

  join(contacts: Contacts): Promise<void> {
    this.#order({ type: 'join', contacts })
    return this.ready
  }

  /** Stops its node in order, but takes no longer than `limitMs`; then the thread is ended. */
  async stop(options: StopOptions, limitMs: number): Promise<void> {
    const { promise: late, resolve } = pending()
    const timer = this.#plan.clock.after(limitMs, resolve)
    this.#order({ type: 'stop', options })
    await Promise.race([this.#stopped.promise, this.over, late])
    timer.cancel()
    await this.kill()
  }

  async kill(): Promise<void> {
    await this.#thread.terminate()
    await this.over
  }

  #order(order: WorkerOrder): void {
    this.#thread.send(order)
  }

  #onReport(report: WorkerReport): void {
    switch (report.type) {
      case 'listening':
        this.address = report.address
        this.#listening.resolve()
        break
      case 'ready':
        this.#deadline.cancel()
        this.#ready.resolve()
        break
      case 'failed':
        this.#fail(report.error.message, errorOf(report.error))
        break
      case 'stopped':
        this.#stopped.resolve()
        this.#fail('its node has stopped')
        break
      default: // of user code that found the port
    }
  }

  /** The first reason counts. */
  #fail(reason: string, cause?: unknown): void {
    this.#error ??= this.#errorOf(reason, cause)
    void this.#thread.terminate()
  }

  #onEnd(exitCode: number, thrown: unknown): void {
    this.#deadline.cancel()
    const { message = String(thrown) } = (thrown ?? {}) as { message?: string }
    const reason = thrown === undefined ? `it ended with exit code ${exitCode}` : message
    this.#error ??= this.#errorOf(reason, thrown)
    this.#listening.reject(this.#error)
    this.#ready.reject(this.#error)
    this.#over.resolve()
    this.#plan.ended(this.#error)
  }

  #errorOf(reason: string, cause: unknown): TroupeError {
    const options = cause === undefined ? {} : { cause }
    return new TroupeError('ERR_WORKER_ENDED', `worker ${this.#plan.gift.name}: ${reason}`, options)
  }
}

interface Pending {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

/** A promise to be settled from outside; nobody needs to hear that it was rejected. */
function pending(): Pending {
  let resolve: () => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  promise.catch(() => {})
  return { promise, resolve, reject }
}

function errorOf({ code, message, stack }: PlainError): Error {
  const error = new Error(message)
  if (stack !== undefined) error.stack = stack
  return Object.assign(error, code === undefined ? {} : { code })
}
