import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { actor, channel } from '../../src/actor/decorators.js'
import { Definition } from '../../src/actor/definition.js'
import { codeOfThrow } from './one-node.js'

class Base extends Actor {
  zero(): number {
    return 0
  }
  alpha(): void {}
}

class Derived extends Base {
  override zero(): number {
    return 1
  }
  midst(): void {}
  readonly field = (): void => {}
  get speed(): number {
    return 1
  }
  #secret(): void {}
  [Symbol.iterator](): void {
    this.#secret()
  }
  static make(): void {}
  override onStart(): void {}
  override onStop(): void {}
  override onDown(): void {}
  override onExit(): void {}
  override toString(): string {
    return 'derived'
  }
}

const names = (definition: Definition): string[] => definition.methods.map(({ name }) => name)

describe('a definition', () => {
  it('lists the public methods below Actor, sorted, each with its index', () => {
    const definition = Definition.of(Derived)
    assert.deepEqual(names(definition), ['alpha', 'midst', 'toString', 'zero'])
    definition.methods.forEach((method, index) => {
      assert.equal(method.index, index)
      assert.equal(definition.method(method.name), method)
      assert.equal(definition.method(index), method)
    })
  })

  it('finds nothing by names and indices that are not in the table', () => {
    const definition = Definition.of(Derived)
    const outside = ['constructor', '__proto__', 'hasOwnProperty', 'onStart', 'watch', 'stop', '']
    const odd = [
      -1,
      4,
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      null,
      undefined,
      {},
      '0',
      'length',
    ]
    for (const which of [...outside, ...odd]) {
      assert.isUndefined(definition.method(which), String(which))
    }
  })

  it('is read once per class', () => {
    assert.equal(Definition.of(Derived), Definition.of(Derived))
    assert.notEqual(Definition.of(Derived), Definition.of(Base))
  })

  it('has another digest when the table differs, and the same when it does not', () => {
    class Same extends Base {}
    assert.equal(Definition.of(Same).digest, Definition.of(Base).digest)
    assert.notEqual(Definition.of(Derived).digest, Definition.of(Base).digest)
    assert.match(Definition.of(Base).digest, /^[0-9a-f]{16}$/)
  })

  for (const name of [
    'spawn',
    'watch',
    'stop',
    'self',
    'args',
    'stash',
    'after',
    'signal',
    'node',
  ]) {
    it(`refuses a class that declares ${name}, which belongs to Actor`, () => {
      const wrong = class extends Actor {}
      Object.defineProperty(wrong.prototype, name, { value: () => {}, configurable: true })
      assert.equal(
        codeOfThrow(() => Definition.of(wrong)),
        'ERR_BAD_DEFINITION',
      )
    })
  }

  it('refuses a method named __proto__', () => {
    class Wrong extends Actor {
      ['__proto__'](): void {}
    }
    assert.equal(
      codeOfThrow(() => Definition.of(Wrong)),
      'ERR_BAD_DEFINITION',
    )
  })

  it('refuses what does not extend Actor, and a class without any name', () => {
    for (const wrong of [Date, Actor, class {}, undefined, 'Counter', () => {}]) {
      assert.equal(
        codeOfThrow(() => Definition.of(wrong as unknown as typeof Base)),
        'ERR_BAD_DEFINITION',
      )
    }
    const make = () => class extends Actor {}
    assert.equal(
      codeOfThrow(() => Definition.of(make())),
      'ERR_BAD_DEFINITION',
    )
  })

  it('accepts the same class registered twice', () => {
    const decorate = actor('definition/twice')
    class Twice extends Actor {}
    decorate(Twice)
    assert.equal(Definition.of(Twice).type, 'definition/twice')
  })
})

describe('a definition from a table another node sent', () => {
  it('knows names, which methods want a key, and channels', () => {
    const definition = Definition.fromTable('far/room', ['enter', 'leave'], [1], [null, 'exit'])
    assert.deepEqual(names(definition), ['enter', 'leave'])
    assert.isUndefined(definition.actorClass)
    assert.equal(definition.method('leave')?.channel, 'exit')
    assert.isUndefined(definition.method('enter')?.partitionKey(['hall'], undefined))
    assert.equal(
      codeOfThrow(() => definition.method('leave')?.partitionKey(['hall'], undefined)),
      'ERR_KEY_NEEDED',
    )
    assert.equal(definition.method('leave')?.partitionKey(['hall'], { partitionKey: 3 }), 3)
  })

  it('has the digest of the class it describes', () => {
    const of = Definition.of(Base)
    assert.equal(Definition.fromTable('x', names(of)).digest, of.digest)
  })

  const bad: [string, unknown[]][] = [
    ['names out of order', ['b', 'a']],
    ['a name twice', ['a', 'a']],
    ['constructor', ['constructor']],
    ['__proto__', ['__proto__']],
    ['an empty name', ['']],
    ['a name that is no text', [7]],
    ['an endless name', ['x'.repeat(201)]],
    ['too many names', Array.from({ length: 1_001 }, (_, i) => String(i).padStart(5, '0'))],
  ]
  for (const [what, table] of bad) {
    it(`refuses ${what}`, () => {
      assert.equal(
        codeOfThrow(() => Definition.fromTable('far/room', table as string[])),
        'ERR_BAD_DEFINITION',
      )
    })
  }
})

describe('a decorator that takes a name', () => {
  for (const [name, decorator] of Object.entries({ actor, channel })) {
    it(`@${name} without its parentheses is refused, and does not replace the class`, () => {
      const bare = decorator as unknown as (target: unknown) => unknown
      assert.equal(
        codeOfThrow(() => bare(class Box extends Actor {})),
        'ERR_BAD_DEFINITION',
      )
    })
  }
})
