import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import {
  type Fault,
  type FaultSite,
  faults,
  parseFault,
  VERB_PLACES,
  VERBS,
} from '../../src/fault/index.js'
import { FRAME } from '../../src/wire/frame.js'
import { FakeSite, frame } from './fake-site.js'

function refused(run: () => unknown, message: RegExp, code = 'ERR_BAD_FAULT'): void {
  try {
    run()
  } catch (error) {
    assert.equal(codeOf(error), code)
    assert.match((error as Error).message, message)
    return
  }
  assert.fail('it was not refused')
}

describe('the faults of a node', () => {
  it('are the same object each time, and leave the gate as it was when unused', () => {
    const b = new FakeSite('b')
    const { in: openIn, out: openOut } = b.gate
    assert.strictEqual(faults(b), faults(b, { seed: 3 }))
    assert.isTrue(b.gate.in === openIn && b.gate.out === openOut)
  })

  it('begin, count what they hit, and end: then the gate is the open one again', () => {
    const b = new FakeSite('b')
    const { in: openIn } = b.gate
    const omit = faults(b).inject('fault omit a>b:add#2')
    const cut = faults(b).inject({ verb: 'partition', groups: [['b'], ['c']], oneway: false })
    assert.deepEqual(b.run(3, 'a', 'b'), ['pass', 'drop', 'pass'])
    assert.deepEqual(b.run(1, 'c', 'b'), ['drop'])
    assert.deepEqual([omit.hits, cut.hits, omit.active], [1, 1, true])
    assert.deepEqual(
      faults(b).active.map(({ text }) => text),
      ['fault omit a>b:add#2', 'fault partition { b } { c }'],
    )
    omit.end()
    omit.end()
    cut.end()
    assert.deepEqual(faults(b).active, [])
    assert.strictEqual(b.gate.in, openIn)
    assert.deepEqual(faults(b).hits, { omit: 1, partition: 1 })
  })

  it('number messages from the injection of each fault on', () => {
    const b = new FakeSite('b')
    const first = faults(b).inject('omit a>b:add#1')
    assert.deepEqual(b.run(2, 'a', 'b'), ['drop', 'pass'])
    const second = faults(b).inject('omit a>b:add#2')
    assert.deepEqual(b.run(3, 'a', 'b'), ['pass', 'drop', 'pass'])
    assert.deepEqual([first.hits, second.hits], [1, 1])
  })

  it('heal ends the partitions, resolve_all ends all', () => {
    const b = new FakeSite('b')
    const set = faults(b)
    set.inject('partition { b } { c }')
    set.inject('partition { b } { d }')
    set.inject('omit_all b')
    const heal = set.inject('heal')
    assert.deepEqual([heal.active, heal.hits, set.active.length], [false, 2, 1])
    assert.equal(set.inject('resolve_all').hits, 1)
    assert.isTrue(b.gate.isOpen)
    set.inject('omit_all b')
    set.resolveAll()
    assert.isTrue(b.gate.isOpen)
  })

  it('reset the connections to the other of two nodes', () => {
    const b = new FakeSite('b')
    assert.equal(faults(b).inject('connection a b reset').hits, 1)
    assert.equal(faults(b).inject('connection b c reset').hits, 2)
    assert.deepEqual(b.resets, ['a', 'c'])
    refused(() => faults(b).inject('connection x y reset'), /nothing to do at node b/)
  })

  it('draw from the seed that was given last', () => {
    const run = (seed: number): string[] => {
      const b = new FakeSite('b')
      faults(b).inject('omit_all b 50%').end()
      faults(b, { seed }).inject('omit_all b 50%')
      return b.run(64, 'a', 'b')
    }
    assert.deepEqual(run(1), run(1))
    assert.notDeepEqual(run(1), run(2))
    refused(
      () => faults(new FakeSite('b'), { seed: {} as never }),
      /faults\.seed/,
      'ERR_BAD_OPTION',
    )
  })

  const b = new FakeSite('b')
  const refusals: [fault: unknown, message: RegExp][] = [
    ['omit', /line 1, column 5: expected a message/],
    [7, /a fault must be an object or a text/],
    [{ verb: 'omit_all', node: 'b', percent: 400 }, /omit_all\.percent must be a share/],
    ['omit_all c', /'fault omit_all c' has nothing to do at node b/],
    ['partition { a } { c }', /nothing to do at node b/],
    ['byzantine b bitflip store', /can only be done in a simulation; on a running node these work/],
    ['user jam 1', /there is no user fault jam; there are: none/],
  ]
  for (const [fault, message] of refusals) {
    it(`refuse ${JSON.stringify(fault)}`, () => {
      refused(() => faults(b).inject(fault as Fault), message)
      assert.isTrue(b.gate.isOpen)
      assert.deepEqual(faults(b).active, [])
    })
  }
})

