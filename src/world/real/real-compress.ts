import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Compress } from '../compress.js'

/** Raw deflate at the fastest level: lanes have more bandwidth than processor to spare. */
export const realCompress: Compress = {
  deflate: (data) => deflateRawSync(data, { level: 1 }),
  inflate: (data, maxBytes) =>
    // zlib refuses a limit of 0, so an empty result is asked for with room for one byte
    bounded(inflateRawSync(data, { maxOutputLength: Math.max(1, maxBytes) }), maxBytes),
}

function bounded(data: Uint8Array, maxBytes: number): Uint8Array {
  if (data.length > maxBytes) throw new RangeError(`inflated data is larger than ${maxBytes} bytes`)
  return data
}
