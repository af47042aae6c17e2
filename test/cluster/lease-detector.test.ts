import { assert } from 'chai'
import { TroupeError } from '../../src/base/errors.js'
import type { DetectorEffect, DetectorEvent } from '../../src/cluster/failure-detector.js'
import { LeaseDetector } from '../../src/cluster/lease-detector.js'
import { WaitingRoom } from '../../src/cluster/waiting-room.js'
import type { Member } from '../../src/overlay/overlay.js'
import { memberOfStart } from './route-network.js'

const LEASE_MS = 3_000
const DOWN_AFTER_MS = 1_500
const IDLE_MS = 10_000

const b = memberOfStart('b')
const newer = memberOfStart('b', 2)
const lost = new TroupeError('ERR_CONNECTION_LOST', 'it broke')

const up = (peer: Member): DetectorEvent => ({ type: 'peerUp', peer })
const down = (peer: Member): DetectorEvent => ({ type: 'peerDown', peer, reason: lost })
const joined = (member: Member): DetectorEvent => ({ type: 'memberJoined', member })
const left = (reason: 'left' | 'forgotten'): DetectorEvent => ({
  type: 'memberLeft',
  member: b,
  reason,
})
const contact = (node: Member): DetectorEvent => ({ type: 'contact', node })
const alive = (node: Member): DetectorEvent => ({ type: 'alive', node })
const used: DetectorEvent = { type: 'used', peer: 'b' }

function lineOf(effect: DetectorEffect): string {
  switch (effect.type) {
    case 'startTimer':
      return `start ${effect.delayMs}`
    case 'cancelTimer':
      return 'cancel'
    case 'nodeUp':
      return `up ${effect.node.generation}${effect.again ? ' again' : ''}`
    case 'nodeDown':
      return `down ${effect.node.generation} ${effect.reason.code}${effect.orderly ? ' orderly' : ''}`
    case 'ping':
      return effect.fresh ? 'search' : 'ping'
    default:
      return effect.type
  }
}

/** A detector whose timers run. */
class Lease {
  readonly detector = new LeaseDetector(LEASE_MS, DOWN_AFTER_MS, IDLE_MS, 8)
  nowMs = 0
  /** Everything but timers, with the time. */
  readonly told: string[] = []
  #timers = new Map<string, number>()

  feed(...events: DetectorEvent[]): this {
    for (const event of events) {
      for (const effect of this.detector.step(event)) {
        if (effect.type === 'startTimer') {
          this.#timers.set(effect.peer, this.nowMs + effect.delayMs)
        } else if (effect.type === 'cancelTimer') this.#timers.delete(effect.peer)
        else this.told.push(`${this.nowMs} ${lineOf(effect)}`)
      }
    }
    return this
  }

