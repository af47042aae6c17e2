import type { Key } from '../actor/send-options.js'
import { hashText } from '../base/random.js'

/** A partition key as 32 bits: equal keys give equal numbers, on every machine. */
export function keyHash(key: Key): number {
  if (typeof key === 'number') {
    return Number.isInteger(key) ? spread(key) : hashText(String(key))
  }
  if (typeof key === 'string') return hashText(key)
  return hashText(String(key))
}

/** The key of what is for one actor, where none is named: its serial number or its name. */
export const receiverKey = (to: number | string): number =>
  typeof to === 'number' ? spread(to) : hashText(to)

/** Neighbouring numbers far apart, so that a stride does not meet the number of lanes. */
function spread(number: number): number {
  let hash = (number ^ Math.floor(number / 0x1_0000_0000)) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return (hash ^ (hash >>> 16)) >>> 0
}
