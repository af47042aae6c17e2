import type { Random } from '../base/random.js'
import type { Clock } from './clock.js'
import type { Compress } from './compress.js'
import type { Crypto } from './crypto.js'
import type { Entropy } from './entropy.js'
import type { Environment } from './environment.js'
import type { Network } from './network.js'
import type { Store } from './store.js'
import type { Turn } from './turn.js'
import type { Waits } from './waits.js'

/** All of the outside, handed in. One node has one world; `realWorld()` and a simulation differ in nothing else. */
export interface World {
  readonly clock: Clock
  /** Seeded in a simulation; seeded from entropy on a real node. */
  readonly random: Random
  readonly entropy: Entropy
  readonly crypto: Crypto
  readonly compress: Compress
  readonly turn: Turn
  readonly network: Network
  /** Absent: nothing survives this process. */
  readonly store?: Store
  /** Absent: options come from code only. */
  readonly environment?: Environment
  /** Only in a simulation. */
  readonly waits?: Waits
}
