import { isDeepStrictEqual } from 'node:util'
import { assert } from 'chai'
import fc from 'fast-check'
import { Packr, Unpackr } from 'msgpackr'
import { BOX, BYTES_CLASSES } from '../../src/wire/value-format.js'
import { Box } from '../../src/wire/value-reader.js'
import { anyValue, Point, RUNS, SEED, TestRef, testCodec } from '../contracts/codec.js'

/** msgpackr as the second writer of the same format: checks nothing, boxes what MessagePack lacks. */
const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  moreTypes: true,
  structuredClone: false,
  useToJSON: false,
} as ConstructorParameters<typeof Packr>[0])

function boxed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(boxed)
  if (value instanceof Map) return new Box([BOX.MAP, ...[...value].flat().map(boxed)])
  if (value instanceof Set) return new Box([BOX.SET, ...[...value].map(boxed)])
  if (value instanceof Date) return new Box([BOX.DATE, value.getTime()])
  if (value instanceof TestRef) return new Box([BOX.REF, value.id])
  if (value instanceof Point) {
    return new Box([BOX.CLASS, 'test/point', { x: value.x, note: boxed(value.note) }])
  }
  if (value instanceof Error) {
    const { code } = value as { code?: number }
    const rest = code === undefined ? [boxed(value.cause)] : [code, boxed(value.cause)]
    return new Box([BOX.ERROR, code === undefined ? 2 : 3, value.name, value.message, ...rest])
  }
  const kind = BYTES_CLASSES.findIndex((Class) => Object.getPrototypeOf(value) === Class.prototype)
  if (kind < 0) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, boxed(item)]))
  }
  const bytes =
    value instanceof ArrayBuffer
      ? Buffer.from(value)
      : Buffer.from(
          (value as Uint8Array).buffer,
          (value as Uint8Array).byteOffset,
          (value as Uint8Array).byteLength,
        )
  return new Box([BOX.BYTES, kind, bytes])
}

/** Without -0 at any depth: msgpackr writes it as 0. */
const zeroed = (value: unknown): unknown => (value === 0 ? 0 : value)

describe('the format beside msgpackr', () => {
  const codec = testCodec()

  it(`reads what msgpackr writes, boxes included [SEED=${SEED}]`, () => {
    const property = fc.property(fc.array(anyValue(), { maxLength: 3 }), (values) => {
      const bytes = packr.pack(boxed(values))
      const head = Buffer.concat([bytes])
      const got = codec.decodeArgs({ head, payloads: [] })
      assert.isTrue(isDeepStrictEqual(positive(got), positive(values)))
    })
    fc.assert(property, { seed: SEED, numRuns: RUNS })
  })

  it(`writes what msgpackr reads, where MessagePack has words for it [SEED=${SEED}]`, () => {
    const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true })
    const plain = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, depthSize: 'small' },
        fc.string({ unit: 'binary', maxLength: 80 }),
        fc.double(),
        fc.integer(),
        fc.bigInt(),
        fc.boolean(),
        fc.constantFrom(undefined, null),
        fc.array(tie('value'), { maxLength: 20 }),
        fc.dictionary(
          fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__'),
          tie('value'),
          { maxKeys: 20, noNullPrototype: true },
        ),
      ),
    })).value
    const property = fc.property(plain, (value) => {
      assert.isTrue(isDeepStrictEqual(unpackr.unpack(codec.encodeValue(value)), value))
    })
    fc.assert(property, { seed: SEED, numRuns: RUNS })
  })

  it('writes heads of all widths as msgpackr reads them', () => {
    const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true })
    for (const count of [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
      const array = Array.from({ length: count }, (_, i) => i)
      const record = Object.fromEntries(array.map((i) => [`k${i}`, i]))
      for (const value of ['x'.repeat(count), '€'.repeat(count), array, record]) {
        const bytes = codec.encodeValue(value)
        assert.isTrue(isDeepStrictEqual(unpackr.unpack(bytes), value))
        assert.isTrue(isDeepStrictEqual(codec.decodeValue(bytes), value))
      }
    }
    for (let bits = 1; bits <= 70; bits++) {
      for (const value of [
        2n ** BigInt(bits),
        2n ** BigInt(bits) - 1n,
        -(2n ** BigInt(bits)),
        -(2n ** BigInt(bits)) - 1n,
      ]) {
        assert.strictEqual(unpackr.unpack(codec.encodeValue(value)), value)
        const number = Number(value)
        if (Number.isSafeInteger(number)) {
          assert.strictEqual(unpackr.unpack(codec.encodeValue(number)), number)
        }
      }
    }
  })
})

/** A copy in which every -0 is 0, through JSON-like and boxed values alike. */
function positive(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return zeroed(value)
  if (Array.isArray(value)) return value.map(positive)
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [positive(key), positive(item)]))
  }
  if (value instanceof Set) return new Set([...value].map(positive))
  if (value instanceof Point) return new Point(value.x, positive(value.note))
  if (value instanceof Error) {
    const Class = value.constructor as ErrorConstructor
    const { code } = value as { code?: number }
    const copy = new Class(value.message, { cause: positive(value.cause) })
    return Object.assign(copy, code === undefined ? {} : { code })
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, positive(item)]))
}
