import type { ChoiceSource, Result, Scenario } from '../../simulation/index.js'
import type { Attempt, Explorer, ExplorerFactory, ExplorerPlan } from '../explorer.js'

/** What a seeded explorer knows of the runs so far. */
export interface Seen {
  /** The most messages of which one run had to choose an order. */
  steps: number
}

/** One run after another, by seeds that count up. It never ends by itself. */
class SeededExplorer implements Explorer {
  readonly name: string
  readonly #source: (seed: string, seen: Seen) => ChoiceSource
  readonly #step: number
  readonly #seen: Seen = { steps: 1 }
  #seed: number

  constructor(
    name: string,
    { seedBase, shard }: ExplorerPlan,
    source: (seed: string, seen: Seen) => ChoiceSource,
  ) {
    this.name = name
    this.#source = source
    this.#seed = seedBase + shard.index
    this.#step = shard.of
  }

  next(): Attempt {
    const seed = String(this.#seed)
    this.#seed += this.#step
    return { seed, choices: counted(this.#source(seed, this.#seen), this.#seen) }
  }

  report(_attempt: Attempt, _result: Result): void {}
}

/** The source, which leaves behind how many messages it had to put in order. */
function counted(source: ChoiceSource, seen: Seen): ChoiceSource {
  const { pick } = source
  if (pick === undefined) return source
  let steps = 0
  return {
    choose: (label, of, share) => source.choose(label, of, share),
    pick: (candidates, event) => {
      if (++steps > seen.steps) seen.steps = steps
      return pick(candidates, event)
    },
  }
}

/** An explorer that makes a source of choices out of each seed. */
export function seeded(
  name: string,
  source: (seed: string, seen: Seen) => ChoiceSource,
): ExplorerFactory {
  return {
    name,
    seeded: true,
    create: (_scenario: Scenario, plan) => new SeededExplorer(name, plan, source),
  }
}
