import { seededRandom } from '../base/random.js'
import type { Op } from './op.js'

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

/** A message that may be the next to arrive; or `time`, which goes on while messages are under way. */
export interface Candidate {
  /** `n1>n2:add#1`, or `time`. */
  readonly label: string
  readonly from: string
  readonly to: string
  /** The actor on its node, as the message says it: a serial number or a name. */
  readonly actor: string
  /** Messages of one lane keep their order: this is it, from one node to another. */
  readonly lane: string
  /** The index of the event that sent it. */
  readonly cause: number
}

/** Who answers the choices of a run: a seed, a tape, an explorer. */
export interface ChoiceSource {
  /** `share`: how often a random source answers anything but 0, from 0 to 1. */
  choose(label: string, of: number, share: number): number
  /**
   * Which of these comes next, from 0, in a world of messages (`Scenario.level`). They stand in the order in
   * which they were sent; also asked where there is only one. `event` is the index of the event in which the
   * chosen one arrives: the `cause` of what is sent then. Absent: always the first.
   */
  readonly pick?: ((candidates: readonly Candidate[], event: number) => number) | undefined
  /** A client begins an operation, in the event with that index. */
  called?(op: Op, event: number): void
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
  readonly #offers = new Offers()
  readonly pick: ((candidates: readonly Candidate[]) => number) | undefined

  constructor(tape: Tape) {
    this.#tape = new Map(Object.entries(tape))
    this.#unused = new Set(this.#tape.keys())
    const ordered = [...this.#unused].some((label) => label.includes(BEFORE))
    const pick = (candidates: readonly Candidate[]): number => this.#pick(candidates)
    if (ordered) this.pick = pick
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

  #pick(candidates: readonly Candidate[]): number {
    for (let at = 1; at < candidates.length; at++) {
      const label = overtaking(candidates, at)
      const ordinal = this.#offers.next(label)
      if (this.#tape.get(label) !== ordinal) continue
      this.#unused.delete(label)
      return at
    }
    return 0
  }
}

const BEFORE = ' before '

/** What a tape says of a message that came out of its turn: which one it overtook. */
const overtaking = (candidates: readonly Candidate[], at: number): string =>
  `${candidates[at]?.label}${BEFORE}${candidates[0]?.label}`

/** How often one message could have overtaken another: its turn on the tape. */
class Offers {
  readonly #counts = new Map<string, number>()

  next(label: string): number {
    const count = (this.#counts.get(label) ?? 0) + 1
    this.#counts.set(label, count)
    return count
  }
}

/** The choices of one run: asks its source, and keeps the tape. */
export class Choices {
  readonly #source: ChoiceSource
  readonly #seen = new Map<string, number>()
  readonly #tape: Record<string, number> = {}
  readonly #report: ((choice: Choice) => void) | undefined
  readonly #offers = new Offers()

  /** `report` hears of every answer that is not 0. */
  constructor(source: ChoiceSource, report?: (choice: Choice) => void) {
    this.#source = source
    this.#report = report
  }

  get tape(): Tape {
    return { ...this.#tape }
  }

  /** False where nobody has an opinion on which message comes next. */
  get picks(): boolean {
    return this.#source.pick !== undefined
  }

  /** Which of these messages comes next, in the event with that index. */
  pick(candidates: readonly Candidate[], event: number): number {
    const at = this.#source.pick?.(candidates, event) ?? 0
    let ordinal = 0
    // As on a tape: those behind the chosen one were not offered.
    for (let other = 1; other < candidates.length && (at === 0 || other <= at); other++) {
      ordinal = this.#offers.next(overtaking(candidates, other))
    }
    if (at === 0) return 0
    const label = overtaking(candidates, at)
    this.#tape[label] = ordinal
    this.#report?.({ label, of: candidates.length, pick: at })
    return at
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
