import { memberFromWire, memberToWire } from './member.js'
import type { Member } from './overlay.js'

/** A member and how many rounds ago it spoke for itself. */
export interface AgedMember {
  readonly member: Member
  readonly age: number
}

/** What nodes of Cyclon tell each other, beyond what all one-sided views do. */
export type CyclonMessage =
  /** Entries of my view, myself among them; `id` comes back with the answer. */
  | { readonly type: 'shuffle' | 'reply'; readonly id: number; readonly entries: AgedMember[] }
  /** Let me in. */
  | { readonly type: 'join' }
  /** A newcomer on its way to a random node. */
  | { readonly type: 'walk'; readonly member: Member; readonly raw: unknown; readonly ttl: number }
  /** I put you in the place of these in my view: they are for yours. */
  | { readonly type: 'swap'; readonly entries: AgedMember[] }
  /** We are connected from now on, or not any more. */
  | { readonly type: 'link' | 'unlink' }

const JOIN = 10
const WALK = 11
const SWAP = 12
const SHUFFLE = 13
const REPLY = 14
const LINK = 15
const UNLINK = 16

/** Entries of one message at most. */
export const ENTRIES_MAX = 64
/** Ages are capped: what is older is as good as gone. */
const AGE_MAX = 1_000_000

const BARE = { [JOIN]: 'join', [LINK]: 'link', [UNLINK]: 'unlink' } as const

/** Builds the bodies: small arrays with the kind in front. */
export const cyclonWire = {
  join: (): unknown => [JOIN],
  walk: (raw: unknown, ttl: number): unknown => [WALK, raw, ttl],
  swap: (entries: readonly AgedMember[]): unknown => [SWAP, entries.map(agedToWire)],
  shuffle: (id: number, entries: readonly AgedMember[]): unknown => [
    SHUFFLE,
    id,
    entries.map(agedToWire),
  ],
  reply: (id: number, entries: readonly AgedMember[]): unknown => [
    REPLY,
    id,
    entries.map(agedToWire),
  ],
  link: (): unknown => [LINK],
  unlink: (): unknown => [UNLINK],
}

/** The message in a body that a peer sent, or undefined when any field breaks its rule. */
export function cyclonMessageFromWire(body: unknown): CyclonMessage | undefined {
  if (!Array.isArray(body)) return undefined
  const [kind, first, second] = body as unknown[]
  switch (kind) {
    case JOIN:
    case LINK:
    case UNLINK:
      return body.length === 1 ? { type: BARE[kind] } : undefined
    case WALK: {
      const member = body.length === 3 && isCount(second) ? memberFromWire(first) : undefined
      return member && { type: 'walk', member, raw: first, ttl: second as number }
    }
    case SWAP: {
      const entries = body.length === 2 ? entriesFromWire(first) : undefined
      return entries && { type: 'swap', entries }
    }
    case SHUFFLE:
    case REPLY: {
      const entries = body.length === 3 && isCount(first) ? entriesFromWire(second) : undefined
      const type = kind === SHUFFLE ? 'shuffle' : 'reply'
      return entries && { type, id: first as number, entries }
    }
    default:
      return undefined
  }
}

const agedToWire = ({ member, age }: AgedMember): unknown => [memberToWire(member), age]

/** All or nothing: a list with one bad entry is refused whole. */
function entriesFromWire(list: unknown): AgedMember[] | undefined {
  if (!Array.isArray(list) || list.length > ENTRIES_MAX) return undefined
  const entries: AgedMember[] = []
  for (const item of list as unknown[]) {
    if (!Array.isArray(item) || item.length !== 2) return undefined
    const [raw, age] = item as unknown[]
    const member = memberFromWire(raw)
    if (member === undefined || !isCount(age)) return undefined
    entries.push({ member, age: Math.min(age, AGE_MAX) })
  }
  return entries
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0
