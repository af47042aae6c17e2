import { isUlid } from '../../base/identity.js'
import { isNodeName, type MemberWire } from '../member.js'
import { memberOf, wireOf } from '../member-wires.js'
import type { LeaveReason, Member } from '../overlay.js'
import {
  type Claim,
  claimFromWire,
  claimToWire,
  isCount,
  type Removal,
  removalFromWire,
  removalToWire,
} from './client-claim.js'
import { isDigest } from './set-digest.js'

/** A member as a client sees it. */
export interface Seen {
  readonly member: Member
  readonly server: boolean
}

export interface Gone {
  readonly name: string
  readonly incarnation: string
  readonly reason: LeaveReason
}

/** What nodes of this overlay tell each other. */
export type ClientServerMessage =
  /** Between servers: what their full mesh says. */
  | { readonly type: 'mesh'; readonly body: unknown }
  /** To anybody: what are you, and which servers do you know? */
  | { readonly type: 'ask' }
  /** The answer to `ask`. */
  | { readonly type: 'servers'; readonly isServer: boolean; readonly servers: readonly Member[] }
  /** A client to a server: I am with you. Said again and again; `digest` is of the view I have. */
  | {
      readonly type: 'attach'
      readonly epoch: number
      readonly version: number
      /** My messages go through you; else you are held ready. */
      readonly primary: boolean
      readonly digest: string
    }
  /** The answer: taken. */
  | { readonly type: 'attached'; readonly version: number }
  /** The answer: no place here, try these. */
  | { readonly type: 'refused'; readonly servers: readonly Member[] }
  /** A server to its client: all members with names above `after` up to `until` ('': no end). */
  | {
      readonly type: 'view'
      readonly after: string
      readonly until: string
      readonly members: readonly Seen[]
    }
  | { readonly type: 'news'; readonly joined: readonly Seen[]; readonly left: readonly Gone[] }
  /** To a client: you are no member any more since that join of yours. */
  | { readonly type: 'out'; readonly epoch: number }
  /** A client to its server: I leave, or take this one out. A server to a client: I am no member. */
  | { readonly type: 'leave'; readonly name: string }
  /** Between servers: the digest of my clients. `first`: tell me yours. */
  | { readonly type: 'digest'; readonly digest: string; readonly first: boolean }
  /** Between servers: it differs from what I know, send me all. */
  | { readonly type: 'pull' }
  /** Between servers: all my clients with names above `after` up to `until`. */
  | {
      readonly type: 'roster'
      readonly after: string
      readonly until: string
      readonly claims: readonly Claim[]
    }
  /** Between servers: this client is attached to me now. */
  | { readonly type: 'claim'; readonly claim: Claim }
  /** Between servers: this client is out. */
  | { readonly type: 'removed'; readonly removal: Removal }

/** The name of this overlay in the handshake. */
export const OVERLAY_NAME = 'client-server'

const KINDS = [
  'mesh',
  'ask',
  'servers',
  'attach',
  'attached',
  'refused',
  'view',
  'news',
  'out',
  'leave',
  'digest',
  'pull',
  'roster',
  'claim',
  'removed',
] as const satisfies readonly ClientServerMessage['type'][]

type Kind = (typeof KINDS)[number]
const REASONS: readonly LeaveReason[] = ['left', 'replaced', 'evicted', 'forgotten']
/** A member in the digest of a client's view. */
export const viewKey = ({ member, server }: Seen): string =>
  `${member.name}\n${member.incarnation}\n${server ? 'server' : 'client'}`

/** True when all of them may stand in one message. */
export const fitOneMessage = (members: readonly Seen[]): boolean =>
  members.reduce((chars, { member }) => chars + charsOf(member), 0) <= PART_CHARS

/** Servers named in one answer. */
export const SERVERS_TOLD = 16
/** Text of a list in one message at most, in characters, far below the limit of a control frame. */
const PART_CHARS = 128 * 1024

const body = (kind: Kind, ...fields: unknown[]): unknown => [KINDS.indexOf(kind), ...fields]

/** Builds the bodies: small arrays with the kind in front. */
export const wire = {
  mesh: (inner: unknown) => body('mesh', inner),
  ask: () => body('ask'),
  servers: (isServer: boolean, servers: readonly Member[]) =>
    body('servers', isServer, servers.map(wireOf)),
  attach: (epoch: number, version: number, primary: boolean, digest: string) =>
    body('attach', epoch, version, primary, digest),
  attached: (version: number) => body('attached', version),
  refused: (servers: readonly Member[]) => body('refused', servers.map(wireOf)),
  news: (joined: readonly Seen[], left: readonly Gone[]) =>
    body(
      'news',
      joined.map(seenToWire),
      left.map((one) => [one.name, one.incarnation, REASONS.indexOf(one.reason)]),
    ),
  out: (epoch: number) => body('out', epoch),
  leave: (name: string) => body('leave', name),
  digest: (digest: string, first: boolean) => body('digest', digest, first),
  pull: () => body('pull'),
  claim: (claim: Claim) => body('claim', claimToWire(claim)),
  removed: (removal: Removal) => body('removed', removalToWire(removal)),
}

/** Members, sorted by name, as `view`s of bounded sizes that together cover all names. */
export const viewParts = (members: readonly Seen[]): unknown[] => parts('view', members, seenToWire)

/** Clients, sorted by name, as `roster`s of bounded sizes that together cover all names. */
export const rosterParts = (claims: readonly Claim[]): unknown[] =>
  parts('roster', claims, claimToWire)

