import { packFrames } from '../wire/packed.js'
import type { Compress } from '../world/compress.js'
import type { ChannelCounters } from './channel-counters.js'

/** After bytes that did not get smaller so many writes go as they are at most, doubled from 1 each time. */
const SKIP_MAX = 64

/**
 * Compresses what one lane writes. Bytes that do not get smaller (pictures, ciphers) are soon no longer tried:
 * one write in 65 then.
 */
export class Packer {
  readonly #fromBytes: number
  readonly #compress: Compress
  readonly #counters: ChannelCounters
  #skip = 0
  #skipped = 0

  /** @param fromBytes writes of fewer go as they are */
  constructor(fromBytes: number, compress: Compress, counters: ChannelCounters) {
    this.#fromBytes = fromBytes
    this.#compress = compress
    this.#counters = counters
  }

  /** Whole frames as they are to be written: the same pieces, or a PACKED frame in their place. */
  pack(frames: readonly Uint8Array[], bytes = bytesOf(frames)): readonly Uint8Array[] {
    if (bytes < this.#fromBytes) return frames
    if (this.#skipped < this.#skip) {
      this.#skipped++
      return frames
    }
    const packed = packFrames(frames, bytes, this.#compress.deflate)
    this.#skipped = 0
    if (packed === undefined) {
      this.#skip = Math.min(Math.max(1, 2 * this.#skip), SKIP_MAX)
      return frames
    }
    this.#skip = 0
    this.#counters.compressedBytes += bytes
    for (const piece of packed) this.#counters.compressedToBytes += piece.length
    return packed
  }
}

const bytesOf = (pieces: readonly Uint8Array[]): number =>
  pieces.reduce((sum, { length }) => sum + length, 0)
