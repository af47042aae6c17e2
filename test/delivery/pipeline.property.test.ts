import { assert } from 'chai'
import { type DeliveryPlan, deliveryPlan } from '../../src/delivery/delivery-plan.js'
import { labelId } from '../../src/delivery/stamp.js'
import { seeds } from '../seeds.js'
import { assertOrderKept, CALM, LossyNetwork, STORM, type TestNode } from './lossy-network.js'

const RELIABLE = deliveryPlan({ reliable: true })
const CAUSAL = deliveryPlan({ causal: 'room' })

const SEEDS = seeds(20).map(Number)

/** One run a seed; a failing one tells how to run it again. */
function forSeeds(run: (seed: number) => void): void {
  for (const seed of SEEDS) {
    try {
      run(seed)
    } catch (error) {
      const file = 'test/delivery/pipeline.property.test.ts'
      throw new Error(`seed ${seed}; again: SEED=${seed} npx mocha ${file}`, { cause: error })
    }
  }
}

function talk(net: LossyNetwork, nodes: readonly TestNode[], plans: readonly DeliveryPlan[]): void {
  const from = net.random.pick(nodes)
  const to = net.random.pick(nodes.filter((node) => node !== from))
  net.send(from, to, net.random.pick(['x', 'y']), net.random.int(4), net.random.pick(plans))
}

/** Spreads sends over the time. */
function schedule(net: LossyNetwork, count: number, overMs: number, send: () => void): void {
  for (let i = 0; i < count; i++) net.at(net.random.int(overMs), send)
}

