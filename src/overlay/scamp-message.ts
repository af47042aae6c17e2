import { memberFromWire, memberToWire } from './member.js'
import type { Member } from './overlay.js'

/** What nodes of SCAMP tell each other, beyond what all partial views do. */
export type ScampMessage =
  /** Let me in; or, with `renews`, send so many copies of my subscription anew. */
  | { readonly type: 'subscribe'; readonly renews: number }
  /**
   * On its way to a uniform node, which acts as the contact. `degree`: how many ways in and out the
   * sender has, or 0 when it only hands the walk back.
   */
  | (Travelling<'walk'> & { readonly degree: number })
  /** On its way to a node that keeps it. */
  | Travelling<'forward'>
  /** Your subscription is on its way. */
  | { readonly type: 'accept' }
  /** You are in my partial view. */
  | { readonly type: 'ping' }
  /** You are not any more. */
  | { readonly type: 'drop' }
  /** Put this member in my place in your partial view, or just take me out. `left`: I am no member now. */
  | { readonly type: 'replace'; readonly by: Member | undefined; readonly left: boolean }

interface Travelling<T> {
  readonly type: T
  readonly member: Member
  /** The member as it came, to be passed on as it is. */
  readonly raw: unknown
  readonly ttl: number
}

const SUBSCRIBE = 10
const WALK = 11
const FORWARD = 12
const ACCEPT = 13
const PING = 14
const DROP = 15
const REPLACE = 16

const BARE = { [ACCEPT]: 'accept', [PING]: 'ping', [DROP]: 'drop' } as const

/** Builds the bodies: small arrays with the kind in front. */
export const scampWire = {
  subscribe: (renews = 0): unknown => [SUBSCRIBE, renews],
  walk: (raw: unknown, ttl: number, degree: number): unknown => [WALK, raw, ttl, degree],
  forward: (raw: unknown, ttl: number): unknown => [FORWARD, raw, ttl],
  accept: (): unknown => [ACCEPT],
  ping: (): unknown => [PING],
  drop: (): unknown => [DROP],
  replace: (by: Member | undefined, left: boolean): unknown => [
    REPLACE,
    by === undefined ? null : memberToWire(by),
    left,
  ],
}

/** The message in a body that a peer sent, or undefined when any field breaks its rule. */
export function scampMessageFromWire(body: unknown): ScampMessage | undefined {
  if (!Array.isArray(body)) return undefined
  const [kind, first, second, third] = body as unknown[]
  switch (kind) {
    case SUBSCRIBE:
      return body.length === 2 && isCount(first) ? { type: 'subscribe', renews: first } : undefined
    case WALK: {
      const member = body.length === 4 && isCount(second) ? memberFromWire(first) : undefined
      if (member === undefined || !isCount(third)) return undefined
      return { type: 'walk', member, raw: first, ttl: second as number, degree: third }
    }
    case FORWARD: {
      const member = body.length === 3 && isCount(second) ? memberFromWire(first) : undefined
      return member && { type: 'forward', member, raw: first, ttl: second as number }
    }
    case ACCEPT:
    case PING:
    case DROP:
      return body.length === 1 ? { type: BARE[kind] } : undefined
    case REPLACE: {
      if (body.length !== 3 || typeof second !== 'boolean') return undefined
      if (first === null) return { type: 'replace', by: undefined, left: second }
      const by = memberFromWire(first)
      return by && { type: 'replace', by, left: second }
    }
    default:
      return undefined
  }
}

/** True for a request to be let in; who renews its subscription is in. */
export function isSubscription(body: unknown): boolean {
  const message = scampMessageFromWire(body)
  return message?.type === 'subscribe' && message.renews === 0
}

export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0
