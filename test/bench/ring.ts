/**
 * How many hops a second does a message make around a ring of 100 actors? Baseline: a ring of the
 * smallest mailboxes.
 */
import { Actor } from '../../src/actor/actor.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { MiniActor } from './baseline.js'
import { localSystem } from './local-system.js'
import { ACTOR_LIBRARIES, Done, perSecond, runShape } from './shapes.js'

const ACTORS = 100
const HOPS = 500_000

let done = new Done()

class Link extends Actor {
  #next: ActorRef<Link> | undefined
  follow(next: ActorRef<Link>): void {
    this.#next = next
  }
  pass(left: number): void {
    if (left === 0) done.resolve()
    else this.#next?.tell.pass(left - 1)
  }
}

const system = localSystem()
const links = Array.from({ length: ACTORS }, () => system.node.spawn(Link))
const at = (i: number): ActorRef<Link> => links[i % ACTORS] as ActorRef<Link>
for (let i = 0; i < ACTORS; i++) at(i).tell.follow(at(i + 1))

const minis: MiniActor<{ left: number }>[] = Array.from(
  { length: ACTORS },
  (_, i) =>
    new MiniActor(({ left }) => {
      if (left === 0) done.resolve()
      else minis[(i + 1) % ACTORS]?.tell({ left: left - 1 })
    }),
)

function around(start: () => void): Promise<number> {
  done = new Done()
  return perSecond(HOPS, () => {
    start()
    return done.promise
  })
}

await runShape({
  bench: 'ring',
  row: 'ring',
  unit: 'M hops/s',
  per: 1e6,
  programs: ACTOR_LIBRARIES,
  ours: () => around(() => at(0).tell.pass(HOPS)),
  baseline: () => around(() => minis[0]?.tell({ left: HOPS })),
})
