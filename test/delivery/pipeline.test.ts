import { assert } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { type DeliveryPlan, deliveryPlan } from '../../src/delivery/delivery-plan.js'
import { Pipeline } from '../../src/delivery/pipeline.js'
import type { PipelineEffect, Receipt } from '../../src/delivery/pipeline-event.js'
import type { GivenPipelineOptions } from '../../src/delivery/pipeline-options.js'
import { decodeStamp, encodeReset, flowTag, labelId } from '../../src/delivery/stamp.js'

type Effects = readonly PipelineEffect<string>[]

const RELIABLE = deliveryPlan({ reliable: true })
const CAUSAL = deliveryPlan({ causal: 'room' })

class Node {
  readonly core: Pipeline<string>

  constructor(
    readonly name: string,
    options: GivenPipelineOptions = {},
  ) {
    this.core = new Pipeline<string>(name, seededRandom(name), options)
  }

  send(to: string, message: string, plan: DeliveryPlan, slot?: string, congested = false): Effects {
    const rest = { message, bytes: 10, slot, congested, nowMs: 0 }
    return this.core.step({ type: 'send', to, channel: 'x', key: 1, plan, ...rest })
  }

  receive(from: string, effects: Effects, confirm = false): Effects {
    return effects.flatMap((effect) => {
      if (effect.type !== 'transmit' && effect.type !== 'acknowledge') return []
      const message = effect.type === 'transmit' ? (effect.message ?? 'junk') : 'junk'
      const stamp = effect.stamp ?? new Uint8Array(0)
      const rest = { stamp, message, bytes: 10, confirm, nowMs: 0 }
      return this.core.step({ type: 'received', from, channel: 'x', ...rest })
    })
  }

  acks(from: string): Effects {
    return this.core.step({ type: 'ackDue', from, channel: 'x' })
  }
}

const kinds = (effects: Effects): string[] => effects.map((effect) => effect.type)
const delivered = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'deliver' ? [e.message] : []))
const refusals = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'refused' ? [e.reason] : []))
const outcomes = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'outcome' ? [`${e.message} ${e.outcome}`] : []))

