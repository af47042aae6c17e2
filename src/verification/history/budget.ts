import { durationMs, type Fields, integer, readOptions } from '../../base/options.js'

/** How far a search may go; what lies beyond is `unknown`. */
export interface BudgetOptions {
  /** Wall time in milliseconds. Default: no bound, so that what a scenario's check says is the same on any machine. */
  readonly budgetMs?: number
  /** Configurations looked at. Default 100,000,000. */
  readonly states?: number
  /** Memory for what was seen, in bytes, by estimate. Default 400,000,000. */
  readonly memoryBytes?: number
}

const FIELDS: Fields<Omit<BudgetOptions, 'budgetMs'> & { budgetMs: number | undefined }> = {
  budgetMs: { fallback: undefined, check: durationMs(0) },
  states: { fallback: 100_000_000, check: integer(1) },
  memoryBytes: { fallback: 400_000_000, check: integer(1_000_000, 800_000_000) },
}

/** Between two looks at the clock. */
const LOOK_STATES = 16

/** Counts what a search has used. Once `spent`, it stays so. */
export class Budget {
  states = 0
  #bytes = 0
  readonly #statesMax: number
  readonly #bytesMax: number
  #endMs: number
  #budgetMs: number | undefined
  readonly #nowMs: () => number
  #spent: string | undefined

  /** @throws TroupeError ERR_BAD_OPTION */
  constructor(options: BudgetOptions, nowMs: () => number) {
    const { budgetMs, states, memoryBytes } = readOptions('check', FIELDS, options)
    this.#statesMax = states as number
    this.#bytesMax = memoryBytes as number
    this.#budgetMs = budgetMs
    this.#nowMs = nowMs
    this.#endMs = budgetMs === undefined ? Number.POSITIVE_INFINITY : nowMs() + budgetMs
  }

  /** What is used up: undefined while there is some left. */
  get spent(): string | undefined {
    return this.#spent
  }

  /** Another configuration. @returns whether the search may go on */
  step(): boolean {
    this.states++
    if (this.states > this.#statesMax) this.#spent ??= `${this.#statesMax} states`
    if (this.states % LOOK_STATES === 0) this.look()
    return this.#spent === undefined
  }

  /** Looks at the clock now. @returns whether the search may go on */
  look(): boolean {
    if (this.#endMs !== Number.POSITIVE_INFINITY && this.#nowMs() >= this.#endMs) {
      this.#spent ??= `${this.#budgetMs} ms`
    }
    return this.#spent === undefined
  }

  /** A smaller one for a part of the work that may fail: at most so many states of this one. It shares nothing else but the clock. */
  part(states: number): Budget {
    const left = Math.max(1, Math.min(states, this.#statesMax - this.states))
    const part = new Budget({ states: left, memoryBytes: this.#bytesMax }, this.#nowMs)
    part.#endMs = this.#endMs
    part.#budgetMs = this.#budgetMs
    return part
  }

  /** Something that searches for its own reasons cannot go beyond. */
  exceed(what: string): void {
    this.#spent ??= what
  }

  /** Memory that is kept, or given back when below 0: use a `Ledger`. */
  keep(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#bytesMax) this.#spent ??= `${this.#bytesMax} bytes`
  }
}

/** What one search keeps of a budget's memory, given back at once. */
export class Ledger {
  readonly #budget: Budget
  #kept = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  keep(bytes: number): void {
    this.#kept += bytes
    this.#budget.keep(bytes)
  }

  release(): void {
    this.#budget.keep(-this.#kept)
    this.#kept = 0
  }
}
