import { assert } from 'chai'
import { newIncarnation } from '../../src/base/identity.js'
import { seededRandom } from '../../src/base/random.js'
import type { Member } from '../../src/cluster/carrier.js'
import type { GroupsEvent } from '../../src/remote/groups-event.js'
import { SpreadGroups } from '../../src/remote/spread-groups.js'
import { decodeSpreadMessage, encodeSpreadMessage } from '../../src/remote/spread-messages.js'
import { seeds } from '../seeds.js'

const incarnation = (n: number): string => newIncarnation(1_700_000_000_000 + n, new Uint8Array(5))

const member = (name: string, generation = 1): Member => ({
  name,
  incarnation: incarnation(generation * 1_000 + name.charCodeAt(0)),
  generation,
  addresses: [],
  tags: [],
})

interface Flight {
  readonly from: Member
  readonly to: string
  readonly wire: unknown
}

/** Nodes that reach each other by broadcasts only. */
class Net {
  readonly nodes = new Map<string, { self: Member; groups: SpreadGroups }>()
  readonly timers = new Set<string>()
  readonly flushes = new Set<string>()
  readonly overflows: string[] = []
  flights: Flight[] = []
  sent = 0
  late = false
  readonly #membershipsMax: number

  constructor(names: Iterable<string>, membershipsMax = 100_000) {
    this.#membershipsMax = membershipsMax
    for (const name of names) this.start(name)
  }

