/**
 * How many messages a second among 120 actors, each of which pings a random one, waits for the pong, and
 * again? Baseline: the smallest mailboxes.
 */
import { Actor } from '../../src/actor/actor.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { MiniActor } from './baseline.js'
import { localSystem } from './local-system.js'
import { ACTOR_LIBRARIES, Done, perSecond, runShape } from './shapes.js'

const ACTORS = 120
const PINGS = 2_000

let finished = 0
let done = new Done()

function finish(): void {
  if (++finished === ACTORS) done.resolve()
}

/** Picks whom to ping; the same for all sides. */
class Picker {
  #seed: number
  constructor(index: number) {
    this.#seed = index * 7919 + 1
  }
  next(): number {
    this.#seed = (Math.imul(this.#seed, 1103515245) + 12345) & 0x7fffffff
    return this.#seed % ACTORS
  }
}

class Player extends Actor {
  #picker = new Picker(0)
  #index = 0
  #sent = 0
  enter(index: number): void {
    this.#picker = new Picker(index)
    this.#index = index
  }
  begin(): void {
    this.#sent = 0
    this.pong()
  }
  ping(from: number): void {
    at(from).tell.pong()
  }
  pong(): void {
    if (this.#sent++ < PINGS) at(this.#picker.next()).tell.ping(this.#index)
    else finish()
  }
}

const system = localSystem()
const players = Array.from({ length: ACTORS }, () => system.node.spawn(Player))
const at = (i: number): ActorRef<Player> => players[i] as ActorRef<Player>
for (let i = 0; i < ACTORS; i++) at(i).tell.enter(i)

interface Call {
  readonly ping: boolean
  readonly from: number
  readonly begin: boolean
}

const minis: MiniActor<Call>[] = Array.from({ length: ACTORS }, (_, index) => {
  const picker = new Picker(index)
  let sent = 0
  return new MiniActor(({ ping, from, begin }) => {
    if (ping) return minis[from]?.tell({ ping: false, from: index, begin: false })
    if (begin) sent = 0
    if (sent++ < PINGS) minis[picker.next()]?.tell({ ping: true, from: index, begin: false })
    else finish()
  })
})

function game(begin: () => void): Promise<number> {
  finished = 0
  done = new Done()
  return perSecond(2 * ACTORS * PINGS, () => {
    begin()
    return done.promise
  })
}

await runShape({
  bench: 'big',
  row: 'big',
  unit: 'M messages/s',
  per: 1e6,
  programs: ACTOR_LIBRARIES,
  ours: () =>
    game(() => {
      for (const player of players) player.tell.begin()
    }),
  baseline: () =>
    game(() => {
      for (const mini of minis) mini.tell({ ping: false, from: 0, begin: true })
    }),
})
