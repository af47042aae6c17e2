import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { classNamed } from '../../src/actor/class-registry.js'
import {
  accepts,
  actor,
  causal,
  channel,
  hidden,
  monotonic,
  reentrant,
  reliable,
} from '../../src/actor/decorators.js'
import { Definition } from '../../src/actor/definition.js'
import type { MethodDefinition } from '../../src/actor/method-definition.js'
import { partitionKey } from '../../src/actor/partition-key.js'
import type { StandardSchema } from '../../src/actor/standard-schema.js'
import { codeOf } from '../../src/base/errors.js'

class Move {
  constructor(
    readonly board: number,
    readonly column: number,
  ) {}
}

class Shot {
  @partitionKey
  readonly room: string

  constructor(room: string) {
    this.room = room
  }
}

class FarShot extends Shot {
  readonly distance = 9
}

const anything: StandardSchema = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
}

@actor('suite/match')
@channel('game')
class Match extends Actor<{ board: number }> {
  join(_seat: number): void {}

  @partitionKey((move) => move.board)
  play(_move: Move): void {}

  @partitionKey((_loud: boolean, room: string) => room)
  @channel('chat')
  say(_loud: boolean, _room: string): void {}

  @channel('replay')
  @reentrant
  replay(): Uint8Array {
    return new Uint8Array()
  }

  @hidden
  cheat(): void {}

  @accepts(anything, anything)
  resign(_player: string, _why: string): void {}

  shoot(_shot: Shot): void {}
}

@actor('suite/blitz')
class Blitz extends Match {
  @channel('fast')
  override join(_seat: number): void {}

  clock(): number {
    return 0
  }
}

@reliable
class Bank extends Actor {
  pay(_sum: number): void {}

  @causal('ledger')
  note(_text: string): void {}

  @monotonic
  rate(_rate: number): void {}
}

@causal('branch')
class Branch extends Bank {
  @reliable
  @monotonic
  override pay(_sum: number): void {}
}

class Bare extends Match {
  @hidden
  override replay(): Uint8Array {
    return super.replay()
  }
}

const method = (of: typeof Match, name: string): MethodDefinition => {
  const found = Definition.of(of).method(name)
  assert.isDefined(found, name)
  return found as MethodDefinition
}

function refused(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    assert.equal(codeOf(error), 'ERR_BAD_DEFINITION', String(error))
    return
  }
  assert.fail('was not refused')
}

