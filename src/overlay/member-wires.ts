import { type MemberWire, memberFromWire, memberToWire } from './member.js'
import type { Member } from './overlay.js'

/**
 * Members in views are told again and again, and thousands of cores may share one process. So each
 * member's wire form is made once and frozen; and whoever is handed that very array back, or a list of
 * such, which nothing can have changed since, need not read it again. What came over a real wire is read
 * in full: no codec makes these symbols.
 */
const MEMBER = Symbol('member')
const MEMBERS = Symbol('members')

type MadeHere = unknown[] & { [MEMBER]?: Member; [MEMBERS]?: readonly Member[] }

/** Where an object keeps its wire form. Not in a weak map: that costs a microsecond and more for each new member. */
const WIRE = Symbol('wire')

/** The wire form of `of`, which must not change: made once, or each time where `of` is frozen and cannot keep it. */
export function wireKept<T extends object, W extends object>(of: T, make: (of: T) => W): W {
  const kept = (of as { [WIRE]?: W })[WIRE]
  if (kept !== undefined) return kept
  const wire = make(of)
  if (Object.isExtensible(of)) Object.defineProperty(of, WIRE, { value: wire })
  return wire
}

export const wireOf = (member: Member): MemberWire => wireKept(member, newWire)

function newWire(member: Member): MemberWire {
  const wire = memberToWire(member)
  for (const address of wire[3]) Object.freeze(address)
  Object.freeze(wire[3])
  Object.freeze(wire[4])
  ;(wire as MadeHere)[MEMBER] = member
  return Object.freeze(wire) as MemberWire
}

/** The wire form of a list, which must not change any more. */
export function wiresOf(list: readonly Member[]): unknown {
  const made: MadeHere = list.map(wireOf)
  made[MEMBERS] = list
  return Object.freeze(made)
}

/** The member in a value that a peer sent, or undefined when any field breaks its rule. */
export function memberOf(value: unknown): Member | undefined {
  if (!Array.isArray(value)) return undefined
  return (value as MadeHere)[MEMBER] ?? memberFromWire(value)
}

/** All or nothing: undefined for a list that is too long or has one bad member. */
export function membersOf(value: unknown, most: number): readonly Member[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined
  const read = (value as MadeHere)[MEMBERS]
  if (read !== undefined) return read
  const list: Member[] = []
  for (const item of value as unknown[]) {
    const member = memberOf(item)
    if (member === undefined) return undefined
    list.push(member)
  }
  return list
}
