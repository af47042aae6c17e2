/**
 * How many messages a second do 60 actors take from one sender that sends each the same number, in turns
 * and without a pause? Baseline: 60 of the smallest mailboxes.
 */
import { Actor } from '../../src/actor/actor.js'
import { MiniActor } from './baseline.js'
import { localSystem } from './local-system.js'
import { ACTOR_LIBRARIES, Done, perSecond, runShape } from './shapes.js'

const ACTORS = 60
const EACH = 5_000

let left = 0
let done = new Done()

function work(x: number): void {
  Math.sin(x) * Math.sin(x)
  if (--left === 0) done.resolve()
}

class Worker extends Actor {
  take(x: number): void {
    work(x)
  }
}

const system = localSystem()
const workers = Array.from({ length: ACTORS }, () => system.node.spawn(Worker))
const minis = Array.from({ length: ACTORS }, () => new MiniActor<{ x: number }>(({ x }) => work(x)))

function all<T>(targets: readonly T[], tell: (target: T, x: number) => void): Promise<number> {
  left = ACTORS * EACH
  done = new Done()
  return perSecond(ACTORS * EACH, () => {
    for (let x = 0; x < EACH; x++) for (const target of targets) tell(target, x)
    return done.promise
  })
}

await runShape({
  bench: 'fork-join',
  row: 'fork-join',
  unit: 'M messages/s',
  per: 1e6,
  programs: ACTOR_LIBRARIES,
  ours: () => all(workers, (worker, x) => void worker.tell.take(x)),
  baseline: () => all(minis, (mini, x) => mini.tell({ x })),
})
