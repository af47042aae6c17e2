import type { Random } from '../base/random.js'

/** The way from one host to another. */
export interface LinkOptions {
  /** One way, from and to, drawn for every chunk; a connection keeps its order all the same. */
  readonly latencyMs: readonly [from: number, to: number]
  /** Shared by the connections of the link; Infinity: no limit. */
  readonly bytesPerMs: number
}

/** Between programs of one host, in microseconds. */
const LOOPBACK_US = [20, 60] as const

/** One chunk in this many takes up to eight times as long. */
const SLOW_ONE_IN = 64

/** What waits at a cut for it to heal. */
export interface Waiting {
  healed(): void
}

/** Latency, bandwidth and cuts between hosts. */
export class Links {
  readonly #fallback: LinkOptions
  readonly #own = new Map<string, LinkOptions>()
  readonly #freeAtUs = new Map<string, number>()
  /** How many partitions cut the way from one host to another. */
  readonly #cuts = new Map<string, number>()
  readonly #waiting = new Map<string, Set<Waiting>>()

  constructor(fallback: LinkOptions) {
    this.#fallback = fallback
  }

  set(from: string, to: string, options: Partial<LinkOptions>): void {
    this.#own.set(pair(from, to), { ...this.#of(from, to), ...options })
  }

  latencyUs(from: string, to: string, random: Random): number {
    if (from === to) return LOOPBACK_US[0] + random.int(LOOPBACK_US[1] - LOOPBACK_US[0])
    const [least, most] = this.#of(from, to).latencyMs
    const leastUs = Math.round(least * 1000)
    const spreadUs = Math.round(most * 1000) - leastUs
    const us = leastUs + random.int(spreadUs + 1)
    return spreadUs > 0 && random.int(SLOW_ONE_IN) === 0 ? us * (2 + random.int(7)) : us
  }

  /** When the last of these bytes has left, given that they queue at a limited line. */
  departureUs(from: string, to: string, bytes: number, nowUs: number): number {
    const { bytesPerMs } = this.#of(from, to)
    if (from === to || bytesPerMs === Number.POSITIVE_INFINITY) return nowUs
    const key = pair(from, to)
    const begin = Math.max(nowUs, this.#freeAtUs.get(key) ?? 0)
    const free = begin + Math.ceil((bytes * 1000) / bytesPerMs)
    this.#freeAtUs.set(key, free)
    return free
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(pair(from, to))
  }

  /** Calls `waiting.healed()` once the way is open again. */
  wait(from: string, to: string, waiting: Waiting): void {
    const key = pair(from, to)
    let set = this.#waiting.get(key)
    if (set === undefined) {
      set = new Set()
      this.#waiting.set(key, set)
    }
    set.add(waiting)
  }

  cut(from: string, to: string): void {
    if (from === to) return
    const key = pair(from, to)
    this.#cuts.set(key, (this.#cuts.get(key) ?? 0) + 1)
  }

  mend(from: string, to: string): void {
    const key = pair(from, to)
    const left = (this.#cuts.get(key) ?? 0) - 1
    if (left > 0) this.#cuts.set(key, left)
    else this.#open(key)
  }

  mendAll(): void {
    for (const key of [...this.#cuts.keys()]) this.#open(key)
  }

  #open(key: string): void {
    if (!this.#cuts.delete(key)) return
    const waiting = this.#waiting.get(key)
    this.#waiting.delete(key)
    for (const one of waiting ?? []) one.healed()
  }

  #of(from: string, to: string): LinkOptions {
    return this.#own.get(pair(from, to)) ?? this.#fallback
  }
}

const pair = (from: string, to: string): string => `${from}>${to}`
