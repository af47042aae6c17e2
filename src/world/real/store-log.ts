import { createHash } from 'node:crypto'

/**
 * A record of the store's log:
 *
 *     0   8 bytes   first bytes of the SHA-256 of all that follows
 *     8   u32 LE    keyBytes
 *     12  u32 LE    valueBytes + 1; 0: the key was deleted
 *     16  key in UTF-8, then the value
 */
const HEAD_BYTES = 16
const SUM_BYTES = 8

export function writeRecord(key: string, value: Uint8Array | undefined): Uint8Array {
  const name = Buffer.from(key, 'utf8')
  const record = Buffer.alloc(HEAD_BYTES + name.length + (value?.length ?? 0))
  record.writeUInt32LE(name.length, 8)
  record.writeUInt32LE(value === undefined ? 0 : value.length + 1, 12)
  record.set(name, HEAD_BYTES)
  if (value !== undefined) record.set(value, HEAD_BYTES + name.length)
  record.set(checksum(record), 0)
  return record
}

/** How long the record of this change is. A deleted key needs none once the log is rewritten. */
export const recordBytes = (key: string, value: Uint8Array): number =>
  HEAD_BYTES + Buffer.byteLength(key, 'utf8') + value.length

/** Calls `each` for the whole records from the start; returns how many bytes these are. */
export function readLog(
  log: Buffer,
  each: (key: string, value: Uint8Array | undefined) => void,
): number {
  let at = 0
  while (at + HEAD_BYTES <= log.length) {
    const keyBytes = log.readUInt32LE(at + 8)
    const size = log.readUInt32LE(at + 12)
    const valueAt = at + HEAD_BYTES + keyBytes
    const end = valueAt + Math.max(0, size - 1)
    if (end > log.length) break
    const record = log.subarray(at, end)
    if (!checksum(record).equals(record.subarray(0, SUM_BYTES))) break
    const key = log.toString('utf8', at + HEAD_BYTES, valueAt)
    each(key, size === 0 ? undefined : new Uint8Array(log.subarray(valueAt, end)))
    at = end
  }
  return at
}

const checksum = (record: Buffer): Buffer =>
  createHash('sha256').update(record.subarray(SUM_BYTES)).digest().subarray(0, SUM_BYTES)
