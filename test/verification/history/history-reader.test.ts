import { assert } from 'chai'
import {
  casRegister,
  checkHistory,
  fifoQueue,
  kv,
  readHistory,
  register,
} from '../../../src/verification/index.js'

const event = (process: number, type: string, f: string, value?: unknown, more?: object): string =>
  JSON.stringify({ process, type, f, key: 'x', value, ...more })

const WRITE = event(0, 'invoke', 'write', 1)
const WRITTEN = event(0, 'ok', 'write', 1)

/** A file, and what is said about it. */
const BAD: readonly [what: string, lines: readonly string[], message: RegExp][] = [
  [
    'is cut short in a line',
    [WRITE, WRITTEN.slice(0, 20)],
    /^line 2: it is cut short, or not JSON: .* \(ERR_BAD_HISTORY\)$/,
  ],
  ['has a line that is not JSON', [WRITE, 'ok 1', WRITTEN], /^line 2: it is not JSON/],
  [
    'has a line that is no object',
    [WRITE, '[1]'],
    /^line 2: an event must be an object, got \[1\]/,
  ],
  [
    'has an operation that its model has not',
    [WRITE, WRITTEN, event(0, 'invoke', 'cas', [1, 2])],
    /^line 3: "cas" is no operation of register; there are: read, write/,
  ],
  [
    'has an operation named as a part of any object',
    [event(0, 'invoke', 'constructor', 1)],
    /^line 1: "constructor" is no operation/,
  ],
  [
    'returns what was not called',
    [WRITTEN],
    /^line 1: process 0 returns from write, which it has not called/,
  ],
  [
    'returns twice',
    [WRITE, WRITTEN, WRITTEN],
    /^line 3: process 0 returns from write, which it has not called/,
  ],
  [
    'calls twice without a return',
    [WRITE, event(0, 'invoke', 'read')],
    /^line 2: process 0 calls read, but its write of line 1 has not returned/,
  ],
  [
    'returns from another operation',
    [WRITE, event(0, 'ok', 'read', 1)],
    /^line 2: it returns from read, but line 1 calls write/,
  ],
  [
    'returns with another key',
    [WRITE, event(0, 'ok', 'write', 1, { key: 'y' })],
    /^line 2: it returns with the key "y", but line 1 has "x"/,
  ],
  [
    'returns with another value',
    ['', WRITE, event(0, 'ok', 'write', 2)],
    /^line 3: write gave 2, but its call in line 2 has 1/,
  ],
  [
    'has a clock that goes back',
    [event(0, 'invoke', 'write', 1, { time: 7 }), event(0, 'ok', 'write', 1, { time: 5 })],
    /^line 2: the time goes back, from 7 in line 1 to 5/,
  ],
  [
    'has an event of no type',
    [event(0, 'begin', 'write', 1)],
    /^line 1: type must be invoke, ok, fail or info, got "begin"/,
  ],
  [
    'has an event of no process',
    ['{"type":"invoke","f":"read"}'],
    /^line 1: process must be a number or a string, got undefined/,
  ],
  [
    'has a key that is none',
    [event(0, 'invoke', 'read', null, { key: {} })],
    /^line 1: key must be/,
  ],
  [
    'has a time that is none',
    [event(0, 'invoke', 'read', null, { time: 'x' })],
    /^line 1: time must be/,
  ],
  [
    'has an operation without name',
    ['{"process":0,"type":"invoke"}'],
    /^line 1: f must be a string/,
  ],
  [
    'writes nothing',
    [event(0, 'invoke', 'write')],
    /^line 1: the value of write must be a value, got nothing/,
  ],
  [
    'reads, and does not say what',
    [event(0, 'invoke', 'read'), event(0, 'ok', 'read')],
    /^line 2: read gave no value: null where it found nothing/,
  ],
  [
    'has a number that is none',
    [WRITE, WRITTEN, '{"process":0,"type":"invoke","f":"write","value":{"a":[1,-1e999]}}'],
    /^line 3: the value of write holds the number -Infinity: numbers must be finite/,
  ],
  [
    'has a number that is not kept to the digit',
    ['{"process":0,"type":"invoke","f":"write","value":9007199254740993}'],
    /^line 1: the value of write holds a whole number beyond ±9007199254740991, which is not kept/,
  ],
  [
    'has a key that is not kept to the digit',
    ['{"process":0,"type":"invoke","f":"read","key":-9007199254740993}'],
    /^line 1: key holds a whole number beyond/,
  ],
  [
    'has a process that is none',
    ['{"process":1e999,"type":"invoke","f":"read"}'],
    /^line 1: process holds the number Infinity/,
  ],
  [
    'has a time that is not finite',
    ['{"process":0,"type":"invoke","f":"read","time":1e999}'],
    /^line 1: time must be a number, got Infinity/,
  ],
  [
    'has a value that is nested without end',
    [
      WRITE,
      `{"process":0,"type":"ok","f":"write","value":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
    ],
    /^line 2: the value of write is nested more than 100 deep/,
  ],
  [
    'has a name that is nested without end',
    [`{"process":0,"type":"invoke","f":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
    /^line 1: f must be a string, got \[object Array\]/,
  ],
  ['reads with a value', [event(0, 'invoke', 'read', 3)], /^line 1: read takes no value, got 3/],
]

describe('histories as files', () => {
  for (const [what, lines, message] of BAD) {
    it(`one that ${what} is refused, with the line`, () => {
      assert.throws(() => readHistory(lines.join('\n'), register()), message)
    })
  }

  it('values are held against the model', () => {
    const one = (f: string, value: unknown): string => event(0, 'invoke', f, value)
    assert.throws(
      () => readHistory(one('cas', 1), casRegister()),
      /cas must be \[from, to\], got 1/,
    )
    assert.throws(() => readHistory(one('put', 1), kv()), /value of put must be a string, got 1/)
    assert.throws(() => readHistory(one('enqueue', null), fifoQueue()), /must be a value, not null/)
    assert.throws(
      () => readHistory('{"process":0,"type":"invoke","f":"get"}', kv()),
      /line 1: get needs a key/,
    )
    assert.throws(
      () => readHistory(`${one('get', null)}\n${event(0, 'ok', 'get', 5)}`, kv()),
      /line 2: what get gives must be a string, or null, got 5/,
    )
  })

  it('an error carries the line', () => {
    try {
      readHistory(WRITTEN, register())
      assert.fail('it was read')
    } catch (error) {
      assert.deepEqual((error as { data?: object }).data, { line: 1 })
    }
  })

  it('what has not returned at the end may have been done', () => {
    for (const lines of [[WRITE], [WRITE, event(0, 'info', 'write', 1)]]) {
      const read = [event(1, 'invoke', 'read'), event(1, 'ok', 'read', 1)]
      const history = readHistory([...lines, ...read].join('\n'), register())
      assert.deepEqual(
        history.ops.map(({ status }) => status),
        ['info', 'ok'],
      )
      assert.equal(checkHistory(history, { model: register() }).verdict, 'ok')
    }
  })

  it('what failed was not done', () => {
    const lines = [WRITE, event(0, 'fail', 'write', 1), event(1, 'invoke', 'read')]
    const history = readHistory([...lines, event(1, 'ok', 'read', 1)].join('\n'), register())
    assert.equal(checkHistory(history, { model: register() }).verdict, 'violation')
  })

  it('a process that goes on after an info is taken at its word', () => {
    const lines = [WRITE, event(0, 'info', 'write'), event(0, 'invoke', 'read')]
    const history = readHistory([...lines, event(0, 'ok', 'read', null)].join('\n'), register())
    assert.equal(history.ops.length, 2)
    assert.equal(checkHistory(history, { model: register() }).verdict, 'ok')
  })

  it('empty lines, unknown fields, lines of the nemesis and Windows line ends are fine', () => {
    const nemesis = '{"process":"nemesis","type":"info","f":"start","value":null}'
    const more = event(0, 'invoke', 'write', { b: 1, a: [2] }, { index: 0, time: 5 })
    const text = [more, '', nemesis, event(0, 'ok', 'write', { a: [2], b: 1 }), ''].join('\r\n')
    assert.equal(readHistory(text, register()).ops.length, 1)
    assert.equal(readHistory('', register()).ops.length, 0)
  })

  it('keys 1 and "1" are two', () => {
    const write = event(0, 'invoke', 'write', 5, { key: 1 })
    const written = event(0, 'ok', 'write', 5, { key: 1 })
    const read = [event(0, 'invoke', 'read', null, { key: '1' })]
    const other = event(0, 'ok', 'read', null, { key: '1' })
    const history = readHistory([write, written, ...read, other].join('\n'), register())
    assert.equal(checkHistory(history, { model: register() }).verdict, 'ok')
  })
})
