import { Actor, actor, type WorkerModule } from 'troupe'

/** Work that keeps a processor busy. */
@actor('primes/counter')
export class Primes extends Actor {
  between(from: number, to: number): number {
    let count = 0
    for (let n = from; n < to; n++) if (isPrime(n)) count++
    return count
  }

  where(): string {
    return this.node.name
  }
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false
  return n > 1
}

/** What every worker runs. */
export default {
  node: { remoteSpawn: [Primes] },
  start(node) {
    node.spawn(Primes, undefined, { name: 'primes' })
  },
} satisfies WorkerModule
