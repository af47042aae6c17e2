import { hashText } from '../../base/random.js'
import { type Candidate, type ChoiceSource, SeededChoices } from '../../simulation/index.js'

/** How one run puts messages in order: the candidate with the highest priority comes next. */
export abstract class PriorityOrder implements ChoiceSource {
  readonly #seed: string
  readonly #choices: SeededChoices

  constructor(seed: string) {
    this.#seed = seed
    this.#choices = new SeededChoices(seed)
  }

  choose(label: string, of: number, share: number): number {
    return this.#choices.choose(label, of, share)
  }

  /** From 0 to 2^32 - 1; the same for the same seed and label. */
  protected draw(label: string): number {
    return hashText(`${this.#seed}/${label}`) >>> 0
  }

  readonly pick = (candidates: readonly Candidate[]): number => {
    let best = 0
    let highest = -1
    for (let at = 0; at < candidates.length; at++) {
      const priority = this.priority(candidates[at] as Candidate)
      if (priority > highest) {
        highest = priority
        best = at
      }
    }
    this.picked(candidates[best] as Candidate, candidates)
    return best
  }

  protected abstract priority(candidate: Candidate): number

  protected picked(_chosen: Candidate, _candidates: readonly Candidate[]): void {}
}
