/**
 * A lock that is leased, as actors: whoever holds it for too long loses it, and may not know. So each grant has a
 * number, and the store that the lock guards refuses a number lower than it has seen. Its known flaw without that:
 * a write that was on its way for longer than the lease.
 */
import { Actor, type ActorRef, actor, Refusal } from 'troupe'
import { check, type Scenario } from 'troupe/simulation'

const LEASE_MS = 1_000
const AFTERWARDS_MS = 10_000

export interface LeaseLockOptions {
  /** The store refuses old numbers. Default true. */
  readonly fencing?: boolean
  /**
   * A mistake to be found. `any release`: whoever releases, it is free. `same number`: a grant after an expired one
   * has its number. `lax`: the store takes the number before the highest, too. `renewed`: a release that comes late
   * brings an old number back.
   */
  readonly bug?: 'any release' | 'same number' | 'lax' | 'renewed'
}

/** `grant 3 n2`, `release 3 n2`, `expire 3` */
type Journal = readonly string[]

@actor('protocols/lease-lock/lock')
class Lock extends Actor<LeaseLockOptions> {
  #number = 0
  #holder: string | undefined
  readonly #journal: string[] = []

  /** The number of the grant. @throws Refusal BUSY */
  acquire(by: string): number {
    if (this.#holder !== undefined) throw new Refusal('BUSY', `${this.#holder} holds it`)
    const number = ++this.#number
    this.#holder = by
    this.#journal.push(`grant ${number} ${by}`)
    this.after(LEASE_MS, () => this.selfAs(Lock).tell.expire(number))
    return number
  }

  release(number: number, by: string): void {
    const { bug } = this.args
    if (bug === 'renewed') this.#number = Math.min(this.#number, number)
    if (bug !== 'any release' && (number !== this.#number || this.#holder !== by)) return
    if (this.#holder === undefined) return
    this.#journal.push(`release ${this.#number} ${by}`)
    this.#holder = undefined
  }

  expire(number: number): void {
    if (number !== this.#number || this.#holder === undefined) return
    this.#journal.push(`expire ${number}`)
    this.#holder = undefined
    if (this.args.bug === 'same number') this.#number--
  }

  journal(): Journal {
    return this.#journal
  }
}

@actor('protocols/lease-lock/guarded')
class Guarded extends Actor<LeaseLockOptions> {
  #highest = 0
  readonly #written: string[] = []

  /** @throws Refusal STALE */
  write(number: number, by: string): void {
    const { fencing = true, bug } = this.args
    const least = bug === 'lax' ? this.#highest - 1 : this.#highest
    if (fencing && number < least) throw new Refusal('STALE', `${number} is over`)
    this.#highest = Math.max(this.#highest, number)
    this.#written.push(`${number} ${by}`)
  }

  written(): readonly string[] {
    return this.#written
  }
}

@actor('protocols/lease-lock/worker')
class Worker extends Actor {
  /** Takes the lock, writes, gives it back. */
  async work(): Promise<void> {
    const { name } = this.node
    const lock: ActorRef<Lock> = this.node.lookup(Lock, 'lock', { on: 'n1' })
    const number = await lock.ask.acquire(name)
    try {
      await this.node.lookup(Guarded, 'guarded', { on: 'n2' }).ask.write(number, name)
    } finally {
      lock.tell.release(number, name)
    }
  }
}

/** Who was granted a number, and nobody else, may write under it; and not after a higher one. */
function inOrder(written: readonly string[]): true | string {
  let highest = 0
  const writers = new Map<number, string>()
  for (const line of written) {
    const [number, by] = [Number(line.split(' ')[0]), line.split(' ')[1] as string]
    if (number < highest) return `${line} after ${highest}`
    if ((writers.get(number) ?? by) !== by) return `${line} and ${writers.get(number)}`
    writers.set(number, by)
    highest = number
  }
  return true
}

/** It is granted when nobody holds it, and under a number that was never used. */
function exclusive(journal: Journal): true | string {
  let held: string | undefined
  let last = 0
  for (const line of journal) {
    const [verb, number, by] = line.split(' ')
    if (verb === 'grant') {
      if (held !== undefined) return `${line} while ${held}`
      if (Number(number) <= last) return `${line} after ${last}`
      last = Number(number)
      held = line
    } else {
      if (verb === 'release' && held !== `grant ${number} ${by}`) return `${line} ends ${held}`
      held = undefined
    }
  }
  return true
}

export const leaseLock = (nodes = 4, options: LeaseLockOptions = {}): Scenario => ({
  name: 'lease-lock',
  level: 'messages',
  nodes,
  start(node) {
    if (node.name === 'n1') node.spawn(Lock, options, { name: 'lock' })
    else if (node.name === 'n2') node.spawn(Guarded, options, { name: 'guarded' })
    else node.spawn(Worker, undefined, { name: 'worker' })
  },
  operations: {
    work: (node) => node.lookup(Worker, 'worker', { on: node.name }).ask.work(),
    journal: (node) => node.lookup(Lock, 'lock', { on: node.name }).ask.journal(),
    written: (node) => node.lookup(Guarded, 'guarded', { on: node.name }).ask.written(),
  },
  async workload(w) {
    const workers = w.nodes.slice(2)
    await w.parallel(w.nodes.length, async (client) => {
      if (!workers.includes(client.node)) return
      for (let i = 0; i < 5; i++) {
        await client.call('work')
        await client.sleep(100 + client.int(900))
      }
    })
    await w.sleep(AFTERWARDS_MS)
    await w.callOn('n1', 'journal')
    await w.callOn('n2', 'written')
  },
  limits: { settleMs: 0 },
  checks: [
    check.history('writes come in the order of grants', (history) => {
      const { value } = history.find(({ name }) => name === 'written') ?? {}
      return inOrder((value ?? []) as readonly string[])
    }),
    check.history('one holder at a time', (history) => {
      const { value } = history.find(({ name }) => name === 'journal') ?? {}
      return exclusive((value ?? []) as Journal)
    }),
  ],
})

export default leaseLock()
