import { hashText, seededRandom } from '../../base/random.js'
import type { Candidate, ChoiceSource } from '../../simulation/index.js'

/** Answers as a seed alone would have it: one choice more or less moves no other. */
export class SeededAnswers {
  readonly #seed: string

  constructor(seed: string) {
    this.#seed = seed
  }

  choose(label: string, of: number, share: number): number {
    const random = seededRandom(`${this.#seed}/choice/${label}`)
    return random.float() < share ? 1 + random.int(of - 1) : 0
  }

  /** From 0 to 2^32 - 1. */
  draw(label: string): number {
    return hashText(`${this.#seed}/${label}`) >>> 0
  }
}

/** How one run puts messages in order: the candidate with the highest priority comes next. */
export abstract class PriorityOrder implements ChoiceSource {
  protected readonly answers: SeededAnswers

  constructor(seed: string) {
    this.answers = new SeededAnswers(seed)
  }

  choose(label: string, of: number, share: number): number {
    return this.answers.choose(label, of, share)
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
