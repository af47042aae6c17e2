import { assert } from 'chai'
import { CODES, codeOf, type ErrorCode, TroupeError } from '../../src/base/errors.js'
import { silentLogger } from '../../src/base/logger.js'
import { isRefusal, Refusal } from '../../src/base/refusal.js'
import { unreachable } from '../../src/base/unreachable.js'

describe('errors', () => {
  it('end their message with the code and keep cause, data and stack', () => {
    const cause = new Error('beneath')
    const error = new TroupeError('ERR_CONNECT', 'no way to b:1', { cause, data: { port: 1 } })
    assert.equal(error.message, 'no way to b:1 (ERR_CONNECT)')
    assert.equal(error.code, 'ERR_CONNECT')
    assert.equal(error.name, 'TroupeError')
    assert.equal(error.cause, cause)
    assert.deepEqual(error.data, { port: 1 })
    assert.instanceOf(error, Error)
    assert.match(error.stack ?? '', /errors\.test/)
  })

  it('have neither cause nor data unless given', () => {
    const error = new TroupeError('ERR_CONNECT', 'x')
    assert.notProperty(error, 'cause')
    assert.isUndefined(error.data)
  })

  it('say whether the same call may succeed later, as the table has it', () => {
    for (const [code, { retryable }] of Object.entries(CODES)) {
      assert.equal(new TroupeError(code as ErrorCode, '').retryable, retryable, code)
    }
  })

  it('have codes of one form, each with a meaning that is a sentence of its own', () => {
    const meanings = new Set<string>()
    for (const [code, { meaning }] of Object.entries(CODES)) {
      assert.match(code, /^ERR(_[A-Z]+)+$/)
      assert.match(meaning, /^(onStart|[A-Z]).*\.$/s, code)
      meanings.add(meaning)
    }
    assert.equal(meanings.size, Object.keys(CODES).length)
  })

  it('give the code of any thrown value, or undefined', () => {
    assert.equal(codeOf(new TroupeError('ERR_COOKIE', '')), 'ERR_COOKIE')
    assert.equal(codeOf(Object.assign(new Error(), { code: 'ENOENT' })), 'ENOENT')
    for (const none of [new Error(), { code: 5 }, null, undefined, 'text', 5]) {
      assert.isUndefined(codeOf(none))
    }
  })
})

describe('refusal', () => {
  it('carries a code of the application, a message and data', () => {
    const refusal = new Refusal('ROOM_FULL', 'no seat left', { seats: 0 })
    assert.equal(refusal.code, 'ROOM_FULL')
    assert.equal(refusal.message, 'no seat left')
    assert.deepEqual(refusal.data, { seats: 0 })
    assert.equal(new Refusal('ROOM_FULL').message, 'ROOM_FULL')
  })

  it('is known by name and code, not by class', () => {
    assert.isTrue(isRefusal(new Refusal('X')))
    const copy = Object.assign(new Error('m'), { name: 'Refusal', code: 'X' })
    assert.isTrue(isRefusal(copy))
    assert.isFalse(isRefusal(new TroupeError('ERR_COOKIE', '')))
    assert.isFalse(isRefusal({ name: 'Refusal', code: 'X' }))
    assert.isFalse(isRefusal(undefined))
  })
})

describe('small nouns', () => {
  it('unreachable throws what it was given', () => {
    assert.throws(() => unreachable({ type: 'new' } as never), 'unreachable: {"type":"new"}')
  })

  it('the silent logger takes everything and says nothing', () => {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      assert.isUndefined(silentLogger[level]({ a: 1 }, 'm'))
    }
  })
})
