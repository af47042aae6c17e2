/** Compiled in both decorator modes; every `@ts-expect-error` must meet an error. */
import { Actor } from '../../src/actor/actor.js'
import { partitionKey } from '../../src/actor/partition-key.js'

interface Move {
  readonly board: number
  readonly note: { readonly text: string }
}

export class Match extends Actor {
  @partitionKey((move) => move.board)
  play(_move: Move): void {}

  @partitionKey((_move, room) => room.toUpperCase())
  say(_move: Move, _room: string): void {}

  @partitionKey(() => 'all')
  all(_move: Move): void {}

  // @ts-expect-error the method has no argument with such a property
  @partitionKey((move) => move.bord)
  misspelt(_move: Move): void {}

  // @ts-expect-error an object cannot be a key
  @partitionKey((move: Move) => move.note)
  byNote(_move: Move): void {}

  // @ts-expect-error the method's argument is not a number
  @partitionKey((by: number) => by)
  wrongType(_move: Move): void {}

  // @ts-expect-error the method has no second argument
  @partitionKey((_move: Move, room: string) => room)
  tooMany(_move: Move): void {}
}

export class Shot {
  @partitionKey
  readonly room: string = 'hall'
}
