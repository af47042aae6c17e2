import { isUlid } from '../base/identity.js'
import { isGeneration, isNodeName } from '../overlay/member.js'
import type { Member } from '../overlay/overlay.js'
import { TTL_MAX } from './relay-frame.js'

/**
 * `REQUEST` floods the neighbours and looks for a node. What follows goes one way: `REPLY` from the
 * node that was looked for, `PING` and its `PONG`, `BYE` from a node that stops.
 */
export const ROUTE = { REQUEST: 1, REPLY: 2, PING: 3, PONG: 4, BYE: 5 } as const

export type RouteKind = (typeof ROUTE)[keyof typeof ROUTE]

/** One message of route finding. */
export interface RouteMessage {
  readonly kind: RouteKind
  /** Hops left, this one included. */
  readonly ttl: number
  /** Counts what its author sends, from 1: of two routes to it the higher number is fresher. */
  readonly number: number
  readonly author: Member
  /** Whom a REQUEST looks for, or for whom the others are. */
  readonly to: string
}

export type RouteWire = readonly [number, number, number, string, string, number, string]

export const routeToWire = ({ kind, ttl, number, author, to }: RouteMessage): RouteWire => [
  kind,
  ttl,
  number,
  author.name,
  author.incarnation,
  author.generation,
  to,
]

/** The message in what a peer sent, or undefined when any field breaks its rule. */
export function routeFromWire(value: unknown): RouteMessage | undefined {
  if (!Array.isArray(value) || value.length !== 7) return undefined
  const [kind, ttl, number, name, incarnation, generation, to] = value as unknown[]
  if (!KINDS.has(kind) || !isGeneration(ttl) || ttl < 1 || ttl > TTL_MAX) return undefined
  if (!isGeneration(number) || !isNodeName(name) || !isNodeName(to)) return undefined
  if (!isUlid(incarnation) || !isGeneration(generation)) return undefined
  const author = memberOf(name, incarnation, generation)
  return { kind: kind as RouteKind, ttl, number, author, to }
}

/** A node as far as its messages tell who it is. */
export const memberOf = (name: string, incarnation: string, generation: number): Member => ({
  name,
  incarnation,
  generation,
  addresses: [],
  tags: [],
})

const KINDS: ReadonlySet<unknown> = new Set(Object.values(ROUTE))
