import { assert } from 'chai'
import { codeOf, TroupeError } from '../../src/base/errors.js'
import {
  type Check,
  check,
  durationMs,
  type Fields,
  integer,
  isBoolean,
  isFunction,
  isObject,
  isText,
  oneOf,
  readOptions,
  show,
} from '../../src/base/options.js'

interface Sample {
  readonly size: number
  readonly name?: string
  readonly mode: 'fast' | 'safe'
}

const FIELDS: Fields<Sample> = {
  size: { fallback: 3, check: integer(1, 9) },
  name: { fallback: undefined, check: isText },
  mode: { fallback: 'safe', check: oneOf('fast', 'safe') },
}

const errorOf = (run: () => unknown): TroupeError => {
  try {
    run()
  } catch (error) {
    assert.instanceOf(error, TroupeError)
    return error as TroupeError
  }
  return assert.fail('should have thrown')
}

describe('options', () => {
  const read = (given: unknown): Sample => readOptions('sample', FIELDS, given)

  it('fills defaults and leaves absent what has none', () => {
    for (const given of [undefined, {}, { name: undefined, size: undefined }]) {
      assert.deepEqual(read(given), { size: 3, mode: 'safe' })
      assert.notProperty(read(given), 'name')
    }
    assert.deepEqual(read({ size: 9, name: 'n' }), { size: 9, name: 'n', mode: 'safe' })
  })

  it('freezes the result and does not touch what it was given', () => {
    const given = { size: 5 }
    const options = read(given)
    assert.isFrozen(options)
    assert.deepEqual(given, { size: 5 })
  })

  it('refuses unknown names and says which there are', () => {
    const error = errorOf(() => read({ sise: 4 }))
    assert.equal(error.code, 'ERR_BAD_OPTION')
    assert.equal(
      error.message,
      'sample.sise is not an option; there are: size, name, mode (ERR_BAD_OPTION)',
    )
  })

  it('does not take inherited names for options', () => {
    assert.throws(() => read({ constructor: 1 }), /sample\.constructor is not an option/)
    assert.throws(() => read({ toString: 1 }), /sample\.toString is not an option/)
    assert.throws(() => read(JSON.parse('{"__proto__": 1}')), /sample\.__proto__ is not an option/)
  })

  it('refuses what is not an object of options', () => {
    for (const [given, shown] of [
      [null, 'null'],
      [[1], '[1]'],
      [5, '5'],
      ['text', '"text"'],
    ]) {
      const error = errorOf(() => read(given))
      assert.equal(
        error.message,
        `sample must be an object of options, got ${shown} (ERR_BAD_OPTION)`,
      )
    }
  })

  // Each message names option, rule and value.
  const table: [string, Check<unknown>, unknown[], [value: unknown, message: string][]][] = [
    [
      'integer with both ends',
      integer(1, 9) as Check<unknown>,
      [1, 9],
      [
        [0, 'an integer from 1 to 9, got 0'],
        [10, 'an integer from 1 to 9, got 10'],
        [1.5, 'an integer from 1 to 9, got 1.5'],
        ['3', 'an integer from 1 to 9, got "3"'],
        [Number.NaN, 'an integer from 1 to 9, got NaN'],
        [3n, 'an integer from 1 to 9, got 3n'],
      ],
    ],
    [
      'integer with a least',
      integer(0) as Check<unknown>,
      [0, 2 ** 53 - 1],
      [
        [-1, 'an integer >= 0, got -1'],
        [2 ** 53, 'an integer >= 0, got 9007199254740992'],
        [Number.POSITIVE_INFINITY, 'an integer >= 0, got Infinity'],
      ],
    ],
    [
      'durationMs',
      durationMs(5) as Check<unknown>,
      [5, 5.5, 2 ** 31 - 1],
      [
        [4, 'a number of milliseconds from 5 to 2147483647, got 4'],
        [2 ** 31, 'a number of milliseconds from 5 to 2147483647, got 2147483648'],
        [Number.NaN, 'a number of milliseconds from 5 to 2147483647, got NaN'],
        ['5s', 'a number of milliseconds from 5 to 2147483647, got "5s"'],
      ],
    ],
    ['isBoolean', isBoolean as Check<unknown>, [true, false], [[1, 'true or false, got 1']]],
    [
      'isText',
      isText as Check<unknown>,
      ['a'],
      [
        ['', 'a non-empty string, got ""'],
        [7, 'a non-empty string, got 7'],
        [null, 'a non-empty string, got null'],
      ],
    ],
    [
      'isFunction',
      isFunction() as Check<unknown>,
      [() => 1, class {}],
      [[{}, 'a function, got {}']],
    ],
    [
      'isObject',
      isObject() as Check<unknown>,
      [{}, new Map()],
      [
        [null, 'an object, got null'],
        [[], 'an object, got []'],
        [function named() {}, 'an object, got function named'],
      ],
    ],
    ['oneOf', oneOf('a', 'b') as Check<unknown>, ['a', 'b'], [['c', "'a' or 'b', got \"c\""]]],
  ]
  for (const [name, rule, good, bad] of table) {
    it(`${name}: takes what fits and names option, rule and value of what does not`, () => {
      const fields = { it: { fallback: undefined, check: rule } } as Fields<{ it?: unknown }>
      for (const value of good) assert.equal(readOptions('of', fields, { it: value }).it, value)
      for (const [value, message] of bad) {
        const error = errorOf(() => readOptions('of', fields, { it: value }))
        assert.equal(error.message, `of.it must be ${message} (ERR_BAD_OPTION)`)
      }
    })
  }

  it('takes rules of one’s own', () => {
    const even = check<number>('even', (v) => typeof v === 'number' && v % 2 === 0)
    const fields: Fields<{ n: number }> = { n: { fallback: 2, check: even } }
    assert.equal(codeOf(errorOf(() => readOptions('x', fields, { n: 3 }))), 'ERR_BAD_OPTION')
  })

  it('shows any value in short, without ever throwing', () => {
    const cycle = {}
    Object.assign(cycle, { self: cycle })
    const hostile = { toJSON: () => assert.fail('thrown by toJSON') }
    for (const value of [cycle, hostile, Symbol('s'), undefined, new Map(), () => 1]) {
      assert.isString(show(value))
    }
    assert.isAtMost(show('x'.repeat(10_000)).length, 130)
    assert.isAtMost(show(new Array(10_000).fill(1)).length, 130)
  })
})
