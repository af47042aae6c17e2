import { isGeneration } from './member.js'
import { memberOf, membersOf, wireOf, wiresOf } from './member-wires.js'
import type { Member } from './overlay.js'
import { type XBotMessage, xbotMessageFromWire } from './xbot-message.js'

/** What nodes of a HyParView overlay tell each other. */
export type HyParViewMessage =
  /** Let me in. */
  | { readonly type: 'join' }
  /** A newcomer on its random walk. */
  | { readonly type: 'forwardJoin'; readonly newcomer: Member; readonly ttl: number }
  /** Be my neighbour. `high`: I have no other. */
  | { readonly type: 'neighbor'; readonly high: boolean }
  /** The answer to `join` and `neighbor`. */
  | { readonly type: 'reply'; readonly accepted: boolean }
  /** We are no neighbours any more. `gone`: I left the overlay. `spares`: others to turn to. */
  | { readonly type: 'disconnect'; readonly gone: boolean; readonly spares: readonly Member[] }
  | {
      readonly type: 'shuffle'
      readonly origin: Member
      readonly members: readonly Member[]
      readonly ttl: number
      /** As it came, to walk on with. */
      readonly came: readonly unknown[]
    }
  | { readonly type: 'shuffleReply'; readonly members: readonly Member[] }
  /** The user at my node asks yours to leave. */
  | { readonly type: 'leave' }
  | XBotMessage

const JOIN = 1
const FORWARD_JOIN = 2
const NEIGHBOR = 3
const REPLY = 4
const DISCONNECT = 5
const SHUFFLE = 6
const SHUFFLE_REPLY = 7
const LEAVE = 8

/** Builds the bodies: small arrays with the kind in front. */
export const wire = {
  join: (): unknown => [JOIN],
  forwardJoin: (newcomer: Member, ttl: number): unknown => [FORWARD_JOIN, wireOf(newcomer), ttl],
  neighbor: (high: boolean): unknown => [NEIGHBOR, high],
  reply: (accepted: boolean): unknown => [REPLY, accepted],
  disconnect: (gone: boolean, spares: readonly Member[] = []): unknown => [
    DISCONNECT,
    gone,
    wiresOf(spares),
  ],
  shuffle: (origin: Member, members: readonly Member[], ttl: number): unknown => [
    SHUFFLE,
    wireOf(origin),
    wiresOf(members),
    ttl,
  ],
  shuffleOn: (came: readonly unknown[], ttl: number): unknown => [SHUFFLE, came[1], came[2], ttl],
  shuffleReply: (members: readonly Member[]): unknown => [SHUFFLE_REPLY, wiresOf(members)],
  leave: (): unknown => [LEAVE],
}

/** The message in a body that a peer sent, or undefined when any field breaks its rule or a list is longer than `most`. */
export function messageFromWire(body: unknown, most: number): HyParViewMessage | undefined {
  if (!Array.isArray(body)) return undefined
  const fields = body as unknown[]
  const [first, second, third] = [fields[1], fields[2], fields[3]]
  const count = fields.length - 1
  switch (fields[0]) {
    case JOIN:
      return count === 0 ? { type: 'join' } : undefined
    case FORWARD_JOIN: {
      const newcomer = count === 2 && isGeneration(second) ? memberOf(first) : undefined
      return newcomer && { type: 'forwardJoin', newcomer, ttl: second as number }
    }
    case NEIGHBOR:
      return count === 1 && isFlag(first) ? { type: 'neighbor', high: first } : undefined
    case REPLY:
      return count === 1 && isFlag(first) ? { type: 'reply', accepted: first } : undefined
    case DISCONNECT: {
      const spares = count === 2 && isFlag(first) ? membersOf(second, most) : undefined
      return spares && { type: 'disconnect', gone: first as boolean, spares }
    }
    case SHUFFLE: {
      const origin = count === 3 && isGeneration(third) ? memberOf(first) : undefined
      const members = origin && membersOf(second, most)
      return members && { type: 'shuffle', origin, members, ttl: third as number, came: fields }
    }
    case SHUFFLE_REPLY: {
      const members = count === 1 ? membersOf(first, most) : undefined
      return members && { type: 'shuffleReply', members }
    }
    case LEAVE:
      return count === 0 ? { type: 'leave' } : undefined
    default:
      return xbotMessageFromWire(fields)
  }
}

const isFlag = (value: unknown): value is boolean => typeof value === 'boolean'
