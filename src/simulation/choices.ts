import { seededRandom } from '../base/random.js'

/** The answers of one run that were not 0, by label: all that sets it apart from the most ordinary run. */
export type Tape = Readonly<Record<string, number>>

/** One decision of a run. */
export interface Choice {
  /** What is decided, such as `drop n3>n1:ack#1`; no two choices of a run have the same. */
  readonly label: string
  /** How many answers there are. */
  readonly of: number
  /** From 0, which is always the most ordinary answer, to `of` - 1. */
  readonly pick: number
}

/** Who answers the choices of a run: a seed, a tape, an explorer. */
export interface ChoiceSource {
  /** `share`: how often a random source answers anything but 0, from 0 to 1. */
  choose(label: string, of: number, share: number): number
}

/** Answers that follow from the seed and the label alone: one choice more or less moves no other. */
export class SeededChoices implements ChoiceSource {
  readonly #seed: string

  constructor(seed: string) {
    this.#seed = seed
  }

  choose(label: string, of: number, share: number): number {
    const random = seededRandom(`${this.#seed}/choice/${label}`)
    return random.float() < share ? 1 + random.int(of - 1) : 0
  }
}

/** Answers from a tape; 0 for labels that are not on it. */
export class TapeChoices implements ChoiceSource {
  readonly #tape: ReadonlyMap<string, number>
  readonly #unused: Set<string>

  constructor(tape: Tape) {
    this.#tape = new Map(Object.entries(tape))
    this.#unused = new Set(this.#tape.keys())
  }

  /** Labels on the tape that the run has not asked for so far. */
  get unused(): string[] {
    return [...this.#unused]
  }

  choose(label: string, of: number): number {
    const pick = this.#tape.get(label)
    if (pick === undefined || pick >= of) return 0
    this.#unused.delete(label)
    return pick
  }
}

/** The choices of one run: asks its source, and keeps the tape. */
export class Choices {
  readonly #source: ChoiceSource
  readonly #seen = new Map<string, number>()
  readonly #tape: Record<string, number> = {}
  readonly #report: ((choice: Choice) => void) | undefined

  /** `report` hears of every answer that is not 0. */
  constructor(source: ChoiceSource, report?: (choice: Choice) => void) {
    this.#source = source
    this.#report = report
  }

  get tape(): Tape {
    return { ...this.#tape }
  }

  /** A label that was used before gets its number: `x`, `x~2`, `x~3`. Nothing is asked where there is one answer. */
  choose(label: string, of: number, share: number): number {
    if (of <= 1) return 0
    const times = (this.#seen.get(label) ?? 0) + 1
    this.#seen.set(label, times)
    const unique = times === 1 ? label : `${label}~${times}`
    const pick = this.#source.choose(unique, of, share)
    if (pick !== 0) {
      this.#tape[unique] = pick
      this.#report?.({ label: unique, of, pick })
    }
    return pick
  }
}
