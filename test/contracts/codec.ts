import { isDeepStrictEqual } from 'node:util'
import { assert } from 'chai'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.js'
import { Codec } from '../../src/wire/codec.js'
import { draws } from '../seeds.js'

/** What the contract needs of a way from values to bytes and back. */
export interface RoundTrip {
  readonly codec: Codec
  /** Arguments as they arrive. */
  trip(args: readonly unknown[]): unknown[]
}

/** A class with a codec of its own. */
export class Point {
  constructor(
    readonly x: number,
    readonly note: unknown,
  ) {}
}

/** Stands for an ActorRef. */
export class TestRef {
  constructor(readonly id: string) {}
}

export class Stranger {
  x = 1
}

/** A codec that knows `Point` and `TestRef`. */
export function testCodec(options: ConstructorParameters<typeof Codec>[0] = {}): Codec {
  const codec = new Codec({
    refs: {
      isRef: (value) => value instanceof TestRef,
      toWire: (ref) => [(ref as TestRef).id],
      fromWire: ([id, ...rest]) => {
        if (typeof id !== 'string' || rest.length > 0) throw new TypeError('no reference')
        return new TestRef(id)
      },
    },
    ...options,
  })
  codec.register('test/point', Point, {
    toWire: (point) => ({ x: point.x, note: point.note }),
    fromWire: (wire) => {
      const { x, note } = wire as Point
      if (typeof x !== 'number') throw new TypeError('no point')
      return new Point(x, note)
    },
  })
  return codec
}

/** Replay with `SEED=… npx mocha`. */
export const { seed: SEED, numRuns: RUNS } = draws(300, 4_711)

const text = (): fc.Arbitrary<string> => fc.string({ unit: 'binary', maxLength: 70 })
const key = (): fc.Arbitrary<string> =>
  fc
    .oneof(text(), fc.constantFrom('constructor', 'toString', '__proto', 'then', 'length', ''))
    .filter((name) => name !== '__proto__')
const bytesOf = <T>(make: (bytes: Uint8Array) => T): fc.Arbitrary<T> =>
  fc.uint8Array({ maxLength: 300 }).map((bytes) => make(bytes.slice(0, bytes.length & -8)))
const hugeBigint = (): fc.Arbitrary<bigint> =>
  fc.tuple(fc.bigInt(), fc.integer({ min: 0, max: 3000 })).map(([n, by]) => n << BigInt(by))

const leaf = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    text(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(undefined, null, Number.NaN, Infinity, -Infinity, -0, 0, 2 ** 53, -(2 ** 53)),
    fc.constantFrom(5n, 0n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, -(2n ** 64n), 2n ** 64n - 1n),
    hugeBigint(),
    fc.date({ noInvalidDate: false }),
    fc.constantFrom('a'.repeat(32), 'é'.repeat(31), '€'.repeat(100), '𝒳'.repeat(11_000)),
    bytesOf((bytes) => Buffer.from(bytes)),
    bytesOf((bytes) => bytes),
    bytesOf((bytes) => bytes.buffer),
    bytesOf((bytes) => new DataView(bytes.buffer)),
    bytesOf((bytes) => new Int8Array(bytes.buffer)),
    bytesOf((bytes) => new Uint8ClampedArray(bytes.buffer)),
    bytesOf((bytes) => new Int16Array(bytes.buffer)),
    bytesOf((bytes) => new Uint16Array(bytes.buffer)),
    bytesOf((bytes) => new Int32Array(bytes.buffer)),
    bytesOf((bytes) => new Uint32Array(bytes.buffer)),
    bytesOf((bytes) => new Float32Array(bytes.buffer)),
    bytesOf((bytes) => new Float64Array(bytes.buffer)),
    bytesOf((bytes) => new BigInt64Array(bytes.buffer)),
    bytesOf((bytes) => new BigUint64Array(bytes.buffer)),
    text().map((id) => new TestRef(id)),
  )

const ERROR_CLASSES = [Error, TypeError, RangeError, SyntaxError, EvalError, URIError] as const

/** Every kind of value that crosses the wire, nested. */
export const anyValue = (): fc.Arbitrary<unknown> =>
  fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
      leaf(),
      fc.array(tie('value'), { maxLength: 20 }),
      fc.dictionary(key(), tie('value'), { maxKeys: 18, noNullPrototype: true }),
      fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 5 }).map((all) => new Map(all)),
      fc.array(tie('value'), { maxLength: 5 }).map((all) => new Set(all)),
      fc.tuple(fc.integer(), tie('value')).map(([x, note]) => new Point(x, note)),
      fc
        .tuple(fc.constantFrom(...ERROR_CLASSES), text(), tie('value'), fc.integer())
        .map(([Class, message, cause, code]) =>
          Object.assign(new Class(message, { cause }), code % 2 ? { code } : {}),
        ),
    ),
  })).value

