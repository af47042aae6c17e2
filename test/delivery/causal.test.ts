import { assert } from 'chai'
import fc from 'fast-check'
import { seededRandom } from '../../src/base/random.js'
import { Causal } from '../../src/delivery/causal.js'
import { ClockWriter, decodeClock, nodeId } from '../../src/delivery/causal-clock.js'
import type { CausalEffect, CausalOptions } from '../../src/delivery/causal-event.js'
import { deliveryPlan } from '../../src/delivery/delivery-plan.js'
import { StampWriter } from '../../src/delivery/stamp-bytes.js'
import { CausalOracle } from './causal-oracle.js'
import type { Note } from './lossy-network.js'

type Effects = readonly CausalEffect<string>[]

interface Letter {
  readonly from: string
  readonly to: string
  readonly clock: Uint8Array
  readonly same: boolean
  readonly seq: number
  readonly message: string
}

class Member {
  readonly core: Causal<string>

  constructor(
    readonly name: string,
    options: Partial<CausalOptions> = {},
  ) {
    this.core = new Causal<string>(name, options)
  }

  write(to: string, message: string): Letter {
    const [effect] = this.core.step({ type: 'send', to })
    assert(effect?.type === 'stamped', `stamped, not ${JSON.stringify(effect)}`)
    const { seq, after, clock } = effect
    const same = clock === undefined
    return { from: this.name, to, clock: clock ?? numbers(seq, seq - after), same, seq, message }
  }

  read({ from, clock, same, message }: Letter): Effects {
    return this.core.step({ type: 'receive', from, clock, clockAt: 0, same, message, bytes: 10 })
  }
}

const members = (...names: string[]): Member[] => names.map((name) => new Member(name))
const delivered = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'deliver' ? [e.message] : []))
const refusals = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'refused' ? [e.reason] : []))

/** All there is of a clock that is the same as the one before. */
function numbers(seq: number, distance: number): Uint8Array {
  const out = new StampWriter()
  out.begin()
  out.varint(seq)
  out.varint(distance)
  return out.take()
}

/** A clock of A by hand: rows of destination, and of sender and number. */
function clock(
  seq: number,
  after: number,
  rows: readonly (readonly [string, readonly (readonly [string, number])[]])[],
): Uint8Array {
  const names = ['A']
  const dense = (name: string): number => {
    if (!names.includes(name)) names.push(name)
    return names.indexOf(name)
  }
  const writer = new ClockWriter()
  writer.begin(seq, after, rows.length)
  for (const [to, entries] of rows) {
    writer.row(dense(to), nodeId(to), entries.length)
    for (const [from, number] of entries) writer.entry(dense(from), nodeId(from), number)
  }
  return writer.take()
}

const LIMITS = { maxNodes: 16, maxEntries: 20 }

