import { assert } from 'chai'
import { COUNTING, FaultGate } from '../../src/fault/fault-gate.js'
import { isRuleFault, type RuleContext, ruleOf, watchOf } from '../../src/fault/fault-rule.js'
import { parseFault, VERBS } from '../../src/fault/index.js'
import { MessageNumbers } from '../../src/fault/message-numbers.js'
import { FRAME } from '../../src/wire/frame.js'
import { type FakeFrame, FakeSite, frame, message } from './fake-site.js'

const ping = (direction: 'in' | 'out', peer: string): FakeFrame =>
  frame(direction, peer, FRAME.PING)

function site(node: string, ...texts: string[]): FakeSite {
  return siteAt(node, 'either', ...texts)
}

function siteAt(node: string, at: RuleContext['at'], ...texts: string[]): FakeSite {
  const made = new FakeSite(node)
  const gate = new FaultGate(made)
  for (const text of texts) {
    const rule = ruleOf(parseFault(text), { node, seed: 1, at })
    if (rule !== undefined) gate.add(rule)
  }
  return made
}

/** A fault, the node at whose gate it is, a frame, and what becomes of it. */
const TABLE: readonly [fault: string, node: string, frame: FakeFrame, verdict: string][] = [
  ['partition { a } { b c }', 'a', ping('out', 'b'), 'drop'],
  ['partition { a } { b c }', 'a', ping('in', 'c'), 'drop'],
  ['partition { a } { b c }', 'a', frame('in', 'b', FRAME.PROOF), 'drop'],
  ['partition { a } { b c }', 'a', frame('out', 'b', FRAME.FRAGMENT), 'drop'],
  ['partition { a } { b c }', 'a', frame('in', '', FRAME.HELLO), 'pass'],
  ['partition { a } { b c }', 'a', ping('out', 'd'), 'pass'],
  ['partition { a } { b c }', 'b', ping('out', 'c'), 'pass'],
  ['partition { a } { b } { c }', 'b', ping('out', 'c'), 'drop'],
  ['partition { a } { b } oneway', 'a', ping('out', 'b'), 'drop'],
  ['partition { a } { b } oneway', 'a', ping('in', 'b'), 'pass'],
  ['partition { a } { b } oneway', 'b', ping('in', 'a'), 'drop'],
  ['partition { a } { b } oneway', 'b', ping('out', 'a'), 'pass'],
  ['egress_delay a b 20ms', 'a', ping('out', 'b'), 'late 20'],
  ['egress_delay a b 20ms', 'a', ping('in', 'b'), 'pass'],
  ['egress_delay a b 0ms', 'a', ping('out', 'b'), 'pass'],
  ['egress_delay a * 20ms', 'a', message('a', 'a', 'c'), 'late 20'],
  ['ingress_delay a b 20ms', 'a', ping('in', 'b'), 'late 20'],
  ['ingress_delay a b 20ms', 'a', ping('out', 'b'), 'pass'],
  ['omit a>b:add', 'a', message('a', 'a', 'b'), 'drop'],
  ['omit a>b:add', 'b', message('b', 'a', 'b'), 'drop'],
  ['omit a>b:add', 'a', message('a', 'a', 'b', 'sub'), 'pass'],
  ['omit a>b:add', 'a', message('a', 'b', 'a'), 'pass'],
  ['omit a>b:add', 'a', message('a', 'a', 'c'), 'pass'],
  ['omit_send a b', 'a', message('a', 'a', 'b'), 'drop'],
  ['omit_send a b', 'a', message('a', 'b', 'a'), 'pass'],
  ['omit_send a b', 'a', message('a', 'a', 'c'), 'pass'],
  ['omit_send a b', 'a', ping('out', 'b'), 'pass'],
  ['omit_send a b', 'a', frame('out', 'b', FRAME.OVERLAY), 'drop'],
  [
    'omit_send a b',
    'a',
    frame('out', 'hop', FRAME.RELAY, { from: 'a', to: 'b', name: 'add' }),
    'drop',
  ],
  [
    'omit_send a *',
    'a',
    frame('out', 'c', FRAME.RELAY, { from: 'x', to: 'y', name: 'add' }),
    'drop',
  ],
  ['omit_receive a b', 'a', message('a', 'b', 'a'), 'drop'],
  ['omit_receive a b', 'a', message('a', 'a', 'b'), 'pass'],
  ['omit_all a', 'a', message('a', 'b', 'a'), 'drop'],
  ['omit_all a', 'a', message('a', 'a', 'b'), 'drop'],
  ['omit_all a', 'a', ping('out', 'b'), 'pass'],
  ['duplicate a>b:add', 'a', message('a', 'a', 'b'), '2 copies'],
  ['duplicate * b', 'b', message('b', 'a', 'b'), '2 copies'],
  ['duplicate * *', 'b', message('b', 'b', 'a'), '2 copies'],
  ['reorder a b 5s', 'a', message('a', 'a', 'b'), 'aside'],
  ['reorder a b 5s', 'b', message('b', 'a', 'b'), 'aside'],
  ['reorder a b 0ms', 'b', message('b', 'a', 'b'), 'pass'],
  ['byzantine a bitflip', 'a', message('a', 'a', 'b'), 'flipped'],
  ['byzantine a bitflip', 'a', message('a', 'b', 'a'), 'pass'],
  ['byzantine a bitflip', 'a', frame('out', 'b', FRAME.OVERLAY), 'pass'],
  ['byzantine a corrupt', 'a', message('a', 'a', 'b'), 'flipped'],
]

