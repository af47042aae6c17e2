import { badOption, integer, oneOf, readOptions } from '../../base/options.js'
import { RingQueue } from '../../base/ring-queue.js'
import {
  type ChoiceSource,
  faultModels,
  type Result,
  type Scenario,
} from '../../simulation/index.js'
import type { Attempt, Explorer, ExplorerFactory, ExplorerPlan } from '../explorer.js'
import { RunTree } from './run-tree.js'

export interface OmissionsOptions {
  /** Messages that are lost in one run, at most. Default 2; Infinity: all there are. */
  readonly max?: number
  /**
   * `dynamic` (default): messages of every run are decided, also those that come of a loss (retransmissions, the
   * way to an abort). `static`: all subsets of the messages of the run without faults, 2^k of them.
   */
  readonly mode?: 'dynamic' | 'static'
  /**
   * Nodes that crash in one run, at most, and stay down: each before any message it would send, so also in the
   * middle of a step that sends several. Each counts as one of `max`. Only for `dynamic`. Default 0.
   */
  readonly crashes?: number
  /** Leaves out runs that are known to end like another. Default true. */
  readonly prune?: boolean
}

const FIELDS = {
  max: { fallback: 2, check: integerOrInfinity() },
  mode: { fallback: 'dynamic', check: oneOf('dynamic', 'static') },
  crashes: { fallback: 0, check: integer(0) },
  prune: {
    fallback: true,
    check: { text: 'true or false', test: (v: unknown) => typeof v === 'boolean' },
  },
}

function integerOrInfinity() {
  const whole = integer(0)
  return {
    text: `${whole.text} or Infinity`,
    test: (v: unknown) => v === Number.POSITIVE_INFINITY || whole.test(v),
  }
}

/** More messages than that have too many subsets. */
const STATIC_MAX = 24

/**
 * Loses messages of actors, exhaustively: every set of at most `max` of them (what nodes send for themselves is never lost).
 * Needs level `messages`. Ends when all are tried: then the scenario holds within these bounds.
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function omissions(options: OmissionsOptions = {}): ExplorerFactory {
  const read = readOptions<OmissionsOptions>('omissions', FIELDS as never, options)
  const { max = 2, mode = 'dynamic', prune = true, crashes = 0 } = read
  if (mode === 'static' && crashes > 0) {
    throw badOption('omissions.crashes', "0 with mode 'static'", crashes)
  }
  return {
    name: mode === 'static' ? 'omissions(static)' : `omissions(${max})`,
    seeded: false,
    create: (scenario: Scenario, plan) =>
      mode === 'static'
        ? new StaticOmissions(scenario, plan, max, prune)
        : new DynamicOmissions(scenario, plan, max, crashes),
  }
}

/** Loses the messages of a set, or crashes their senders, and remembers what it was asked, in order. */
export class OmittedSet implements ChoiceSource {
  readonly asked: string[] = []
  readonly lost: ReadonlySet<string>

  constructor(lost: ReadonlySet<string>) {
    this.lost = lost
  }

  choose(label: string): number {
    if (!label.startsWith('drop ') && !label.startsWith('crash ')) return 0
    this.asked.push(label)
    return this.lost.has(label) ? 1 : 0
  }
}

/** The scenario, in which every message may be lost by choice, and so many nodes may crash before one. */
const losing = ({ faults }: Scenario, crashes = 0): Attempt['scenario'] => ({
  level: 'messages',
  faults: (faults ?? faultModels.loss(0)).with({
    loss: 0.5,
    ...(crashes > 0 && { stops: 0.5, faulty: crashes }),
  }),
})

class DynamicOmissions implements Explorer {
  readonly name: string
  readonly #scenario: Attempt['scenario']
  readonly #seed: string
  readonly #max: number
  readonly #shard: ExplorerPlan['shard']
  /** Sets to try, the smaller first, each in the order of its run. */
  readonly #queue = new RingQueue<readonly string[]>()
  #children = 0
  #current: { readonly lost: readonly string[]; readonly source: OmittedSet } | undefined

  constructor(scenario: Scenario, { seedBase, shard }: ExplorerPlan, max: number, crashes: number) {
    this.name = `omissions(${max})`
    this.#scenario = losing(scenario, crashes)
    this.#seed = String(seedBase)
    this.#max = max
    this.#shard = shard
    this.#queue.push([])
  }

  next(): Attempt | undefined {
    const lost = this.#queue.shift()
    if (lost === undefined) return undefined
    const source = new OmittedSet(new Set(lost))
    this.#current = { lost, source }
    return {
      seed: this.#seed,
      choices: source,
      ...(this.#scenario && { scenario: this.#scenario }),
    }
  }

  /** Each message that was asked about after the last that is lost gives a larger set: so each set comes once. */
  report(): void {
    const current = this.#current
    if (current === undefined || current.lost.length >= this.#max) return
    const { lost, source } = current
    const last = lost.at(-1)
    const from = last === undefined ? 0 : source.asked.lastIndexOf(last) + 1
    for (const label of source.asked.slice(from)) {
      const { of, index } = this.#shard
      if (lost.length === 0 && this.#children++ % of !== index) continue
      this.#queue.push([...lost, label])
    }
  }
}

class StaticOmissions implements Explorer {
  readonly name = 'omissions(static)'
  skipped = 0
  readonly #scenario: Attempt['scenario']
  readonly #seed: string
  readonly #max: number
  readonly #tree: RunTree<boolean> | undefined
  readonly #shard: ExplorerPlan['shard']
  #messages: readonly string[] | undefined
  #subset: number
  #source: OmittedSet | undefined

  constructor(scenario: Scenario, { seedBase, shard }: ExplorerPlan, max: number, prune: boolean) {
    this.#scenario = losing(scenario)
    this.#seed = String(seedBase)
    this.#max = max
    this.#shard = shard
    this.#subset = 0
    this.#tree = prune ? new RunTree() : undefined
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
      if (this.#tree?.find((label) => (lost.has(label) ? 1 : 0)) === undefined) {
        return this.#attempt(lost)
      }
      this.skipped++
    }
  }

  report(_attempt: Attempt, { verdict }: Result): void {
    const source = this.#source
    if (source === undefined) return
    this.#messages ??= [...source.asked]
    if (this.#messages.length > STATIC_MAX) {
      throw new RangeError(
        `${this.#messages.length} messages have too many subsets: mode 'dynamic' goes through them by need`,
      )
    }
    const run = source.asked.map((label) => [label, source.lost.has(label) ? 1 : 0] as const)
    this.#tree?.add(run, verdict === 'ok')
  }

  #attempt(lost: ReadonlySet<string>): Attempt {
    const source = new OmittedSet(lost)
    this.#source = source
    return {
      seed: this.#seed,
      choices: source,
      ...(this.#scenario && { scenario: this.#scenario }),
    }
  }
}
