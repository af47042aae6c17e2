import type { Random } from '../base/random.js'

/**
 * Milliseconds to wait before the attempt after `failures` failures in a row: exponential with full
 * jitter, a uniform draw from 0 to min(maxMs, minMs × 2^failures). Peers that lost the same node at
 * the same moment so come back spread out.
 */
export function backoffMs(failures: number, minMs: number, maxMs: number, random: Random): number {
  return random.float() * Math.min(maxMs, minMs * 2 ** Math.min(failures, 30))
}
