import type { Member } from '../cluster/carrier.js'
import type { GroupEntry, GroupOp } from './group-messages.js'
import { type GroupChanges, GroupState } from './group-state.js'

/** Changes kept to bring others up to date without a snapshot. */
const LOG = 1024

/** The memberships of this node's actors, which it alone vouches for, and the newest changes of them. */
export class OwnGroups {
  readonly state: GroupState
  /** The last one made the present version. */
  #log: GroupOp[] = []
  readonly #groupsOf = new Map<number, Set<string>>()

  constructor(self: Pick<Member, 'name' | 'incarnation'>) {
    this.state = new GroupState(self.name, self.incarnation)
  }

  /** True when that changed anything; so for all below. */
  join(group: string, serial: number, actorType: string, changes: GroupChanges): boolean {
    const member = this.state.add(group, serial, actorType)
    if (member === undefined) return false
    changes.joined(group, member)
    const groups = this.#groupsOf.get(serial)
    if (groups === undefined) this.#groupsOf.set(serial, new Set([group]))
    else groups.add(group)
    this.#record(['join', group, serial, actorType])
    return true
  }

  leave(group: string, serial: number, changes: GroupChanges): boolean {
    const member = this.state.remove(group, serial)
    if (member === undefined) return false
    changes.left(group, member)
    const groups = this.#groupsOf.get(serial)
    groups?.delete(group)
    if (groups?.size === 0) this.#groupsOf.delete(serial)
    this.#record(['leave', group, serial, member.type])
    return true
  }

  actorEnded(serial: number, changes: GroupChanges): boolean {
    const groups = [...(this.#groupsOf.get(serial) ?? [])]
    for (const group of groups) this.leave(group, serial, changes)
    return groups.length > 0
  }

  /** The changes that made the present version of that one; undefined where they are forgotten. */
  opsSince(version: number): readonly GroupOp[] | undefined {
    const missing = this.state.version - version
    if (missing > this.#log.length) return undefined
    return missing === 0 ? [] : this.#log.slice(-missing)
  }

  entries(): GroupEntry[] {
    const entries: GroupEntry[] = []
    for (const group of this.state.groups()) {
      for (const { serial, type } of this.state.membersOf(group)) {
        entries.push([group, serial, type])
      }
    }
    return entries
  }

  #record(op: GroupOp): void {
    this.state.version++
    this.#log.push(op)
    if (this.#log.length > 2 * LOG) this.#log = this.#log.slice(-LOG)
  }
}
