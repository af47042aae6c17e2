/** How many asks a second, 1,000 under way at a time? Baseline: the smallest mailbox. */
import { Actor } from '../../src/actor/actor.js'
import { MiniActor } from './baseline.js'
import { localSystem } from './local-system.js'
import { ACTOR_LIBRARIES, perSecond, runShape } from './shapes.js'

const ASKS = 300_000
const IN_FLIGHT = 1_000

class Counter extends Actor {
  #total = 0
  add(by: number): number {
    this.#total += by
    return this.#total
  }
}

const counter = localSystem().node.spawn(Counter)
let total = 0
const mini = new MiniActor<{ by: number; reply: (value: number) => void }>(({ by, reply }) => {
  total += by
  reply(total)
})

function loops(ask: () => Promise<number>): Promise<number> {
  let next = 0
  const loop = async (): Promise<void> => {
    while (next++ < ASKS) await ask()
  }
  return perSecond(ASKS, () => Promise.all(Array.from({ length: IN_FLIGHT }, loop)))
}

await runShape({
  bench: 'local-ask-1000',
  row: 'ask-1000',
  unit: 'M asks/s',
  per: 1e6,
  programs: [...ACTOR_LIBRARIES, 'moleculer'],
  ours: () => loops(() => counter.ask.add(1)),
  baseline: () => loops(() => mini.ask<number>((reply) => ({ by: 1, reply }))),
})
