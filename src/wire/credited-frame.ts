import { ENVELOPE, type Envelope } from './envelope.js'
import { STAMP } from './envelope-head.js'
import { FRAME, HEAD_BYTES } from './frame.js'

/** Kinds that need credit: what fills mailboxes. All others never wait for a slow receiver. */
const CREDITED = new Uint8Array(256)
CREDITED[ENVELOPE.TELL] = 1
CREDITED[ENVELOPE.ASK] = 1
CREDITED[ENVELOPE.FORWARD] = 1

/** True for a message that needs credit. What delivery stages stamp has an end-to-end window of its own. */
export const isCredited = (envelope: Envelope): boolean =>
  CREDITED[envelope.kind] === 1 && envelope.stamp === undefined

/** The same of the body of an ENVELOPE frame that begins at `start`: both sides must count alike. */
export const isCreditedBody = (bytes: Uint8Array, start: number): boolean =>
  CREDITED[bytes[start] as number] === 1 && ((bytes[start + 1] as number) & STAMP) === 0

/** The same of a whole frame that begins at `at`. */
export const isCreditedFrame = (bytes: Uint8Array, at = 0): boolean =>
  bytes[at + 5] === FRAME.ENVELOPE && isCreditedBody(bytes, at + HEAD_BYTES)
