import { assert } from 'chai'
import type { Member, Overlay, OverlayEffect, OverlayEvent } from '../../src/overlay/overlay.js'
import { SimCluster, type Subject } from './sim-cluster.js'

/** What one node's scripted overlay heard, and how a test makes it do something. */
class Script {
  readonly heard: OverlayEvent[] = []
  readonly pending: OverlayEffect[] = []

  overlay(self: Member): Overlay {
    return {
      name: 'scripted',
      capabilities: { membership: 'partial', direct: false },
      step: (event) => {
        this.heard.push(event)
        return this.pending.splice(0)
      },
      members: () => [self],
      neighbours: () => [],
      nextHop: () => undefined,
      snapshot: () => ({}),
    }
  }

  bodies(): unknown[] {
    return this.heard.flatMap((event) => (event.type === 'message' ? [event.body] : []))
  }
}

interface Node {
  readonly script: Script
  readonly subject: Subject
  /** Has the overlay emit these effects. */
  do(...effects: OverlayEffect[]): void
}

async function started(sim: SimCluster, name: string): Promise<Node> {
  const script = new Script()
  const overlay = { name: 'scripted', create: (self: Member) => script.overlay(self) }
  const subject = await sim.start(name, { overlay })
  const act = (...effects: OverlayEffect[]): void => {
    script.pending.push(...effects)
    subject.cluster.leave()
  }
  return { script, subject, do: act }
}

const connections = ({ subject }: Node): number => subject.cluster.stats().transport.connections

describe('connections an overlay borrows', () => {
  async function pair(): Promise<{ sim: SimCluster; a: Node; b: Node; atB: Member; atA: Member }> {
    const sim = new SimCluster({ seed: 1 })
    const [a, b] = [await started(sim, 'a'), await started(sim, 'b')]
    return { sim, a, b, atB: b.subject.cluster.self, atA: a.subject.cluster.self }
  }

  it('carries a message to a node without a connection, then closes what was opened for it', async () => {
    const { sim, a, b, atB } = await pair()
    a.do({ type: 'sendOnce', to: atB, body: [1] }, { type: 'sendOnce', to: atB, body: [2] })
    await sim.sim.run(1_000)
    assert.deepEqual(b.script.bodies(), [[1], [2]])
    assert.isAbove(connections(a), 0)
    await sim.sim.run(10_000)
    assert.deepEqual([connections(a), connections(b)], [0, 0])
  })

  it('keeps a connection as long as it is used', async () => {
    const { sim, a, b, atB } = await pair()
    for (let i = 0; i < 5; i++) {
      a.do({ type: 'sendOnce', to: atB, body: [i] })
      await sim.sim.run(4_000)
      assert.isAbove(connections(a), 0)
    }
    assert.lengthOf(b.script.bodies(), 5)
    assert.lengthOf(
      a.subject.log.filter((line) => line.startsWith('peerUp')),
      1,
    )
  })

  it('leaves a connection alone that the other side wants', async () => {
    const { sim, a, b, atB, atA } = await pair()
    a.do({ type: 'sendOnce', to: atB, body: [1] })
    await sim.sim.run(1_000)
    b.do({ type: 'connect', peer: atA })
    await sim.sim.run(20_000)
    assert.isAbove(connections(a), 0)
    assert.notInclude(a.subject.log.join(), 'peerDown')
    b.do({ type: 'release', peer: 'a' })
    await sim.sim.run(1_000)
    assert.deepEqual([connections(a), connections(b)], [0, 0])
  })

  it('keeps a borrowed connection that the overlay came to want', async () => {
    const { sim, a, atB } = await pair()
    a.do({ type: 'sendOnce', to: atB, body: [1] }, { type: 'connect', peer: atB })
    await sim.sim.run(20_000)
    assert.isAbove(connections(a), 0)
    assert.notInclude(a.subject.log.join(), 'peerDown')
  })

  it('keeps a connection that was wanted first, and carries what was sent before it stood', async () => {
    const { sim, a, b, atB } = await pair()
    a.do({ type: 'connect', peer: atB }, { type: 'sendOnce', to: atB, body: [1] })
    await sim.sim.run(20_000)
    assert.deepEqual(b.script.bodies(), [[1]])
    assert.isAbove(connections(a), 0)
    assert.notInclude(a.subject.log.join(), 'peerDown')
  })

  it('says its last words when the node leaves, and closes what was opened for them at once', async () => {
    const { sim, a, b, atB } = await pair()
    a.do({ type: 'sendOnce', to: atB, body: ['gone'] }, { type: 'selfLeft' })
    await sim.sim.run(1_000)
    assert.deepEqual(b.script.bodies(), [['gone']])
    assert.deepEqual([connections(a), connections(b)], [0, 0])
    assert.notInclude(b.subject.log.join(), 'nodeDown')
  })

  it('measures the way to a node, connected or not, and says nothing of one that is not there', async () => {
    const { sim, a, atB } = await pair()
    const gone = { ...atB, name: 'gone', addresses: [{ host: 'gone', port: 1 }] }
    a.do({ type: 'measure', peer: atB }, { type: 'measure', peer: gone })
    await sim.sim.run(2_000)
    a.do({ type: 'measure', peer: atB })
    await sim.sim.run(30_000)
    const told = a.script.heard.filter((event) => event.type === 'roundTrip')
    assert.deepEqual(
      told.map((event) => event.peer),
      ['b', 'b'],
    )
    for (const { ms } of told) assert.isAbove(ms, 0)
    assert.equal(connections(a), 0)
  })
})