function parts<T extends { readonly member: Member }>(
  kind: Kind,
  items: readonly T[],
  toWire: (item: T) => unknown,
): unknown[] {
  const made: unknown[] = []
  let after = ''
  let part: unknown[] = []
  let chars = 0
  let last = ''
  for (const item of items) {
    const size = charsOf(item.member)
    if (chars + size > PART_CHARS) {
      made.push(body(kind, after, last, part))
      after = last
      part = []
      chars = 0
    }
    part.push(toWire(item))
    chars += size
    last = item.member.name
  }
  made.push(body(kind, after, '', part))
  return made
}

function charsOf(member: Member): number {
  let chars = 64 + member.name.length
  for (const at of member.addresses) chars += 8 + at.host.length
  for (const tag of member.tags) chars += 4 + tag.length
  return chars
}

type Read = ClientServerMessage | undefined
type Reader = (fields: readonly unknown[]) => Read

/** The message in a body that a peer sent, or undefined when any field breaks its rule. */
export function messageFromWire(given: unknown): Read {
  if (!Array.isArray(given) || given.length < 1 || given.length > 5) return undefined
  const [kind, ...fields] = given as unknown[]
  const name = typeof kind === 'number' ? KINDS[kind] : undefined
  if (name === undefined) return undefined
  const [count, read] = READERS[name]
  return fields.length === count ? read(fields) : undefined
}

const READERS: Readonly<Record<Kind, readonly [fields: number, read: Reader]>> = {
  mesh: [1, ([inner]) => ({ type: 'mesh', body: inner })],
  ask: [0, () => ({ type: 'ask' })],
  servers: [2, serversFromWire],
  attach: [4, attachFromWire],
  attached: [1, ([version]) => (isCount(version) ? { type: 'attached', version } : undefined)],
  refused: [
    1,
    ([list]) => {
      const servers = listFromWire(list, memberOf, SERVERS_TOLD)
      return servers && { type: 'refused', servers }
    },
  ],
  view: [3, (fields) => rangeFromWire('view', fields)],
  news: [2, newsFromWire],
  out: [1, ([epoch]) => (isCount(epoch) ? { type: 'out', epoch } : undefined)],
  leave: [1, ([name]) => (isNodeName(name) ? { type: 'leave', name } : undefined)],
  digest: [
    2,
    ([digest, first]) =>
      isDigest(digest) && typeof first === 'boolean'
        ? { type: 'digest', digest, first }
        : undefined,
  ],
  pull: [0, () => ({ type: 'pull' })],
  roster: [3, (fields) => rangeFromWire('roster', fields)],
  claim: [
    1,
    ([value]) => {
      const claim = claimFromWire(value)
      return claim && { type: 'claim', claim }
    },
  ],
  removed: [
    1,
    ([value]) => {
      const removal = removalFromWire(value)
      return removal && { type: 'removed', removal }
    },
  ],
}

function serversFromWire([isServer, list]: readonly unknown[]): Read {
  const servers = listFromWire(list, memberOf, SERVERS_TOLD)
  if (servers === undefined || typeof isServer !== 'boolean') return undefined
  return { type: 'servers', isServer, servers }
}

function attachFromWire([epoch, version, primary, digest]: readonly unknown[]): Read {
  if (!isCount(epoch) || !isCount(version) || typeof primary !== 'boolean') return undefined
  return isDigest(digest) ? { type: 'attach', epoch, version, primary, digest } : undefined
}

function newsFromWire([first, second]: readonly unknown[]): Read {
  const joined = listFromWire(first, seenFromWire)
  const left = listFromWire(second, goneFromWire)
  return joined && left && { type: 'news', joined, left }
}

function rangeFromWire(type: 'view' | 'roster', [after, until, list]: readonly unknown[]): Read {
  if (!isBound(after) || !isBound(until)) return undefined
  if (type === 'view') {
    const members = listFromWire(list, seenFromWire)
    return members && { type, after, until, members }
  }
  const claims = listFromWire(list, claimFromWire)
  return claims && { type, after, until, claims }
}

const isBound = (value: unknown): value is string => value === '' || isNodeName(value)

/** True when a name lies in the part of a list that was sent. */
export const inRange = (
  name: string,
  { after, until }: { after: string; until: string },
): boolean => name > after && (until === '' || name <= until)

const seenToWire = ({ member, server }: Seen): [MemberWire, boolean] => [wireOf(member), server]

function seenFromWire(value: unknown): Seen | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [wired, server] = value as unknown[]
  const member = memberOf(wired)
  return member !== undefined && typeof server === 'boolean' ? { member, server } : undefined
}

function goneFromWire(value: unknown): Gone | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined
  const [name, incarnation, index] = value as unknown[]
  const reason = typeof index === 'number' ? REASONS[index] : undefined
  if (!isNodeName(name) || !isUlid(incarnation) || reason === undefined) return undefined
  return { name, incarnation, reason }
}

/** All or nothing: a list with one bad item is refused whole. */
function listFromWire<T>(
  list: unknown,
  read: (value: unknown) => T | undefined,
  most = Number.POSITIVE_INFINITY,
): T[] | undefined {
  if (!Array.isArray(list) || list.length > most) return undefined
  const items: T[] = []
  for (const item of list as unknown[]) {
    const taken = read(item)
    if (taken === undefined) return undefined
    items.push(taken)
  }
  return items
}
