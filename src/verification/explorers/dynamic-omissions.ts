import { RingQueue } from '../../base/ring-queue.js'
import { Exchanges, type Scenario } from '../../simulation/index.js'
import type { Attempt, Explorer, ExplorerPlan } from '../explorer.js'
import { answersOf, losing, OmittedSet } from './omitted-set.js'
import type { PruneRule, SkippedBy } from './prune-rules.js'
import type { Renaming } from './renaming.js'
import { RunTree } from './run-tree.js'
import { type SeenRun, SeenRuns } from './seen-runs.js'

/** A set of faults to try. */
interface Omission {
  readonly lost: readonly string[]
  /** The run with all of them but the last, where somebody wants to know. */
  readonly base: SeenRun | undefined
}

/** Every set of losses, each as an extension of one that was seen: see `omissions`. */
export class DynamicOmissions implements Explorer {
  readonly name: string
  readonly skippedBy: SkippedBy = {}
  skipped = 0
  readonly #scenario: Attempt['scenario']
  readonly #seed: string
  readonly #max: number
  readonly #crashes: number
  readonly #shard: ExplorerPlan['shard']
  readonly #rules: ReadonlySet<PruneRule>
  readonly #renaming: Renaming | undefined
  /** Sets that were queued, where one can come about in several ways. */
  readonly #queued = new Set<string>()
  readonly #renamed = new Set<string>()
  readonly #tree = new RunTree<undefined>()
  readonly #seen = new SeenRuns()
  /** Sets to try, the smaller first, each in the order of its run. */
  readonly #queue = new RingQueue<Omission>()
  #children = 0
  #current: { readonly lost: readonly string[]; readonly source: OmittedSet } | undefined

  constructor(
    scenario: Scenario,
    { seedBase, shard }: ExplorerPlan,
    max: number,
    crashes: number,
    rules: ReadonlySet<PruneRule>,
    renaming: Renaming | undefined,
  ) {
    this.name = `omissions(${max})`
    this.#scenario = losing(scenario, crashes)
    this.#seed = String(seedBase)
    this.#max = max
    this.#crashes = crashes
    this.#shard = shard
    this.#rules = rules
    this.#renaming = renaming
    this.#queue.push({ lost: [], base: undefined })
  }

  next(): Attempt | undefined {
    for (;;) {
      const omission = this.#queue.shift()
      if (omission === undefined) return undefined
      const needless = this.#needless(omission)
      if (needless === undefined) return this.#attempt(omission.lost)
      this.skipped++
      this.skippedBy[needless] = (this.skippedBy[needless] ?? 0) + 1
    }
  }

  report(): void {
    const current = this.#current
    if (current === undefined) return
    const { lost, source } = current
    const { exchanges, asked } = source
    if (this.#renaming !== undefined) {
      this.#tree.add(source.answers, undefined)
      // It was the run of a smaller set, which has its own extensions.
      if (!lost.every((label) => asked.includes(label))) return
    }
    this.#extend(lost, asked, exchanges && this.#seen.learn(exchanges))
  }

  #attempt(lost: readonly string[]): Attempt {
    const causes = this.#rules.has('lineage') || this.#rules.has('equivalent')
    const source = new OmittedSet(new Set(lost), causes ? new Exchanges() : undefined)
    this.#current = { lost, source }
    return source.attempt(this.#seed, this.#scenario)
  }

  /** The rule by which this set need not be run. */
  #needless({ lost, base }: Omission): PruneRule | undefined {
    const last = lost.at(-1)
    if (last === undefined) return undefined
    if (this.#renaming !== undefined) {
      if (this.#rules.has('same-run') && this.#known([lost])) return 'same-run'
      if (this.#isRenamed(this.#renaming, lost)) return 'symmetry'
    }
    if (base === undefined) return undefined
    if (this.#rules.has('equivalent') && this.#seen.crashedBefore(base, lost, last)) {
      return 'equivalent'
    }
    const unnoticed = this.#rules.has('lineage') ? this.#seen.without(base, last) : undefined
    if (unnoticed === undefined) return undefined
    if (this.#renaming !== undefined) {
      this.#tree.add(answersOf(base.asked, new Set(lost)), undefined)
    }
    this.#extend(lost, base.asked, unnoticed)
    return 'lineage'
  }

  /**
   * The same under other names was tried. Where nodes crash too that holds only of sets that nothing is added to: what
   * a crash adds cannot be renamed.
   */
  #isRenamed(renaming: Renaming, lost: readonly string[]): boolean {
    if (this.#crashes > 0 && lost.length < this.#max) return false
    const key = renaming.key(lost)
    if (this.#renamed.has(key)) return true
    this.#renamed.add(key)
    return this.#known(renaming.all(lost))
  }

  /** A run with such losses was seen. */
  #known(sets: Iterable<readonly string[]>): boolean {
    for (const lost of sets) {
      const set = new Set(lost)
      if (this.#tree.find((label) => (set.has(label) ? 1 : 0)) !== undefined) return true
    }
    return false
  }

  /**
   * Each message that was asked about after the last that is lost gives a larger set: so each set comes once. With
   * renaming also those before: the same sets under other names come in another order.
   */
  #extend(lost: readonly string[], asked: readonly string[], base: SeenRun | undefined): void {
    if (lost.length >= this.#max) return
    const last = lost.at(-1)
    const any = last === undefined || this.#renaming !== undefined
    const from = any ? 0 : asked.lastIndexOf(last) + 1
    for (const label of asked.slice(from)) {
      if (any && (lost.includes(label) || !this.#isNew([...lost, label]))) continue
      const { of, index } = this.#shard
      if (lost.length === 0 && this.#children++ % of !== index) continue
      this.#queue.push({ lost: [...lost, label], base })
    }
  }
  #isNew(lost: readonly string[]): boolean {
    const key = [...lost].sort().join('\n')
    if (this.#queued.has(key)) return false
    this.#queued.add(key)
    return true
  }
}