describe('causal stage', () => {
  it('hands over m1 before m3 where A writes m1 to B, m2 to C, and C then m3 to B', () => {
    const [a, b, c] = members('A', 'B', 'C') as [Member, Member, Member]
    const m1 = a.write('B', 'm1')
    const m2 = a.write('C', 'm2')
    assert.deepEqual(delivered(c.read(m2)), ['m2'])
    const m3 = c.write('B', 'm3')
    assert.deepEqual(delivered(b.read(m3)), [])
    assert.equal(b.core.pending, 1)
    assert.deepEqual(delivered(b.read(m1)), ['m1', 'm3'])
    assert.equal(b.core.pending, 0)
  })

  it('keeps order along a chain through four nodes that never heard of the first message', () => {
    const [a, b, c, d, e] = members('A', 'B', 'C', 'D', 'E') as Member[] as [
      Member,
      Member,
      Member,
      Member,
      Member,
    ]
    const slow = a.write('E', 'slow')
    b.read(a.write('B', '1'))
    c.read(b.write('C', '2'))
    d.read(c.write('D', '3'))
    const fast = d.write('E', 'fast')
    assert.deepEqual(delivered(e.read(fast)), [])
    assert.deepEqual(delivered(e.read(slow)), ['slow', 'fast'])
  })

  it('does not wait for messages to others', () => {
    const [a, b] = members('A', 'B', 'C') as [Member, Member]
    a.write('C', 'lost')
    assert.deepEqual(delivered(b.read(a.write('B', 'm'))), ['m'])
  })

  it('keeps the order of one sender and drops repeats', () => {
    const [a, b] = members('A', 'B') as [Member, Member]
    const [m1, m2, m3] = ['m1', 'm2', 'm3'].map((m) => a.write('B', m)) as [Letter, Letter, Letter]
    assert.deepEqual(delivered(b.read(m3)), [])
    assert.deepEqual(delivered(b.read(m2)), [])
    assert.deepEqual(b.read(m3), [{ type: 'dropped', reason: 'duplicate', message: 'm3' }])
    assert.deepEqual(delivered(b.read(m1)), ['m1', 'm2', 'm3'])
    assert.deepEqual(b.read(m2), [{ type: 'dropped', reason: 'duplicate', message: 'm2' }])
    assert.equal(b.core.duplicates, 2)
    assert.equal(b.core.pending, 0)
  })

  it('has an empty clock once all is acknowledged', () => {
    const [a, b, c] = members('A', 'B', 'C') as [Member, Member, Member]
    const m1 = a.write('B', 'm1')
    const m2 = a.write('C', 'm2')
    assert.equal(a.core.entries, 2)
    c.read(m2)
    assert.equal(c.core.entries, 1)
    b.read(m1)
    a.core.step({ type: 'settled', to: 'B', seq: m1.seq })
    a.core.step({ type: 'settled', to: 'C', seq: m2.seq })
    assert.equal(a.core.entries, 0)
    c.read(a.write('C', 'm4'))
    assert.equal(c.core.entries, 0, 'the next message of A tells C that m1 arrived')
    const next = a.write('B', 'm5')
    assert.lengthOf(next.clock, 3 + 10, 'the count, and the one message to C')
  })

  describe('of messages in a row to one node', () => {
    it('has the clock said by the first, until something was learned, or its messages are settled', () => {
      const [a, b, c] = members('A', 'B', 'C') as [Member, Member, Member]
      a.write('C', 'm1')
      const row = ['m2', 'm3', 'm4'].map((m) => a.write('B', m))
      assert.deepEqual(
        row.map(({ same }) => same),
        [false, true, true],
      )
      assert.isFalse(a.write('C', 'm5').same, 'B has been sent to since')
      assert.isFalse(a.write('B', 'm6').same, 'and now C')
      a.read(c.write('A', 'm7'))
      assert.isFalse(a.write('B', 'm8').same, 'C has told something')
      assert.isTrue(a.write('B', 'm9').same)
      a.core.step({ type: 'settled', to: 'B', seq: 8 })
      assert.isFalse(a.write('B', 'm10').same)
      for (const letter of row) b.read(letter)
      assert.equal(b.core.entries, 1, 'it knows of m1')
    })

    it('says it anew on another way, and in another session', () => {
      const core = new Causal<string>('A')
      const clockOf = (flow: number, session: number): Uint8Array | undefined => {
        const [effect] = core.step({ type: 'send', to: 'B', flow, session })
        assert(effect?.type === 'stamped')
        return effect.clock
      }
      assert.isDefined(clockOf(1, 1))
      assert.isUndefined(clockOf(1, 1))
      assert.isDefined(clockOf(2, 1))
      assert.isDefined(clockOf(2, 2))
      assert.isUndefined(clockOf(2, 2))
    })

    it('hands all over in their order, whichever comes first, and lets others wait for the last', () => {
      const [a, b, c] = members('A', 'B', 'C') as [Member, Member, Member]
      const slow = c.write('B', 'slow')
      a.read(c.write('A', 'after it'))
      const row = ['m1', 'm2', 'm3'].map((m) => a.write('B', m)) as [Letter, Letter, Letter]
      for (const letter of [row[2], row[0], row[1]]) assert.deepEqual(delivered(b.read(letter)), [])
      assert.deepEqual(delivered(b.read(slow)), ['slow', 'm1', 'm2', 'm3'])
      assert.equal(b.core.pending, 0)
    })

    it('drops one whose predecessor was given up, and it with that', () => {
      const [a, b] = members('A', 'B') as [Member, Member]
      b.read(a.write('B', 'm1'))
      a.write('B', 'lost')
      const m3 = a.write('B', 'm3')
      assert.deepEqual(delivered(b.read(m3)), [])
      a.core.step({ type: 'settled', to: 'B', seq: m3.seq })
      const effects = b.read(a.write('B', 'm4'))
      assert.deepEqual(effects, [
        { type: 'dropped', reason: 'cleared', message: 'm3' },
        { type: 'deliver', message: 'm4' },
      ])
      assert.equal(b.core.pending, 0)
    })

    it('takes the short ways where the long ones lead', () => {
      const [a, b] = members('A', 'B') as [Member, Member]
      b.read(a.write('B', 'm1'))
      const [to, from] = [a.core.node('B'), b.core.node('A')]
      assert(to !== undefined && from !== undefined)
      assert.equal(a.core.nextSame(to, 0, 0), 2)
      a.core.sendSame(to)
      assert.isTrue(b.core.takesNext(from, 2, 1))
      assert.isFalse(b.core.takesNext(from, 2, 1), 'it has it')
      assert.isFalse(b.core.takesNext(from, 4, 3), 'one is missing')
      assert.isFalse(b.core.takesNext(from, 4, 1), 'of the clock of another')
      assert.deepEqual(delivered(b.read(a.write('B', 'm3'))), ['m3'])
      assert.equal(b.core.delivered, 3)
      a.core.step({ type: 'settled', to: 'B', seq: 3 })
      assert.equal(a.core.nextSame(to, 0, 0), 0)
      b.core.step({ type: 'gone', node: 'A' })
      assert.isFalse(b.core.takesNext(from, 4, 3))
    })
  })

  it('takes nothing it was told by others for newer than what the sender itself told later', () => {
    const [a, b, c, d] = members('A', 'B', 'C', 'D') as [Member, Member, Member, Member]
    const m1 = a.write('D', 'm1')
    const stale = (() => {
      c.read(a.write('C', 'm2'))
      return c.write('B', 'm3')
    })()
    d.read(m1)
    a.core.step({ type: 'settled', to: 'D', seq: m1.seq })
    b.read(a.write('B', 'm4'))
    b.read(stale)
    const row = decodeClock(b.write('D', 'm5').clock, 0, nodeId('B'), LIMITS)
    assert(typeof row === 'object')
    assert.notInclude(
      row.destinations.map((i) => row.nodes[i]),
      nodeId('D'),
    )
  })

  it('releases 10,000 blocked messages in less than a second', () => {
    const [a, b, c] = members('A', 'B', 'C') as [Member, Member, Member]
    const key = a.write('B', 'key')
    c.read(a.write('C', 'm'))
    const blocked = Array.from({ length: 10_000 }, (_, i) => c.write('B', `m${i}`))
    for (const letter of blocked) assert.lengthOf(b.read(letter), 0)
    assert.equal(b.core.pending, 10_000)
    const began = performance.now()
    assert.lengthOf(delivered(b.read(key)), 10_001)
    assert.isBelow(performance.now() - began, 1_000)
  })

  it('releases 10,000 messages of 100 senders that wait for each other in less than a second', () => {
    const names = Array.from({ length: 100 }, (_, i) => `N${i}`)
    const senders = members(...names)
    const target = new Member('T')
    const letters: Letter[] = []
    let baton: Letter | undefined
    for (let i = 0; i < 10_000; i++) {
      const sender = senders[i % 100] as Member
      if (baton !== undefined) sender.read(baton)
      letters.push(sender.write('T', `m${i}`))
      baton = sender.write(names[(i + 1) % 100] as string, 'baton')
    }
    const [first, ...rest] = letters as [Letter, ...Letter[]]
    for (const letter of rest.reverse()) target.read(letter)
    const began = performance.now()
    const given = delivered(target.read(first))
    assert.isBelow(performance.now() - began, 1_000)
    assert.deepEqual(
      given,
      Array.from({ length: 10_000 }, (_, i) => `m${i}`),
    )
  }).timeout(20_000)

  it('does not wait for a node that is gone, and forgets it in time', () => {
    const [a, b, c] = members('A', 'B', 'C') as [Member, Member, Member]
    const m1 = a.write('B', 'm1')
    c.read(a.write('C', 'm2'))
    const m3 = c.write('B', 'm3')
    b.read(m3)
    const effects = b.core.step({ type: 'gone', node: 'A' })
    assert.deepEqual(delivered(effects), ['m3'])
    assert.deepInclude(effects, { type: 'startTimer', delayMs: 30_000 })
    assert.deepEqual(refusals(b.read(m1)), ['gone'])
    assert.equal(b.core.nodes, 3)
    assert.lengthOf(b.core.step({ type: 'timer' }), 1, 'it lingers once')
    assert.lengthOf(b.core.step({ type: 'timer' }), 0)
    assert.equal(b.core.nodes, 2)
    b.read(c.write('B', 'm4'))
    assert.equal(b.core.nodes, 2, 'what others still tell of it is not taken in')
  })

  it('lets go of what was under way to a node that is gone', () => {
    const [a, b] = members('A', 'B') as [Member, Member]
    a.write('C', 'm1')
    a.core.step({ type: 'gone', node: 'C' })
    assert.equal(a.core.entries, 0)
    assert.deepEqual(refusals(a.core.step({ type: 'send', to: 'C' })), ['gone'])
    assert.deepEqual(delivered(b.read(a.write('B', 'm2'))), ['m2'])
  })

  it('keeps a node that is gone as long as a waiting message names it', () => {
    const [a, b, c] = members('A', 'B', 'C') as [Member, Member, Member]
    const key = a.write('B', 'key')
    c.read(a.write('C', 'm'))
    b.read(c.write('B', 'late'))
    b.core.step({ type: 'gone', node: 'C' })
    for (let i = 0; i < 4; i++) b.core.step({ type: 'timer' })
    assert.equal(b.core.nodes, 3)
    assert.deepEqual(delivered(b.read(key)), ['key', 'late'])
    for (let i = 0; i < 4; i++) b.core.step({ type: 'timer' })
    assert.equal(b.core.nodes, 2)
  })

  it('goes on with a node that comes back, without what was given up meanwhile', () => {
    const [a, b] = members('A', 'B') as [Member, Member]
    b.read(a.write('B', 'm1'))
    a.write('B', 'm2')
    const early = a.write('B', 'm3')
    assert.deepEqual(delivered(b.read(early)), [])
    assert.deepEqual(b.core.step({ type: 'gone', node: 'A' })[0], {
      type: 'dropped',
      reason: 'cleared',
      message: 'm3',
    })
    a.core.step({ type: 'gone', node: 'B' })
    a.core.step({ type: 'back', node: 'B' })
    b.core.step({ type: 'back', node: 'A' })
    assert.deepEqual(delivered(b.read(a.write('B', 'm4'))), ['m4'])
  })

  it('numbers on for a node that it had forgotten', () => {
    const [a, b] = members('A', 'B') as [Member, Member]
    for (let i = 0; i < 5; i++) b.read(a.write('B', 'm'))
    a.core.step({ type: 'gone', node: 'B' })
    for (let i = 0; i < 3; i++) a.core.step({ type: 'timer' })
    assert.equal(a.core.nodes, 1)
    a.core.step({ type: 'back', node: 'B' })
    assert.deepEqual(delivered(b.read(a.write('B', 'again'))), ['again'])
  })

  it('lets a third node go on that waits for what was given up', () => {
    const [a, b, c] = members('A', 'B', 'C') as [Member, Member, Member]
    const lost = a.write('B', 'lost')
    c.read(a.write('C', 'm2'))
    b.read(c.write('B', 'm3'))
    assert.equal(b.core.pending, 1)
    a.core.step({ type: 'settled', to: 'B', seq: lost.seq })
    assert.deepEqual(delivered(b.read(a.write('B', 'bridge'))), ['bridge', 'm3'])
  })

  it('goes on with early messages when the one before them was given up', () => {
    const [a, b, c] = members('A', 'B', 'C') as [Member, Member, Member]
    a.write('B', 'lost')
    c.read(a.write('C', 'm2'))
    const blocked = c.write('B', 'needs lost')
    a.read(c.write('A', 'm3'))
    const early = a.write('B', 'needs "needs lost"')
    a.core.step({ type: 'gone', node: 'B' })
    a.core.step({ type: 'back', node: 'B' })
    const next = a.write('B', 'next')
    assert.deepEqual(
      [blocked, early].flatMap((letter) => delivered(b.read(letter))),
      [],
    )
    assert.deepEqual(delivered(b.read(next)), ['needs lost', 'needs "needs lost"', 'next'])
  })

  it('bounds what waits, and still takes what can be handed over', () => {
    const [a, c] = members('A', 'C') as [Member, Member]
    const b = new Member('B', { pendingMessages: 2 })
    const key = a.write('B', 'key')
    c.read(a.write('C', 'm'))
    const letters = ['m1', 'm2', 'm3'].map((m) => c.write('B', m)) as [Letter, Letter, Letter]
    b.read(letters[0])
    b.read(letters[1])
    assert.deepEqual(b.read(letters[2]), [{ type: 'refused', reason: 'full', message: 'm3' }])
    assert.deepEqual(delivered(b.read(key)), ['key', 'm1', 'm2'])
    assert.deepEqual(delivered(b.read(letters[2])), ['m3'])
  })

  it('bounds the bytes that wait', () => {
    const a = new Member('A')
    const b = new Member('B', { pendingBytes: 15 })
    a.write('B', 'missing')
    b.read(a.write('B', 'm1'))
    assert.deepEqual(refusals(b.read(a.write('B', 'm2'))), ['full'])
    assert.equal(b.core.pendingBytes, 10)
  })

  it('refuses to send with more entries than a clock may have, until some are settled', () => {
    const a = new Member('A', { maxEntries: 3 })
    const letters = ['B', 'C', 'D', 'E'].map((to) => a.write(to, 'm')) as Letter[]
    assert.deepEqual(refusals(a.core.step({ type: 'send', to: 'F' })), ['tooManyEntries'])
    a.core.step({ type: 'settled', to: 'B', seq: (letters[0] as Letter).seq })
    assert.equal(a.core.step({ type: 'send', to: 'F' })[0]?.type, 'stamped')
  })

  it('knows a bounded number of nodes', () => {
    const a = new Member('A', { maxNodes: 3 })
    a.write('B', 'm')
    a.write('C', 'm')
    assert.deepEqual(refusals(a.core.step({ type: 'send', to: 'D' })), ['tooManyEntries'])
    const foreign = clock(1, 0, [['X', [['Y', 1]]]])
    const effects = a.core.step({
      type: 'receive',
      from: 'B',
      clock: foreign,
      clockAt: 0,
      message: 'm',
      bytes: 1,
    })
    assert.deepEqual(refusals(effects), ['tooManyEntries'])
    assert.equal(a.core.nodes, 3)
  })

  const forged: readonly [string, Uint8Array, string][] = [
    ['nothing at all', new Uint8Array(0), 'malformed'],
    ['number 0', clock(0, 0, []), 'malformed'],
    ['itself as its predecessor', clock(3, 3, []), 'malformed'],
    ['bytes behind its end', Uint8Array.of(1, 1, 0, 0), 'malformed'],
    ['fewer rows than announced', Uint8Array.of(1, 1, 2), 'malformed'],
    ['a row without entries', clock(1, 0, [['C', []]]), 'malformed'],
    [
      'a row twice',
      clock(1, 0, [
        ['C', [['D', 1]]],
        ['C', [['E', 1]]],
      ]),
      'malformed',
    ],
    [
      'a sender twice in a row',
      clock(1, 0, [
        [
          'C',
          [
            ['D', 1],
            ['D', 2],
          ],
        ],
      ]),
      'malformed',
    ],
    ['a node that writes to itself', clock(1, 0, [['C', [['C', 1]]]]), 'malformed'],
    ['message 0', clock(1, 0, [['C', [['D', 0]]]]), 'malformed'],
    ['a mention of nothing', Uint8Array.of(1, 1, 1, 2, 1, 1, 1), 'malformed'],
    ['a message of its own to wait for', clock(1, 0, [['B', [['A', 1]]]]), 'malformed'],
    [
      'a message of the receiver that was never sent',
      clock(1, 0, [['C', [['B', 1]]]]),
      'neverSent',
    ],
    ['more rows than nodes', Uint8Array.of(1, 1, 0xff, 0x7f), 'tooManyEntries'],
    [
      'more entries than its bound',
      clock(
        1,
        0,
        Array.from(
          { length: 5 },
          (_, i) => [`R${i}`, Array.from({ length: 5 }, (_, j) => [`S${j}`, 1] as const)] as const,
        ),
      ),
      'tooManyEntries',
    ],
  ]
  for (const [name, bytes, reason] of forged) {
    it(`refuses a clock with ${name}`, () => {
      const b = new Member('B', LIMITS)
      const effects = b.core.step({
        type: 'receive',
        from: 'A',
        clock: bytes,
        clockAt: 0,
        message: 'm',
        bytes: 1,
      })
      assert.deepEqual(effects, [{ type: 'refused', reason, message: 'm' } as CausalEffect<string>])
      assert.equal(b.core.refusals.total, 1)
      assert.equal(b.core.entries, 0)
    })
  }

  for (const [name, bytes] of [
    ['that of nothing', numbers(1, 1)],
    ['rows of its own', clock(2, 1, [['C', [['D', 1]]]])],
    ['number 0', numbers(0, 1)],
    ['nothing in it', new Uint8Array(0)],
  ] as const) {
    it(`refuses a clock that is the same as another and has ${name}`, () => {
      const b = new Member('B', LIMITS)
      const letter = { from: 'A', to: 'B', clock: bytes, same: true, seq: 0, message: 'm' }
      assert.deepEqual(b.read(letter), [{ type: 'refused', reason: 'malformed', message: 'm' }])
    })
  }

  it('never throws, whatever clocks come', () => {
    const [a, c] = members('A', 'C') as [Member, Member]
    a.write('D', 'x')
    c.read(a.write('C', 'y'))
    const whole = c.write('B', 'm').clock
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(whole.length - 1),
        fc.nat(255),
        fc.boolean(),
        (bytes, at, value, same) => {
          const b = new Member('B', LIMITS)
          const damaged = whole.slice()
          damaged[at] = value
          for (const forgedClock of [bytes, damaged]) {
            b.core.step({
              type: 'receive',
              from: 'A',
              clock: forgedClock,
              clockAt: 0,
              same,
              message: 'm',
              bytes: 1,
            })
          }
          b.core.step({ type: 'gone', node: 'A' })
          b.core.step({ type: 'timer' })
          b.core.step({ type: 'timer' })
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('agrees with happens-before computed from the trace, in any order of arrival', () => {
    const plan = deliveryPlan({ causal: 'room' })
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), fc.integer(), (count, seed) => {
        const random = seededRandom(seed)
        const all = members(...Array.from({ length: count }, (_, i) => `N${i}`))
        const oracle = new CausalOracle()
        const notes = new Map<string, Note>()
        const travelling: Letter[] = []
        for (let serial = 1; serial <= 120 || travelling.length > 0; serial++) {
          const sender = random.pick(all)
          if (serial <= 120 && random.int(2) === 0) {
            const { name: to } = random.pick(all.filter((other) => other !== sender))
            const letter = sender.write(to, `${serial}`)
            const ends = { from: sender.name, to, channel: 'x', key: 0, plan, place: 0 }
            notes.set(letter.message, { serial, ...ends })
            oracle.sent(notes.get(letter.message) as Note)
            travelling.push(letter)
          } else if (travelling.length > 0) {
            const [letter] = travelling.splice(random.int(travelling.length), 1) as [Letter]
            const reader = all.find((member) => member.name === letter.to) as Member
            for (const message of delivered(reader.read(letter))) {
              oracle.delivered(notes.get(message) as Note)
            }
            const { from, to, seq } = letter
            const acked = reader.core.pending === 0 && random.int(2) === 0
            const writer = all.find((member) => member.name === from) as Member
            if (acked) writer.core.step({ type: 'settled', to, seq })
          }
        }
        for (const { core } of all) assert.equal(core.pending, 0)
      }),
      { numRuns: 200 },
    )
  })
})
