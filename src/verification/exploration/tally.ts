import type { OpStatus } from '../../simulation/index.js'
import type { RunNote } from './run-note.js'

/** So many different runs are kept apart; those that differ beyond are not counted. */
const DISTINCT_MAX = 1_000_000

/** Counts of runs, as they stand in `summary.json`. */
export interface Counts {
  readonly executions: number
  /** Runs in which an operation was done. */
  readonly completed: number
  readonly failed: number
  /** Runs that a limit ended, by what it said, with its numbers left out; and a seed of each. */
  readonly limits: Readonly<Record<string, { readonly runs: number; readonly seed: string }>>
  /** How often each `check.sometimes` was reached. */
  readonly sometimes: Readonly<Record<string, number>>
  /** How often each fault was met, by its first word. */
  readonly faults: Readonly<Record<string, number>>
  /** Operations by name and how they ended. */
  readonly operations: Readonly<Record<string, Partial<Readonly<Record<OpStatus, number>>>>>
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] }

/** Counts runs; of several threads, or of several campaigns. */
export class Tally {
  /** What sets apart the runs that differ. */
  readonly distinct = new Set<string>()
  /** Failing runs by signature. */
  readonly signatures = new Map<string, number>()
  readonly #counts: Mutable<Counts>

  constructor(sometimes: readonly string[]) {
    this.#counts = {
      executions: 0,
      completed: 0,
      failed: 0,
      limits: {},
      sometimes: Object.fromEntries(sometimes.map((name) => [name, 0])),
      faults: {},
      operations: {},
    }
  }

  get counts(): Counts {
    return this.#counts
  }

  /** Runs that a limit ended. */
  get limited(): number {
    return Object.values(this.#counts.limits).reduce((sum, { runs }) => sum + runs, 0)
  }

  add(note: RunNote): void {
    const { operations, faults, sometimes, verdict, signature, limit, seed } = note
    const done = Object.values(operations).some(({ ok = 0 }) => ok > 0)
    if (signature !== undefined) this.failed(signature, 1)
    this.merge({
      executions: 1,
      completed: done ? 1 : 0,
      failed: verdict === 'fail' ? 1 : 0,
      limits: limit === undefined ? {} : { [kindOf(limit)]: { runs: 1, seed } },
      operations,
      faults,
      sometimes,
    })
    this.differ([note.digest])
  }

  failed(signature: string, runs: number): void {
    this.signatures.set(signature, (this.signatures.get(signature) ?? 0) + runs)
  }

  differ(digests: Iterable<string>): void {
    for (const one of digests) if (this.distinct.size < DISTINCT_MAX) this.distinct.add(one)
  }

  merge(other: Counts): void {
    const counts = this.#counts
    counts.executions += other.executions
    counts.completed += other.completed
    counts.failed += other.failed
    for (const [limit, { runs, seed }] of Object.entries(other.limits)) {
      counts.limits[limit] ??= { runs: 0, seed }
      counts.limits[limit].runs += runs
    }
    sum(counts.sometimes, other.sometimes)
    sum(counts.faults, other.faults)
    for (const [name, ends] of Object.entries(other.operations)) {
      counts.operations[name] ??= {}
      sum(counts.operations[name], ends)
    }
  }
}

function sum(into: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(from)) into[name] = (into[name] ?? 0) + count
}

/** Of a limit's text what does not differ from run to run. */
const kindOf = (limit: string): string => (limit.split('; ')[0] as string).slice(0, 200)
