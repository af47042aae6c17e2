import { isUlid } from '../base/identity.js'
import { AGE_MAX } from './message-log.js'

/** What nodes tell each other to spread messages. `origin` and `counter` are a message's id. */
export type BroadcastMessage =
  /** A message, over a link of the tree. `own`: that of its origin, not the shared one. */
  | Gossip
  /** Messages the sender has, for a link that does not carry them. */
  | { readonly type: 'announce'; readonly announcements: readonly Announcement[] }
  /** This link is not to carry messages of the tree any more; `root` '' is the shared one. */
  | { readonly type: 'prune'; readonly root: string }
  /** It is to carry them again. With a counter: and I lack that message. */
  | {
      readonly type: 'graft'
      readonly root: string
      readonly origin: string
      readonly counter: number
    }
  /** What I have seen of the origins whose hash falls into `part` of `parts`. `reply`: do not answer alike. */
  | Digest
  /** Messages you lack, of that part; `more` of them are left. */
  | {
      readonly type: 'repair'
      readonly part: number
      readonly parts: number
      readonly more: boolean
      readonly messages: readonly Repaired[]
    }

export interface Gossip {
  readonly type: 'gossip'
  readonly origin: string
  readonly counter: number
  readonly hops: number
  readonly age: number
  readonly own: boolean
  readonly body: unknown
}

export interface Announcement {
  readonly origin: string
  readonly counter: number
  /** Links it would have taken to the receiver. */
  readonly hops: number
  readonly own: boolean
}

export interface Digest {
  readonly type: 'digest'
  readonly reply: boolean
  readonly part: number
  readonly parts: number
  readonly seen: ReadonlyMap<string, SeenRuns>
}

/** Of one origin: all up to `floor`, and the runs `[from, to, from, to, …]`, ascending. */
export interface SeenRuns {
  readonly floor: number
  readonly runs: readonly number[]
}

export interface Repaired {
  readonly origin: string
  readonly counter: number
  readonly age: number
  readonly body: unknown
}

/** In one message at most. */
export const ANNOUNCEMENTS_MAX = 256
export const DIGEST_ORIGINS_MAX = 512
export const DIGEST_RUNS_MAX = 64
export const REPAIRS_MAX = 64
/** More links than any overlay has on a path. */
const HOPS_MAX = 65_535
const PARTS_MAX = 65_536

const GOSSIP = 1
const ANNOUNCE = 2
const PRUNE = 3
const GRAFT = 4
const DIGEST = 5
const REPAIR = 6

/** Builds the bodies: arrays with the kind in front. */
export const wire = {
  gossip: (
    origin: string,
    counter: number,
    hops: number,
    age: number,
    own: boolean,
    body: unknown,
  ): unknown => [GOSSIP, origin, counter, hops, age, own, body],
  announce: (announcements: readonly Announcement[]): unknown => [
    ANNOUNCE,
    announcements.map(({ origin, counter, hops, own }) => [origin, counter, hops, own]),
  ],
  prune: (root: string): unknown => [PRUNE, root],
  graft: (root: string, origin: string, counter: number): unknown => [GRAFT, root, origin, counter],
  digest: (
    reply: boolean,
    part: number,
    parts: number,
    seen: readonly (readonly [string, SeenRuns])[],
  ): unknown => [
    DIGEST,
    reply,
    part,
    parts,
    seen.map(([origin, { floor, runs }]) => [origin, floor, ...runs]),
  ],
  repair: (part: number, parts: number, more: boolean, messages: readonly Repaired[]): unknown => [
    REPAIR,
    part,
    parts,
    more,
    messages.map(({ origin, counter, age, body }) => [origin, counter, age, body]),
  ],
}

