import type { GroupMember, GroupState } from './group-state.js'

/** The members of groups over the states of all nodes, put together when somebody asks. */
export class GroupViews {
  readonly #states: () => Iterable<GroupState>
  readonly #views = new Map<string, readonly GroupMember[]>()

  constructor(states: () => Iterable<GroupState>) {
    this.#states = states
  }

  /** By node and age. The array is not changed later. */
  members(group: string): readonly GroupMember[] {
    let view = this.#views.get(group)
    if (view === undefined) {
      const found: GroupMember[] = []
      for (const state of this.#states()) found.push(...state.membersOf(group))
      if (found.length === 0) return found
      view = found.sort(byNodeAndAge)
      this.#views.set(group, view)
    }
    return view
  }

  names(): readonly string[] {
    const names = new Set<string>()
    for (const state of this.#states()) for (const name of state.groups()) names.add(name)
    return [...names].sort()
  }

  changed(group: string): void {
    this.#views.delete(group)
  }
}

export function byNodeAndAge(a: GroupMember, b: GroupMember): number {
  if (a.node !== b.node) return a.node < b.node ? -1 : 1
  return a.serial - b.serial
}
