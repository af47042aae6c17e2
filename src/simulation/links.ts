import { check, readOptions } from '../base/options.js'
import type { Draws } from './draws.js'
import { isLatencyTable, type LatencyTable, latencyAt } from './latency.js'

/** The way from one host to another. */
export interface LinkOptions {
  /**
   * One way, from and to in milliseconds, drawn uniformly for every chunk, now and then up to eight
   * times as much; a connection keeps its order all the same. Equal bounds make it constant.
   */
  readonly latencyMs: readonly [from: number, to: number]
  /** A table of quantiles in its place. Of the two the one that was given last counts. */
  readonly latencyUs: LatencyTable | undefined
  /** Shared by the connections of the link; Infinity: no limit. */
  readonly bytesPerMs: number
}

/** One chunk in this many takes up to eight times as long. */
const SLOW_ONE_IN = 64

const atLeast = (least: number) =>
  check<number>(`a number >= ${least}`, (v) => typeof v === 'number' && v >= least)

const isLatency = check<readonly [number, number]>(
  'two numbers of milliseconds from 0 to 60000, the smaller first',
  (v) =>
    Array.isArray(v) &&
    v.length === 2 &&
    v.every(Number.isFinite) &&
    v[0] >= 0 &&
    v[0] <= v[1] &&
    v[1] <= 60_000,
)

export const LINK_FIELDS = {
  latencyMs: { fallback: undefined, check: isLatency },
  latencyUs: { fallback: undefined, check: isLatencyTable },
  bytesPerMs: { fallback: undefined, check: atLeast(0.001) },
}

/** What waits at a cut for it to heal. */
export interface Waiting {
  healed(): void
}

/** One direction between two hosts: latency, bandwidth and cuts, shared by all its connections. */
export class Way {
  readonly #loopback: boolean
  #leastUs = 0
  #spreadUs = 0
  #table: LatencyTable | undefined
  #bytesPerMs = Number.POSITIVE_INFINITY
  #freeAtUs = 0
  /** How many partitions cut it. */
  #cuts = 0
  readonly #waiting = new Set<Waiting>()
  #watcher: (() => void) | undefined

  constructor(loopback: boolean, options: Partial<LinkOptions>) {
    this.#loopback = loopback
    this.set(options)
  }

  set(options: Partial<LinkOptions>): void {
    const { latencyMs, latencyUs, bytesPerMs } = options
    if (latencyMs !== undefined) {
      this.#leastUs = Math.round(latencyMs[0] * 1000)
      this.#spreadUs = Math.round(latencyMs[1] * 1000) - this.#leastUs
      this.#table = undefined
    }
    if (latencyUs !== undefined) this.#table = latencyUs
    if (bytesPerMs !== undefined) this.#bytesPerMs = bytesPerMs
  }

  latencyUs(draws: Draws): number {
    if (this.#loopback) return 20 + draws.int(40)
    if (this.#table !== undefined) return latencyAt(this.#table, draws.u32())
    if (this.#spreadUs === 0) return this.#leastUs
    const us = this.#leastUs + draws.int(this.#spreadUs + 1)
    return draws.int(SLOW_ONE_IN) === 0 ? us * (2 + draws.int(7)) : us
  }

  /** When the last of these bytes has left, given that they queue at a limited line. */
  departureUs(bytes: number, nowUs: number): number {
    if (this.#loopback || this.#bytesPerMs === Number.POSITIVE_INFINITY) return nowUs
    const begin = Math.max(nowUs, this.#freeAtUs)
    this.#freeAtUs = begin + Math.ceil((bytes * 1000) / this.#bytesPerMs)
    return this.#freeAtUs
  }

  get isCut(): boolean {
    return this.#cuts > 0
  }

  /** Calls `waiting.healed()` once the way is open again. */
  wait(waiting: Waiting): void {
    this.#waiting.add(waiting)
  }

  /** Calls `changed` whenever the way was cut, and whenever it is open again. */
  watch(changed: () => void): void {
    this.#watcher = changed
  }

  cut(): void {
    if (this.#loopback) return
    if (this.#cuts++ === 0) this.#watcher?.()
  }

  mend(): void {
    if (this.#cuts > 0 && --this.#cuts === 0) this.#open()
  }

  #open(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const one of waiting) one.healed()
    this.#watcher?.()
  }
}

/** All ways between hosts. */
export class Links {
  readonly #fallback: Partial<LinkOptions>
  readonly #ways = new Map<string, Map<string, Way>>()

  constructor(fallback: Partial<LinkOptions>) {
    this.#fallback = fallback
  }

  way(from: string, to: string): Way {
    let ways = this.#ways.get(from)
    if (ways === undefined) {
      ways = new Map()
      this.#ways.set(from, ways)
    }
    let way = ways.get(to)
    if (way === undefined) {
      way = new Way(from === to, this.#fallback)
      ways.set(to, way)
    }
    return way
  }

  /** @throws TroupeError ERR_BAD_OPTION */
  set(a: string, b: string, options: Partial<LinkOptions>): void {
    const read = readOptions<Partial<LinkOptions>>('link', LINK_FIELDS, options)
    this.way(a, b).set(read)
    this.way(b, a).set(read)
  }
}
