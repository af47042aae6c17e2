import { isUlid } from '../base/identity.js'
import type { Member } from '../overlay/overlay.js'
import { type ChannelOffer, isChannelName, MAX_CHANNELS, MAX_LANES } from './channel-table.js'

/** What a connection is for, told by the side that dialled. */
export const INTENT = {
  /** Open a session on its membership lane. */
  SESSION: 0,
  /** One lane of the session that stands. */
  LANE: 1,
  /** Only learn who is there: the peer is connected already, or about to be. */
  WHO: 2,
} as const
export type Intent = (typeof INTENT)[keyof typeof INTENT]

/** How an accepting side answers a proof it believes. */
export const OUTCOME = {
  /** The lane stands. */
  OPEN: 0,
  /** Another connection serves, or will; this one is closed. */
  DUPLICATE: 1,
  /** The session named is not known here (any more); this connection is closed. */
  GONE: 2,
  /** A newer incarnation holds the dialler's name here; this connection is closed. */
  REPLACED: 3,
} as const
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME]

/** What a node says about itself, in PROOF and in WELCOME. */
export interface Greeting extends ChannelOffer {
  readonly member: Member
  readonly overlay: string
  /** The node's counter of proofs sent and sessions taken: orders what it did. */
  readonly clock: number
  /** The largest message it takes: nobody sends it a larger one. */
  readonly maxMessageBytes: number
}

/** What the dialling side asks for. */
export interface Purpose {
  readonly intent: Intent
  /** The session a lane belongs to: the dialler's clock when it opened it. 0 otherwise. */
  readonly session: number
  readonly channel: string
  readonly lane: number
}

export const WHO_IS_THERE: Purpose = { intent: INTENT.WHO, session: 0, channel: '', lane: 0 }
export const OPEN_SESSION: Purpose = {
  intent: INTENT.SESSION,
  session: 0,
  channel: 'membership',
  lane: 0,
}

const MAX_TEXT = 255
const MAX_ADDRESSES = 16
const MAX_TAGS = 64

export function greetingToWire(greeting: Greeting): unknown[] {
  const { name, incarnation, generation, addresses, tags } = greeting.member
  const wire = [
    name,
    incarnation,
    generation,
    addresses.map((a) => [a.host, a.port]),
    [...tags],
    greeting.overlay,
    greeting.channels.map(([channel, lanes]) => [channel, lanes]),
    greeting.clock,
    greeting.maxMessageBytes,
  ]
  if (greeting.credit.length > 0) wire.push(greeting.credit.map((each) => [...each]))
  return wire
}

/** Undefined when any field is not what it must be. */
export function greetingFromWire(wire: unknown): Greeting | undefined {
  if (!Array.isArray(wire) || wire.length < 9) return undefined
  const [name, incarnation, generation, addresses, tags, overlay, channels, clock, most] = wire
  const windows = wire.length > 9 ? wire[9] : []
  if (!isShortText(name) || !isUlid(incarnation) || !isCount(generation)) return undefined
  if (!isShortText(overlay) || !isCount(clock) || !isCount(most)) return undefined
  const dialable = listOf(addresses, MAX_ADDRESSES, addressFromWire)
  const labels = listOf(tags, MAX_TAGS, (t) => (isShortText(t) ? t : undefined))
  const offered = listOf(channels, MAX_CHANNELS, offerFromWire)
  const credit = listOf(windows, MAX_CHANNELS, creditFromWire)
  if (dialable === undefined || labels === undefined) return undefined
  if (offered === undefined || credit === undefined) return undefined
  const member = { name, incarnation, generation, addresses: dialable, tags: labels }
  return { member, overlay, channels: offered, credit, clock, maxMessageBytes: most }
}

export function purposeFromWire(wire: readonly unknown[]): Purpose | undefined {
  const [intent, session, channel, lane] = wire
  if (intent !== INTENT.SESSION && intent !== INTENT.LANE && intent !== INTENT.WHO) return undefined
  if (!isCount(session) || !isCount(lane) || lane >= MAX_LANES) return undefined
  if (intent === INTENT.WHO) return WHO_IS_THERE
  return isChannelName(channel) ? { intent, session, channel, lane } : undefined
}

export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

export const isShortText = (value: unknown): value is string =>
  typeof value === 'string' && value.length >= 1 && value.length <= MAX_TEXT

function addressFromWire(wire: unknown): { host: string; port: number } | undefined {
  if (!Array.isArray(wire)) return undefined
  const [host, port] = wire
  if (!isShortText(host) || !isCount(port) || port < 1 || port > 65535) return undefined
  return { host, port }
}

function offerFromWire(wire: unknown): [string, number] | undefined {
  if (!Array.isArray(wire)) return undefined
  const [name, lanes] = wire
  if (!isChannelName(name) || !isCount(lanes) || lanes < 1 || lanes > MAX_LANES) return undefined
  return [name, lanes]
}

function creditFromWire(wire: unknown): [string, number, number] | undefined {
  if (!Array.isArray(wire)) return undefined
  const [name, messages, bytes] = wire
  if (!isChannelName(name) || !isCount(messages) || !isCount(bytes)) return undefined
  return messages < 1 || bytes < 1 ? undefined : [name, messages, bytes]
}

function listOf<T>(
  wire: unknown,
  most: number,
  read: (item: unknown) => T | undefined,
): T[] | undefined {
  if (!Array.isArray(wire) || wire.length > most) return undefined
  const list: T[] = []
  for (const item of wire) {
    const one = read(item)
    if (one === undefined) return undefined
    list.push(one)
  }
  return list
}
