import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { Definition } from '../../src/actor/definition.js'
import { partitionKey } from '../../src/actor/partition-key.js'
import { decoratorSuite } from './decorator-suite.js'
import { codeOfThrow } from './one-node.js'

decoratorSuite('legacy')

class Room extends Actor {
  enter(@partitionKey _room: string, _who: string): void {}
  leave(_who: string, @partitionKey _room: string): void {}
}

describe('@partitionKey on a parameter (legacy decorators only)', () => {
  it('makes that argument the key', () => {
    const key = (name: string, args: unknown[]) =>
      Definition.of(Room).method(name)?.partitionKey(args, undefined)
    assert.equal(key('enter', ['hall', 'ann']), 'hall')
    assert.equal(key('leave', ['ann', 'hall']), 'hall')
  })

  it('refuses an argument that cannot be a key', () => {
    const enter = Definition.of(Room).method('enter')
    assert.equal(
      codeOfThrow(() => enter?.partitionKey([{ no: 'key' }], undefined)),
      'ERR_BAD_ARGUMENTS',
    )
  })

  it('refuses a parameter of a constructor or a static method', () => {
    const decorate = partitionKey as (...args: unknown[]) => unknown
    assert.equal(
      codeOfThrow(() => decorate(Room, undefined, 0)),
      'ERR_BAD_DEFINITION',
    )
    assert.equal(
      codeOfThrow(() => decorate(Room, 'make', 0)),
      'ERR_BAD_DEFINITION',
    )
  })
})