describe('the rule of a fault', () => {
  for (const [text, node, what, verdict] of TABLE) {
    const { from, to, name } = what.name ?? { from: '', to: '', name: `kind ${what.kind}` }
    const label = `${what.direction} ${what.peer} ${from}>${to}:${name}`
    it(`${text}, at ${node}, ${label}: ${verdict}`, () => {
      assert.equal(site(node, text).judge(what), verdict)
    })
  }

  for (const [text, node] of [
    ['partition { a } { b }', 'c'],
    ['egress_delay a b', 'b'],
    ['ingress_delay a b', 'b'],
    ['omit a>b:add', 'c'],
    ['omit_send a b', 'b'],
    ['omit_receive a b', 'b'],
    ['omit_all a', 'b'],
    ['duplicate a b', 'c'],
    ['reorder a b', 'c'],
    ['byzantine a bitflip', 'b'],
    ['byzantine a bitflip store', 'a'],
    ['crash a after a>b:add#1', 'b'],
    ['pause a', 'a'],
  ] as const) {
    it(`${text} is none at ${node}`, () => assert.isTrue(site(node, text).gate.isOpen))
  }

  it('is one for just the verbs that say so', () => {
    const rules = VERBS.filter((verb) => isRuleFault({ verb, where: 'wire' } as never))
    assert.deepEqual(rules, [
      'partition',
      'egress_delay',
      'ingress_delay',
      'omit',
      'omit_send',
      'omit_receive',
      'omit_all',
      'duplicate',
      'reorder',
      'byzantine',
    ])
    assert.isFalse(isRuleFault(parseFault('byzantine a corrupt store')))
  })

  it('for those who ask so, is about single messages only where they arrive', () => {
    const faults = ['omit a>b:add#1', 'duplicate a b', 'reorder a b']
    assert.isTrue(siteAt('a', 'arrival', ...faults).gate.isOpen)
    assert.deepEqual(siteAt('b', 'arrival', 'omit a>b:add#2').run(3, 'a', 'b'), [
      'pass',
      'drop',
      'pass',
    ])
  })

  it('counts labels by sender, receiver and name', () => {
    const b = site('b', 'omit a>b:add#2')
    assert.deepEqual(b.run(1, 'a', 'b'), ['pass'])
    assert.deepEqual(b.run(3, 'c', 'b'), ['pass', 'pass', 'pass'])
    assert.deepEqual(b.run(3, 'a', 'b', 'sub'), ['pass', 'pass', 'pass'])
    assert.deepEqual(b.run(2, 'a', 'b'), ['drop', 'pass'])
  })

  it('comes late to messages that are counted already, and anew when nobody has counted', () => {
    const made = new FakeSite('b')
    const gate = new FaultGate(made)
    const rule = ruleOf(parseFault('omit a>b:add#3'), { node: 'b', seed: 1, at: 'arrival' })
    assert.isDefined(rule)
    const counting = gate.add(COUNTING)
    assert.deepEqual(made.run(2, 'a', 'b'), ['pass', 'pass'])
    const omit = gate.add(rule ?? COUNTING)
    counting.remove()
    assert.deepEqual(made.run(2, 'a', 'b'), ['drop', 'pass'])
    omit.remove()
    gate.add(rule ?? COUNTING)
    assert.deepEqual(made.run(3, 'a', 'b'), ['pass', 'pass', 'drop'])
  })

  it('asks all: a drop wins over a copy, delays add up', () => {
    const b = site('b', 'duplicate a b', 'ingress_delay b a 5ms', 'ingress_delay b * 7ms')
    assert.deepEqual(b.run(1, 'a', 'b'), ['late 12, 2 copies'])
    assert.deepEqual(site('b', 'duplicate a b', 'omit a>b:add').run(1, 'a', 'b'), ['drop'])
  })

  it('watches a label without doing anything', () => {
    const b = new FakeSite('b')
    const seen: number[] = []
    const watch = watchOf({ from: 'a', to: 'b', name: 'add', ordinal: 2 }, 'b', (at) =>
      seen.push(at.ordinal),
    )
    assert.isDefined(watch)
    if (watch !== undefined) new FaultGate(b).add(watch)
    assert.deepEqual(b.run(3, 'a', 'b'), ['pass', 'pass', 'pass'])
    assert.deepEqual(seen, [2])
    assert.isUndefined(watchOf({ from: 'a', to: 'b', name: 'add' }, 'a', () => {}))
  })
})

