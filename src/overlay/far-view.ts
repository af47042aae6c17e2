import type { Random } from '../base/random.js'
import type { ClusterMember } from './hiscamp-message.js'
import type { KnownClusters } from './known-clusters.js'
import type { Member } from './overlay.js'
import { FAR, PARTIAL } from './scamp.js'
import type { ViewEntry, ViewTable } from './view-table.js'

/** What the far view of a node stands on. */
export interface FarGround {
  readonly table: ViewTable
  readonly clusters: KnownClusters
  readonly random: Random
  /** Members at most. */
  readonly max: number
  mayTake(member: Member): boolean
}

/** The members of other clusters a node holds, and of which cluster each is, where that is known. */
export class FarView {
  readonly #ground: FarGround
  /** Founders of their clusters, by the names of members. */
  readonly #founders = new Map<string, Member>()
  /** The contact of the join, which is here only because of that. */
  #contact: string | undefined

  constructor(ground: FarGround) {
    this.#ground = ground
  }

  get size(): number {
    return this.list.length
  }

  /** In no order. Do not keep it: it changes. */
  get list(): readonly ViewEntry[] {
    return this.#ground.table.list(FAR)
  }

  has(name: string): boolean {
    return this.#ground.table.has(name, FAR)
  }

  founderOf(name: string): Member | undefined {
    return this.#founders.get(name)
  }

  reaches(founder: Member): boolean {
    return [...this.#founders.values()].some((one) => one.incarnation === founder.incarnation)
  }

  /** False when it is there, or must not be. */
  add(member: Member, founder: Member | undefined): boolean {
    if (this.size >= this.#ground.max || !this.#isFree(member)) return false
    if (this.#ground.table.add(member, FAR) === undefined) return false
    if (founder !== undefined) this.#founders.set(member.name, founder)
    return true
  }

  /** Whom this node joins through. */
  addContact(contact: Member): boolean {
    const added = this.add(contact, undefined)
    if (added) this.#contact = contact.name
    return added
  }

  drop(name: string): void {
    this.#ground.table.drop(name, FAR)
    this.#founders.delete(name)
  }

  /** It said itself of which cluster it is. */
  met(name: string, founder: Member): void {
    if (this.has(name)) this.#founders.set(name, founder)
  }

  /** Lets go of one it has no need of: of the contact first, or all would keep it. */
  trim(wanted: number): void {
    const contact = this.#contact
    if (contact !== undefined && this.size >= wanted && this.next() !== undefined) {
      this.#contact = undefined
      this.drop(contact)
    } else if (this.size > wanted) this.drop(this.#ground.random.pick(this.list).member.name)
  }

  /** Somebody to take: of another cluster than those it reaches, as long as there are others. */
  next(): ClusterMember | undefined {
    const { clusters, random } = this.#ground
    const reached = new Set([...this.#founders.values()].map((founder) => founder.incarnation))
    return clusters.pick(random, reached, (member) => this.#isFree(member))
  }

  /** Some may have gone from all views. */
  tidy(): void {
    for (const name of [...this.#founders.keys()]) if (!this.has(name)) this.#founders.delete(name)
  }

  clear(): void {
    this.#founders.clear()
    this.#contact = undefined
  }

  #isFree(member: Member): boolean {
    return !this.#ground.table.has(member.name, FAR | PARTIAL) && this.#ground.mayTake(member)
  }
}
