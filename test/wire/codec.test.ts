import { assert } from 'chai'
import { Unpackr } from 'msgpackr'
import { codeOf, type TroupeError } from '../../src/base/errors.js'
import { Codec } from '../../src/wire/codec.js'
import { codecContract, Point, TestRef, testCodec, thrown } from '../contracts/codec.js'
import { tripInFrames } from './in-frames.js'

codecContract('standalone', () => {
  const codec = testCodec()
  return { codec, trip: (args) => codec.decodeArgs(codec.encodeArgs(args)) }
})
codecContract('copied for a local send', () => {
  const codec = testCodec()
  return { codec, trip: (args) => codec.copyArgs(args) }
})
codecContract('in place in a batch, read at odd offsets', () => {
  const codec = testCodec()
  return { codec, trip: tripInFrames(codec, 4096) }
})
codecContract('in frames that come byte by byte or so', () => {
  const codec = testCodec()
  return { codec, trip: tripInFrames(codec, 7) }
})

describe('the codec', () => {
  it('is not in the way of another copy of itself in the process, whichever was loaded last', async () => {
    // Both by import(), so that they share one msgpackr.
    const { Codec: First } = await import('../../src/wire/codec.js')
    const again = '../../src/wire/value-reader.js?again'
    const { ValueReader } = (await import(again)) as typeof import('../../src/wire/value-reader.js')
    const sent = [new Date(7), new Map([[1, new Date(8)]])]
    const codec = new First()
    const bytes = Buffer.from(codec.encodeValue(sent))
    const reader = new ValueReader({ refs: undefined, classesByName: new Map() })
    assert.deepEqual(reader.read(bytes, 0, bytes.length, []), sent)
    assert.deepEqual(codec.decodeValue(bytes), sent)
  })

  it('copies large bytes too for a local send', () => {
    const codec = testCodec()
    const sent = Buffer.alloc(100_000, 1)
    const [copy] = codec.copyArgs([sent]) as [Buffer]
    sent[0] = 9
    assert.strictEqual(copy[0], 1)
    assert.strictEqual(copy.length, 100_000)
  })

  it('does not copy large bytes when it encodes', () => {
    const sent = Buffer.alloc(100_000, 1)
    const { head, payloads } = testCodec().encodeArgs([sent])
    assert.isBelow(head.length, 30)
    assert.strictEqual(payloads[0]?.buffer, sent.buffer)
  })

  it('carries stacks only when it is told to', () => {
    const codec = testCodec({ errorStacks: true })
    const sent = new Error('x')
    const [error] = codec.copyArgs([sent]) as [Error]
    assert.strictEqual(error.stack, sent.stack)
  })

  it('does not keep what was encoded before in a body that is kept', () => {
    const codec = testCodec()
    const first = codec.encodeArgs(['first'])
    codec.encodeArgs(['other'])
    assert.deepEqual(codec.decodeArgs(first), ['first'])
  })

  it('encodes single values in one piece and decodes them up to a limit', () => {
    const codec = testCodec()
    const bytes = codec.encodeValue({ big: Buffer.alloc(100_000) })
    assert.deepEqual(codec.decodeValue(bytes), { big: Buffer.alloc(100_000) })
    assert.strictEqual(codeOf(thrown(() => codec.decodeValue(bytes, 50_000))), 'ERR_DECODE')
    const error = thrown(() => codec.encodeValue({ a: [() => 1] })) as Error
    assert.include(error.message, 'value.a[0] is a function')
  })

  it('refuses more than maxMessageBytes, whatever they consist of', () => {
    const codec = testCodec({ maxMessageBytes: 100_000 })
    const large = [
      [Buffer.alloc(100_000)],
      [Buffer.alloc(60_000), Buffer.alloc(60_000)],
      ['x'.repeat(100_000)],
      [Array.from({ length: 100_000 }, () => 1)],
      [Array.from({ length: 5_000 }, () => 'twenty characters ..')],
    ]
    for (const args of large) {
      assert.strictEqual(codeOf(thrown(() => codec.encodeArgs(args))), 'ERR_TOO_LARGE')
    }
    assert.lengthOf(codec.encodeArgs(['x'.repeat(99_000)]).payloads, 0)
  })

  it('takes a text that fits, however close to maxMessageBytes', () => {
    const codec = new Codec({ maxMessageBytes: 1_024 })
    for (const text of ['x'.repeat(1_020), 'ü'.repeat(510), '€'.repeat(340)]) {
      assert.deepEqual(codec.decodeArgs(codec.encodeArgs([text])), [text])
      assert.strictEqual(codeOf(thrown(() => codec.encodeArgs([text, text]))), 'ERR_TOO_LARGE')
    }
  })

  it('refuses what costs its receiver too much, also when no container follows', () => {
    const count = 6_800_000
    const head = Buffer.alloc(5 + count, 0xa0) // an array of empty texts
    head[0] = 0xdd
    head.writeUInt32BE(count, 1)
    const error = thrown(() => testCodec().decodeArgs({ head, payloads: [] })) as Error
    assert.include(error.message, 'it holds too many values')
  })

  it('stops to encode soon after the limit is passed', () => {
    const codec = testCodec({ maxMessageBytes: 100_000 })
    let reads = 0
    const row = {
      get row() {
        reads++
        return Array(1_000).fill(0.5)
      },
    }
    assert.strictEqual(
      codeOf(thrown(() => codec.encodeArgs(Array(1_000).fill(row)))),
      'ERR_TOO_LARGE',
    )
    assert.isBelow(reads, 40)
  })

  it('names a getter, toWire or proxy that throws, and keeps the cause', () => {
    const codec = testCodec()
    const boo = new Error('boo')
    class Bad {}
    codec.register('test/bad', Bad, {
      toWire: () => {
        throw boo
      },
      fromWire: () => new Bad(),
    })
    const error = thrown(() => codec.encodeArgs([1, { bad: new Bad() }])) as TroupeError
    assert.strictEqual(error.code, 'ERR_NOT_SERIALIZABLE')
    assert.include(error.message, 'arguments[1].bad could not be read')
    assert.strictEqual(error.cause, boo)
    assert.deepEqual(error.data, { path: 'arguments[1].bad' })
  })

  it('refuses a getter that goes on for ever, also when it throws the second time', () => {
    let made = 0
    const endless = (): object => ({
      get next() {
        if (++made > 110) throw new Error('enough')
        return endless()
      },
    })
    const error = thrown(() => testCodec().encodeArgs([endless()])) as TroupeError
    assert.strictEqual(codeOf(error), 'ERR_NOT_SERIALIZABLE')
    assert.include(error.message, 'lies deeper than 100 levels')
  })

  it('reports a fromWire that throws as ERR_DECODE and keeps the cause', () => {
    const codec = testCodec()
    const other = new Codec()
    other.register('test/point', Point, { toWire: () => 'no', fromWire: () => new Point(0, 0) })
    const error = thrown(() => codec.decodeArgs(other.encodeArgs([new Point(1, 2)]))) as TroupeError
    assert.strictEqual(error.code, 'ERR_DECODE')
    assert.include(error.message, 'test/point')
    assert.instanceOf(error.cause, TypeError)
  })

  it('refuses an unknown class, or a reference where there are none, on arrival', () => {
    const { code } = thrown(() =>
      new Codec().decodeArgs(testCodec().encodeArgs([new Point(1, 2)])),
    ) as TroupeError
    assert.strictEqual(code, 'ERR_DECODE')
    const refs = testCodec().encodeArgs([new TestRef('x')])
    assert.strictEqual(codeOf(thrown(() => new Codec().decodeArgs(refs))), 'ERR_DECODE')
  })

  it('refuses to decode within its own fromWire, and another codec may', () => {
    const codec = testCodec()
    const other = testCodec()
    const inner = codec.encodeArgs([Buffer.from('inner')])
    class Outer {
      constructor(readonly got: unknown) {}
    }
    let reader = other
    codec.register('test/outer', Outer, {
      toWire: () => 0,
      fromWire: () => new Outer(reader.decodeArgs(inner)),
    })
    const body = codec.encodeArgs([new Outer(0), Buffer.from('after'), [new Map([[1, 2]])]])
    const [outer, after, map] = codec.decodeArgs(body) as [Outer, Buffer, unknown]
    assert.deepEqual(outer.got, [Buffer.from('inner')])
    assert.isTrue(Buffer.isBuffer(after))
    assert.strictEqual(after.toString(), 'after')
    assert.deepEqual(map, [new Map([[1, 2]])])
    reader = codec
    const error = thrown(() => codec.decodeArgs(body)) as TroupeError
    assert.strictEqual(error.code, 'ERR_DECODE')
    assert.include((error.cause as Error).message, 'a fromWire used the codec')
    assert.deepEqual(codec.copyArgs([1]), [1])
  })

  it('does not hand a box in what a fromWire unpacks by itself to the codec', () => {
    const codec = testCodec()
    const foreign = Buffer.from([0xd4, 1, 0, 0x92, 0, 5]) // would be a date of ours
    class Outer {}
    codec.register('test/foreign', Outer, {
      toWire: () => 0,
      fromWire: () => Object.assign(new Outer(), { got: new Unpackr().unpack(foreign) }),
    })
    const error = thrown(() => codec.copyArgs([new Outer()])) as TroupeError
    assert.strictEqual(error.code, 'ERR_DECODE')
    assert.include(error.message, 'test/foreign')
  })

  it('gives small bytes that do not alias the frame they came in', () => {
    const codec = testCodec()
    const body = codec.encodeArgs([Buffer.from('abc'), new Uint8Array([1, 2, 3])])
    const [buffer, bytes] = codec.decodeArgs(body) as [Buffer, Uint8Array]
    body.head.fill(0)
    assert.strictEqual(buffer.toString(), 'abc')
    assert.deepEqual([...bytes], [1, 2, 3])
  })

  it('refuses a Map that changes while it is encoded', () => {
    const codec = testCodec()
    const map = new Map<number, unknown>()
    class Grower {}
    codec.register('test/grower', Grower, {
      toWire: () => map.set(2, 3).size,
      fromWire: () => new Grower(),
    })
    map.set(1, new Grower())
    const error = thrown(() => codec.encodeArgs([map])) as Error
    assert.include(error.message, 'arguments[0] changed while it was encoded')
  })

  it('refuses names and classes that are taken, built in or too long', () => {
    const codec = testCodec()
    const port = { toWire: () => 0, fromWire: () => new Point(0, 0) }
    class Other {}
    const table: [string, new (...args: never[]) => object][] = [
      ['test/point', Other],
      ['test/other', Point],
      ['', Other],
      ['x'.repeat(256), Other],
      ['test/\ud800', Other],
      ['test/date', Date],
      ['test/bytes', Uint8Array],
      ['test/object', Object],
    ]
    for (const [name, Class] of table) {
      const error = thrown(() => codec.register(name, Class, port as never))
      assert.strictEqual(codeOf(error), 'ERR_BAD_DEFINITION', name)
    }
  })
})
