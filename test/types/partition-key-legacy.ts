/** Parameter decorators exist under `experimentalDecorators` only. */
import { Actor } from '../../src/actor/actor.js'
import { partitionKey } from '../../src/actor/partition-key.js'

export class Room extends Actor {
  enter(@partitionKey _room: string, _who: string): void {}
}

export class Shot {
  @partitionKey
  readonly room: string = 'hall'
}
