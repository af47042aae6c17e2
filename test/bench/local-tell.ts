/**
 * How many messages a second do actors of one node take? 100 actors, bursts of 10,000 tells, each
 * burst handled before the next. Baseline: the same loop over 100 bare ring queues of message
 * objects, drained by a loop that calls the same kind of method. Erlang: one process to one other, 1,024
 * unacknowledged.
 */
import { Actor } from '../../src/actor/actor.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { RingQueue } from '../../src/base/ring-queue.js'
import { alternate, localSystem, turn } from './local-system.js'
import { erlangLocal, rivals } from './rival.js'
import { ACTOR_LIBRARIES } from './shapes.js'

const ACTORS = 100
const BURST = 10_000
const BURSTS = 50

let handled = 0

class Counter extends Actor {
  #total = 0
  add(by: number): void {
    this.#total += by
    handled++
  }
  value(): number {
    return this.#total
  }
}

class BareCounter {
  #total = 0
  add(by: number): void {
    this.#total += by
    handled++
  }
  value(): number {
    return this.#total
  }
}

const system = localSystem()
const refs = Array.from({ length: ACTORS }, () => system.node.spawn(Counter))
const bare = Array.from({ length: ACTORS }, () => ({
  queue: new RingQueue<{ by: number }>(),
  counter: new BareCounter(),
}))

async function actors(): Promise<number> {
  const until = handled + BURST * BURSTS
  const start = performance.now()
  for (let burst = 0; burst < BURSTS; burst++) {
    for (let i = 0; i < BURST; i++) (refs[i % ACTORS] as ActorRef<Counter>).tell.add(1)
    const due = until - (BURSTS - 1 - burst) * BURST
    while (handled < due) await turn()
  }
  return (BURST * BURSTS) / (performance.now() - start) / 1_000
}

async function queues(): Promise<number> {
  const start = performance.now()
  for (let burst = 0; burst < BURSTS; burst++) {
    for (let i = 0; i < BURST; i++) bare[i % ACTORS]?.queue.push({ by: 1 })
    for (const { queue, counter } of bare) {
      for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
        counter.add(message.by)
      }
    }
    await turn()
  }
  return (BURST * BURSTS) / (performance.now() - start) / 1_000
}

const { value, baseline } = await alternate(actors, queues, 15)
const programs = [...ACTOR_LIBRARIES, 'moleculer']
const beside = await rivals('tell', programs, 1e6, () => erlangLocal('oneway', 'msgs_s'))
const line = {
  bench: 'local-tell',
  value,
  unit: 'M messages/s',
  baseline,
  ratio: value / baseline,
  ...beside,
}
console.log(JSON.stringify(line))
process.exit(0)
