import { isUlid } from '../base/identity.js'
import {
  isGeneration,
  isNodeName,
  type MemberWire,
  memberFromWire,
  memberToWire,
} from './member.js'
import type { Member } from './overlay.js'

/** Published to all: "I am here." */
const HERE = 1
/** Between two connected nodes: "I take you for a member." */
const HELLO = 2
/** "I leave." */
const GONE = 3
/** "That node is out", to that node itself too. */
const OUT = 4

/**
 * An epoch counts how often an incarnation came in: news of a leave concern the epochs up to theirs,
 * and a node that came back afterwards is in a higher one.
 */
export type PresenceMessage =
  | { readonly type: 'hello'; readonly epoch: number; readonly answer: boolean }
  | { readonly type: 'gone'; readonly epoch: number }
  | {
      readonly type: 'out'
      readonly name: string
      readonly incarnation: string
      readonly epoch: number
    }

export interface Presence {
  readonly member: Member
  readonly epoch: number
}

export const presenceToWire = ({ member, epoch }: Presence): [number, MemberWire, number] => [
  HERE,
  memberToWire(member),
  epoch,
]

/** What was published, or undefined when any field breaks its rule. */
export function presenceFromWire(body: unknown): Presence | undefined {
  if (!Array.isArray(body) || body.length !== 3 || body[0] !== HERE) return undefined
  const [, wire, epoch] = body as unknown[]
  const member = memberFromWire(wire)
  return member === undefined || !isGeneration(epoch) ? undefined : { member, epoch }
}

/** `answer`: the other one is to say hello, too. */
export const hello = (epoch: number, answer: boolean): unknown => [HELLO, epoch, answer]
export const gone = (epoch: number): unknown => [GONE, epoch]
export const out = (name: string, incarnation: string, epoch: number): unknown => [
  OUT,
  name,
  incarnation,
  epoch,
]

/** A message of a peer, or undefined when any field breaks its rule. */
export function readPresenceMessage(body: unknown): PresenceMessage | undefined {
  if (!Array.isArray(body)) return undefined
  const [kind, ...fields] = body as unknown[]
  const epoch = fields.at(kind === OUT ? 2 : 0)
  if (!isGeneration(epoch)) return undefined
  if (kind === HELLO && fields.length === 2 && typeof fields[1] === 'boolean') {
    return { type: 'hello', epoch, answer: fields[1] }
  }
  if (kind === GONE && fields.length === 1) return { type: 'gone', epoch }
  const [name, incarnation] = fields
  if (kind === OUT && fields.length === 3 && isNodeName(name) && isUlid(incarnation)) {
    return { type: 'out', name, incarnation, epoch }
  }
  return undefined
}
