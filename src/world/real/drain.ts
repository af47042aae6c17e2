/** By this symbol a guard (see troupe/guards) gives what it stands for. */
const REAL = Symbol.for('troupe.real')

/**
 * How a simulation reaches quiescence: everything that promises, microtasks and nextTick callbacks
 * set off is run before the next event. All of it is captured at load, before anybody patches
 * globals, or taken from behind a guard.
 */
const immediate = (setImmediate as { [REAL]?: typeof setImmediate })[REAL] ?? setImmediate
const micro = queueMicrotask
const settled = Promise.resolve()
const tick = (process as unknown as { _tickCallback?: () => void })._tickCallback

/** Calls `run` in a macrotask of its own: the only place where `drainNow` may be called. */
export function macrotask(run: () => void): void {
  immediate(run)
}

/**
 * After the running code, among the promise continuations. `run` must not throw. A promise, because
 * `queueMicrotask` makes an async resource each time.
 */
export function microtask(run: () => void): void {
  settled.then(run)
}

/**
 * Runs all that is due, synchronously, to the end (0.1 to 0.25 µs; deprecated in Node under a
 * pending-deprecation flag, hence tested by `canDrainNow`). What a nextTick callback throws comes
 * out of this call. Does nothing inside a microtask.
 */
export function drainNow(): void {
  tick?.call(process)
}

/** True when `drainNow` works on this Node. Must be asked in a macrotask. */
export function canDrainNow(): boolean {
  if (typeof tick !== 'function') return false
  let hops = 0
  const hop = (): unknown => (++hops < 3 ? Promise.resolve().then(hop) : undefined)
  micro(hop)
  drainNow()
  return hops === 3
}

/** The documented way to the same end: a turn of the event loop later, everything due has run. */
export function drainLater(then: () => void): void {
  immediate(then)
}
