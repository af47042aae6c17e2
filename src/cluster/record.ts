import { crc32 } from '../base/checksum.js'
import type { Codec } from '../wire/codec.js'
import type { Store } from '../world/store.js'

const SUM_BYTES = 4

/** A value as it lies in a store, with a checksum: a crash may have torn it. @throws TroupeError ERR_TOO_LARGE */
export function sealed(codec: Codec, value: unknown): Uint8Array {
  const bytes = codec.encodeValue(value, RECORD_MAX_BYTES)
  const record = new Uint8Array(SUM_BYTES + bytes.length)
  new DataView(record.buffer).setUint32(0, crc32(bytes))
  record.set(bytes, SUM_BYTES)
  return record
}

/** Undefined when it is damaged. Never throws. */
export function unsealed(codec: Codec, record: Uint8Array): unknown {
  if (record.length <= SUM_BYTES) return undefined
  const bytes = record.subarray(SUM_BYTES)
  const view = new DataView(record.buffer, record.byteOffset)
  if (view.getUint32(0) !== crc32(bytes)) return undefined
  try {
    return codec.decodeValue(bytes, bytes.length)
  } catch {
    return undefined
  }
}

/** A message with all its arguments, and a little. */
const RECORD_MAX_BYTES = 2 ** 31 - 1

/**
 * A value that is written again and again and must never be lost: every other version lies in a place
 * of its own, so that a torn one leaves the one before. What is read is the newest that is whole.
 */
export class TwinRecord {
  readonly key: string
  #version: number

  constructor(key: string, version = 0) {
    this.key = key
    this.#version = version
  }

  /** Where the next version goes, and what. One at a time: `key` alternates with each. */
  next(codec: Codec, value: unknown): { readonly key: string; readonly value: Uint8Array } {
    const version = ++this.#version
    return { key: this.#place(version), value: sealed(codec, [version, value]) }
  }

  /** The last `next` may not be in the store: its place is written once more, never that of the one before. */
  failed(): void {
    this.#version--
  }

  get places(): readonly string[] {
    return [this.#place(0), this.#place(1)]
  }

  /** @throws TroupeError ERR_STORE */
  static async read(
    store: Store,
    codec: Codec,
    key: string,
  ): Promise<{ readonly record: TwinRecord; readonly value: unknown }> {
    let newest = 0
    let value: unknown
    for (const place of new TwinRecord(key).places) {
      const bytes = await store.get(place)
      const read = bytes && unsealed(codec, bytes)
      if (!Array.isArray(read) || !Number.isSafeInteger(read[0]) || read[0] <= newest) continue
      newest = read[0]
      value = read[1]
    }
    return { record: new TwinRecord(key, newest), value }
  }

  #place(version: number): string {
    return `${this.key}/${version % 2 === 0 ? 'a' : 'b'}`
  }
}