  start(name: string, generation = 1): void {
    const self = member(name, generation)
    const options = { refreshMs: 100, membershipsMax: this.#membershipsMax }
    this.nodes.set(name, { self, groups: new SpreadGroups(self, options) })
    this.timers.delete(name)
    this.flushes.delete(name)
  }

  stop(name: string): void {
    this.nodes.delete(name)
    this.timers.delete(name)
    this.flushes.delete(name)
  }

  step(at: string, event: GroupsEvent): void {
    const node = this.nodes.get(at)
    for (const effect of node?.groups.step(event) ?? []) {
      if (effect.type === 'startTimer') this.timers.add(at)
      else if (effect.type === 'flushSoon') this.flushes.add(at)
      else if (effect.type === 'overflow') this.overflows.push(effect.node)
      else if (effect.type === 'tellAll' && node !== undefined) {
        this.sent++
        const wire = encodeSpreadMessage(effect.message)
        for (const to of this.nodes.keys()) this.flights.push({ from: node.self, to, wire })
      }
    }
  }

  join(at: string, group: string, serial: number): void {
    this.step(at, { type: 'join', group, serial, actorType: 't' })
  }

  settle(
    lose: (flight: Flight) => boolean = () => false,
    order: (flights: Flight[]) => Flight[] = (flights) => flights,
  ): void {
    for (let turns = 0; turns < 1_000; turns++) {
      for (const at of [...this.flushes]) {
        this.flushes.delete(at)
        this.step(at, { type: 'flushDue' })
      }
      const flights = order(this.flights)
      this.flights = []
      if (flights.length === 0) return
      for (const flight of flights) {
        if (lose(flight)) continue
        const message = decodeSpreadMessage(flight.wire)
        if (message === undefined) throw new Error(`it does not read ${flight.wire}`)
        const { late } = this
        this.step(flight.to, { type: 'news', from: flight.from, message, late })
      }
    }
    assert.fail('groups never come to rest')
  }

  round(lose?: (flight: Flight) => boolean): void {
    for (const at of [...this.timers]) {
      this.timers.delete(at)
      this.step(at, { type: 'retryDue' })
    }
    this.settle(lose)
  }

  view(at: string, group: string): string[] {
    return (this.nodes.get(at)?.groups.members(group) ?? []).map((m) => `${m.node}/${m.serial}`)
  }
}

describe('groups by broadcast', () => {
  it('show a join, a leave and the end of an actor everywhere', () => {
    const net = new Net('abc')
    net.join('a', 'g', 1)
    net.join('b', 'g', 1)
    net.settle()
    for (const at of 'abc') assert.deepEqual(net.view(at, 'g'), ['a/1', 'b/1'])
    net.step('a', { type: 'actorEnded', serial: 1 })
    net.step('b', { type: 'leave', group: 'g', serial: 1 })
    net.settle()
    for (const at of 'abc') assert.deepEqual(net.view(at, 'g'), [])
  })

  it('broadcast changes made together in one message, and say nothing where nobody is in a group', () => {
    const net = new Net('abc')
    for (let serial = 1; serial <= 100; serial++) net.join('a', 'g', serial)
    net.settle()
    assert.equal(net.sent, 1)
    net.round()
    assert.equal(net.sent, 2, 'that a is there; b and c have nothing to say')
  })

  it('take changes that come out of order in their order', () => {
    const net = new Net('ab')
    for (let serial = 1; serial <= 400; serial++) net.join('a', 'g', serial)
    for (let serial = 1; serial <= 100; serial++) {
      net.step('a', { type: 'leave', group: 'g', serial })
    }
    net.settle(undefined, (flights) => flights.toReversed())
    assert.equal(net.view('b', 'g').length, 300)
  })

  it('take no changes that are part of a state they have', () => {
    const net = new Net('ab')
    net.join('a', 'g', 1)
    net.settle()
    net.step('a', { type: 'leave', group: 'g', serial: 1 })
    net.join('a', 'g', 2)
    net.settle()
    const ops = [['join', 'g', 1, 't']] as const
    const from = net.nodes.get('a')?.self as Member
    net.step('b', { type: 'news', from, message: { type: 'delta', from: 0, ops }, late: false })
    assert.deepEqual(net.view('b', 'g'), ['a/2'])
  })

  it('ask for a state that another has asked for only when the answer does not come', () => {
    const net = new Net('abcd')
    for (let serial = 1; serial <= 150; serial++) net.join('a', 'g', serial)
    net.settle(() => true)
    net.round(({ from }) => from.name !== 'a') // now all know that they lack it
    net.settle()
    const due = (at: string, lose: boolean): number => {
      const before = net.sent
      net.step(at, { type: 'retryDue' })
      net.settle(({ from }) => lose && from.name === 'a')
      return net.sent - before
    }
    assert.equal(due('b', true), 3, 'the question, and two parts for an answer')
    assert.equal(due('c', true), 0)
    assert.equal(due('c', true), 3)
    assert.equal(due('b', false), 0)
    assert.equal(due('b', false), 1, 'it has answered twice in its round')
    assert.equal(due('a', false), 2)
    assert.equal(net.view('d', 'g').length, 150)
  })

  for (const count of [3, 2_500]) {
    it(`mend what was lost with the next round or two (${count} memberships)`, () => {
      const net = new Net('abc')
      for (let serial = 1; serial <= count; serial++) {
        net.join('a', 'g', serial)
        if (serial % 500 === 0) net.settle(({ to }) => to === 'b')
      }
      net.settle(({ to }) => to === 'b')
      assert.deepEqual(net.view('b', 'g'), [])
      net.round()
      net.round()
      assert.equal(net.view('b', 'g').length, count)
      const before = net.sent
      net.round()
      assert.equal(net.sent - before, 1, 'and are quiet again')
    })
  }

  it('tell a node that comes later everything at once', () => {
    const net = new Net('ab')
    for (let serial = 1; serial <= 250; serial++) net.join('a', 'g', serial)
    net.settle()
    net.start('c')
    net.step('c', { type: 'nodeUp', node: member('b') })
    net.settle()
    assert.equal(net.view('c', 'g').length, 250)
  })

  it('forget a node that is not heard of for more than three rounds', () => {
    const net = new Net('abc')
    net.join('a', 'g', 1)
    net.settle()
    net.stop('a')
    for (let round = 0; round < 3; round++) net.round()
    assert.deepEqual(net.view('c', 'g'), ['a/1'])
    net.round()
    for (const at of 'bc') assert.deepEqual(net.view(at, 'g'), [])
    assert.equal(net.timers.size, 0, 'all is at rest')
  })

  it('know a node that was away again when it is heard of', () => {
    const net = new Net('ab')
    net.join('a', 'g', 1)
    net.settle()
    for (let round = 0; round < 5; round++) net.round(() => true)
    assert.deepEqual(net.view('b', 'g'), [])
    net.round()
    assert.deepEqual(net.view('b', 'g'), ['a/1'])
  })

  it('forget a node that says it stops, whatever else of it comes late', () => {
    const net = new Net('ab')
    net.join('a', 'g', 1)
    net.settle()
    const gone = net.nodes.get('a')?.self as Member
    net.step('a', { type: 'closing' })
    net.settle()
    assert.deepEqual(net.view('b', 'g'), [])
    const ops = [['join', 'g', 2, 't']] as const
    const message = { type: 'delta', from: 0, ops } as const
    net.step('b', { type: 'news', from: gone, message, late: false })
    assert.deepEqual(net.view('b', 'g'), [])
  })

  it('keep only the newest start of a node', () => {
    const net = new Net('ab')
    net.join('a', 'g', 1)
    net.settle()
    const before = net.nodes.get('a')?.self as Member
    net.start('a', 2)
    net.join('a', 'g', 7)
    net.settle()
    assert.deepEqual(net.view('b', 'g'), ['a/7'])
    const ops = [['join', 'g', 2, 't']] as const
    const message = { type: 'delta', from: 1, ops } as const
    net.step('b', { type: 'news', from: before, message, late: false })
    assert.deepEqual(net.view('b', 'g'), ['a/7'])
  })

  it('do not hear of a node for the first time from what is late', () => {
    const net = new Net('ab')
    net.join('a', 'g', 1)
    net.late = true
    net.settle()
    assert.deepEqual(net.view('b', 'g'), [])
  })

  it('take no more memberships from a node than the bound, and say so', () => {
    const net = new Net('ab', 10)
    for (let serial = 1; serial <= 20; serial++) net.join('a', 'g', serial)
    net.settle()
    assert.equal(net.view('b', 'g').length, 10)
    assert.deepEqual(
      net.overflows,
      ['b', 'a'].filter((name) => name === 'a'),
    )
  })

  for (const seed of seeds(4)) {
    it(`converge whatever is lost and in whatever order it comes [SEED=${seed}]`, () => {
      const random = seededRandom(seed)
      const net = new Net('abc')
      const names = ['a', 'b', 'c']
      const lose = (): boolean => random.int(3) === 0
      const order = (flights: Flight[]): Flight[] => random.sample(flights, flights.length)
      for (let at = 0; at < 150; at++) {
        const name = random.pick(names)
        const group = `g${random.int(3)}`
        const serial = 1 + random.int(8)
        const what = random.int(10)
        if (what === 0) net.start(name, at + 2)
        else if (what === 1) net.step(name, { type: 'actorEnded', serial })
        else if (what < 4) net.step(name, { type: 'leave', group, serial })
        else if (what === 4)
          for (let n = 0; n < 150; n++) net.join(name, group, 100 + random.int(1_000))
        else net.join(name, group, serial)
        if (random.int(3) === 0) net.settle(lose, order)
        if (random.int(6) === 0) net.round(lose)
      }
      for (let round = 0; round < 5; round++) net.round()
      for (const group of ['g0', 'g1', 'g2']) {
        const all = names.flatMap((name) =>
          (net.nodes.get(name)?.groups.localMembers(group) ?? []).map(
            (m) => `${m.node}/${m.serial}`,
          ),
        )
        for (const at of names) assert.sameMembers(net.view(at, group), all)
      }
    })
  }

  const wrong: unknown[] = [
    undefined,
    [],
    [1, 0],
    [1, -1, []],
    [1, 0, new Array(101).fill(['join', 'g', 1, 't'])],
    [1, 0, [['kick', 'g', 1, 't']]],
    [2, 1, 1, 1, []],
    [2, 1, 0, 70_000, []],
    [2, 1, 0, 1, [['g', 0, 't']]],
    [3],
    [3, 0.5],
    [4, [['a', 'no incarnation']]],
    [4, 'all'],
    [5, 1],
    [6],
  ]
  it('refuse messages with a wrong field', () => {
    for (const wire of wrong) assert.isUndefined(decodeSpreadMessage(wire), JSON.stringify(wire))
  })
})