interface Refused {
  readonly what: string
  readonly args: () => readonly unknown[]
  readonly path: string
  readonly why: RegExp
}

function cycle(): unknown[] {
  const a: { b: unknown[] } = { b: [] }
  a.b.push(1, { a })
  return [a]
}

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = [value]
  return value
}

function shared(doublings: number): unknown {
  let value: unknown = {}
  for (let i = 0; i < doublings; i++) value = { a: value, b: value }
  return value
}

const sparse = [1, 2]
sparse[3] = 4

/** What is refused at the sender, and the path its message begins with (… : and more). */
export const REFUSALS: readonly Refused[] = [
  {
    what: 'a function in an array in an object',
    args: () => [{ a: { b: [0, 1, 2, () => 1] } }],
    path: 'arguments[0].a.b[3]',
    why: /is a function/,
  },
  { what: 'a symbol', args: () => [1, Symbol('x')], path: 'arguments[1]', why: /is a symbol/ },
  {
    what: 'a cycle',
    args: cycle,
    path: 'arguments[0].b[1].a',
    why: /cycle/,
  },
  {
    what: 'arguments that hold themselves',
    args: () => {
      const args: unknown[] = []
      args.push(args)
      return args
    },
    path: 'arguments[0]',
    why: /cycle/,
  },
  {
    what: 'an instance of a class nobody registered',
    args: () => [[new Stranger()]],
    path: 'arguments[0][0]',
    why: /an instance of Stranger/,
  },
  {
    what: 'an instance of a subclass of a registered class',
    args: () => [new (class Far extends Point {})(1, 2)],
    path: 'arguments[0]',
    why: /an instance of Far/,
  },
  { what: 'a regular expression', args: () => [/x/], path: 'arguments[0]', why: /RegExp/ },
  { what: 'a promise', args: () => [Promise.resolve()], path: 'arguments[0]', why: /Promise/ },
  {
    what: 'a subclass of Map',
    args: () => [new (class M extends Map {})()],
    path: 'arguments[0]',
    why: /an instance of M/,
  },
  { what: 'a sparse array', args: () => [sparse], path: 'arguments[0][2]', why: /sparse/ },
  {
    what: '__proto__ as a key',
    args: () => [{ deep: JSON.parse('{"__proto__":{"admin":true}}') }],
    path: 'arguments[0].deep.__proto__',
    why: /prototype/,
  },
  {
    what: 'a key that is no identifier on the way',
    args: () => [{ 'a b': [() => 1] }],
    path: 'arguments[0]["a b"][0]',
    why: /function/,
  },
  {
    what: 'half a surrogate pair',
    args: () => [['fine', '\ud83d']],
    path: 'arguments[0][1]',
    why: /surrogate/,
  },
  {
    what: 'half a surrogate pair in a key',
    args: () => [{ '\udc00': 1 }],
    path: 'arguments[0]["\\udc00"]',
    why: /surrogate/,
  },
  {
    what: 'a value of a Map',
    args: () => [
      new Map<string, unknown>([
        ['a', 1],
        ['b', () => 1],
      ]),
    ],
    path: 'arguments[0].values()[1]',
    why: /function/,
  },
  {
    what: 'a key of a Map',
    args: () => [new Map([[Symbol('k'), 1]])],
    path: 'arguments[0].keys()[0]',
    why: /symbol/,
  },
  {
    what: 'an item of a Set',
    args: () => [new Set([1, () => 1])],
    path: 'arguments[0].values()[1]',
    why: /function/,
  },
  {
    what: 'the cause of an error',
    args: () => [new Error('x', { cause: { socket: () => 1 } })],
    path: 'arguments[0].cause.socket',
    why: /function/,
  },
  {
    what: 'what a toWire gives',
    args: () => [new Point(1, { f: () => 1 })],
    path: 'arguments[0].toWire().note.f',
    why: /function/,
  },
  {
    what: 'a getter that throws',
    args: () => [
      {
        a: {
          get b(): never {
            throw new Error('no')
          },
        },
      },
    ],
    path: 'arguments[0].a.b',
    why: /could not be read/,
  },
  {
    what: '101 levels of arrays',
    args: () => [nested(101)],
    path: `arguments${'[0]'.repeat(101)}`,
    why: /deeper than 100/,
  },
  {
    what: 'an object shared 2^60 times',
    args: () => [shared(60)],
    path: 'arguments[0].a.a.a…',
    why: /too many values/,
  },
  {
    what: 'a bigint of more than 128 KiB',
    args: () => [1n << BigInt(8 * 128 * 1024)],
    path: 'arguments[0]',
    why: /bigint/,
  },
]