  run(ms: number): this {
    const end = this.nowMs + ms
    for (;;) {
      const [next] = [...this.#timers].sort((one, other) => one[1] - other[1])
      if (next === undefined || next[1] > end) break
      this.#timers.delete(next[0])
      this.nowMs = next[1]
      this.feed({ type: 'timer', peer: next[0] })
    }
    this.nowMs = end
    return this
  }

  get timers(): number {
    return this.#timers.size
  }
}

describe('lease detector', () => {
  it('pings a node without a connection three times in a lease, and then gives it up', () => {
    const lease = new Lease().feed(contact(b)).run(4_000)
    assert.deepEqual(lease.told, [
      '0 up 1',
      '1000 ping',
      '2000 search',
      '3000 search',
      '4000 down 1 ERR_NODE_DOWN',
    ])
  })

  it('keeps it up while anything comes from it', () => {
    const lease = new Lease().feed(contact(b))
    for (let at = 0; at < 9; at++) lease.run(900).feed(at % 2 === 0 ? contact(b) : alive(b))
    assert.notInclude(lease.told.join(), 'down')
    assert.notInclude(lease.told.join(), 'search')
  })

  it('asks at once when a connection is lost, and not at all while it stands', () => {
    const lease = new Lease().feed(joined(b), up(b)).run(20_000)
    assert.deepEqual(lease.told, ['0 up 1'])
    lease.feed(down(b)).run(3_500)
    assert.deepEqual(lease.told.slice(1), [
      '20000 search',
      '20500 search',
      '21000 search',
      '21500 down 1 ERR_NODE_DOWN',
    ])
    assert.deepEqual(new Lease().feed(joined(b), up(b), down(b), up(b)).run(9_000).told, [
      '0 up 1',
      '0 search',
      '0 up 1 again',
    ])
  })

  it('gives it a whole lease once it has answered another way', () => {
    const lease = new Lease().feed(joined(b), up(b), down(b)).run(400).feed(alive(b), used)
    assert.deepEqual(lease.run(4_000).told, [
      '0 up 1',
      '0 search',
      '500 ping',
      '1500 search',
      '2500 search',
      '3500 down 1 ERR_NODE_DOWN',
    ])
  })

  it('is told of the end of a node by its goodbye, over a connection or not', () => {
    const bye: DetectorEvent = { type: 'goodbye', peer: b }
    const far: DetectorEvent = { type: 'bye', node: b }
    const ended = '0 down 1 ERR_NODE_DOWN orderly'
    for (const events of [
      [joined(b), up(b), bye, down(b)],
      [contact(b), far],
    ]) {
      const lease = new Lease().feed(...events)
      assert.include(lease.told, ended)
      lease.run(60_000)
      assert.notInclude(lease.told.slice(lease.told.indexOf(ended)).join(), 'search')
    }
    assert.deepEqual(new Lease().feed(joined(b), up(b), far).told, ['0 up 1'], 'who is connected')
  })

  it('pings on whom it gave up, ever more seldom, and takes it back', () => {
    const lease = new Lease().feed(contact(b)).run(4_000)
    lease.told.length = 0
    lease.run(50_000)
    assert.deepEqual(lease.told, ['7000 search', '13000 search', '25000 search', '49000 search'])
    assert.isTrue(lease.detector.isDown('b'))
    assert.equal(lease.detector.known('b'), b)
    lease.feed({ type: 'wanted', peer: 'b' }).run(1_000)
    assert.equal(lease.told.at(-1), '55000 search', 'sooner when it is wanted')
    lease.feed(alive(b))
    assert.equal(lease.told.at(-1), '55000 up 1')
    assert.isFalse(lease.detector.isDown('b'))
  })

  it('ends an older start when a newer one shows up, and takes no word of older ones', () => {
    const lease = new Lease().feed(contact(b), contact(newer), contact(b), alive(b))
    assert.deepEqual(lease.told, [
      '0 up 1',
      '0 down 1 ERR_NODE_DOWN orderly',
      '0 forgotten',
      '0 up 2',
    ])
  })

  it('takes no word of a newer start while the older one is connected', () => {
    const lease = new Lease().feed(joined(b), up(b), contact(newer))
    assert.deepEqual(lease.told, ['0 up 1'])
    const { told } = lease.feed(up(newer))
    assert.deepEqual(told.slice(1), ['0 down 1 ERR_NODE_DOWN orderly', '0 up 2'])
  })

  it('lives through leaving a view, and not through leaving the cluster', () => {
    const forgotten = new Lease().feed(joined(b), up(b), left('forgotten'), down(b), contact(b))
    assert.deepEqual(forgotten.told, ['0 up 1', '0 search'])
    const gone = new Lease().feed(joined(b), up(b), left('left'), contact(b))
    assert.deepEqual(gone.told, ['0 up 1', '0 down 1 ERR_LEFT orderly'])
    assert.isUndefined(gone.detector.known('c'))
  })

  it('lets go of whom nobody uses, if nobody holds it', () => {
    const lease = new Lease().feed(contact(b))
    for (let at = 0; at < 9; at++) lease.run(1_000).feed(alive(b))
    assert.notInclude(lease.told.join(), 'idle')
    lease.feed(used)
    for (let at = 0; at < 10; at++) lease.run(1_000).feed(alive(b))
    assert.equal(lease.told.at(-1), '19000 idle')
    lease.run(1_000).feed(alive(b)).run(1_000).feed(alive(b)).run(1_000)
    assert.equal(lease.told.at(-1), '22000 idle', 'asks again, a lease later')
    lease.feed({ type: 'forget', peer: 'b' }, alive(b)).run(60_000)
    assert.equal(lease.told.at(-1), '22000 forgotten', 'a late answer is no news')
    assert.equal(lease.timers, 0)
    assert.equal(lease.detector.size, 0)
  })

  it('lets go at once of neighbours that part and are not held, without a search', () => {
    const parted: DetectorEvent = { type: 'peerDown', peer: b, reason: lost, parted: true }
    const lease = new Lease().feed(joined(b), up(b), left('forgotten'), parted)
    assert.deepEqual(lease.told, ['0 up 1', '0 idle'])
    lease.feed({ type: 'forget', peer: 'b' }).run(60_000)
    assert.deepEqual(lease.told.slice(2), ['0 forgotten'])
    const held = new Lease().feed(joined(b), up(b), parted).run(4_500)
    assert.deepEqual(held.told.slice(2), [
      '1000 ping',
      '2000 search',
      '3000 search',
      '4000 down 1 ERR_NODE_DOWN',
    ])
  })

  it('takes a member that was forgotten for up when it is connected again', () => {
    const lease = new Lease().feed(joined(b), contact(b)).run(60_000)
    lease.feed({ type: 'forget', peer: 'b' })
    assert.isFalse(lease.detector.isConnected('b'))
    lease.feed(up(b))
    assert.equal(lease.told.at(-1), `${lease.nowMs} up 1`)
  })

  it('remembers a bounded number: those that are down give way, living ones turn others away', () => {
    const lease = new Lease()
    for (let at = 0; at < 5; at++) lease.feed(contact(memberOfStart(`down${at}`)))
    lease.run(5_000)
    for (let at = 0; at < 8; at++) lease.feed(contact(memberOfStart(`up${at}`)))
    assert.equal(lease.detector.size, 8)
    assert.isUndefined(lease.detector.known('down0'))
    lease.feed(contact(memberOfStart('late')))
    assert.isUndefined(lease.detector.up('late'))
    assert.match(lease.told.at(-1) ?? '', /idle/, 'and the longest unused may go')
    assert.equal(lease.detector.size, 8)
  })
})

describe('waiting room', () => {
  const item = (bytes: number, forWord = false) => ({
    bytes,
    forWord,
    go: () => {},
    fail: () => {},
  })

  it('is bounded for one node and in all, in number and bytes', () => {
    const room = new WaitingRoom({ perNode: 3, perNodeBytes: 100, all: 5, allBytes: 300 })
    assert.isTrue(room.add('a', item(150)), 'one alone may be large')
    assert.isFalse(room.add('a', item(1)))
    for (let at = 0; at < 3; at++) assert.isTrue(room.add('b', item(10)))
    assert.isFalse(room.add('b', item(10)), 'number of one node')
    assert.isFalse(room.add('c', item(200)), 'bytes of all')
    assert.isTrue(room.add('c', item(100)))
    assert.isFalse(room.add('d', item(1)), 'number of all')
    assert.lengthOf(room.take('a'), 1)
    assert.lengthOf(room.take('b'), 3)
    assert.isFalse(room.has('b'))
    assert.equal(room.size, 1)
    assert.deepEqual(room.nodes(), ['c'])
    assert.isTrue(room.add('b', item(200)))
  })
  it('lets those of one origin go that wait for a way, up to the first that waits for a word', () => {
    const room = new WaitingRoom({ perNode: 5, perNodeBytes: 100, all: 9, allBytes: 300 })
    const own = [item(1), item(2), item(3, true), item(4)]
    for (const one of own) room.add('a', one)
    const passing = item(5)
    room.add('a', passing, 'b')
    assert.isFalse(room.add('a', item(1), 'c'), 'the bound is of all origins')
    assert.deepEqual(room.takeForWay('a', 'c'), [])
    assert.deepEqual(room.takeForWay('a', 'b'), [passing])
    assert.isFalse(room.has('a', 'b'))
    assert.deepEqual(room.takeForWay('a'), own.slice(0, 2))
    assert.deepEqual(room.takeForWay('a'), [])
    assert.equal(room.size, 2)
    assert.isTrue(room.add('a', item(93), 'b'), 'what is gone makes room, in number and bytes')
    assert.isFalse(room.add('a', item(1), 'b'))
    assert.deepEqual(room.take('a').slice(0, 2), own.slice(2))
    assert.equal(room.size, 0)
    room.add('a', passing, 'b')
    assert.lengthOf(room.takeForWay('a', 'b'), 1)
    assert.deepEqual(room.nodes(), [])
  })
})
