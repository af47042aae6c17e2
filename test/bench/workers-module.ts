/** What a worker of the bench `workers` runs, and the work that the bare thread does too. */
import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { silentLogger } from '../../src/base/logger.js'
import type { WorkerModule } from '../../src/workers/worker-module.js'

/** Counts the primes below a number, by division: nothing but the processor is needed. */
export function primesBelow(limit: number): number {
  let count = 0
  for (let n = 2; n < limit; n++) {
    let prime = true
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0
    if (prime) count++
  }
  return count
}

@actor('bench/cruncher')
export class Cruncher extends Actor {
  primesBelow(limit: number): number {
    return primesBelow(limit)
  }

  addOne(value: number): number {
    return value + 1
  }

  /** Asks another so often, one after the other, and says how many ms that took. */
  async pingPong(other: ActorRef<Cruncher>, times: number): Promise<number> {
    const start = performance.now()
    for (let i = 0; i < times; i++) {
      if ((await other.ask.addOne(i)) !== i + 1) throw new Error(`a wrong answer to ${i}`)
    }
    return performance.now() - start
  }
}

export default {
  node: { logger: silentLogger },
  start(node) {
    node.spawn(Cruncher, undefined, { name: 'cruncher' })
  },
} satisfies WorkerModule
