import type { Random } from '../base/random.js'
import { compareIncarnations } from './member.js'
import type { Member } from './overlay.js'

/**
 * Members that could not be reached, the latest of them. They are asked again now and then: without
 * that, the halves of a partition that lasted would never find together again.
 */
export class LostMembers {
  readonly #most: number
  readonly #members = new Map<string, Member>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#members.size
  }

  get members(): Iterable<Member> {
    return this.#members.values()
  }

  /** False: nothing new, it was there. */
  add(member: Member): boolean {
    const there = this.#members.get(member.name)
    if (there !== undefined && compareIncarnations(there, member) >= 0) return false
    this.#members.delete(member.name)
    this.#members.set(member.name, member)
    for (const oldest of this.#members.keys()) {
      if (this.#members.size <= this.#most) break
      this.#members.delete(oldest)
    }
    return true
  }

  delete(name: string): void {
    this.#members.delete(name)
  }

  pick(random: Random): Member | undefined {
    return this.#members.size === 0 ? undefined : random.pick([...this.#members.values()])
  }

  clear(): void {
    this.#members.clear()
  }
}
