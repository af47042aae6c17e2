import { TroupeError } from '../../base/errors.js'
import { Exchanges, type Scenario } from '../../simulation/index.js'
import type { Attempt, Explorer, ExplorerPlan } from '../explorer.js'
import { losing, OmittedSet } from './omitted-set.js'
import type { PruneRule, SkippedBy } from './prune-rules.js'
import type { Renaming } from './renaming.js'
import { RunTree } from './run-tree.js'
import { type SeenRun, SeenRuns } from './seen-runs.js'

/** More messages than that have too many subsets. */
const STATIC_MAX = 24

/** All subsets of the messages of the run without faults: see `omissions`. */
export class StaticOmissions implements Explorer {
  readonly name = 'omissions(static)'
  readonly skippedBy: SkippedBy = {}
  skipped = 0
  readonly #scenario: Attempt['scenario']
  readonly #seed: string
  readonly #max: number
  readonly #rules: ReadonlySet<PruneRule>
  readonly #renaming: Renaming | undefined
  readonly #tree = new RunTree<SeenRun | undefined>()
  readonly #seen = new SeenRuns()
  readonly #shard: ExplorerPlan['shard']
  #messages: readonly string[] | undefined
  #subset = 0
  #source: OmittedSet | undefined

  constructor(
    scenario: Scenario,
    { seedBase, shard }: ExplorerPlan,
    max: number,
    rules: ReadonlySet<PruneRule>,
    renaming: Renaming | undefined,
  ) {
    this.#scenario = losing(scenario)
    this.#seed = String(seedBase)
    this.#max = max
    this.#shard = shard
    this.#rules = rules
    this.#renaming = renaming
  }

  next(): Attempt | undefined {
    const messages = this.#messages
    if (messages === undefined) return this.#attempt(new Set())
    for (;;) {
      this.#subset++
      if (this.#subset >= 2 ** messages.length) return undefined
      if (this.#subset % this.#shard.of !== this.#shard.index) continue
      const lost = new Set(messages.filter((_, bit) => (this.#subset >> bit) & 1))
      if (lost.size > this.#max) continue
      const needless = this.#needless(lost)
      if (needless === undefined) return this.#attempt(lost)
      this.skipped++
      this.skippedBy[needless] = (this.skippedBy[needless] ?? 0) + 1
    }
  }

  report(): void {
    const source = this.#source
    if (source === undefined) return
    this.#messages ??= [...source.asked]
    if (this.#messages.length > STATIC_MAX) {
      throw new TroupeError(
        'ERR_BAD_OPTION',
        `${this.#messages.length} messages have too many subsets: mode 'dynamic' goes through them by need`,
      )
    }
    if (this.#rules.size === 0) return
    const { exchanges, answers } = source
    this.#tree.add(answers, exchanges && this.#seen.learn(exchanges))
  }

  #attempt(lost: ReadonlySet<string>): Attempt {
    const source = new OmittedSet(lost, this.#rules.has('lineage') ? new Exchanges() : undefined)
    this.#source = source
    return source.attempt(this.#seed, this.#scenario)
  }

  /** The rule by which this subset need not be run. */
  #needless(lost: ReadonlySet<string>): PruneRule | undefined {
    if (this.#rules.has('same-run') && this.#known(lost) !== undefined) return 'same-run'
    if (this.#renaming !== undefined && this.#isRenamed(this.#renaming, lost)) return 'symmetry'
    return this.#rules.has('lineage') && this.#unnoticed(lost) ? 'lineage' : undefined
  }

  #isRenamed(renaming: Renaming, lost: ReadonlySet<string>): boolean {
    for (const names of renaming.all([...lost])) {
      if (this.#known(new Set(names)) !== undefined) return true
    }
    return false
  }

  #known(lost: ReadonlySet<string>) {
    return this.#tree.find((label) => (lost.has(label) ? 1 : 0))
  }

  /** One of these is noticed by nobody but its receiver, in the run with all the others lost. */
  #unnoticed(lost: ReadonlySet<string>): boolean {
    for (const one of lost) {
      const rest = new Set(lost)
      rest.delete(one)
      const run = this.#known(rest)?.outcome
      if (run !== undefined && this.#seen.without(run, one) !== undefined) return true
    }
    return false
  }
}
