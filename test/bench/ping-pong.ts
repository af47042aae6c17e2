/**
 * How many messages a second do two actors hand to each other, one at a time? Baseline: two of the
 * smallest mailboxes. Erlang: one pair of processes.
 */
import { Actor } from '../../src/actor/actor.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { MiniActor } from './baseline.js'
import { localSystem } from './local-system.js'
import { erlangLocal } from './rival.js'
import { ACTOR_LIBRARIES, Done, perSecond, runShape } from './shapes.js'

const ROUNDS = 400_000

let left = 0
let done = new Done()

class Pong extends Actor {
  #ping: ActorRef<Ping> | undefined
  meet(ping: ActorRef<Ping>): void {
    this.#ping = ping
  }
  hit(by: number): void {
    this.#ping?.tell.hit(by)
  }
}

class Ping extends Actor {
  #pong: ActorRef<Pong> | undefined
  meet(pong: ActorRef<Pong>): void {
    this.#pong = pong
  }
  hit(by: number): void {
    if (--left === 0) done.resolve()
    else this.#pong?.tell.hit(by)
  }
}

const system = localSystem()
const pong = system.node.spawn(Pong)
const ping = system.node.spawn(Ping)
pong.tell.meet(ping)
ping.tell.meet(pong)

const miniPong: MiniActor<{ by: number }> = new MiniActor((message) => miniPing.tell(message))
const miniPing: MiniActor<{ by: number }> = new MiniActor((message) => {
  if (--left === 0) done.resolve()
  else miniPong.tell(message)
})

function rally(start: () => void): Promise<number> {
  left = ROUNDS
  done = new Done()
  return perSecond(2 * ROUNDS, () => {
    start()
    return done.promise
  })
}

await runShape({
  bench: 'ping-pong',
  row: 'ping-pong',
  unit: 'M messages/s',
  per: 1e6,
  programs: ACTOR_LIBRARIES,
  erlang: () => erlangLocal('pingpong', 'msgs_s'),
  ours: () => rally(() => pong.tell.hit(1)),
  baseline: () => rally(() => miniPong.tell({ by: 1 })),
})