/** What every way from arguments to bytes and back keeps. */
export function codecContract(name: string, make: () => RoundTrip): void {
  describe(`the codec contract, ${name}`, () => {
    const { codec, trip } = make()

    it(`brings back every kind of value, deep-equal [SEED=${SEED}]`, function () {
      this.timeout(20_000)
      const property = fc.property(fc.array(anyValue(), { maxLength: 4 }), (args) => {
        const arrived = trip(args)
        assert.isTrue(isDeepStrictEqual(arrived, args), 'what arrived differs')
      })
      fc.assert(property, { seed: SEED, numRuns: RUNS })
    })

    it('keeps 5n a bigint and 5 a number, -0 below 0, and an invalid date invalid', () => {
      const [big, five, zero, date] = trip([5n, 5, -0, new Date(Number.NaN)])
      assert.strictEqual(big, 5n)
      assert.strictEqual(five, 5)
      assert.isTrue(Object.is(zero, -0))
      assert.instanceOf(date, Date)
      assert.isNaN((date as Date).getTime())
    })

    it('keeps the order of properties, and those that are undefined', () => {
      const [record] = trip([{ z: 1, a: undefined, 10: 2, m: 3 }])
      assert.deepEqual(Object.keys(record as object), ['10', 'z', 'a', 'm'])
    })

    it('brings an object that occurs twice twice', () => {
      const one = { n: 1 }
      const [pair] = trip([[one, one]]) as [[object, object]]
      assert.deepEqual(pair, [one, one])
      assert.notStrictEqual(pair[0], pair[1])
    })

    it('brings an object without prototype as a plain one, and constructor as a mere key', () => {
      const bare = Object.assign(Object.create(null), { constructor: 1, hasOwnProperty: 2 })
      const [record] = trip([bare]) as [object]
      assert.strictEqual(Object.getPrototypeOf(record), Object.prototype)
      assert.deepEqual(Object.entries(record), [
        ['constructor', 1],
        ['hasOwnProperty', 2],
      ])
    })

    it('keeps name, message, code, cause and data of errors, and no stack', () => {
      const sent = Object.assign(new RangeError('far', { cause: new TypeError('deep') }), {
        code: 'E_FAR',
        data: { km: 7 },
      })
      const [error] = trip([sent]) as [typeof sent]
      assert.instanceOf(error, RangeError)
      assert.strictEqual(error.message, 'far')
      assert.strictEqual(error.code, 'E_FAR')
      assert.deepEqual(error.data, { km: 7 })
      assert.instanceOf(error.cause, TypeError)
      assert.notInclude(error.stack, 'contracts')
    })

    it('keeps the name of an error of a class of its own', () => {
      class Own extends Error {
        override name = 'Own'
      }
      const [error] = trip([new Own('x')]) as [Error]
      assert.instanceOf(error, Error)
      assert.strictEqual(error.name, 'Own')
      assert.notInclude(Object.keys(error), 'name')
    })

    it('carries bytes of 64 KiB and more beside the head, several and of several kinds', () => {
      const floats = Float64Array.from({ length: 20_000 }, (_, i) => i / 3)
      const args = [
        Buffer.alloc(65_536, 1),
        { floats, odd: new Uint8Array(70_001).fill(2).subarray(1) },
        [new Uint8Array(100_000).fill(3).buffer, 'after', new DataView(new ArrayBuffer(65_537))],
      ]
      assert.isTrue(isDeepStrictEqual(trip(args), args))
    })

    it('gives bytes that do not alias what was sent while they are small', () => {
      const sent = Buffer.from('hello')
      const [arrived] = trip([sent]) as [Buffer]
      sent[0] = 0
      assert.strictEqual(arrived.toString(), 'hello')
    })

    it('accepts 100 levels', () => {
      assert.isTrue(isDeepStrictEqual(trip([nested(100)]), [nested(100)]))
    })

    for (const { what, args, path, why } of REFUSALS) {
      it(`refuses ${what} and names the path`, () => {
        const error = thrown(() => trip(args()))
        assert.strictEqual(codeOf(error), 'ERR_NOT_SERIALIZABLE')
        const { message } = error as Error
        assert.isTrue(message.startsWith(path.endsWith('…') ? path.slice(0, -1) : `${path} `))
        assert.match(message, why)
        assert.deepEqual(trip([1]), [1], 'a refusal leaves nothing behind')
      }).timeout(10_000)
    }

    it('refuses to be used by a toWire, a fromWire or a getter', () => {
      class Nosy {}
      codec.register(`test/nosy-${name}`, Nosy, {
        toWire: () => codec.encodeArgs([1]),
        fromWire: () => new Nosy(),
      })
      assert.strictEqual(codeOf(thrown(() => trip([new Nosy()]))), 'ERR_NOT_SERIALIZABLE')
      const getter = {
        get x() {
          return codec.encodeValue(1)
        },
      }
      assert.strictEqual(codeOf(thrown(() => trip([getter]))), 'ERR_NOT_SERIALIZABLE')
      assert.deepEqual(trip([[1]]), [[1]])
    })
  })
}

/** What a call throws. */
export function thrown(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
