import type { EnvelopeStamp } from './stamp-slice.js'

/** What an envelope is about. The cluster carries all of them alike; `remote/` knows their meaning. */
export const ENVELOPE = {
  TELL: 1,
  ASK: 2,
  /** The answer: `args` is `[value]`. */
  REPLY: 3,
  /** The error: `args` is `[failure]`, see remote/failure. */
  FAILURE: 4,
  /** The asker lost interest; `callId` says in which call. */
  ABORT: 5,
  /** Watches, links and ends of actors. */
  SIGNAL: 6,
  /** Requests between the runtimes of two nodes: method tables, lookup, spawn, placement, groups. */
  CONTROL: 7,
  /** `forward` to a named handler, without actors. */
  FORWARD: 8,
  /** Nothing but a stamp of the delivery stages; `args` is `[]`. */
  STAMP: 9,
  /**
   * A tell or a forward on a durable channel: `args` begin with its number, `callId` is the lowest
   * number that is not settled. See cluster/durable-message.
   */
  DURABLE: 10,
  /** What of these was handled: `args` is a seen-set. */
  DURABLE_ACK: 11,
} as const

export type EnvelopeKind = (typeof ENVELOPE)[keyof typeof ENVELOPE]

/**
 * One message in flight. One class, every field set in the constructor in one order: the hot path
 * stays one-shaped. Outgoing, it holds `args` that are encoded in place when the lane writes it, or
 * `body`, the same already encoded (a stage that stores or repeats messages encodes first).
 * Incoming, it holds `body` until `remote/` has found the actor and decodes.
 */
export class Envelope {
  readonly kind: EnvelopeKind
  /** The actor's serial number on the receiving node, its registered name, or 0 for the node itself. */
  readonly to: number | string
  /** An index in the receiver's table of the class, or the method's name while that table is unknown here; '' where the kind needs none. */
  readonly method: number | string
  /**
   * Numbers the ask within the sender's incarnation; 0 when there is nothing to answer. In a tell that
   * came over a durable channel it is this node's own receipt: whoever handled it says so.
   */
  readonly callId: number
  /** A 32-bit hash of the partition key: picks the lane. */
  readonly key: number
  args: readonly unknown[] | undefined
  body: EncodedBody | undefined
  /** Set by delivery stages, carried in the envelope's head. */
  stamp: EnvelopeStamp | undefined

  constructor(
    kind: EnvelopeKind,
    to: number | string,
    method: number | string,
    callId: number,
    key: number,
    args: readonly unknown[] | undefined,
    body: EncodedBody | undefined,
    stamp: EnvelopeStamp | undefined,
  ) {
    this.kind = kind
    this.to = to
    this.method = method
    this.callId = callId
    this.key = key
    this.args = args
    this.body = body
    this.stamp = stamp
  }
}

/**
 * Arguments in encoded form. `head` is MessagePack; byte payloads of 64 KiB and more are lifted out
 * of it and follow as `payloads`, in the order they are met, so that nobody copies them.
 */
export interface EncodedBody {
  readonly head: Uint8Array
  readonly payloads: readonly Uint8Array[]
}