describe('delivery pipeline', function () {
  this.timeout(Math.max(60_000, 3_000 * SEEDS.length)) // one test runs them all, each for up to a second

  it('hands every message over once and in order under 30 % loss, duplication and reordering', () => {
    forSeeds((seed) => {
      const net = new LossyNetwork(seed, STORM)
      const nodes = ['a', 'b', 'c'].map((name) => net.start(name))
      schedule(net, 300, 3_000, () => talk(net, nodes, [RELIABLE]))
      net.run()
      const delivered = nodes.reduce((sum, node) => sum + node.delivered.length, 0)
      assert.equal(delivered, 300)
      assert.equal([...net.outcomes.values()].filter((o) => o === 'delivered').length, 300)
      for (const node of nodes) assertOrderKept(node)
      assert.equal(net.pending, 0)
      assert.deepEqual(net.refused, [])
    })
  })

  it('keeps causal order among four nodes under loss, duplication and reordering', () => {
    forSeeds((seed) => {
      const net = new LossyNetwork(seed, STORM)
      const nodes = ['a', 'b', 'c', 'd'].map((name) => net.start(name))
      let left = 150
      net.onDeliver = (node, note) => {
        if (note.plan.label === undefined || left-- <= 0) return
        talk(net, [node, ...nodes.filter((other) => other !== node)], [CAUSAL])
        const others = nodes.filter((other) => other !== node)
        net.send(node, net.random.pick(others), 'x', 0, CAUSAL)
      }
      schedule(net, 50, 1_000, () => talk(net, nodes, [CAUSAL, RELIABLE]))
      net.run()
      assert.isAbove(net.oracle.checks, 100)
      for (const node of nodes) assertOrderKept(node)
      assert.equal(
        net.outcomes.size,
        nodes.reduce((sum, node) => sum + node.delivered.length, 0),
      )
      assert.equal(net.pending, 0)
      assert.deepEqual(net.refused, [])
    })
  })

  it('needs 1.3 to 2.15 transmissions a message under 30 % loss each way', () => {
    for (const gapMs of [2, 20, 5_000]) {
      const net = new LossyNetwork('loss', { ...CALM, loss: 0.3, delayMaxMs: 5 })
      const a = net.start('a')
      const b = net.start('b')
      for (let i = 0; i < 2_000; i++) net.at(i * gapMs, () => net.send(a, b, 'x', i % 8, RELIABLE))
      net.run(3 * 2_000 * 5_000)
      assert.equal(b.delivered.length, 2_000)
      const each = net.transmissions / 2_000
      assert.isAtLeast(each, 1.3)
      assert.isAtMost(each, 2.15)
    }
  })

  it('counts on lanes that take nothing for a while, without an attempt more', () => {
    forSeeds((seed) => {
      const net = new LossyNetwork(seed, { ...CALM, unsent: 0.5, delayMaxMs: 20 })
      const nodes = ['a', 'b', 'c'].map((name) => net.start(name))
      schedule(net, 150, 300, () => talk(net, nodes, [RELIABLE, CAUSAL]))
      net.run()
      assert.equal(net.transmissions, 150)
      for (const node of nodes) assertOrderKept(node)
      assert.equal(net.outcomes.size, 150)
    })
  })

  it('never hands to one incarnation what was sent to another, whoever crashes', () => {
    forSeeds((seed) => {
      const net = new LossyNetwork(seed, STORM)
      const lives = ['a', 'b', 'c'].map((name) => [net.start(name)])
      const present = (): TestNode[] => lives.map((life) => life.at(-1) as TestNode)
      schedule(net, 250, 6_000, () => talk(net, present(), [RELIABLE, CAUSAL]))
      for (const [i, life] of lives.entries()) {
        net.at(1_000 + 1_500 * i + net.random.int(500), () => {
          const old = life.at(-1) as TestNode
          net.crash(old)
          const young = net.start(old.name)
          life.push(young)
          for (const other of present()) {
            if (other === young) continue
            net.at(100 + net.random.int(400), () => {
              net.tellGone(other, old)
              net.tellUp(other, young)
            })
          }
        })
      }
      net.run()
      for (const node of lives.flat()) assertOrderKept(node)
      assert.equal(net.pending, 0)
      const lost = [...net.outcomes.values()].filter((outcome) => outcome === 'peerGone').length
      assert.isAbove(lost, 0)
      assert.isBelow(lost, 100)
    })
  })

  it('comes to rest after a partition in which only one side, or both, gave the other up', () => {
    forSeeds((seed) => {
      const net = new LossyNetwork(seed, { ...STORM, loss: 0.1 })
      const [a, b, c] = ['a', 'b', 'c'].map((name) => net.start(name)) as [
        TestNode,
        TestNode,
        TestNode,
      ]
      const nodes = [a, b, c]
      schedule(net, 200, 8_000, () => talk(net, nodes, [RELIABLE, CAUSAL]))
      net.at(2_000, () => net.cut(a, b))
      const both = net.random.int(2) === 0
      net.at(4_000, () => net.tellGone(a, b))
      if (both) net.at(4_000 + net.random.int(200), () => net.tellGone(b, a))
      net.at(5_000, () => net.heal())
      net.at(5_500, () => {
        net.tellUp(a, b)
        net.tellUp(b, a)
      })
      net.oracle.forgive(b.incarnation, a.incarnation)
      net.run()
      for (const node of nodes) assertOrderKept(node)
      assert.equal(net.pending, 0)
      assert.equal(net.outcomes.size, 200)
    })
  })

  it('keeps what does not expire in order around what does, and reports both', () => {
    const hasty = deliveryPlan({ reliable: true, expireAfterMs: 300 })
    const hastyCausal = deliveryPlan({ causal: 'room', expireAfterMs: 300 })
    forSeeds((seed) => {
      const net = new LossyNetwork(
        seed,
        { ...STORM, loss: 0.4 },
        { acknowledged: { retryMs: 200 } },
      )
      const nodes = ['a', 'b', 'c'].map((name) => net.start(name))
      schedule(net, 200, 3_000, () => talk(net, nodes, [RELIABLE, hasty, CAUSAL, hastyCausal]))
      for (const node of nodes) {
        for (const other of nodes) net.oracle.forgive(node.incarnation, other.incarnation)
      }
      net.run()
      for (const node of nodes) assertOrderKept(node)
      assert.equal(net.pending, 0)
      assert.equal(net.outcomes.size, 200)
      assert.include([...net.outcomes.values()], 'expired')
      const given = new Set(nodes.flatMap((node) => node.delivered.map((note) => note.serial)))
      for (const [serial, outcome] of net.outcomes) {
        if (outcome === 'delivered') assert.isTrue(given.has(serial))
      }
    })
  })

  it('stays within small bounds and loses nothing that it took', () => {
    forSeeds((seed) => {
      const net = new LossyNetwork(seed, STORM, {
        acknowledged: { windowMessages: 8, windowBytes: 700 },
        received: { heldBytes: 300 },
        causal: { pendingMessages: 3, pendingBytes: 250 },
      })
      const nodes = ['a', 'b', 'c'].map((name) => net.start(name))
      schedule(net, 200, 2_000, () => {
        talk(net, nodes, [RELIABLE, CAUSAL])
        for (const node of nodes) {
          for (const other of nodes) {
            for (const channel of ['x', 'y']) {
              const flow = node.pipeline.flow(other.incarnation, channel)
              assert.isAtMost(flow?.sender?.pending ?? 0, 8)
              assert.isAtMost(flow?.sender?.pendingBytes ?? 0, 700)
              assert.isAtMost(flow?.receiver?.heldBytes ?? 0, 300)
            }
          }
          assert.isAtMost(node.pipeline.label(labelId('room'))?.pending ?? 0, 3)
        }
      })
      net.run()
      const delivered = nodes.reduce((sum, node) => sum + node.delivered.length, 0)
      assert.equal(delivered + net.full.length, 200)
      assert.isAbove(net.full.length, 0)
      for (const node of nodes) assertOrderKept(node)
      assert.equal(net.pending, 0)
    })
  })

  it('never throws and goes on undisturbed, whatever a third node forges', () => {
    forSeeds((seed) => {
      const net = new LossyNetwork(seed, STORM)
      const nodes = ['a', 'b'].map((name) => net.start(name))
      const forger = 'mallory#1'
      const heard: Uint8Array[] = []
      net.onStamp = (stamp) => heard.push(stamp)
      schedule(net, 100, 2_000, () => talk(net, nodes, [RELIABLE, CAUSAL]))
      schedule(net, 300, 2_000, () => {
        if (heard.length === 0) return
        const stamp = net.random.pick(heard).slice()
        for (let i = net.random.int(4); i > 0; i--)
          stamp[net.random.int(stamp.length)] = net.random.int(256)
        const victim = net.random.pick(nodes)
        const channel = net.random.pick(['x', 'y', 'z'])
        const rest = { message: undefined as never, bytes: net.random.int(1e9), nowMs: net.nowMs }
        const cutTo = stamp.subarray(0, 1 + net.random.int(stamp.length))
        const forged = net.random.int(2) === 0 ? stamp : cutTo
        net.feed(victim, { type: 'received', from: forger, channel, stamp: forged, ...rest })
      })
      net.run()
      assert.equal(
        nodes.reduce((sum, node) => sum + node.delivered.length, 0),
        100,
      )
      assert.isAbove(net.refused.length, 100)
      assert.equal(net.pending, 0)
    })
  })

  it('makes the same trace of the same seed', () => {
    const trace = (): string => {
      const net = new LossyNetwork('again', STORM)
      const nodes = ['a', 'b', 'c'].map((name) => net.start(name))
      schedule(net, 100, 1_000, () => talk(net, nodes, [RELIABLE, CAUSAL]))
      net.run()
      const given = nodes.map((node) => node.delivered.map((note) => note.serial))
      return JSON.stringify([given, net.nowMs, net.transmissions])
    }
    assert.equal(trace(), trace())
  })
})
