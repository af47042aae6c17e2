import { TroupeError } from '../base/errors.js'
import { unreachable } from '../base/unreachable.js'

/** A member of the cluster as the choice of a place sees it: one that can be reached. */
export interface PlacementMember {
  readonly name: string
  /** ULID of this start of the node. */
  readonly incarnation: string
  /** Children of the asking supervisor that run there now. */
  readonly children: number
}

/**
 * Names the node for a child; must be a pure function. `members` are the reachable ones, this node
 * included, sorted by name, never empty. Undefined: no place for it now.
 */
export type ChoosePlace = (
  members: readonly PlacementMember[],
  child: { readonly id: string },
) => string | undefined

/** On which node a child runs: a node's name, or a function of the members. Default: the supervisor's own. */
export type On = string | ChoosePlace

/**
 * What becomes of a placed child when its node goes down: started on a node that is left; never
 * (it waits for its node to return); or only while this side sees a majority of the members.
 */
export type Relocate = 'afterDown' | 'never' | 'majority'

/** Where a child runs: a node and the incarnation of that node. */
export interface Place {
  readonly node: string
  readonly incarnation: string
}

/** The cluster as a supervisor sees it. */
export interface MembersView {
  readonly self: Place
  /** Members that can be reached, `self` included, sorted by name. */
  readonly reachable: readonly Place[]
  /** All members, reachable or not. */
  readonly total: number
}

/** Places a child on the node with the fewest children of its supervisor; among equals the first by name. */
export const leastLoaded: ChoosePlace = (members) => {
  let best = members[0]
  for (const member of members) if (best && member.children < best.children) best = member
  return best?.name
}

/** True when more than half of the members can be reached, this node included. */
export const seesMajority = (view: MembersView): boolean => view.reachable.length * 2 > view.total

/**
 * The place for a child, or undefined when there is none now. `load` counts the children of the
 * supervisor per node name.
 *
 * @throws TroupeError ERR_NO_PLACE when the function of the user throws
 */
export function choosePlace(
  id: string,
  on: On | undefined,
  view: MembersView,
  load: ReadonlyMap<string, number>,
): Place | undefined {
  if (on === undefined) return view.self
  let name: string | undefined
  if (typeof on === 'string') name = on
  else {
    const members = view.reachable.map((place) => ({
      name: place.node,
      incarnation: place.incarnation,
      children: load.get(place.node) ?? 0,
    }))
    try {
      name = on(members, { id })
    } catch (cause) {
      throw new TroupeError('ERR_NO_PLACE', `the function \`on\` of child '${id}' threw`, { cause })
    }
  }
  return view.reachable.find((place) => place.node === name)
}

/**
 * Where a child whose node went down goes next, or undefined: it waits. `afterDown` and `majority`
 * prefer what `on` says; when `on` names a node that cannot be reached, the least loaded one takes
 * the child. `never` only takes the node that was lost.
 */
export function relocatedPlace(
  id: string,
  on: On | undefined,
  relocate: Relocate,
  lost: Place,
  view: MembersView,
  load: ReadonlyMap<string, number>,
): Place | undefined {
  switch (relocate) {
    case 'never':
      return choosePlace(id, lost.node, view, load)
    case 'majority':
      if (!seesMajority(view)) return undefined
      break
    case 'afterDown':
      break
    default:
      return unreachable(relocate)
  }
  const wanted = choosePlace(id, on, view, load)
  if (wanted || typeof on !== 'string') return wanted
  return choosePlace(id, leastLoaded, view, load)
}
