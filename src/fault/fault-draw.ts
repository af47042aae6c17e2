import { hashText } from '../base/random.js'
import { type Fault, labelText } from './fault.js'
import type { NumberedMessage } from './fault-gate.js'
import { printFault } from './fault-text.js'

/** A number in [0, 1) for a message. */
export type Draw = (message: NumberedMessage) => number

/**
 * What a fault draws for each message: it follows from the seed, the fault and the message's own label,
 * so whether one message is hit has nothing to do with what becomes of others. The share itself does
 * not count: whatever is hit at 20 % is hit at 30 % too.
 */
export function drawOf(seed: number | string, fault: Fault): Draw {
  const whole = 'percent' in fault ? { ...fault, percent: 100 } : fault
  const prefix = `${seed} ${printFault(whole)} `
  return (message) => mixed(hashText(prefix + labelText(message))) / 2 ** 32
}

/** MurmurHash3's finalizer: labels that differ in their last digit only get far apart. */
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