/** The same classes and the same expectations, compiled in one decorator mode or the other. */
export function decoratorSuite(mode: string): void {
  describe(`decorators, ${mode}`, () => {
    it('registers a class by the name of @actor and refuses the name to another class', () => {
      assert.equal(Definition.of(Match).type, 'suite/match')
      assert.isTrue(Definition.of(Match).declared)
      assert.equal(classNamed('suite/match'), Match)
      refused(() => {
        @actor('suite/match')
        class Other extends Actor {}
        return Other
      })
    })

    it('takes the channel of the method before that of the class', () => {
      assert.equal(method(Match, 'join').channel, 'game')
      assert.equal(method(Match, 'say').channel, 'chat')
    })

    it('sends answers on a channel of their own only where the method names one', () => {
      assert.isUndefined(method(Match, 'join').answerChannel)
      assert.equal(method(Match, 'replay').answerChannel, 'replay')
    })

    it('takes the partition key from the arguments by the extractor', () => {
      assert.equal(method(Match, 'play').partitionKey([new Move(7, 1)], undefined), 7)
      assert.equal(method(Match, 'say').partitionKey([true, 'hall'], undefined), 'hall')
      assert.isTrue(method(Match, 'play').keyed)
    })

    it('takes the partition key of a message class from its marked property', () => {
      assert.equal(method(Match, 'shoot').partitionKey([new Shot('yard')], undefined), 'yard')
      assert.equal(method(Match, 'shoot').partitionKey([new FarShot('sea')], undefined), 'sea')
      assert.isUndefined(method(Match, 'shoot').partitionKey([{ room: 'yard' }], undefined))
      assert.isFalse(method(Match, 'shoot').keyed)
    })

    it('lets the option of one send win over the extractor', () => {
      assert.equal(method(Match, 'play').partitionKey([new Move(7, 1)], { partitionKey: 'x' }), 'x')
    })

    it('marks reentrant methods, hides hidden ones, keeps schemas', () => {
      assert.isTrue(method(Match, 'replay').reentrant)
      assert.isFalse(method(Match, 'join').reentrant)
      assert.isUndefined(Definition.of(Match).method('cheat'))
      assert.deepEqual(method(Match, 'resign').accepts, [anything, anything])
    })

    it('joins what a class and its methods ask of delivery, the method first', () => {
      assert.deepEqual(method(Bank as never, 'pay').delivery, { reliable: true })
      assert.deepEqual(method(Bank as never, 'note').delivery, { reliable: true, causal: 'ledger' })
      assert.deepEqual(method(Bank as never, 'rate').delivery, { reliable: true, monotonic: true })
      const branch = { reliable: true, causal: 'branch' }
      assert.deepEqual(method(Branch as never, 'pay').delivery, { ...branch, monotonic: true })
      assert.deepEqual(method(Branch as never, 'note').delivery, { ...branch, causal: 'ledger' })
      assert.isUndefined(method(Match, 'join').delivery)
    })

    it('inherits what is said about a method and lets a subclass say more', () => {
      assert.equal(Definition.of(Blitz).type, 'suite/blitz')
      assert.equal(method(Blitz, 'join').channel, 'fast')
      assert.equal(method(Blitz, 'play').channel, 'game')
      assert.equal(method(Blitz, 'play').partitionKey([new Move(3, 1)], undefined), 3)
      assert.isTrue(method(Blitz, 'replay').reentrant)
      assert.equal(method(Match, 'join').channel, 'game', 'the base class is left alone')
    })

    it('calls a class without @actor by its own name and keeps it out of the registry', () => {
      assert.equal(Definition.of(Bare).type, 'Bare')
      assert.isFalse(Definition.of(Bare).declared)
      assert.isUndefined(classNamed('Bare'))
      assert.isUndefined(Definition.of(Bare).method('replay'))
      assert.isDefined(Definition.of(Match).method('replay'))
    })

    misplacedDecorators()
  })
}

function misplacedDecorators(): void {
  it('refuses labels that are none', () => {
    for (const label of ['', 'x'.repeat(65), 7, false, undefined]) {
      refused(() => causal(label as string))
    }
  })

  it('refuses what is asked of delivery twice, and elsewhere', () => {
    refused(() => {
      class Wrong extends Actor {
        @causal('a')
        @causal('b')
        move(): void {}
      }
      return Wrong
    })
    refused(() => {
      class Wrong extends Actor {
        @reliable
        @reliable
        move(): void {}
      }
      return Wrong
    })
    refused(() => {
      class Wrong extends Actor {
        @monotonic
        static move(): void {}
      }
      return Wrong
    })
  })

  it('refuses decorators on static methods', () => {
    refused(() => {
      class Wrong extends Actor {
        @reentrant
        static make(): void {}
      }
      return Wrong
    })
  })

  it('refuses two extractors on one method', () => {
    refused(() => {
      class Wrong extends Actor {
        @partitionKey((a: number) => a)
        @partitionKey((a: number) => a)
        move(_a: number): void {}
      }
      return Wrong
    })
  })

  it('refuses two key properties in one message class', () => {
    refused(() => {
      class Wrong {
        @partitionKey
        a = 1
        @partitionKey
        b = 2
      }
      return Wrong
    })
  })

  it('refuses an empty name and a second name', () => {
    refused(() => actor('')(class A extends Actor {}))
    refused(() => channel('')(class B extends Actor {}))
    refused(() => {
      @actor('suite/one')
      @actor('suite/two')
      class Wrong extends Actor {}
      return Wrong
    })
  })

  it('refuses what is not a Standard Schema', () => {
    refused(() => accepts({} as StandardSchema))
  })
}
