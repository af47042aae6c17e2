import type { Member } from '../cluster/carrier.js'
import type { GroupMessage } from './group-messages.js'
import type { GroupChange, GroupMember } from './group-state.js'
import type { SpreadMessage } from './spread-messages.js'

/** Which actors belong to which group: a pure machine, event in, effects out. */
export interface GroupsCore {
  /** Members of a group as known here, by node and age. The array is not changed later. */
  members(group: string): readonly GroupMember[]
  localMembers(group: string): readonly GroupMember[]
  /** Every group that has a member, sorted. */
  names(): readonly string[]
  /** Memberships of this node's actors. */
  readonly ownCount: number
  step(event: GroupsEvent): readonly GroupsEffect[]
}

export type GroupsEvent =
  | {
      readonly type: 'join'
      readonly group: string
      readonly serial: number
      readonly actorType: string
    }
  | { readonly type: 'leave'; readonly group: string; readonly serial: number }
  | { readonly type: 'actorEnded'; readonly serial: number }
  | { readonly type: 'nodeUp'; readonly node: Member }
  | { readonly type: 'nodeDown'; readonly node: Pick<Member, 'name' | 'incarnation'> }
  /** From one node to this one. */
  | {
      readonly type: 'message'
      readonly from: Pick<Member, 'name' | 'incarnation'>
      readonly message: GroupMessage
    }
  /** From one node to all. `late`: it may have been sent long ago. */
  | {
      readonly type: 'news'
      readonly from: Pick<Member, 'name' | 'incarnation' | 'generation'>
      readonly message: SpreadMessage
      readonly late: boolean
    }
  | { readonly type: 'flushDue' }
  | { readonly type: 'retryDue' }
  /** This node stops. */
  | { readonly type: 'closing' }

export type GroupsEffect =
  | { readonly type: 'send'; readonly to: string; readonly message: GroupMessage }
  | { readonly type: 'tellAll'; readonly message: SpreadMessage }
  | { readonly type: 'changed'; readonly change: GroupChange }
  /** A node announced more memberships than membershipsMax; at most once a message. */
  | { readonly type: 'overflow'; readonly node: string }
  /** Feed `flushDue` after what is at hand was handled: changes made together travel together. */
  | { readonly type: 'flushSoon' }
  /** Comes back as `retryDue`. */
  | { readonly type: 'startTimer'; readonly delayMs: number }