describe('delivery pipeline, stage by stage', () => {
  it('counts a message as here only when it was taken, and lets it come again when it was not', () => {
    const [a, b] = [new Node('A'), new Node('B')]
    const first = a.send('B', 'm1', RELIABLE)
    const second = a.send('B', 'm2', RELIABLE)
    const [offer] = b.receive('A', first, true)
    assert.equal(offer?.type, 'deliver')
    const receipt = (offer as { receipt: Receipt }).receipt
    assert.deepEqual(delivered(b.receive('A', second, true)), [])
    b.core.step({ type: 'returned', receipt })
    assert.deepEqual(outcomes(a.receive('B', b.acks('A'))), [])
    assert.deepEqual(delivered(b.receive('A', first, true)), ['m1'])
    const next = b.core.step({ type: 'taken', receipt })
    assert.deepEqual(delivered(next), ['m2'])
    const last = next.find((effect) => effect.type === 'deliver') as { receipt: Receipt }
    b.core.step({ type: 'taken', receipt: last.receipt })
    assert.deepEqual(outcomes(a.receive('B', b.acks('A'))), ['m1 delivered', 'm2 delivered'])
    assert.equal(a.core.pending + b.core.pending, 0)
  })

  it('refuses a message of a label too many, its own and of others', () => {
    const [a, b] = [new Node('A', { maxLabels: 1 }), new Node('B', { maxLabels: 1 })]
    a.send('B', 'm1', deliveryPlan({ causal: 'one' }))
    const full = a.send('B', 'm2', deliveryPlan({ causal: 'two' }))
    assert.deepEqual(
      full.map((e) => (e.type === 'full' ? e.reason : e.type)),
      ['clock'],
    )
    b.receive('A', new Node('A').send('B', 'm1', deliveryPlan({ causal: 'one' })))
    const other = b.receive('C', new Node('C').send('B', 'm1', deliveryPlan({ causal: 'two' })))
    assert.deepEqual(refusals(other), ['tooManyLabels'])
  })

  it('goes on acknowledging after a causal message was given back', () => {
    const [a, b] = [new Node('A'), new Node('B', { maxLabels: 1 })]
    b.receive('A', a.send('B', 'm1', deliveryPlan({ causal: 'one' })))
    b.acks('A')
    const refused = b.receive('A', a.send('B', 'm2', deliveryPlan({ causal: 'two' })))
    assert.deepEqual(refusals(refused), ['tooManyLabels'])
    b.acks('A')
    b.receive('A', a.send('B', 'm3', RELIABLE))
    assert.include(outcomes(a.receive('B', b.acks('A'))), 'm3 delivered')
  })

  it('stamps, delivers, acknowledges and reports a reliable message', () => {
    const [a, b] = [new Node('A'), new Node('B')]
    const out = a.send('B', 'm1', RELIABLE)
    assert.deepEqual(kinds(out), ['transmit', 'startTimer'])
    const arrived = b.receive('A', out)
    assert.deepEqual(kinds(arrived), ['deliver', 'ackSoon'])
    assert.deepEqual(outcomes(a.receive('B', b.acks('A'))), ['m1 delivered'])
    assert.equal(a.core.pending + b.core.pending, 0)
  })

  it('acknowledges a causal message when it is handed over, not while it waits', () => {
    const [a, b, c] = [new Node('A'), new Node('B'), new Node('C')]
    const m1 = a.send('B', 'm1', CAUSAL)
    c.receive('A', a.send('C', 'm2', CAUSAL))
    const m3 = c.send('B', 'm3', CAUSAL)
    assert.deepEqual(delivered(b.receive('C', m3)), [])
    assert.deepEqual(outcomes(c.receive('B', b.acks('C'))), [])
    const freed = b.receive('A', m1)
    assert.deepEqual(delivered(freed), ['m1', 'm3'])
    assert.sameMembers(
      freed.flatMap((e) => (e.type === 'ackSoon' ? [e.from] : [])),
      ['A', 'C'],
    )
    assert.equal(c.core.label(labelId('room'))?.entries, 1)
    assert.deepEqual(outcomes(c.receive('B', b.acks('C'))), ['m3 delivered'])
    assert.equal(c.core.label(labelId('room'))?.entries, 0)
  })

  it('lets messages of different labels, and of none, pass each other', () => {
    const [a, b] = [new Node('A'), new Node('B')]
    a.send('B', 'lost', CAUSAL)
    assert.deepEqual(delivered(b.receive('A', a.send('B', 'm2', CAUSAL))), [])
    const other = deliveryPlan({ causal: 'other' })
    assert.deepEqual(delivered(b.receive('A', a.send('B', 'm3', other))), ['m3'])
    assert.deepEqual(delivered(b.receive('A', a.send('B', 'm4', RELIABLE))), ['m4'])
  })

  it('sends monotonic messages without a stamp, only the newest where the lane is congested', () => {
    const a = new Node('A')
    const plan = deliveryPlan({ monotonic: true })
    const [first] = a.send('B', 'p1', plan, 'pos')
    assert.deepInclude(first, { type: 'transmit', id: 0, stamp: undefined, message: 'p1' })
    assert.deepEqual(kinds(a.send('B', 'p2', plan, 'pos', true)), ['startTimer'])
    assert.deepEqual(kinds(a.send('B', 'p3', plan, 'pos', true)), ['dropped'])
    assert.deepEqual(kinds(a.send('B', 'question', plan, undefined, true)), ['transmit'])
    const freed = a.core.step({ type: 'writable', to: 'B', channel: 'x', nowMs: 5 })
    assert.deepInclude(freed[0], { type: 'transmit', message: 'p3' })
    assert.deepEqual(kinds(a.core.step({ type: 'timer', timer: 'window B/x', nowMs: 9 })), [])
  })

  it('takes a window more than half full for a congested lane', () => {
    const [a, b] = [new Node('A', { acknowledged: { windowMessages: 4 } }), new Node('B')]
    const plan = deliveryPlan({ monotonic: true, reliable: true })
    const out = ['p1', 'p2', 'p3'].flatMap((m) => a.send('B', m, plan, 'pos'))
    assert.deepEqual(delivered(b.receive('A', out)), ['p1', 'p2', 'p3'])
    assert.isTrue(a.core.isCongested('B', 'x'))
    assert.deepEqual(kinds(a.send('B', 'p4', plan, 'pos')), ['startTimer'])
    assert.deepEqual(kinds(a.send('B', 'p5', plan, 'pos')), ['dropped'])
    const freed = a.receive('B', b.acks('A'))
    assert.deepInclude(freed.at(-1), { type: 'transmit', message: 'p5' })
  })

  it('says when its window is full, and when it is drained', () => {
    const [a, b] = [new Node('A', { acknowledged: { windowMessages: 2 } }), new Node('B')]
    const out = [...a.send('B', 'm1', CAUSAL), ...a.send('B', 'm2', CAUSAL)]
    assert.isFalse(a.core.hasRoom('B', 'x', 10))
    const [full] = a.send('B', 'm3', CAUSAL)
    assert.deepInclude(full, { type: 'full', reason: 'window', message: 'm3' })
    b.receive('A', out)
    assert.include(kinds(a.receive('B', b.acks('A'))), 'drained')
    assert.deepEqual(delivered(b.receive('A', a.send('B', 'm4', CAUSAL))), ['m4'])
  })

  it('says when more is under way than a clock may name', () => {
    const a = new Node('A', { causal: { maxEntries: 1 } })
    a.send('B', 'm1', CAUSAL)
    a.send('C', 'm2', CAUSAL)
    const [full] = a.send('D', 'm3', CAUSAL)
    assert.deepInclude(full, { type: 'full', reason: 'clock', message: 'm3' })
    assert.equal(a.core.flow('D', 'x')?.sender?.pending, 0)
  })

  it('gives up what waits for a peer that is gone, and what is sent to it afterwards', () => {
    const a = new Node('A')
    a.send('B', 'm1', RELIABLE)
    a.send('B', 'p1', deliveryPlan({ monotonic: true }), 'pos', true)
    const effects = a.core.step({ type: 'peerGone', incarnation: 'B', nowMs: 0 })
    assert.deepEqual(outcomes(effects), ['m1 peerGone'])
    assert.deepInclude(effects, {
      type: 'dropped',
      reason: 'peerGone',
      to: 'B',
      channel: 'x',
      message: 'p1',
    })
    assert.deepEqual(outcomes(a.send('B', 'm2', RELIABLE)), ['m2 peerGone'])
    assert.equal(a.core.pending, 0)
    a.core.step({ type: 'peerUp', incarnation: 'B', nowMs: 0 })
    assert.include(kinds(a.send('B', 'm3', RELIABLE)), 'transmit')
  })

  it('sends a bridge in a label whose messages were given up when the peer is back', () => {
    const [a, b, c] = [new Node('A'), new Node('B'), new Node('C')]
    a.send('B', 'lost', CAUSAL)
    c.receive('A', a.send('C', 'm2', CAUSAL))
    assert.deepEqual(delivered(b.receive('C', c.send('B', 'm3', CAUSAL))), [])
    a.core.step({ type: 'peerGone', incarnation: 'B', nowMs: 0 })
    const bridge = a.core.step({ type: 'peerUp', incarnation: 'B', nowMs: 0 })
    assert.deepInclude(bridge[0], { type: 'transmit', message: undefined })
    assert.deepEqual(delivered(b.receive('A', bridge)), ['m3'])
  })

  it('refuses what comes from a node that is gone until it is back', () => {
    const [a, b] = [new Node('A'), new Node('B')]
    const out = a.send('B', 'm1', RELIABLE)
    b.core.step({ type: 'peerGone', incarnation: 'A', nowMs: 0 })
    assert.deepEqual(refusals(b.receive('A', out)), ['gone'])
    b.core.step({ type: 'peerUp', incarnation: 'A', nowMs: 0 })
    assert.deepEqual(delivered(b.receive('A', out)), ['m1'])
  })

  it('refuses and counts what is malformed, was never sent, or belongs to another channel', () => {
    const [a, b] = [new Node('A'), new Node('B')]
    const stamp = new Uint8Array([1, 2, 3])
    const rest = { channel: 'x', message: 'm', bytes: 1, nowMs: 0 }
    const junk = b.core.step({ type: 'received', from: 'A', stamp, ...rest })
    assert.deepEqual(refusals(junk), ['malformed'])
    const reset = encodeReset({ kind: 'reset', tag: flowTag('B', 'A', 'x'), session: 1 })
    const early = b.core.step({ type: 'received', from: 'A', stamp: reset, ...rest })
    assert.deepEqual(refusals(early), ['neverSent'])
    const [sent] = a.send('B', 'm', RELIABLE)
    assert(sent?.type === 'transmit' && sent.stamp !== undefined)
    const stray = { ...rest, type: 'received', from: 'A', channel: 'y', stamp: sent.stamp } as const
    assert.deepEqual(refusals(b.core.step(stray)), ['otherIncarnation'])
    assert.deepEqual(refusals(b.core.step({ ...stray, channel: 'x', from: 'Z' })), [
      'otherIncarnation',
    ])
    assert.equal(b.core.refusals.total, 4)
    assert.equal(b.core.pending, 0)
  })

  it('bounds the labels that peers bring', () => {
    const [a, b] = [new Node('A'), new Node('B', { maxLabels: 2 })]
    const to = (label: string): Effects =>
      b.receive('A', a.send('B', label, deliveryPlan({ causal: label })))
    assert.deepEqual(
      ['l1', 'l2'].flatMap((label) => delivered(to(label))),
      ['l1', 'l2'],
    )
    assert.deepEqual(refusals(to('l3')), ['tooManyLabels'])
    assert.isUndefined(b.core.label(labelId('l3')))
    assert.equal(b.core.pending, 0)
    assert.deepEqual(delivered(to('l1')), ['l1'], 'those it knows go on')
  })

  it('marks a session as open until something of it was acknowledged', () => {
    const [a, b] = [new Node('A'), new Node('B')]
    const open = (effects: Effects): unknown => {
      const [effect] = effects
      const stamp =
        effect?.type === 'transmit' && effect.stamp ? decodeStamp(effect.stamp) : undefined
      return stamp?.kind === 'data' && stamp.open
    }
    const first = a.send('B', 'm1', RELIABLE)
    assert.isTrue(open(first))
    b.receive('A', first)
    a.receive('B', b.acks('A'))
    assert.isFalse(open(a.send('B', 'm2', RELIABLE)))
  })

  it('tells a sender that its session is not known, and the sender reports and begins anew', () => {
    const [a, b] = [new Node('A'), new Node('B')]
    b.receive('A', a.send('B', 'm1', RELIABLE))
    a.receive('B', b.acks('A'))
    const out = a.send('B', 'm2', RELIABLE)
    const forgetful = new Node('B')
    const answer = forgetful.receive('A', out)
    assert.deepEqual(kinds(answer), ['acknowledge', 'refused'])
    assert.deepEqual(outcomes(a.receive('B', answer)), ['m2 peerGone'])
    assert.deepEqual(delivered(forgetful.receive('A', a.send('B', 'm3', RELIABLE))), ['m3'])
  })

  it('forgets a departed node in a label after its linger time', () => {
    const [a, b] = [new Node('A'), new Node('B')]
    b.receive('A', a.send('B', 'm1', CAUSAL))
    const gone = b.core.step({ type: 'peerGone', incarnation: 'A', nowMs: 0 })
    const timer = `linger ${labelId('room')}`
    assert.deepInclude(gone, { type: 'startTimer', timer, delayMs: 30_000 })
    for (let i = 0; i < 2; i++) b.core.step({ type: 'timer', timer, nowMs: 0 })
    assert.equal(b.core.label(labelId('room'))?.nodes, 1)
  })

  it('ignores timers, lanes and acknowledgements of flows that it does not know', () => {
    const a = new Node('A')
    for (const timer of ['retry Z/x', 'window Z/x', 'linger 7', 'nothing', '']) {
      assert.deepEqual(a.core.step({ type: 'timer', timer, nowMs: 0 }), [])
    }
    assert.deepEqual(a.core.step({ type: 'writable', to: 'Z', channel: 'x', nowMs: 0 }), [])
    assert.deepEqual(a.core.step({ type: 'unsent', to: 'Z', channel: 'x', id: 1 }), [])
    assert.deepEqual(a.acks('Z'), [])
  })

  it('keeps the numbers of 1,024 departed peers and forgets the oldest', () => {
    const a = new Node('A')
    for (let i = 0; i <= 1_024; i++) {
      a.send(`P${i}`, 'm', RELIABLE)
      a.core.step({ type: 'peerGone', incarnation: `P${i}`, nowMs: 0 })
    }
    assert.isUndefined(a.core.flow('P0', 'x'))
    assert.isDefined(a.core.flow('P1', 'x'))
    const [again] = a.send('P0', 'm', RELIABLE)
    const stamp = again?.type === 'transmit' && again.stamp ? decodeStamp(again.stamp) : undefined
    assert.isAbove(stamp?.session ?? 0, 1, 'a session that was never used before')
  })

  it('refuses options by their path', () => {
    const bad = { causal: { maxNodes: 1 } }
    assert.throws(() => new Node('A', bad), /delivery\.causal\.maxNodes must be an integer from 2/)
    assert.throws(() => new Node('A', { labels: 1 } as never), /delivery\.labels is not an option/)
  })
})
