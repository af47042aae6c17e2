import { assert } from 'chai'
import fc from 'fast-check'
import { seededRandom } from '../../src/base/random.js'
import { decodeGroupMessage, encodeGroupMessage } from '../../src/remote/group-messages.js'
import { Groups } from '../../src/remote/groups.js'
import type { GroupsEvent } from '../../src/remote/groups-event.js'

const member = (name: string, incarnation = `i-${name}`) => ({
  name,
  incarnation,
  generation: 1,
  addresses: [],
  tags: [],
})

interface Flight {
  from: string
  to: string
  wire: readonly unknown[]
}

class Net {
  readonly nodes = new Map<string, Groups>()
  readonly timers = new Set<string>()
  readonly flushes = new Set<string>()
  readonly changed: string[] = []
  flights: Flight[] = []
  sent = 0

  constructor(names: string[], membershipsMax = 100_000) {
    for (const name of names) {
      this.nodes.set(name, new Groups(member(name), { retryMs: 100, membershipsMax }))
    }
  }

  step(at: string, event: GroupsEvent): void {
    for (const effect of (this.nodes.get(at) as Groups).step(event)) {
      if (effect.type === 'send') {
        this.sent++
        this.flights.push({ from: at, to: effect.to, wire: encodeGroupMessage(effect.message) })
      } else if (effect.type === 'startTimer') this.timers.add(at)
      else if (effect.type === 'flushSoon') this.flushes.add(at)
      else if (effect.type === 'changed') {
        const { group, joined, left } = effect.change
        this.changed.push(`${at}: ${group} +${joined.length} -${left.length}`)
      }
    }
  }

  meet(a: string, b: string): void {
    this.step(a, { type: 'nodeUp', node: member(b) })
    this.step(b, { type: 'nodeUp', node: member(a) })
  }

  join(at: string, group: string, serial: number): void {
    this.step(at, { type: 'join', group, serial, actorType: 't' })
  }

  settle(lose: () => boolean = () => false): void {
    for (let i = 0; i < 1_000; i++) {
      for (const at of [...this.flushes]) {
        this.flushes.delete(at)
        this.step(at, { type: 'flushDue' })
      }
      const flights = this.flights
      if (flights.length === 0) return
      this.flights = []
      for (const { from, to, wire } of flights) {
        if (lose()) continue
        const message = decodeGroupMessage(wire)
        assert.isDefined(message)
        if (message) this.step(to, { type: 'message', from: member(from), message })
      }
    }
    assert.fail('groups never come to rest')
  }

  retry(lose?: () => boolean): void {
    for (const at of [...this.timers]) {
      this.timers.delete(at)
      this.step(at, { type: 'retryDue' })
    }
    this.settle(lose)
  }

  view(at: string, group: string): string[] {
    return (this.nodes.get(at) as Groups).members(group).map((m) => `${m.node}/${m.serial}`)
  }
}

