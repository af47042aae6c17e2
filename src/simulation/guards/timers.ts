import timers from 'node:timers'
import promises from 'node:timers/promises'
import type { Timer } from '../../world/clock.js'
import { guarded, REAL } from './guard.js'
import type { GuardedHost } from './slot.js'

const LONGEST_MS = 2 ** 31 - 1

/** As Node reads a delay. */
const delayOf = (value: unknown): number => {
  const ms = Number(value)
  return ms >= 1 && ms <= LONGEST_MS ? ms : 1
}

let lastId = 0
/** Timers that were asked for a number, which `clearTimeout` takes too. */
const byId = new Map<number, VirtualTimer>()

/** What `setTimeout` and its like give code of a simulated node. */
class VirtualTimer {
  readonly #arm: () => Timer
  #timer: Timer
  #id: number | undefined

  constructor(arm: () => Timer) {
    this.#arm = arm
    this.#timer = arm()
  }

  /** No timer of a simulated node keeps a process alive. */
  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  refresh(): this {
    this.#timer.cancel()
    this.#timer = this.#arm()
    return this
  }

  close(): this {
    this.#timer.cancel()
    if (this.#id !== undefined) byId.delete(this.#id)
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.toPrimitive](): number {
    if (this.#id === undefined) {
      this.#id = --lastId // Node's own count upwards
      byId.set(this.#id, this)
    }
    return this.#id
  }
}

type Callback = (...args: unknown[]) => void

const checked = (callback: unknown): Callback => {
  if (typeof callback === 'function') return callback as Callback
  throw new TypeError(
    `The "callback" argument must be of type function. Received ${typeof callback}`,
  )
}

function timeout(host: GuardedHost, [callback, delay, ...args]: unknown[]): VirtualTimer {
  const run = checked(callback)
  return new VirtualTimer(() => host.after(delayOf(delay), () => run(...args)))
}

function interval(host: GuardedHost, [callback, delay, ...args]: unknown[]): VirtualTimer {
  const run = checked(callback)
  return new VirtualTimer(() => host.every(delayOf(delay), () => run(...args)))
}

function immediate(host: GuardedHost, [callback, ...args]: unknown[]): VirtualTimer {
  const run = checked(callback)
  return new VirtualTimer(() => host.immediate(() => run(...args)))
}

interface WaitOptions {
  readonly signal?: AbortSignal
}

/** A promise for what `arm` calls; an abort cancels it and rejects. */
function later<T>(
  arm: (run: () => void) => Timer,
  value: T,
  options: WaitOptions = {},
): Promise<T> {
  const { signal } = options
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      timer?.cancel()
      reject(
        new DOMException('The operation was aborted', {
          name: 'AbortError',
          cause: signal?.reason,
        }),
      )
    }
    let timer: Timer | undefined
    if (signal?.aborted) {
      abort()
      return
    }
    timer = arm(() => {
      signal?.removeEventListener('abort', abort)
      resolve(value)
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}

const wait = (host: GuardedHost, [delay, value, options]: unknown[]): Promise<unknown> =>
  later((run) => host.after(delayOf(delay), run), value, options as WaitOptions)

const turn = (host: GuardedHost, [value, options]: unknown[]): Promise<unknown> =>
  later((run) => host.immediate(run), value, options as WaitOptions)

async function* ticks(host: GuardedHost, args: unknown[]): AsyncGenerator<unknown> {
  for (;;) yield await wait(host, args)
}

function timeoutSignal(host: GuardedHost, [delay]: unknown[]): AbortSignal {
  const controller = new AbortController()
  host.after(Number(delay), () => {
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
  })
  return controller.signal
}

/** Clears both kinds, whoever made them. */
function clearing<F extends (timer?: never) => void>(real: F): F {
  const clear = (timer: unknown): void => {
    const virtual = timer instanceof VirtualTimer ? timer : byId.get(Number(timer))
    if (virtual !== undefined && timer !== null) virtual.close()
    else Reflect.apply(real, undefined, [timer])
  }
  Object.defineProperties(clear, Object.getOwnPropertyDescriptors(real))
  Object.defineProperty(clear, REAL, { value: real })
  return clear as unknown as F
}

export function guardTimers(): void {
  promises.setTimeout = guarded('timers', 'timers/promises.setTimeout', promises.setTimeout, wait)
  promises.setImmediate = guarded(
    'timers',
    'timers/promises.setImmediate',
    promises.setImmediate,
    turn,
  )
  promises.setInterval = guarded(
    'timers',
    'timers/promises.setInterval',
    promises.setInterval,
    ticks,
  )
  const scheduler = Object.getPrototypeOf(promises.scheduler) as typeof promises.scheduler
  const waitFor = (host: GuardedHost, [ms, options]: unknown[]) =>
    wait(host, [ms, undefined, options])
  scheduler.wait = guarded('timers', 'scheduler.wait', scheduler.wait, waitFor)
  scheduler.yield = guarded('timers', 'scheduler.yield', scheduler.yield, (host) => turn(host, []))

  const set = {
    setTimeout: guarded('timers', 'setTimeout', timers.setTimeout, timeout),
    setInterval: guarded('timers', 'setInterval', timers.setInterval, interval),
    setImmediate: guarded('timers', 'setImmediate', timers.setImmediate, immediate),
    clearTimeout: clearing(timers.clearTimeout),
    clearInterval: clearing(timers.clearInterval),
    clearImmediate: clearing(timers.clearImmediate),
  }
  // promisify(setTimeout) reads timers/promises, too
  Object.assign(timers, set)
  Object.assign(globalThis, set)
  AbortSignal.timeout = guarded('timers', 'AbortSignal.timeout', AbortSignal.timeout, timeoutSignal)
}
