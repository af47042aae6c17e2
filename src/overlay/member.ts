import { isUlid } from '../base/identity.js'
import type { Address, Member } from './overlay.js'

/** Bounds of what a member may tell about itself. */
export const MEMBER_LIMITS = {
  nameChars: 128,
  addresses: 16,
  hostChars: 253,
  tags: 32,
  tagChars: 64,
}

/**
 * Orders the incarnations of one name: generation first, then the incarnation itself, so that two
 * starts with one generation are ordered too, the same way everywhere. Positive: `a` is newer.
 */
export function compareIncarnations(a: Incarnation, b: Incarnation): number {
  if (a.generation !== b.generation) return a.generation - b.generation
  return a.incarnation < b.incarnation ? -1 : a.incarnation > b.incarnation ? 1 : 0
}

export type Incarnation = Pick<Member, 'generation' | 'incarnation'>

/** True when both are the same start of the same node. */
export const sameIncarnation = (
  a: Pick<Member, 'name' | 'incarnation'>,
  b: Pick<Member, 'name' | 'incarnation'>,
): boolean => a.name === b.name && a.incarnation === b.incarnation

/** True when both say the same of a node, word for word. */
export const sameMember = (a: Member, b: Member): boolean =>
  a === b ||
  (sameIncarnation(a, b) &&
    a.generation === b.generation &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every(({ host, port }, i) => {
      const other = b.addresses[i]
      return host === other?.host && port === other.port
    }) &&
    a.tags.length === b.tags.length &&
    a.tags.every((tag, i) => tag === b.tags[i]))

/** A member as it travels: an array, which costs no key names. */
export type MemberWire = [string, string, number, [string, number][], string[]]

export function memberToWire(member: Member): MemberWire {
  return [
    member.name,
    member.incarnation,
    member.generation,
    member.addresses.map((at): [string, number] => [at.host, at.port]),
    [...member.tags],
  ]
}

/** The member in a value that a peer sent, or undefined when any field breaks its rule. */
export function memberFromWire(value: unknown): Member | undefined {
  if (!Array.isArray(value) || value.length !== 5) return undefined
  const [name, incarnation, generation, addresses, tags] = value as unknown[]
  if (!isNodeName(name) || !isUlid(incarnation) || !isGeneration(generation)) return undefined
  const at = listOf(addresses, MEMBER_LIMITS.addresses, addressFromWire)
  const labels = listOf(tags, MEMBER_LIMITS.tags, tagFromWire)
  if (at === undefined || labels === undefined) return undefined
  return { name, incarnation, generation, addresses: at, tags: labels }
}

/** 1 to 128 characters without white space, control characters and `/`: names stand in refs and logs. */
export const isNodeName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MEMBER_LIMITS.nameChars && PLAIN.test(value)

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const PLAIN = /^[^\s/\u0000-\u001f\u007f-\u009f]+$/

export const isGeneration = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

export const isAddress = (value: unknown): value is Address => {
  const at = value as Partial<Address> | null
  return typeof at === 'object' && at !== null && isHost(at.host) && isPort(at.port)
}

const isHost = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MEMBER_LIMITS.hostChars && PLAIN.test(value)

const isPort = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535

function addressFromWire(value: unknown): Address | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [host, port] = value as unknown[]
  return isHost(host) && isPort(port) ? { host, port } : undefined
}

const tagFromWire = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length <= MEMBER_LIMITS.tagChars ? value : undefined

/** As long as it has to be: one that grows by `push` keeps room for more, in each of thousands of members. */
function listOf<T>(
  value: unknown,
  most: number,
  read: (value: unknown) => T | undefined,
): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined
  if (value.length === 0) return NONE
  const list = new Array<T>(value.length)
  for (let i = 0; i < list.length; i++) {
    const taken = read(value[i])
    if (taken === undefined) return undefined
    list[i] = taken
  }
  return list
}

const NONE: readonly never[] = Object.freeze([])

/** Of two starts of a node the later one; the one there is. */
export function newer(a: Member | undefined, b: Member | undefined): Member | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return compareIncarnations(a, b) < 0 ? b : a
}
