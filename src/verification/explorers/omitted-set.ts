import {
  type ChoiceSource,
  type Exchanges,
  faultModels,
  type Scenario,
} from '../../simulation/index.js'
import type { Attempt } from '../explorer.js'

/** Loses the messages of a set, or crashes their senders, and remembers what it was asked, in order. */
export class OmittedSet implements ChoiceSource {
  readonly asked: string[] = []
  readonly lost: ReadonlySet<string>
  /** What nodes get and give in the run, where somebody wants to know. */
  readonly exchanges: Exchanges | undefined

  constructor(lost: ReadonlySet<string>, exchanges?: Exchanges) {
    this.lost = lost
    this.exchanges = exchanges
  }

  choose(label: string): number {
    if (!label.startsWith('drop ') && !label.startsWith('crash ')) return 0
    this.asked.push(label)
    this.exchanges?.asked(label)
    return this.lost.has(label) ? 1 : 0
  }

  /** All questions with their answers: what sets the run apart. */
  get answers(): Answers {
    return answersOf(this.asked, this.lost)
  }

  attempt(seed: string, scenario: Attempt['scenario']): Attempt {
    return {
      seed,
      choices: this,
      ...(scenario && { scenario }),
      ...(this.exchanges && { exchanges: this.exchanges }),
    }
  }
}

export type Answers = readonly (readonly [label: string, answer: number])[]

export const answersOf = (asked: readonly string[], lost: ReadonlySet<string>): Answers =>
  asked.map((label) => [label, lost.has(label) ? 1 : 0])

/** The scenario, in which every message may be lost by choice, and so many nodes may crash before one. */
export const losing = ({ faults }: Scenario, crashes = 0): Attempt['scenario'] => ({
  level: 'messages',
  faults: (faults ?? faultModels.loss(0)).with({
    loss: 0.5,
    ...(crashes > 0 && { stops: 0.5, faulty: crashes }),
  }),
})
