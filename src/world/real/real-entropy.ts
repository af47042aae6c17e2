import { randomBytes } from 'node:crypto'
import type { Entropy } from '../entropy.js'

/** The operating system's cryptographic randomness. */
export const realEntropy: Entropy = { bytes: (count) => randomBytes(count) }
