/** An actor in a group, as its node vouches for it. */
export interface GroupMember {
  readonly node: string
  /** Of the node. */
  readonly incarnation: string
  readonly type: string
  readonly serial: number
}

/** What one step changed in one group. */
export interface GroupChange {
  readonly group: string
  readonly joined: readonly GroupMember[]
  readonly left: readonly GroupMember[]
}

/** The memberships one node incarnation vouches for, numbered by its version. Only that node writes it. */
export class GroupState {
  readonly node: string
  readonly incarnation: string
  version = 0
  /** Memberships in all groups together. */
  count = 0
  readonly #groups = new Map<string, Map<number, GroupMember>>()

  constructor(node: string, incarnation: string) {
    this.node = node
    this.incarnation = incarnation
  }

  has(group: string, serial: number): boolean {
    return this.#groups.get(group)?.has(serial) === true
  }

  /** The member added, or undefined when it was in the group already. */
  add(group: string, serial: number, type: string): GroupMember | undefined {
    let members = this.#groups.get(group)
    if (members === undefined) {
      members = new Map()
      this.#groups.set(group, members)
    } else if (members.has(serial)) return undefined
    const member = { node: this.node, incarnation: this.incarnation, type, serial }
    members.set(serial, member)
    this.count++
    return member
  }

  /** The member removed, or undefined when it was not in the group. */
  remove(group: string, serial: number): GroupMember | undefined {
    const members = this.#groups.get(group)
    const member = members?.get(serial)
    if (members === undefined || member === undefined) return undefined
    members.delete(serial)
    if (members.size === 0) this.#groups.delete(group)
    this.count--
    return member
  }

  membersOf(group: string): Iterable<GroupMember> {
    return this.#groups.get(group)?.values() ?? []
  }

  groups(): Iterable<string> {
    return this.#groups.keys()
  }
}

/** Gathers what a step changed, one change a group. */
export class GroupChanges {
  readonly #changes = new Map<string, { joined: GroupMember[]; left: GroupMember[] }>()

  joined(group: string, member: GroupMember): void {
    this.#of(group).joined.push(member)
  }

  left(group: string, member: GroupMember): void {
    this.#of(group).left.push(member)
  }

  /** Everything that stands in `from` and not in `to` left, and the other way round. */
  difference(from: GroupState | undefined, to: GroupState | undefined): void {
    for (const group of from?.groups() ?? []) {
      for (const member of from?.membersOf(group) ?? []) {
        if (!to?.has(group, member.serial)) this.left(group, member)
      }
    }
    for (const group of to?.groups() ?? []) {
      for (const member of to?.membersOf(group) ?? []) {
        if (!from?.has(group, member.serial)) this.joined(group, member)
      }
    }
  }

  *[Symbol.iterator](): IterableIterator<GroupChange> {
    for (const [group, { joined, left }] of this.#changes) yield { group, joined, left }
  }

  #of(group: string): { joined: GroupMember[]; left: GroupMember[] } {
    let change = this.#changes.get(group)
    if (change === undefined) {
      change = { joined: [], left: [] }
      this.#changes.set(group, change)
    }
    return change
  }
}
