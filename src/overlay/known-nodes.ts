import { sameIncarnation } from './member.js'
import type { Member } from './overlay.js'

/** A node that was heard of. It is a member once it has proven itself and said hello. */
export interface KnownNode {
  readonly member: Member
  readonly isMember: boolean
  /** Its latest epoch heard of. */
  epoch: number
  /** Presence messages missed in a row. */
  missed: number
  /** This node was told to be connected to it. */
  asked: boolean
  /** Given up by the failure detector, and not back yet; or never connected so far. */
  away: boolean
}

/** Members, and those that may become members, by name. */
export class KnownNodes {
  readonly #self: Member
  readonly #nodes = new Map<string, KnownNode>()
  #members: readonly Member[] | undefined

  constructor(self: Member) {
    this.#self = self
  }

  get size(): number {
    return this.#nodes.size
  }

  get(name: string): KnownNode | undefined {
    return this.#nodes.get(name)
  }

  has(name: string): boolean {
    return this.#nodes.has(name)
  }

  /** That very incarnation is a member. */
  isMember(peer: Member): boolean {
    const known = this.#nodes.get(peer.name)
    return known?.isMember === true && sameIncarnation(known.member, peer)
  }

  names(): string[] {
    return [...this.#nodes.keys()]
  }

  all(): KnownNode[] {
    return [...this.#nodes.values()]
  }

  /** With this node itself, sorted by name. The same array until something changes. */
  members(): readonly Member[] {
    this.#members ??= [
      this.#self,
      ...this.all().flatMap((one) => (one.isMember ? [one.member] : [])),
    ].sort((a, b) => (a.name < b.name ? -1 : 1))
    return this.#members
  }

  set(known: KnownNode): void {
    this.#nodes.set(known.member.name, known)
    this.#members = undefined
  }

  delete(name: string): void {
    this.#nodes.delete(name)
    this.#members = undefined
  }
}
