import { Actor, type ActorRef, actor, channel, partitionKey } from 'troupe'
import { Board } from './connect-four.js'
import type { Lobby } from './lobby.js'
import type { Player } from './player.js'
import type { Scoreboard } from './scoreboard.js'

export const REPLAY_BYTES = 2 * 1024 * 1024

export interface MatchArgs {
  readonly board: number
  /** Four players: two of red, two of yellow, in the order in which they play. */
  readonly players: readonly ActorRef<Player>[]
  readonly lobby: ActorRef<Lobby>
  readonly scoreboard: ActorRef<Scoreboard>
}

export interface Move {
  readonly board: number
  readonly number: number
  readonly column: number
}

/** One game of Connect Four. It owns nothing that its players could not tell it again. */
@actor('night/match')
@channel('game')
export class Match extends Actor<MatchArgs> {
  readonly #board = new Board()
  readonly #columns: number[] = []

  override async onStart(): Promise<void> {
    const lists = this.args.players.map((player) => player.ask.stones(this.args.board))
    const stones = new Map((await Promise.all(lists)).flat().map((s) => [s.number, s.column]))
    for (;;) {
      const column = stones.get(this.#columns.length)
      if (column === undefined) break
      this.#drop(column)
    }
    this.args.lobby.tell.opened({
      board: this.args.board,
      match: this.selfAs(Match),
      node: this.node.name,
      rebuilt: this.#columns.length,
    })
    await this.#next()
  }

  /** Moves on one board share a connection and keep their order; boards travel in parallel. */
  @partitionKey((move: Move) => move.board)
  async play(move: Move): Promise<void> {
    if (move.number !== this.#columns.length) return // played already, before a crash
    this.#drop(move.column) // against the rules: let it crash
    await this.#next()
  }

  /** The game so far as a film: travels apart from the moves. */
  @channel('replay')
  replay(): Uint8Array {
    return new Uint8Array(REPLAY_BYTES).fill(this.#columns.length)
  }

  #drop(column: number): void {
    this.#board.drop(column)
    this.#columns.push(column)
  }

  async #next(): Promise<void> {
    const outcome = this.#board.outcome
    const { board, players, scoreboard } = this.args
    if (outcome === undefined) {
      const player = players[this.#columns.length % players.length] as ActorRef<Player>
      player.tell.yourTurn({ board, match: this.selfAs(Match), columns: this.#columns })
      return
    }
    await scoreboard.ask.record({
      board,
      outcome,
      moves: this.#columns.length,
      node: this.node.name,
    })
    this.stop()
  }
}
