import type { Codec } from '../../src/wire/codec.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { FrameReader } from '../../src/wire/frame-reader.js'
import { FrameWriter } from '../../src/wire/frame-writer.js'
import { readEnvelope } from '../../src/wire/read-envelope.js'

/** Arguments through a lane's batch, behind other frames, and through a reader fed `pieceBytes` at a time. */
export function tripInFrames(codec: Codec, pieceBytes: number) {
  const writer = new FrameWriter()
  let serial = 0
  return (args: readonly unknown[]): unknown[] => {
    const before = writer.pendingBytes
    const envelope = tell(serial++, args)
    writer.writeEnvelope(tell('x'.repeat(serial % 9), [serial]), codec)
    try {
      writer.writeEnvelope(envelope, codec)
    } catch (error) {
      writer.take()
      throw error
    }
    if (writer.pendingBytes <= before) throw new Error('nothing was written')
    const arrived: Envelope[] = []
    feed(writer.take(), pieceBytes, (bytes, start, end) => {
      arrived.push(readEnvelope(bytes, start, end))
    })
    const body = arrived[1]?.body
    if (arrived.length !== 2 || body === undefined) throw new Error(`${arrived.length} arrived`)
    return codec.decodeArgs(body)
  }
}

export function tell(to: number | string, args: readonly unknown[]): Envelope {
  return new Envelope(ENVELOPE.TELL, to, 3, 0, 0, args, undefined, undefined)
}

function feed(
  chunks: readonly Uint8Array[],
  pieceBytes: number,
  onBody: (bytes: Buffer, start: number, end: number) => void,
): void {
  const reader = new FrameReader()
  reader.open()
  const all = Buffer.concat(chunks)
  const piece = Math.max(pieceBytes, all.length >> 10)
  for (let at = 0; at < all.length; at += piece) {
    reader.push(all.subarray(at, at + piece), (_kind, bytes, start, end) =>
      onBody(bytes, start, end),
    )
  }
}
