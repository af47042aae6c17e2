import { assert } from 'chai'
import { codeOf, TroupeError } from '../../src/base/errors.js'
import { Refusal } from '../../src/base/refusal.js'
import {
  CAUSE_DEPTH,
  decodeFailure,
  encodeFailure,
  plainFailure,
} from '../../src/remote/failure.js'
import { Codec } from '../../src/wire/codec.js'

const crossed = (thrown: unknown, stacks = false): unknown =>
  decodeFailure(encodeFailure(thrown, stacks))

describe('failure', () => {
  it('brings a TroupeError back with code, message and data, and its code once in the message', () => {
    const sent = new TroupeError('ERR_BAD_ARGUMENTS', 'by must be a number', { data: [1] })
    const got = crossed(sent) as TroupeError
    assert.instanceOf(got, TroupeError)
    assert.equal(got.code, 'ERR_BAD_ARGUMENTS')
    assert.equal(got.message, sent.message)
    assert.deepEqual(got.data, [1])
    assert.equal(got.retryable, sent.retryable)
  })

  it('brings a refusal back as a refusal', () => {
    const got = crossed(new Refusal('ROOM_FULL', 'no seat left', { seats: 0 })) as Refusal
    assert.instanceOf(got, Refusal)
    assert.deepInclude(got, { code: 'ROOM_FULL', message: 'no seat left' })
    assert.deepEqual(got.data, { seats: 0 })
  })

  it('brings any other error back with its name and code', () => {
    const sent = Object.assign(new RangeError('too far'), { code: 'FAR', data: { by: 3 } })
    const got = crossed(sent) as RangeError & { code: string; data: unknown }
    assert.instanceOf(got, Error)
    assert.equal(got.name, 'RangeError')
    assert.equal(got.message, 'too far')
    assert.equal(got.code, 'FAR')
    assert.deepEqual(got.data, { by: 3 })
  })

  it('gives an error without a code ERR_REMOTE', () => {
    assert.equal(codeOf(crossed(new Error('x'))), 'ERR_REMOTE')
  })

  it('carries a thrown value that is no error as it is', () => {
    assert.deepEqual(crossed({ seats: 0 }), { seats: 0 })
    assert.equal(crossed('full'), 'full')
    assert.equal(crossed(undefined), undefined)
  })

  it('keeps causes down to a bound', () => {
    let error = new Error('0')
    for (let i = 1; i <= 10; i++) error = new Error(String(i), { cause: error })
    let depth = 0
    let at = crossed(error) as Error
    while (at.cause instanceof Error) {
      at = at.cause
      depth++
    }
    assert.equal(depth, CAUSE_DEPTH)
  })

  it('shows the remote stack only when the sender allows it', () => {
    const error = new Error('x')
    assert.notInclude((crossed(error) as Error).stack, 'failure.test')
    assert.include((crossed(error, true) as Error).stack, 'failure.test')
  })

  it('can be stripped to texts when its data cannot travel', () => {
    const sent = new Refusal('NO', 'no', { callback: () => {} })
    const got = decodeFailure(plainFailure(encodeFailure(sent, false))) as Refusal
    assert.deepInclude(got, { code: 'NO', message: 'no', data: undefined })
    const value = decodeFailure(plainFailure(encodeFailure({ seats: 0 }, false)))
    assert.instanceOf(value, Error)
  })

  const broken: [string, unknown][] = [
    ['nothing', undefined],
    ['a text', 'boom'],
    ['too short', [0, 'Error', '', 'x']],
    ['a code that is no text', [1, 'TroupeError', 5, 'x', undefined, undefined, undefined]],
    [
      'a message beyond its bound',
      [0, 'E', '', 'x'.repeat(99_999), undefined, undefined, undefined],
    ],
  ]
  for (const [what, wire] of broken) {
    it(`makes ERR_DECODE of ${what}`, () => {
      assert.equal((decodeFailure(wire) as TroupeError).code, 'ERR_DECODE')
    })
  }

  it('keeps an unknown code of a newer peer as text', () => {
    const got = decodeFailure([1, 'TroupeError', 'ERR_NEW', 'x', undefined, undefined, undefined])
    assert.instanceOf(got, Error)
    assert.equal(codeOf(got), 'ERR_NEW')
  })

  it('sends texts that a codec takes, whatever stood in them', () => {
    const codec = new Codec()
    const long = `${'x'.repeat(16 * 1024 - 2)}\u{1f600} and more`
    for (const message of [long, 'half \ud83d pair', '\ude00']) {
      const error = Object.assign(new Error(message, { cause: new Error(message) }), {
        code: message,
        name: message,
        stack: message,
      })
      const failure = encodeFailure(error, true)
      const got = decodeFailure(codec.decodeValue(codec.encodeValue(failure))) as Error
      assert.isTrue(got.message.startsWith(message.slice(0, 4).replace('\ude00', '\ufffd')))
      assert.instanceOf(got.cause, Error)
    }
    const thrown = plainFailure(encodeFailure('thrown \ud83d text', false))
    assert.doesNotThrow(() => codec.encodeValue(thrown))
  })

  it('sends something when the fields of an error cannot be read', () => {
    const error = new Error('x')
    Object.defineProperty(error, 'message', {
      get() {
        throw new Error('no')
      },
    })
    assert.match((crossed(error) as Error).message, /cannot be read/)
  })
})
