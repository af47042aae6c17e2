import { Codec } from '../wire/codec.js'
import { HEAD_BYTES } from '../wire/frame.js'

/** How often the failure detector pings each peer by default. */
const HEARTBEAT_MS = 1_000
/** A ping, and the answer to the peer's. */
const FRAMES_A_BEAT = 2
/** Of a node that has been up for a day. */
const NUMBER = 86_400

/** What a node sends over a quiet connection in that time: pings and answers, as large as the codec makes them. */
export function heartbeatBytes(ms: number): number {
  const frame = HEAD_BYTES + new Codec().encodeValue([NUMBER, []]).length
  return (ms / HEARTBEAT_MS) * FRAMES_A_BEAT * frame
}
