import { isUlid } from '../base/identity.js'
import { memberFromWire, memberToWire } from './member.js'
import type { Member } from './overlay.js'

/** A member and the founder of its cluster, by which the cluster is known. */
export interface ClusterMember {
  readonly founder: Member
  readonly member: Member
  /** Rounds since somebody heard it say so itself. */
  readonly age: number
}

/** Members of other clusters that one message tells of, at most. */
export const NEWS_MAX = 4

/** What nodes of HiScamp tell each other, beyond what those of SCAMP do. */
export type HiScampMessage =
  /** A node looks for its cluster, on its way to the nearest known one. */
  | { readonly type: 'seek'; readonly member: Member; readonly raw: unknown; readonly ttl: number }
  /** Let me into the cluster of this founder, by its incarnation, as one of whose members you are known. */
  | { readonly type: 'move'; readonly into: string }
  /** You are of the cluster of this founder, as I am. */
  | { readonly type: 'welcome'; readonly founder: Member }
  /** No known cluster is near you, or I am not of the one you asked for: stay, or found one. This is mine. */
  | { readonly type: 'found'; readonly founder: Member }
  /** A new cluster, on its way to nodes of others that keep it in their view. */
  | {
      readonly type: 'announce'
      readonly of: ClusterMember
      readonly raw: unknown
      readonly ttl: number
    }
  /** You are in my near view, for I am of the cluster of this founder, by its incarnation. */
  | { readonly type: 'near'; readonly of: string }
  /**
   * You are in a view of mine, a near one or the far one; or the answer to that. With the founder of
   * my cluster and some members of others; in an answer also one of mine, to turn to when I am gone.
   */
  | {
      readonly type: 'greet'
      readonly how: Greeting
      readonly founder: Member
      readonly news: readonly ClusterMember[]
    }

export type Greeting = 'near' | 'far' | 'answer'

const SEEK = 30
const WELCOME = 31
const FOUND = 32
const ANNOUNCE = 33
const GREET = 34
const MOVE = 35
const NEAR = 36

const GREETINGS: readonly Greeting[] = ['near', 'far', 'answer']

/** Builds the bodies: small arrays with the kind in front. */
export const hiscampWire = {
  seek: (raw: unknown, ttl: number): unknown => [SEEK, raw, ttl],
  move: (founder: Member): unknown => [MOVE, founder.incarnation],
  near: (founder: Member): unknown => [NEAR, founder.incarnation],
  welcome: (founder: Member): unknown => [WELCOME, memberToWire(founder)],
  found: (founder: Member): unknown => [FOUND, memberToWire(founder)],
  announce: (raw: unknown, ttl: number): unknown => [ANNOUNCE, raw, ttl],
  greet: (how: Greeting, founder: Member, news: readonly ClusterMember[]): unknown => [
    GREET,
    GREETINGS.indexOf(how),
    memberToWire(founder),
    news.map(clusterMemberToWire),
  ],
}

export const clusterMemberToWire = ({ founder, member, age }: ClusterMember): unknown => [
  memberToWire(founder),
  memberToWire(member),
  age,
]

/** The message in a body that a peer sent, or undefined when any field breaks its rule. */
export function hiscampMessageFromWire(body: unknown): HiScampMessage | undefined {
  if (!Array.isArray(body)) return undefined
  const [kind, first, second, third] = body as unknown[]
  switch (kind) {
    case SEEK: {
      const member = body.length === 3 && isCount(second) ? memberFromWire(first) : undefined
      return member && { type: 'seek', member, raw: first, ttl: second as number }
    }
    case MOVE:
      return body.length === 2 && isUlid(first) ? { type: 'move', into: first } : undefined
    case NEAR:
      return body.length === 2 && isUlid(first) ? { type: 'near', of: first } : undefined
    case WELCOME:
    case FOUND: {
      const founder = body.length === 2 ? memberFromWire(first) : undefined
      return founder && { type: kind === WELCOME ? 'welcome' : 'found', founder }
    }
    case ANNOUNCE: {
      const of = body.length === 3 && isCount(second) ? clusterMemberFromWire(first) : undefined
      return of && { type: 'announce', of, raw: first, ttl: second as number }
    }
    case GREET: {
      const how = body.length === 4 && isCount(first) ? GREETINGS[first] : undefined
      const founder = how && memberFromWire(second)
      const news = founder && newsFromWire(third)
      return how && founder && news && { type: 'greet', how, founder, news }
    }
    default:
      return undefined
  }
}

/** All or nothing: a list with one bad entry is refused whole. */
function newsFromWire(list: unknown): ClusterMember[] | undefined {
  if (!Array.isArray(list) || list.length > NEWS_MAX) return undefined
  const news = list.map(clusterMemberFromWire)
  return news.includes(undefined) ? undefined : (news as ClusterMember[])
}

function clusterMemberFromWire(value: unknown): ClusterMember | undefined {
  if (!Array.isArray(value) || value.length !== 3 || !isCount(value[2])) return undefined
  const [founder, member] = [memberFromWire(value[0]), memberFromWire(value[1])]
  return founder && member && { founder, member, age: value[2] }
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0