/** The message in a body that a peer sent, or undefined when any field breaks its rule. */
export function broadcastMessageFromWire(body: unknown): BroadcastMessage | undefined {
  if (!Array.isArray(body)) return undefined
  const fields = body as unknown[]
  switch (fields[0]) {
    case GOSSIP:
      return gossipFromWire(fields)
    case ANNOUNCE: {
      const [, list] = fields
      const announcements = listOf(list, ANNOUNCEMENTS_MAX, announcementFromWire)
      return fields.length === 2 && announcements ? { type: 'announce', announcements } : undefined
    }
    case PRUNE: {
      const [, root] = fields
      return fields.length === 2 && isRoot(root) ? { type: 'prune', root } : undefined
    }
    case GRAFT: {
      const [, root, origin, counter] = fields
      if (fields.length !== 4 || !isRoot(root) || !isRoot(origin)) return undefined
      if (!isWithin(counter, 0, Number.MAX_SAFE_INTEGER)) return undefined
      return { type: 'graft', root, origin, counter }
    }
    case DIGEST:
      return digestFromWire(fields)
    case REPAIR: {
      const [, part, parts, more, list] = fields
      if (fields.length !== 5 || typeof more !== 'boolean' || !isPart(part, parts)) return undefined
      const messages = listOf(list, REPAIRS_MAX, repairedFromWire)
      return messages && { type: 'repair', part, parts: parts as number, more, messages }
    }
    default:
      return undefined
  }
}

function gossipFromWire(fields: unknown[]): BroadcastMessage | undefined {
  const [, origin, counter, hops, age, own, body] = fields
  if (fields.length !== 7 || !isUlid(origin) || !isCounter(counter)) return undefined
  if (!isWithin(hops, 1, HOPS_MAX) || !isAge(age) || typeof own !== 'boolean') return undefined
  return { type: 'gossip', origin, counter, hops, age, own, body }
}

function announcementFromWire(value: unknown): Announcement | undefined {
  if (!Array.isArray(value) || value.length !== 4) return undefined
  const [origin, counter, hops, own] = value as unknown[]
  if (!isUlid(origin) || !isCounter(counter) || typeof own !== 'boolean') return undefined
  return isWithin(hops, 1, HOPS_MAX) ? { origin, counter, hops, own } : undefined
}

function digestFromWire(fields: unknown[]): Digest | undefined {
  const [, reply, part, parts, list] = fields
  if (fields.length !== 5 || typeof reply !== 'boolean' || !isPart(part, parts)) return undefined
  const entries = listOf(list, DIGEST_ORIGINS_MAX, seenFromWire)
  return entries && { type: 'digest', reply, part, parts: parts as number, seen: new Map(entries) }
}

function seenFromWire(value: unknown): [string, SeenRuns] | undefined {
  if (!Array.isArray(value) || value.length > 2 + 2 * DIGEST_RUNS_MAX) return undefined
  const [origin, floor, ...runs] = value as unknown[]
  if (!isUlid(origin) || !isWithin(floor, 0, Number.MAX_SAFE_INTEGER)) return undefined
  if (runs.length % 2 !== 0) return undefined
  let before = 0
  for (let at = 0; at < runs.length; at += 2) {
    const [from, to] = [runs[at], runs[at + 1]]
    if (!isCounter(from) || !isCounter(to) || from <= before || to < from) return undefined
    before = to
  }
  return [origin, { floor, runs: runs as number[] }]
}

function repairedFromWire(value: unknown): Repaired | undefined {
  if (!Array.isArray(value) || value.length !== 4) return undefined
  const [origin, counter, age, body] = value as unknown[]
  if (!isUlid(origin) || !isCounter(counter) || !isAge(age)) return undefined
  return { origin, counter, age, body }
}

const isRoot = (value: unknown): value is string => value === '' || isUlid(value)

const isWithin = (value: unknown, least: number, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most

const isCounter = (value: unknown): value is number => isWithin(value, 1, Number.MAX_SAFE_INTEGER)
const isAge = (value: unknown): value is number => isWithin(value, 0, AGE_MAX)

const isPart = (part: unknown, parts: unknown): part is number =>
  isWithin(parts, 1, PARTS_MAX) && isWithin(part, 0, parts - 1)

/** All or nothing: a list with one bad item is refused whole. */
function listOf<T>(
  value: unknown,
  most: number,
  read: (value: unknown) => T | undefined,
): T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined
  const list: T[] = []
  for (const item of value as unknown[]) {
    const taken = read(item)
    if (taken === undefined) return undefined
    list.push(taken)
  }
  return list
}
