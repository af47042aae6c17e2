/** What refs offer, and to whom they may be given; every `@ts-expect-error` must meet an error. */
import { Actor } from '../../src/actor/actor.js'
import type { ActorNode } from '../../src/actor/actor-node.js'
import type { Ask, Tell } from '../../src/actor/facets.js'
import type { ActorRef, AnyRef } from '../../src/actor/ref.js'
import type { Reply } from '../../src/actor/reply.js'

type Equal<X, Y> =
  (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const same = <X, Y>(_equal: Equal<X, Y>): void => {}

interface Seat {
  readonly row: number
}

class Player extends Actor<{ name: string }> {
  greet(by: ActorRef<Player>): void {
    by.tell.greet(this.selfAs(Player))
    // @ts-expect-error `this.self` has no methods
    this.self.tell.greet(by)
    this.watch(this.self)
  }
}

class Match extends Actor<{ board: number }> {
  readonly size = 7
  #moves = 0
  join(_player: ActorRef<Player>): Seat {
    return { row: this.args.board }
  }
  async replay(_from: number, _to?: number): Promise<Uint8Array> {
    return new Uint8Array(this.#moves)
  }
  later(): Reply<number> {
    return this.deferReply<number>()
  }
  either(): Promise<Reply<string> | string> {
    return Promise.resolve('now')
  }
  override onStart(): void {}
  protected count(): number {
    return this.#moves
  }
  private forget(): void {
    this.#moves = 0
    this.forget()
  }
}

class Counter extends Actor {
  add(_by: number): void {}
  value(): number {
    return 0
  }
}

export function refs(match: ActorRef<Match>, player: ActorRef<Player>, node: ActorNode): void {
  same<ReturnType<typeof match.tell.join>, boolean>(true)
  same<ReturnType<typeof match.ask.join>, Promise<Seat>>(true)
  same<ReturnType<typeof match.ask.replay>, Promise<Uint8Array<ArrayBufferLike>>>(true)
  same<ReturnType<typeof match.ask.later>, Promise<number>>(true)
  same<ReturnType<typeof match.ask.either>, Promise<string>>(true)
  same<keyof Tell<Match>, 'join' | 'replay' | 'later' | 'either'>(true)
  same<keyof Ask<Counter>, 'add' | 'value'>(true)
  same<keyof Tell<Actor<unknown>>, never>(true)

  const any: AnyRef = match
  const all: AnyRef[] = [match, player, any, match.with({ timeoutMs: 1 })]
  all.map(String)
  match.tell.join(player)
  match.tell.replay(1)

  // @ts-expect-error not a ref to a Player
  match.tell.join(match)
  // @ts-expect-error an argument is missing
  match.tell.replay()
  // @ts-expect-error an argument is of another type
  match.tell.replay('1')
  // @ts-expect-error protected
  match.tell.count()
  // @ts-expect-error private
  match.tell.forget()
  // @ts-expect-error a field
  match.tell.size
  // @ts-expect-error a lifecycle method
  match.tell.onStart()
  // @ts-expect-error a member of Actor
  match.tell.watch(player)
  // @ts-expect-error no such option
  match.with({ timeout: 1 })
  // @ts-expect-error a ref to whatever actor has no methods
  any.tell.join(player)

  node.spawn(Counter)
  node.spawn(Counter, undefined, { name: 'score' })
  same<ReturnType<typeof spawnMatch>, ActorRef<Match>>(true)
  const spawnMatch = () => node.spawn(Match, { board: 1 }, { mailboxLimit: 10 })
  // @ts-expect-error its arguments are missing
  node.spawn(Match)
  // @ts-expect-error its arguments are of another type
  node.spawn(Match, { board: 'one' })
  // @ts-expect-error it takes no arguments
  node.spawn(Counter, { board: 1 })
  // @ts-expect-error no such option
  node.spawn(Counter, undefined, { nam: 'score' })
  // @ts-expect-error not an actor class
  node.spawn(Date)

  same<ReturnType<typeof lookup>, ActorRef<Counter>>(true)
  const lookup = () => node.lookup(Counter, 'score', { on: 'b' })
  const resolved: Promise<ActorRef<Counter>> = node.resolve<Counter>('score')
  resolved.catch(() => {})
}
