import { encodeRelay, readRelay, relayedEnvelope } from '../cluster/relay-frame.js'
import type { FrameInfo, MessageContent, Ruling } from '../peer/gate.js'
import type { Codec } from '../wire/codec.js'
import { type EncodedBody, Envelope } from '../wire/envelope.js'
import { FRAME } from '../wire/frame.js'
import { readEnvelope } from '../wire/read-envelope.js'

/** The message in a frame, with its contents; undefined in frames without one and in malformed ones. */
export function openedMessage(frame: FrameInfo, codec: Codec): MessageContent | undefined {
  if (frame.kind !== FRAME.RELAY) return frame.envelope && opened(frame.envelope, codec, (e) => e)
  const relay = frame.body && readRelay(frame.body, codec)
  if (relay === undefined) return undefined
  const { head, envelope } = relay
  try {
    const read = readEnvelope(envelope, 0, envelope.length)
    return opened(read, codec, (other) => {
      return encodeRelay({ head, envelope: relayedEnvelope(other, codec) }, codec)
    })
  } catch {
    return undefined
  }
}

function opened(
  envelope: Envelope,
  codec: Codec,
  framed: (envelope: Envelope) => Envelope | Uint8Array,
): MessageContent {
  const { kind, to, method, callId, key, stamp } = envelope
  return {
    kind,
    to,
    callId,
    body: () => bodyOf(envelope, codec),
    replaced: (body): Ruling => {
      const other = new Envelope(kind, to, method, callId, key, undefined, body, stamp)
      return { type: 'replace', by: framed(other) }
    },
  }
}

/** What cannot be encoded its sender is told when it is sent. */
function bodyOf({ body, args = [] }: Envelope, codec: Codec): EncodedBody | undefined {
  try {
    const { head, payloads } = body ?? codec.encodeArgs(args)
    return { head: Uint8Array.from(head), payloads: payloads.map((part) => Uint8Array.from(part)) }
  } catch {
    return undefined
  }
}
