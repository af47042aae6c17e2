import type { Random } from '../base/random.js'
import type { Entropy } from '../world/entropy.js'

/** "Entropy" that follows from the seed: identities and challenges repeat with the run. */
export class SimEntropy implements Entropy {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count)
    for (let i = 0; i < count; i++) bytes[i] = this.#random.int(256)
    return bytes
  }
}
