import type { Random } from '../base/random.js'
import { compareIncarnations, memberFromWire, memberToWire, sameIncarnation } from './member.js'
import type { Member } from './overlay.js'

interface Lost {
  readonly member: Member
  /** It was removed by the user's wish and does not know yet. */
  readonly expelled: boolean
  /** How often it may still be asked. */
  left: number
}

/** Members in one message at most. */
const TOLD_MAX = 8

/**
 * Members that were given up and may come back: one of them is asked now and then, or two halves of a
 * cluster that was cut in two would never find together again. Bounded in number and in attempts.
 */
export class GivenUpMembers {
  readonly #max: number
  readonly #attempts: number
  readonly #lost = new Map<string, Lost>()

  constructor(max = 32, attempts = 100) {
    this.#max = max
    this.#attempts = attempts
  }

  get size(): number {
    return this.#lost.size
  }

  names(): string[] {
    return [...this.#lost.keys()].sort()
  }

  has(name: string): boolean {
    return this.#lost.has(name)
  }

  get(name: string): Member | undefined {
    return this.#lost.get(name)?.member
  }

  /** True when exactly this incarnation was removed here and has not confirmed it. */
  isExpelled(member: Member): boolean {
    const lost = this.#lost.get(member.name)
    return lost?.expelled === true && sameIncarnation(lost.member, member)
  }

  /** Takes the place of an older incarnation; the one that waits longest makes room. */
  add(member: Member, expelled = false): void {
    const before = this.#lost.get(member.name)
    if (before !== undefined && compareIncarnations(member, before.member) < 0) return
    this.#lost.delete(member.name)
    if (this.#lost.size >= this.#max) {
      const [oldest] = this.#lost.keys()
      this.#lost.delete(oldest as string)
    }
    this.#lost.set(member.name, { member, expelled, left: this.#attempts })
  }

  delete(name: string): void {
    this.#lost.delete(name)
  }

  clear(): void {
    this.#lost.clear()
  }

  /** What a newcomer is told of them: some, with half the attempts, so that such news dies out. */
  news(random: Random): unknown[] {
    const asked = [...this.#lost.values()].filter((lost) => !lost.expelled && lost.left >= 4)
    return random
      .sample(asked, TOLD_MAX)
      .map(({ member, left }) => [memberToWire(member), left >> 1])
  }

  /** Hearsay: takes nobody's place, and no more than half of all. */
  hear(member: Member, left: number): void {
    if (this.#lost.has(member.name) || this.#lost.size >= this.#max / 2) return
    const attempts = Math.min(left, this.#attempts >> 1)
    this.#lost.set(member.name, { member, expelled: false, left: attempts })
  }

  /** One to ask now. `last`: who asks has nobody else, so that nobody is given up for good. */
  next(random: Random, last: boolean): { member: Member; expelled: boolean } | undefined {
    if (this.#lost.size === 0) return undefined
    const lost = random.pick([...this.#lost.values()])
    if (!last && --lost.left <= 0) this.#lost.delete(lost.member.name)
    return lost
  }
}

/** What `news` told, or undefined when any of it breaks its rule. */
export function lostFromWire(list: unknown): [Member, number][] | undefined {
  if (!Array.isArray(list) || list.length > TOLD_MAX) return undefined
  const news: [Member, number][] = []
  for (const item of list as unknown[]) {
    const [raw, left] = Array.isArray(item) && item.length === 2 ? (item as unknown[]) : []
    const member = memberFromWire(raw)
    if (member === undefined || !Number.isSafeInteger(left) || (left as number) < 1)
      return undefined
    news.push([member, left as number])
  }
  return news
}
