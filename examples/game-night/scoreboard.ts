import { Actor, type ActorRef, actor } from 'troupe'
import type { Outcome } from './connect-four.js'
import type { Lobby } from './lobby.js'

export interface Result {
  readonly board: number
  readonly outcome: Outcome
  readonly moves: number
  /** The node on which the match ended. */
  readonly node: string
}

/** Counts up, and tells how far it is. */
@actor('night/counter')
export class Counter extends Actor {
  #total = 0

  add(by: number): number {
    this.#total += by
    return this.#total
  }

  value(): number {
    return this.#total
  }
}

export interface ScoreboardArgs {
  readonly lobby: () => ActorRef<Lobby>
  readonly counters: Readonly<Record<Outcome, () => ActorRef<Counter>>>
}

/** Counts each match once, however often it is reported. */
@actor('night/scoreboard')
export class Scoreboard extends Actor<ScoreboardArgs> {
  readonly #results = new Map<number, Result>()
  #repeats = 0

  record(result: Result): void {
    if (this.#results.has(result.board)) {
      this.#repeats++
      return
    }
    this.#results.set(result.board, result)
    this.args.counters[result.outcome]().tell.add(1)
    this.args.lobby().tell.closed(result.board)
  }

  results(): Result[] {
    return [...this.#results.values()]
  }

  /** Reports that came again and were not counted. */
  repeats(): number {
    return this.#repeats
  }
}
