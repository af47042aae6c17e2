import { membersOf, wireOf } from './member-wires.js'
import type { Member } from './overlay.js'
import type { PartialViews } from './partial-views.js'

const FORMAT = 1
const MEMBERS_MAX = 2_048

/** What a restarted node needs to find back: all it knew, neighbours first. */
export const storedState = ({ active, passive, lost }: PartialViews): unknown => [
  FORMAT,
  [...active.members, ...passive.members, ...lost.members].map(wireOf),
]

/** Undefined when it is damaged. */
export function storedMembers(state: unknown): readonly Member[] | undefined {
  if (!Array.isArray(state) || state.length !== 2 || state[0] !== FORMAT) return undefined
  return membersOf(state[1], MEMBERS_MAX)
}
