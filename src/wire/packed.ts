import { TroupeError } from '../base/errors.js'
import { FRAME, HEAD_BYTES } from './frame.js'
import { putHead } from './frame-writer.js'

/*
 * The body of a PACKED frame:
 *
 *     0   u32 LE  bytes    of the frames in it
 *     4           deflated whole frames, one behind the other, none of them PACKED
 */
const SIZE_BYTES = 4
/** So many bytes of frames at most go into one. */
export const PACKED_MAX = 512 * 1024
/** Fewer bytes than this are left as they are: what is saved is not worth its processor time. */
const WORTH = 0.9

/**
 * Whole frames as one PACKED frame; undefined where that saves less than a tenth, or they are more than
 * PACKED_MAX.
 *
 * @param frames in pieces that may end anywhere
 * @param bytes of all pieces
 */
export function packFrames(
  frames: readonly Uint8Array[],
  bytes: number,
  deflate: (data: Uint8Array) => Uint8Array,
): Uint8Array[] | undefined {
  if (bytes > PACKED_MAX) return undefined
  const [only] = frames
  const whole = frames.length === 1 && only !== undefined ? only : Buffer.concat(frames, bytes)
  const deflated = deflate(whole)
  if (HEAD_BYTES + SIZE_BYTES + deflated.length > WORTH * bytes) return undefined
  const head = Buffer.allocUnsafe(HEAD_BYTES + SIZE_BYTES)
  putHead(head, 0, FRAME.PACKED, SIZE_BYTES + deflated.length)
  head.writeUInt32LE(bytes, HEAD_BYTES)
  return [head, deflated]
}

/**
 * The frames in the body of a PACKED frame. No more memory is taken than was announced, and no more may be
 * announced than PACKED_MAX.
 *
 * @param inflate never makes more than `maxBytes`, and throws where there is more
 * @throws TroupeError ERR_BAD_FRAME
 */
export function unpackFrames(
  body: Buffer,
  start: number,
  end: number,
  inflate: (data: Uint8Array, maxBytes: number) => Uint8Array,
): Buffer {
  if (end - start <= SIZE_BYTES) throw badPacked('it is too short')
  const bytes = body.readUInt32LE(start)
  if (bytes > PACKED_MAX) throw badPacked(`it announces ${bytes} bytes, above ${PACKED_MAX}`)
  let frames: Uint8Array
  try {
    frames = inflate(body.subarray(start + SIZE_BYTES, end), bytes)
  } catch (cause) {
    throw badPacked('it cannot be inflated', cause)
  }
  if (frames.length !== bytes) throw badPacked(`it has ${frames.length} bytes, not ${bytes}`)
  return Buffer.from(frames.buffer, frames.byteOffset, frames.length)
}

const badPacked = (detail: string, cause?: unknown): TroupeError =>
  new TroupeError('ERR_BAD_FRAME', `a packed frame is malformed: ${detail}`, { cause })
