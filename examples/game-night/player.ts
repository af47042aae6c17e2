import { Actor, type ActorRef, actor, channel } from 'troupe'
import { Board } from './connect-four.js'
import type { Match } from './match.js'

/** A match asks the player whose turn it is; `columns` is the game so far. */
export interface Turn {
  readonly board: number
  readonly match: ActorRef<Match>
  readonly columns: readonly number[]
}

/** A stone: the number of the move in its game, from 0, and the column. */
export interface Stone {
  readonly number: number
  readonly column: number
}

export interface PlayerArgs {
  readonly name: string
  /** How long a player thinks, in ms. */
  readonly thinkMs: number
  /** Once, at this move of this board, the player plays outside the board. */
  readonly poison?: { readonly board: number; readonly number: number }
}

/** Keeps the list of its own moves: the boards can be rebuilt from all players' lists. */
@actor('night/player')
@channel('game')
export class Player extends Actor<PlayerArgs> {
  readonly #stones = new Map<number, Stone[]>()
  #poison = this.args.poison

  yourTurn(turn: Turn): void {
    this.after(this.args.thinkMs, () => this.#play(turn))
  }

  stones(board: number): Stone[] {
    return this.#stones.get(board) ?? []
  }

  #play({ board, match, columns }: Turn): void {
    const number = columns.length
    if (this.#poison?.board === board && this.#poison.number === number) {
      this.#poison = undefined
      match.tell.play({ board, number, column: 99 })
      return
    }
    const own = this.#stones.get(board) ?? []
    const column = own.find((stone) => stone.number === number)?.column ?? this.#choose(columns)
    if (!own.some((stone) => stone.number === number)) {
      this.#stones.set(board, [...own.filter((stone) => stone.number < number), { number, column }])
    }
    match.tell.play({ board, number, column })
  }

  /** Wins if it can, blocks if it must, else plays anywhere. */
  #choose(columns: readonly number[]): number {
    const board = new Board()
    for (const column of columns) board.drop(column)
    const open = board.open()
    const winning = open.find((column) => tried(board, column).outcome === board.turn)
    if (winning !== undefined) return winning
    const safe = open.filter((column) => {
      const after = tried(board, column)
      return !after.open().some((reply) => tried(after, reply).outcome === after.turn)
    })
    return this.node.random.pick(safe.length > 0 ? safe : open)
  }
}

function tried(board: Board, column: number): Board {
  const next = board.copy()
  next.drop(column)
  return next
}
