import { assert } from 'chai'
import fc from 'fast-check'
import { decodeTime, isValid } from 'ulid'
import {
  actorId,
  bornMs,
  incarnationOf,
  isUlid,
  MAX_SERIAL,
  newIncarnation,
  serialOf,
} from '../../src/base/identity.js'

const wallMs = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const random = fc.uint8Array({ minLength: 5, maxLength: 10 })
const serial = fc.integer({ min: 1, max: MAX_SERIAL })

describe('identity', () => {
  it('makes ULIDs that the ulid package takes, and reads their time from', () => {
    fc.assert(
      fc.property(wallMs, random, serial, (ms, bytes, number) => {
        const incarnation = newIncarnation(ms, bytes)
        const actor = actorId(incarnation, number)
        for (const id of [incarnation, actor]) {
          assert.isTrue(isValid(id), id)
          assert.isTrue(isUlid(id), id)
          assert.equal(decodeTime(id), ms)
          assert.equal(bornMs(id), ms)
        }
      }),
    )
  })

  it('round-trips incarnation and serial through an actor’s id', () => {
    fc.assert(
      fc.property(wallMs, random, serial, (ms, bytes, number) => {
        const incarnation = newIncarnation(ms, bytes)
        const actor = actorId(incarnation, number)
        assert.equal(serialOf(actor), number)
        assert.equal(incarnationOf(actor), incarnation)
        assert.equal(actorId(incarnationOf(actor), serialOf(actor)), actor)
      }),
    )
    const incarnation = newIncarnation(1, new Uint8Array(5))
    assert.equal(serialOf(incarnation), 0)
    assert.equal(incarnationOf(incarnation), incarnation)
    assert.equal(serialOf(actorId(incarnation, MAX_SERIAL)), MAX_SERIAL)
  })

  it('sorts actors of a node by age, as text', () => {
    fc.assert(
      fc.property(wallMs, random, serial, serial, (ms, bytes, a, b) => {
        const incarnation = newIncarnation(ms, bytes)
        const [first, second] = [actorId(incarnation, a), actorId(incarnation, b)]
        assert.equal(first < second, a < b)
        assert.isTrue(incarnation < first)
      }),
    )
  })

  it('sorts incarnations by the time of their start, as text', () => {
    fc.assert(
      fc.property(wallMs, wallMs, random, random, (a, b, x, y) => {
        fc.pre(a !== b)
        assert.equal(newIncarnation(a, x) < newIncarnation(b, y), a < b)
      }),
    )
  })

  it('uses all of the 40 random bits, and each for itself', () => {
    const zero = newIncarnation(5, new Uint8Array(5))
    const seen = new Set([zero])
    for (let bit = 0; bit < 40; bit++) {
      const bytes = new Uint8Array(5)
      bytes[bit >> 3] = 1 << (bit & 7)
      seen.add(newIncarnation(5, bytes))
    }
    assert.equal(seen.size, 41)
  })

  it('knows a ULID from what is none', () => {
    assert.isTrue(isUlid('01ARZ3NDEKTSV4RRFFQ69G5FAV'))
    for (const none of [
      '',
      '01ARZ3NDEKTSV4RRFFQ69G5FA',
      '01ARZ3NDEKTSV4RRFFQ69G5FAVX',
      '01arz3ndektsv4rrffq69g5fav',
      '81ARZ3NDEKTSV4RRFFQ69G5FAV',
      '01ARZ3NDEKTSV4RRFFQ69G5FAU',
      '01ARZ3NDEKTSV4RRFFQ69G5FAV\n',
      5,
      null,
      undefined,
      ['01ARZ3NDEKTSV4RRFFQ69G5FAV'],
    ]) {
      assert.isFalse(isUlid(none), String(none))
    }
  })
})
