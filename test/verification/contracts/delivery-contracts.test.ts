import { assert } from 'chai'
import { codeOf } from '../../../src/base/errors.js'
import { type Random, seededRandom } from '../../../src/base/random.js'
import {
  type DeliveryContract,
  delivered,
  type MessageEvent,
  type MessageLog,
} from '../../../src/verification/index.js'
import { seeds } from '../../seeds.js'

/** `>1` is sent, `>1:bc` is sent to b and c, `1` is delivered. */
function events(text: string): MessageEvent[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word): MessageEvent => {
      const [, sent, message = '', to] = /^(>?)(\w+)(?::(\w*))?$/.exec(word) ?? []
      if (sent === '') return { type: 'delivered', message }
      return { type: 'sent', message, ...(to !== undefined && { to: [...to] }) }
    })
}

const log = (texts: Readonly<Record<string, string>>): MessageLog =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, events(text)]))

const CASES: readonly [
  contract: DeliveryContract,
  texts: Readonly<Record<string, string>>,
  answer: true | RegExp,
][] = [
  ['in-order', { a: '>1 >2 >3', b: '1 3' }, true],
  ['in-order', { a: '>1 >2', b: '2 1' }, /b was given "1" of a after "2", which was sent later/],
  ['in-order', { a: '>1 >2', b: '1 1 2' }, true],
  ['in-order', { a: '>1', c: '>2', b: '2 1' }, true],
  ['at-most-once', { a: '>1', b: '1 1' }, /b was given "1" twice/],
  ['at-most-once', { a: '>1', b: '1', c: '1' }, true],
  ['at-most-once', { a: '>1:b', b: '', c: '1' }, /c was given "1", which was for b/],
  ['at-least-once', { a: '>1:b', b: '' }, /b was never given "1" of a/],
  ['at-least-once', { a: '>1', b: '' }, true],
  ['exactly-once', { a: '>1:bc >2:b', b: '2 1', c: '1' }, true],
  ['exactly-once', { a: '>1:bc', b: '1', c: '1 1' }, /twice/],
  ['exactly-once', { a: '>1:bc', b: '1', c: '' }, /never/],
  ['causal', { a: '>1 >2', b: '2 1' }, /b was given "2" of a before "1" of a/],
  ['causal', { a: '>1', b: '1 >2', c: '2 1' }, /c was given "2" of b before "1" of a/],
  ['causal', { a: '>1', b: '1 >2', c: '2' }, true],
  ['causal', { a: '>1', b: '>2', c: '2 1' }, true],
  ['causal', { a: '>1', b: '1 >2', c: '2 >3', d: '3 1' }, /d was given "3" of c before "1" of a/],
  ['causal', { a: '2 >1', b: '1 >2' }, /was given "." before it can have been sent/],
]

/** Of all events of a log: what happened before what, by closing over order and sending. */
function causalByDefinition(all: MessageLog): boolean {
  const list = Object.entries(all).flatMap(([by, own]) =>
    own.map((event, at) => ({ by, at, event })),
  )
  const before = list.map((b) =>
    list.map(
      (a) =>
        (a.by === b.by && a.at < b.at) ||
        (a.event.type === 'sent' &&
          b.event.type === 'delivered' &&
          a.event.message === b.event.message),
    ),
  )
  for (let k = 0; k < list.length; k++) {
    for (let b = 0; b < list.length; b++) {
      if (before[b]?.[k] !== true) continue
      for (let a = 0; a < list.length; a++)
        if (before[k]?.[a] === true) (before[b] as boolean[])[a] = true
    }
  }
  const sending = (message: string | number): number =>
    list.findIndex(({ event }) => event.type === 'sent' && event.message === message)
  return list.every(({ by, at, event }) => {
    if (event.type !== 'delivered') return true
    return list.every((later) => {
      if (later.by !== by || later.at <= at || later.event.type !== 'delivered') return true
      return before[sending(event.message)]?.[sending(later.event.message)] !== true
    })
  })
}

/** What three participants send to all others, and in which order it comes. */
function randomLog(random: Random): MessageLog {
  const names = ['a', 'b', 'c']
  const own = new Map<string, MessageEvent[]>(names.map((name) => [name, []]))
  const under: { to: string; message: number }[] = []
  let message = 0
  for (let step = 0; step < 14; step++) {
    const name = random.pick(names)
    const mine = under.filter(({ to }) => to === name)
    if (mine.length > 0 && random.int(2) === 0) {
      const next = random.pick(mine)
      under.splice(under.indexOf(next), 1)
      own.get(name)?.push({ type: 'delivered', message: next.message })
    } else if (message < 5) {
      message++
      own.get(name)?.push({ type: 'sent', message })
      for (const to of names) if (to !== name && random.int(5) > 0) under.push({ to, message })
    }
  }
  return Object.fromEntries(own)
}

describe('contracts of delivery', () => {
  for (const [contract, texts, answer] of CASES) {
    const says = answer === true ? 'is kept by' : 'is broken by'
    it(`${contract} ${says} ${JSON.stringify(texts)}`, () => {
      const found = delivered(contract, log(texts))
      if (answer === true) assert.isTrue(found)
      else assert.match(String(found), answer)
    })
  }

  it('refuse a log in which a message is sent twice, or comes from nobody', () => {
    for (const texts of [{ a: '>1', b: '>1' }, { a: '1' }]) {
      let error: unknown
      try {
        delivered('causal', log(texts))
      } catch (thrown) {
        error = thrown
      }
      assert.equal(codeOf(error), 'ERR_BAD_HISTORY')
    }
  })

  it('find every break of causal order, and no other', () => {
    let broken = 0
    for (const seed of seeds(400)) {
      const drawn = randomLog(seededRandom(seed))
      const expected = causalByDefinition(drawn)
      assert.equal(
        delivered('causal', drawn) === true,
        expected,
        `SEED=${seed} ${JSON.stringify(drawn)}`,
      )
      if (!expected) broken++
    }
    if (seeds(400).length >= 400) assert.isAbove(broken, 40)
  })
})
