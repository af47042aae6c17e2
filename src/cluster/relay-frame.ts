import { isUlid } from '../base/identity.js'
import { isGeneration, isNodeName } from '../overlay/member.js'
import type { Member } from '../overlay/overlay.js'
import type { Codec } from '../wire/codec.js'
import type { Envelope } from '../wire/envelope.js'
import { RELAY_HEAD_LIMIT } from '../wire/frame.js'
import { encodeEnvelopeBody } from '../wire/frame-writer.js'

/** More hops than any overlay needs: what a peer claims above it is malformed. */
export const TTL_MAX = 64

/** Who sends a relayed envelope to whom, and how far it may still go. */
export interface RelayHead {
  /** Counts the relayed envelopes of the source's incarnation, from 1. */
  readonly id: number
  /** Hops left, this one included. */
  readonly ttl: number
  readonly channel: string
  readonly source: string
  readonly sourceIncarnation: string
  readonly sourceGeneration: number
  readonly destination: string
  /** '' when the source did not know it. */
  readonly destinationIncarnation: string
  /**
   * '' for a message on its way. Else it comes back to who sent it, from a node that knew no way on:
   * whom it was for.
   */
  readonly returnedFrom: string
  /** Of a message that comes back: the start of the node that it was for, '' when the source did not know it. */
  readonly returnedIncarnation: string
  /** It came back once, and is on its way again. */
  readonly again: boolean
}

export interface RelayFrame {
  readonly head: RelayHead
  /** The envelope, as encoded by the source. */
  readonly envelope: Uint8Array
}

type OwnHead = Omit<RelayHead, 'channel' | 'destination' | 'destinationIncarnation'>

/** Of what `self` sends. */
export function headOf(self: Member, id: number, ttl: number): OwnHead {
  return {
    id,
    ttl,
    source: self.name,
    sourceIncarnation: self.incarnation,
    sourceGeneration: self.generation,
    returnedFrom: '',
    returnedIncarnation: '',
    again: false,
  }
}

/** Of a message that `self` sends back to its source. */
export function headBack(head: RelayHead, self: Member, id: number, ttl: number): RelayHead {
  return {
    ...headOf(self, id, ttl),
    channel: head.channel,
    destination: head.source,
    destinationIncarnation: head.sourceIncarnation,
    returnedFrom: head.destination,
    returnedIncarnation: head.destinationIncarnation,
    again: head.again,
  }
}

/** Of a message that came back to `self`, which sends it once more. */
export function headAgain(head: RelayHead, self: Member, id: number, ttl: number): RelayHead {
  return {
    ...headOf(self, id, ttl),
    channel: head.channel,
    destination: head.returnedFrom,
    destinationIncarnation: head.returnedIncarnation,
    again: true,
  }
}

/** An envelope as it travels in a RELAY frame, all in one piece. @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE */
export function relayedEnvelope(envelope: Envelope, codec: Codec): Uint8Array {
  const { bytes, chunks } = encodeEnvelopeBody(envelope, codec)
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** The body of a RELAY frame: u16 LE bytes of the head, the head as an encoded array, the envelope. */
export function encodeRelay({ head, envelope }: RelayFrame, codec: Codec): Uint8Array {
  const fields = codec.encodeValue([
    head.id,
    head.ttl,
    head.channel,
    head.source,
    head.sourceIncarnation,
    head.sourceGeneration,
    head.destination,
    head.destinationIncarnation,
    head.returnedFrom,
    head.returnedIncarnation,
    head.again,
  ])
  const bytes = new Uint8Array(2 + fields.length + envelope.length)
  bytes[0] = fields.length
  bytes[1] = fields.length >>> 8
  bytes.set(fields, 2)
  bytes.set(envelope, 2 + fields.length)
  return bytes
}

/** The relay frame in a body that a peer sent, or undefined when its head breaks a rule. */
export function readRelay(body: Uint8Array, codec: Codec): RelayFrame | undefined {
  if (body.length < 2) return undefined
  const headBytes = (body[0] as number) | ((body[1] as number) << 8)
  if (headBytes > RELAY_HEAD_LIMIT - 2 || 2 + headBytes > body.length) return undefined
  let fields: unknown
  try {
    fields = codec.decodeValue(body.subarray(2, 2 + headBytes))
  } catch {
    return undefined
  }
  const head = headFromWire(fields)
  return head && { head, envelope: body.subarray(2 + headBytes) }
}

function headFromWire(fields: unknown): RelayHead | undefined {
  if (!Array.isArray(fields) || fields.length !== 11) return undefined
  const [id, ttl, channel, source, sourceIncarnation, sourceGeneration, ...more] =
    fields as unknown[]
  const [destination, known, from, returned, again] = more
  if (!isGeneration(id) || !isGeneration(ttl) || ttl < 1 || ttl > TTL_MAX) return undefined
  if (typeof channel !== 'string' || !isNodeName(source) || !isNodeName(destination)) {
    return undefined
  }
  if (!isUlid(sourceIncarnation) || !isGeneration(sourceGeneration)) return undefined
  if (known !== '' && !isUlid(known)) return undefined
  if (from !== '' && !isNodeName(from)) return undefined
  if (returned !== '' && !isUlid(returned)) return undefined
  if (typeof again !== 'boolean') return undefined
  return {
    id,
    ttl,
    channel,
    source,
    sourceIncarnation,
    sourceGeneration,
    destination,
    destinationIncarnation: known,
    returnedFrom: from,
    returnedIncarnation: returned,
    again,
  }
}
