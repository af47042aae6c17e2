import type { Random } from '../base/random.js'
import type { ReservedSlots } from './hyparview-options.js'
import type { Member } from './overlay.js'

/** The neighbours of a node: few, symmetric, each with a connection. */
export class ActiveView {
  readonly capacity: number
  readonly #reserved: ReservedSlots | undefined
  readonly #members: Member[] = []
  #tagged = 0
  #names: readonly string[] | undefined

  constructor(capacity: number, reserved: ReservedSlots | undefined) {
    this.capacity = capacity
    this.#reserved = reserved
  }

  get size(): number {
    return this.#members.length
  }

  get members(): readonly Member[] {
    return this.#members
  }

  names(): readonly string[] {
    this.#names ??= Object.freeze(this.#members.map((member) => member.name).sort())
    return this.#names
  }

  get(name: string): Member | undefined {
    for (const member of this.#members) if (member.name === name) return member
    return undefined
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** The neighbour of that name, which is nearly always this very object. */
  find(member: Member): Member | undefined {
    return this.#members.includes(member) ? member : this.get(member.name)
  }

  /** True for members that reserved slots are kept for. */
  isTagged(member: Member): boolean {
    return this.#reserved !== undefined && member.tags.includes(this.#reserved.tag)
  }

  /** Room for this member without pushing another out, when `promised` slots are spoken for. */
  hasRoom(member: Member, promised = 0): boolean {
    const taken = this.size + promised
    if (taken >= this.capacity) return false
    return this.isTagged(member) || taken - this.#tagged < this.#unreserved
  }

  /** True when it takes nobody any more but into reserved slots. */
  get isFull(): boolean {
    return this.size >= this.capacity || this.size - this.#tagged >= this.#unreserved
  }

  /** Who makes room for this member, drawn among those it may push out; undefined when it has room. */
  victimFor(member: Member, random: Random): Member | undefined {
    if (this.hasRoom(member)) return undefined
    const { slots = 0 } = this.#reserved ?? {}
    const all =
      this.isTagged(member) || (this.size - this.#tagged < this.#unreserved && this.#tagged > slots)
    return random.pick(all ? this.#members : this.#members.filter((one) => !this.isTagged(one)))
  }

  /** A random neighbour that is none of these two. */
  pickBut(random: Random, a: string, b: string): Member | undefined {
    let others = 0
    for (const { name } of this.#members) if (name !== a && name !== b) others++
    if (others === 0) return undefined
    let skipped = random.int(others)
    return this.#members.find(({ name }) => name !== a && name !== b && skipped-- === 0)
  }

  add(member: Member): void {
    this.#members.push(member)
    if (this.isTagged(member)) this.#tagged++
    this.#names = undefined
  }

  delete(name: string): Member | undefined {
    const at = this.#members.findIndex((member) => member.name === name)
    if (at < 0) return undefined
    const [member] = this.#members.splice(at, 1) as [Member]
    if (this.isTagged(member)) this.#tagged--
    this.#names = undefined
    return member
  }

  get #unreserved(): number {
    return this.capacity - (this.#reserved?.slots ?? 0)
  }
}