describe('a fault of the user', () => {
  it('gets its arguments, puts rules at the gate, and takes them with it', () => {
    const b = new FakeSite('b')
    const log: unknown[] = []
    faults(b).register('jam', (site: FaultSite, ...args) => {
      log.push(site.node, ...args)
      site.rule(({ peer }) => (peer === args[0] ? { type: 'drop' } : undefined))
      return () => log.push('over')
    })
    const jam = faults(b).inject('fault byzantine c jam 3 true')
    assert.equal(jam.text, 'fault user jam c 3 true')
    assert.equal(b.judge(frame('in', 'c', FRAME.PING)), 'drop')
    assert.equal(b.judge(frame('in', 'a', FRAME.PING)), 'pass')
    assert.equal(jam.hits, 1)
    faults(b).resolveAll()
    assert.isTrue(b.gate.isOpen)
    assert.deepEqual(log, ['b', 'c', 3, true, 'over'])
  })

  it('that throws leaves nothing behind', () => {
    const b = new FakeSite('b')
    faults(b).register('bad', (site) => {
      site.rule(() => ({ type: 'drop' }))
      throw new RangeError('no')
    })
    assert.throws(() => faults(b).inject('user bad'), RangeError, 'no')
    assert.isTrue(b.gate.isOpen)
    assert.deepEqual(faults(b).active, [])
  })

  it('whose rule throws is over, and the frame passes', () => {
    const b = new FakeSite('b')
    faults(b).register('late', (site) => {
      site.rule(({ peer }) => {
        if (peer === 'c') throw new RangeError('no')
        return { type: 'drop' }
      })
    })
    const late = faults(b).inject('user late')
    assert.equal(b.judge(frame('in', 'a', FRAME.PING)), 'drop')
    assert.equal(b.judge(frame('in', 'c', FRAME.PING)), 'pass')
    assert.instanceOf(late.error, RangeError)
    assert.isFalse(late.active)
    assert.isTrue(b.gate.isOpen)
  })

  it('cannot add a rule after its end, and needs a name that can be written', () => {
    const b = new FakeSite('b')
    let kept: FaultSite | undefined
    faults(b).register('keep', (site) => {
      kept = site
    })
    faults(b).inject('user keep').end()
    refused(() => kept?.rule(() => undefined), /'fault user keep' has ended/)
    for (const name of ['', 'two words', '7up', 'bitflip']) {
      refused(() => faults(b).register(name, () => undefined), /cannot be the name of a fault/)
    }
    refused(() => faults(b).register('x', 5 as never), /must be a function/)
  })
})

describe('docs/testing.md', () => {
  const text = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| `(\w+)` \| (yes|no)[^|]*\| yes \| `([^`]+)` \|/gm)].map(
    ([, verb, node, example]) => ({ verb, node, example: example ?? '' }),
  )

  it('has a row for every verb, in order, that says where it works', () => {
    assert.deepEqual(
      rows.map(({ verb, node }) => [verb, node]),
      VERBS.map((verb) => [verb, VERB_PLACES[verb] === 'node' ? 'yes' : 'no']),
    )
  })

  for (const { verb, node, example } of rows) {
    it(`tells the truth about ${example}`, () => {
      assert.equal(parseFault(example).verb, verb)
      const a = new FakeSite('a')
      const set = faults(a)
      set.register('jam', () => undefined)
      if (node === 'yes') {
        set.inject(example)
        set.resolveAll()
      } else refused(() => set.inject(example), /can only be done in a simulation/)
    })
  }
})
