import { isNodeName } from './member.js'
import { type MemberRecord, recordFromWire, recordToWire } from './member-set.js'

/** What nodes of a full mesh tell each other. */
export type MeshMessage =
  /** My record, and the digest of all but yours and mine. `first`: we just connected. */
  | {
      readonly type: 'hello'
      readonly record: MemberRecord
      readonly digest: string
      readonly first: boolean
    }
  /** Let me in. */
  | { readonly type: 'join'; readonly record: MemberRecord }
  /** I removed this member (or myself). */
  | { readonly type: 'leave'; readonly record: MemberRecord }
  /** All I know of names above `after` up to `until` ('': no end). Tell me what I lack of them. */
  | {
      readonly type: 'state'
      readonly records: readonly MemberRecord[]
      readonly after: string
      readonly until: string
      /** Two clusters meet: tell your peers what is new in it. */
      readonly joining: boolean
    }
  /** Records you may lack. */
  | { readonly type: 'news'; readonly records: readonly MemberRecord[] }

const HELLO = 1
const JOIN = 2
const LEAVE = 3
const STATE = 4
const NEWS = 5

/** Builds the bodies: small arrays with the kind in front. */
export const wire = {
  hello: (record: MemberRecord, digest: string, first: boolean): unknown => [
    HELLO,
    recordToWire(record),
    digest,
    first,
  ],
  join: (record: MemberRecord): unknown => [JOIN, recordToWire(record)],
  leave: (record: MemberRecord): unknown => [LEAVE, recordToWire(record)],
  state: (
    records: readonly MemberRecord[],
    after: string,
    until: string,
    joining: boolean,
  ): unknown => [STATE, records.map(recordToWire), after, until, joining],
  news: (records: readonly MemberRecord[]): unknown => [NEWS, records.map(recordToWire)],
}

/** Text of a message's records at most, in characters, far below the limit of a control frame. */
const PART_CHARS = 128 * 1024

/** Records as `news` of bounded sizes. */
export const newsParts = (records: readonly MemberRecord[]): unknown[] =>
  cut(records).map((part) => wire.news(part))

/** All records of a node, sorted by name, as `state` of bounded sizes; together they cover all names. */
export function stateParts(records: readonly MemberRecord[], joining: boolean): unknown[] {
  let after = ''
  return cut(records).map((part, index, parts) => {
    const until = index === parts.length - 1 ? '' : (part.at(-1)?.member.name ?? '')
    const message = wire.state(part, after, until, joining)
    after = until
    return message
  })
}

function cut(records: readonly MemberRecord[]): MemberRecord[][] {
  const parts: MemberRecord[][] = []
  let chars = PART_CHARS
  for (const record of records) {
    const size = charsOf(record)
    if (chars + size > PART_CHARS) {
      parts.push([])
      chars = 0
    }
    parts.at(-1)?.push(record)
    chars += size
  }
  return parts
}

function charsOf(record: MemberRecord): number {
  const { member } = record
  let chars = 64 + member.name.length + record.by.length
  for (const at of member.addresses) chars += 8 + at.host.length
  for (const tag of member.tags) chars += 4 + tag.length
  return chars
}

/** The message in a body that a peer sent, or undefined when any field breaks its rule. */
export function meshMessageFromWire(body: unknown): MeshMessage | undefined {
  if (!Array.isArray(body)) return undefined
  const fields = body as unknown[]
  switch (fields[0]) {
    case HELLO:
      return helloFromWire(fields)
    case JOIN:
    case LEAVE:
      return recordMessageFromWire(fields)
    case STATE:
      return stateFromWire(fields)
    case NEWS: {
      const records = fields.length === 2 ? recordsFromWire(fields[1]) : undefined
      return records && { type: 'news', records }
    }
    default:
      return undefined
  }
}

function helloFromWire(fields: unknown[]): MeshMessage | undefined {
  const [, record, digest, first] = fields
  if (fields.length !== 4 || typeof first !== 'boolean') return undefined
  if (typeof digest !== 'string' || !/^[0-9a-f]{16}$/.test(digest)) return undefined
  const read = recordFromWire(record)
  return read && { type: 'hello', record: read, digest, first }
}

function recordMessageFromWire(fields: unknown[]): MeshMessage | undefined {
  const read = fields.length === 2 ? recordFromWire(fields[1]) : undefined
  return read && { type: fields[0] === JOIN ? 'join' : 'leave', record: read }
}

function stateFromWire(fields: unknown[]): MeshMessage | undefined {
  const [, list, after, until, joining] = fields
  if (fields.length !== 5 || typeof joining !== 'boolean') return undefined
  if (!isBound(after) || !isBound(until)) return undefined
  const records = recordsFromWire(list)
  return records && { type: 'state', records, after, until, joining }
}

const isBound = (value: unknown): value is string => value === '' || isNodeName(value)

/** All or nothing: a list with one bad record is refused whole. */
function recordsFromWire(list: unknown): MemberRecord[] | undefined {
  if (!Array.isArray(list)) return undefined
  const records: MemberRecord[] = []
  for (const item of list as unknown[]) {
    const record = recordFromWire(item)
    if (record === undefined) return undefined
    records.push(record)
  }
  return records
}
