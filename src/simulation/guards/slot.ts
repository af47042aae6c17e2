import type { Timer } from '../../world/clock.js'

/** What reaches outside of a simulated world, by kind. */
export const GUARD_KINDS = [
  'clock',
  'random',
  'timers',
  'gc',
  'network',
  'files',
  'threads',
  'pool',
] as const

/**
 * - `clock`: Date, performance.now, process.hrtime and uptime
 * - `random`: Math.random, and what node:crypto and the Web Crypto draw
 * - `timers`: timeouts, intervals, immediates, node:timers/promises, AbortSignal.timeout
 * - `gc`: WeakRef and FinalizationRegistry
 * - `network`: fetch, sockets, HTTP, DNS
 * - `files`: asynchronous node:fs
 * - `threads`: workers, MessageChannel, child processes, Atomics.waitAsync
 * - `pool`: what runs in Node's thread pool: asynchronous zlib, crypto.subtle, WebAssembly compilation
 */
export type GuardKind = (typeof GUARD_KINDS)[number]

/**
 * - `virtualize`: done by the simulated world, and noted; what it cannot do is forbidden
 * - `forbid`: throws ERR_GUARDED and ends the run
 * - `off`: the real thing
 */
export type GuardPolicy = 'virtualize' | 'forbid' | 'off'

/** The program whose step runs. */
export interface GuardedHost {
  readonly name: string
  readonly policies: Readonly<Record<GuardKind, GuardPolicy>>
  nowMs(): number
  wallMs(): number
  /** In [0, 1). */
  float(): number
  /** From 0 to 2^32 - 1. */
  u32(): number
  /** A timer that ends with the host's program; a handler may wait for it. */
  after(delayMs: number, run: () => void): Timer
  every(intervalMs: number, run: () => void): Timer
  immediate(run: () => void): Timer
  /** Notes a use that was virtualised. @param site gives the caller's place, if it is wanted */
  used(name: string, site: () => string | undefined): void
  /** Ends the run. */
  refused(error: Error): void
}

/** What guards and simulations share, in whatever copy of this package they are. */
export interface GuardSlot {
  /** The guards are in place. */
  installed: boolean
  /** Set while a step of a simulated program runs, its promises included. */
  host: GuardedHost | undefined
  /** Counted up every step, for who watches from outside. */
  progress: Int32Array | undefined
}

const KEY = Symbol.for('troupe.guards')
const shared = globalThis as { [KEY]?: GuardSlot }

shared[KEY] ??= { installed: false, host: undefined, progress: undefined }

export const guardSlot: GuardSlot = shared[KEY]

/** Counts a step, where somebody watches. */
export function takeStep(): void {
  const { progress } = guardSlot
  if (progress !== undefined) progress[0] = (progress[0] ?? 0) + 1
}
