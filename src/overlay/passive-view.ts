import type { Random } from '../base/random.js'
import type { Member } from './overlay.js'

/** Spare members: known, not connected, each tried at most once a round when a neighbour is needed. */
export class PassiveView {
  readonly capacity: number
  readonly #members: Member[] = []
  /** Their names, at the same index: every message is looked up, and a list of names is read faster. */
  readonly #names: string[] = []
  /** The round in which each was tried last, at the same index. */
  readonly #tried: number[] = []

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get size(): number {
    return this.#members.length
  }

  get isFull(): boolean {
    return this.size >= this.capacity
  }

  get members(): readonly Member[] {
    return this.#members
  }

  get(name: string): Member | undefined {
    return this.#members[this.#find(name)]
  }

  /** Must not be there, and there must be room. */
  add(member: Member, tried: number): void {
    this.#members.push(member)
    this.#names.push(member.name)
    this.#tried.push(tried)
  }

  /** The next incarnation takes the place of the one that is there. */
  replace(member: Member): void {
    const at = this.#find(member.name)
    if (at < 0) return
    this.#members[at] = member
    this.#tried[at] = NEVER
  }

  delete(name: string): Member | undefined {
    const at = this.#find(name)
    if (at < 0) return undefined
    const member = this.#members[at]
    const last = this.#members.pop() as Member
    const tried = this.#tried.pop() as number
    this.#names.pop()
    if (at < this.#members.length) {
      this.#members[at] = last
      this.#names[at] = last.name
      this.#tried[at] = tried
    }
    return member
  }

  mark(name: string, round: number): void {
    const at = this.#find(name)
    if (at >= 0) this.#tried[at] = round
  }

  /** A random one that fits and was not tried in this round. */
  pickUntried(
    round: number,
    random: Random,
    fits: (member: Member) => boolean,
  ): Member | undefined {
    const free = this.#members.filter((member, at) => this.#tried[at] !== round && fits(member))
    return free.length === 0 ? undefined : random.pick(free)
  }

  /**
   * Who goes when one more must fit: one of those that were told to others, which are used up, else a
   * random one.
   */
  victim(random: Random, told: Member[]): Member {
    for (let one = told.pop(); one !== undefined; one = told.pop()) {
      const there = this.get(one.name)
      if (there !== undefined) return there
    }
    return random.pick(this.#members)
  }

  hasUntried(round: number): boolean {
    return this.#tried.some((tried) => tried !== round)
  }

  #find(name: string): number {
    const names = this.#names
    for (let at = 0; at < names.length; at++) if (names[at] === name) return at
    return -1
  }
}

/** Tried in no round. */
export const NEVER = -1