describe('groups', () => {
  it('shows a join on every node and the leave of an actor that ended', () => {
    const net = new Net(['a', 'b'])
    net.meet('a', 'b')
    net.join('a', 'g', 1)
    net.join('b', 'g', 1)
    net.settle()
    assert.deepEqual(net.view('a', 'g'), ['a/1', 'b/1'])
    assert.deepEqual(net.view('b', 'g'), ['a/1', 'b/1'])
    net.step('a', { type: 'actorEnded', serial: 1 })
    net.settle()
    assert.deepEqual(net.view('b', 'g'), ['b/1'])
    assert.include(net.changed, 'b: g +0 -1')
  })

  it('says nothing to a node that it meets while there are no groups', () => {
    const net = new Net(['a', 'b'])
    net.meet('a', 'b')
    assert.equal(net.sent, 0)
    assert.equal(net.timers.size, 0)
  })

  it('says how little it knows once it has forgotten somebody, for others may think it knows them', () => {
    const net = new Net(['a', 'b', 'c'])
    net.meet('a', 'b')
    net.meet('b', 'c')
    net.step('b', { type: 'nodeDown', node: member('c') })
    net.step('b', { type: 'nodeUp', node: member('a', 'newer') })
    assert.equal(net.sent, 1)
  })

  it('tells a node that comes later everything', () => {
    const net = new Net(['a', 'b'])
    for (let i = 1; i <= 5_000; i++) net.join('a', `g${i % 7}`, i)
    net.meet('a', 'b')
    net.settle()
    assert.deepEqual(net.view('b', 'g3'), net.view('a', 'g3'))
    assert.equal(net.view('b', 'g3').length, 714)
  })

  it('sends changes made together in one message', () => {
    const net = new Net(['a', 'b'])
    net.meet('a', 'b')
    net.settle()
    const before = net.sent
    for (let i = 1; i <= 100; i++) net.join('a', 'g', i)
    net.settle()
    assert.equal(net.sent - before, 2, 'the changes and their acknowledgement')
  })

  it('forgets the members of a node that went down and learns them again when it is back', () => {
    const net = new Net(['a', 'b'])
    net.meet('a', 'b')
    net.join('a', 'g', 1)
    net.settle()
    net.step('b', { type: 'nodeDown', node: member('a') })
    assert.deepEqual(net.view('b', 'g'), [])
    net.step('b', { type: 'nodeUp', node: member('a') })
    net.settle()
    assert.deepEqual(net.view('b', 'g'), ['a/1'], 'though a never noticed')
  })

  it('keeps only the members of the newest incarnation of a node', () => {
    const net = new Net(['a', 'b'])
    net.meet('a', 'b')
    net.join('a', 'g', 1)
    net.settle()
    net.step('b', { type: 'nodeUp', node: member('a', 'newer') })
    assert.deepEqual(net.view('b', 'g'), [])
    net.step('b', { type: 'nodeDown', node: member('a') })
    net.settle()
    assert.deepEqual(net.view('b', 'g'), [])
  })

  it('repeats what was lost and is quiet when all is known', () => {
    const net = new Net(['a', 'b'])
    net.meet('a', 'b')
    net.settle()
    net.join('a', 'g', 1)
    net.settle(() => true)
    assert.deepEqual(net.view('b', 'g'), [])
    net.retry()
    assert.deepEqual(net.view('b', 'g'), ['a/1'])
    net.retry()
    assert.equal(net.timers.size, 0)
  })

  it('takes no more memberships from a node than the bound', () => {
    const net = new Net(['a', 'b'], 10)
    net.meet('a', 'b')
    for (let i = 1; i <= 20; i++) net.join('a', 'g', i)
    net.settle()
    assert.equal(net.view('b', 'g').length, 10)
  })

  it('converges whatever is lost', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed)
        const names = ['a', 'b', 'c']
        const net = new Net(names)
        const lose = () => random.int(3) === 0
        for (let i = 0; i < 60; i++) {
          const at = random.pick(names)
          const other = random.pick(names.filter((name) => name !== at))
          const serial = 1 + random.int(5)
          const group = `g${random.int(3)}`
          const what = random.int(8)
          if (what === 0) net.step(at, { type: 'nodeDown', node: member(other) })
          else if (what === 1) net.step(at, { type: 'nodeUp', node: member(other) })
          else if (what === 2) net.step(at, { type: 'actorEnded', serial })
          else if (what === 3) net.step(at, { type: 'leave', group, serial })
          else if (what === 4) {
            const first = 1 + random.int(9_000)
            for (let n = 0; n < 1_500; n++) net.join(at, group, first + n)
          } else net.join(at, group, serial)
          if (random.int(3) === 0) net.settle(lose)
          if (random.int(5) === 0) net.retry(lose)
        }
        for (const at of names) {
          for (const other of names) {
            if (at !== other) net.step(at, { type: 'nodeUp', node: member(other) })
          }
        }
        for (let i = 0; i < 5; i++) net.retry()
        for (const group of ['g0', 'g1', 'g2']) {
          const all = names.flatMap((name) =>
            (net.nodes.get(name) as Groups).localMembers(group).map((m) => `${m.node}/${m.serial}`),
          )
          for (const at of names) assert.sameMembers(net.view(at, group), all)
        }
        assert.equal(net.timers.size, 0)
      }),
      { numRuns: 12 },
    )
  })

  const wrong: unknown[][] = [
    [],
    [-1],
    ['1'],
    [0, 0, [['join', '', 1, 't']]],
    [0, 0, [['join', 'g', 0, 't']]],
    [0, 0, [['kick', 'g', 1, 't']]],
    [0, 0, [['join', 'g'.repeat(999), 1, 't']]],
    [0, 0, new Array(501).fill(['join', 'g', 1, 't'])],
    [0, 1, 0, 1, []],
    [0, 1, 0, true, [['g', 1]]],
    [0, 1],
  ]
  it('refuses messages with a wrong field', () => {
    for (const wire of wrong) assert.isUndefined(decodeGroupMessage(wire), JSON.stringify(wire))
  })

  it('reports memberships above the bound once a message, by delta and by snapshot', () => {
    const ops = Array.from({ length: 400 }, (_, at) => ['join', 'g', at + 1, 't'] as const)
    const entries = ops.map(([, group, serial, type]) => [group, serial, type] as const)
    for (const message of [
      { type: 'delta', known: 0, from: 0, ops },
      { type: 'snapshot', known: 0, version: 400, index: 0, last: true, entries },
    ] as const) {
      const groups = new Groups(member('a'), { retryMs: 100, membershipsMax: 100 })
      groups.step({ type: 'nodeUp', node: member('b') })
      const effects = groups.step({ type: 'message', from: member('b'), message })
      assert.equal(effects.filter(({ type }) => type === 'overflow').length, 1, message.type)
      assert.equal(groups.members('g').length, 100)
    }
  })
})