describe('a share', () => {
  const hits = (text: string, seed: number, count = 2_000): boolean[] => {
    const b = new FakeSite('b')
    const rule = ruleOf(parseFault(text), { node: 'b', seed, at: 'either' })
    if (rule !== undefined) new FaultGate(b).add(rule)
    return b.run(count, 'a', 'b').map((verdict) => verdict === 'drop')
  }
  const share = (all: boolean[]): number => all.filter(Boolean).length / all.length

  for (const percent of [0.5, 10, 30, 50, 90]) {
    it(`of ${percent}% is about that`, () => {
      assert.approximately(share(hits(`omit_all b ${percent}%`, 7, 20_000)), percent / 100, 0.012)
    })
  }

  it('of 100% is all', () => assert.equal(share(hits('omit_all b', 7)), 1))

  it('is the same for the same seed and another for another', () => {
    const text = 'omit_all b 50%'
    const [one, same, other] = [hits(text, 1), hits(text, 1), hits(text, 2)]
    assert.deepEqual(one, same)
    assert.approximately(share(one.map((hit, i) => hit === other[i])), 0.5, 0.06)
  })

  it('that is larger hits all that a smaller one hits', () => {
    const small = hits('omit_receive b a 20%', 3)
    const large = hits('omit_receive b a 30%', 3)
    assert.isTrue(small.every((hit, i) => !hit || large[i]))
  })

  it('of one message does not hang on what becomes of others', () => {
    const all = hits('omit_all b 40%', 5, 50)
    const b = new FakeSite('b')
    const gate = new FaultGate(b)
    for (const text of ['omit a>b:add#3', 'duplicate a b 50%', 'omit_all b 40%']) {
      const rule = ruleOf(parseFault(text), { node: 'b', seed: 5, at: 'either' })
      if (rule !== undefined) gate.add(rule)
    }
    for (const [i, hit] of all.entries()) {
      b.run(i % 3, 'c', 'b', 'noise')
      const [verdict] = b.run(1, 'a', 'b')
      assert.equal(verdict === 'drop', hit || i === 2)
    }
  })
})

describe('message numbers', () => {
  it('count ways apart and stay bounded: the oldest are forgotten', () => {
    const numbers = new MessageNumbers()
    const name = (i: number) => ({ from: 'a', to: 'b', name: `m${i}` })
    assert.deepEqual([numbers.next('in', name(0)), numbers.next('in', name(0))], [1, 2])
    assert.equal(numbers.next('out', name(0)), 1)
    for (let i = 1; i < 20_000; i++) numbers.next('in', name(i))
    assert.equal(numbers.next('in', name(0)), 1)
    assert.equal(numbers.next('in', name(19_999)), 2)
  })
})
