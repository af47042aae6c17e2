import { assert } from 'chai'
import type { ActorRef } from '../../src/actor/ref.js'
import { type ChildOptions, template } from '../../src/supervision/child-spec.js'
import { leastLoaded } from '../../src/supervision/relocation.js'
import { dynamic, oneForAll, oneForOne, type Strategy } from '../../src/supervision/strategies.js'
import { rejects } from './otp-case.js'
import { PlacedNodes } from './placed-nodes.js'
import { Probe, Probes, Sup } from './probe.js'

class Cluster extends PlacedNodes {
  readonly probes = new Probes()
  sup!: ActorRef<Sup>

  async up(
    strategy: Strategy,
    about: Omit<ChildOptions, 'args'>,
    start?: () => unknown,
  ): Promise<this> {
    const script = start ? { start } : {}
    this.sup = await this.owner.up(Sup, {
      strategy,
      children: [this.probes.child('score', about, script), this.probes.child('own')],
    })
    await this.settle()
    return this
  }

  async which(): Promise<string> {
    const all = await this.sup.ask.whichChildren()
    return all.map(({ id, status, node }) => `${id}:${status}@${node ?? '-'}`).join(' ')
  }
}

describe('promises of placed children', () => {
  it('a child runs on the node it is placed on, and is restarted there behind its ref', async () => {
    const cluster = await new Cluster('b', 'c').up(oneForOne(), { on: 'b' })
    assert.equal(await cluster.which(), 'score:running@b own:running@a')
    assert.equal(cluster.copies('score'), 'b')
    const cell = cluster.node('b').system.named('score')
    cluster.node('b').system.node.lookup(Probe, 'score').tell.crash()
    await cluster.settle()
    assert.equal(cluster.node('b').system.named('score'), cell)
    assert.equal(cell?.incarnation, 2)
    assert.include(cluster.owner.log.lines, 'warn restarting child score')
  })

  it('siblings on other nodes are stopped and restarted by strategy, and all are stopped in reverse', async () => {
    const cluster = await new Cluster('b').up(oneForAll(), { on: 'b' })
    cluster.owner.system.node.lookup(Probe, 'own').tell.crash()
    await cluster.settle()
    assert.equal(cluster.probes.happened, '+score +own -own -score +score +own')
    await cluster.owner.end(cluster.sup, { type: 'shutdown' })
    await cluster.settle()
    assert.equal(cluster.probes.happened, '-own -score')
    assert.equal(cluster.copies('score'), '')
  })

  it('when its node goes down the child starts on one that is left, and that is no failure', async () => {
    const cluster = await new Cluster('b', 'c').up(oneForOne({ maxRestarts: 0 }), { on: 'b' })
    await cluster.cut('b')
    assert.equal(await cluster.which(), 'score:running@c own:running@a')
  })

  it('a placed child may run twice while the network is split; on contact the older copy is stopped', async () => {
    const cluster = await new Cluster('b', 'c').up(oneForOne(), { on: 'b' })
    await cluster.cut('b')
    assert.equal(cluster.copies('score'), 'b c', 'two copies')
    await cluster.heal('b')
    assert.equal(cluster.copies('score'), 'c', 'then one: the newer')
    assert.isEmpty(cluster.owner.supervision.placements.abandoned)
    assert.equal(await cluster.which(), 'score:running@c own:running@a')
  })

  it('a relocated child is a new actor with a new ref, and child() is a handle that follows it', async () => {
    const cluster = await new Cluster('b', 'c').up(oneForOne(), { on: 'b' })
    const handle = (await cluster.sup.ask.child('score')) as unknown as ActorRef<Probe>
    const before = String(handle)
    assert.equal(handle.node, 'b')
    await cluster.cut('b')
    assert.equal(handle.node, 'c')
    assert.notEqual(String(handle), before)
  })

  it('with relocate never the child waits for its node and is the same again when it returns', async () => {
    const cluster = await new Cluster('b', 'c').up(oneForOne(), { on: 'b', relocate: 'never' })
    const before = cluster.node('b').system.named('score')
    await cluster.cut('b')
    assert.equal(await cluster.which(), 'score:waiting@b own:running@a')
    assert.deepInclude(await cluster.sup.ask.countChildren(), { specs: 2, active: 1 })
    await cluster.heal('b')
    assert.equal(await cluster.which(), 'score:running@b own:running@a')
    assert.equal(cluster.node('b').system.named('score'), before)
    assert.equal(before?.incarnation, 1)
  })

  it('with relocate never the child starts anew on a new incarnation of its node', async () => {
    const cluster = await new Cluster('b').up(oneForOne(), { on: 'b', relocate: 'never' })
    await cluster.replace('b')
    assert.equal(await cluster.which(), 'score:running@b own:running@a')
    assert.equal(cluster.copies('score'), 'b')
  })

  it('an end that happened out of contact is dealt with on contact', async () => {
    const cluster = await new Cluster('b').up(oneForOne(), { on: 'b', relocate: 'never' })
    await cluster.cut('b')
    cluster.node('b').system.node.lookup(Probe, 'score').tell.crash()
    await cluster.settle()
    await cluster.heal('b')
    assert.equal(await cluster.which(), 'score:running@b own:running@a')
    assert.equal(cluster.node('b').system.named('score')?.incarnation, 2)
  })

  it('with relocate majority the child moves only on the side that sees more than half of the members', async () => {
    const cluster = await new Cluster('b', 'c', 'd').up(oneForOne(), {
      on: 'b',
      relocate: 'majority',
    })
    await cluster.cut('d')
    await cluster.cut('b')
    assert.equal(await cluster.which(), 'score:waiting@b own:running@a', 'two of four')
    await cluster.heal('d')
    assert.match(await cluster.which(), /score:running@[acd] own:running@a/, 'three of four')
  })

  it('a child without a place is started when its node comes, by retry at the latest', async () => {
    const cluster = await new Cluster('b')
    const host = cluster.hosts.get('b')
    if (host) host.cut = true
    await cluster.up(oneForOne(), { on: 'b' })
    assert.equal(await cluster.which(), 'score:waiting@- own:running@a')
    assert.include(cluster.owner.log.lines, 'warn child has no place score')
    if (host) host.cut = false
    await cluster.owner.advance(1_000)
    await cluster.settle()
    assert.equal(await cluster.which(), 'score:running@b own:running@a')
  })

  it('a call for a child without a place is refused with ERR_NO_PLACE', async () => {
    const cluster = await new Cluster('b').up(oneForOne(), { on: 'b' })
    const spec = cluster.probes.child('x', { on: 'nowhere' })
    await rejects(cluster.sup.ask.startChild(spec), 'ERR_NO_PLACE', "child 'x'")
  })

  it('a node lost during a start or a stop leaves no copy behind once it is back', async () => {
    const starts: (() => void)[] = []
    const release = (): void => {
      for (const start of starts.splice(0)) start()
    }
    const slow = (): Promise<void> => new Promise((resolve) => starts.push(resolve))
    const cluster = await new Cluster('b', 'c').up(oneForOne(), { on: 'b' }, slow)
    assert.equal(await cluster.owner.alive(cluster.sup), true)
    await cluster.cut('b')
    release()
    await cluster.settle()
    assert.equal(cluster.copies('score'), 'a b')
    await cluster.owner.advance(1_000)
    release()
    await cluster.settle()
    await cluster.heal('b')
    release()
    await cluster.settle()
    assert.notInclude(cluster.copies('score'), 'b')
  })

  it('a supervisor that is killed has its placed children ended too', async () => {
    const cluster = await new Cluster('b').up(oneForOne(), { on: 'b' })
    await cluster.owner.end(cluster.sup, { type: 'killed' })
    await cluster.settle()
    assert.equal(cluster.copies('score'), '')
    assert.equal(cluster.copies('own'), '')
  })

  it('placement numbers rise over restarts of the supervisor', async () => {
    const cluster = new Cluster('b')
    const inner = { strategy: oneForOne(), children: [cluster.probes.child('score', { on: 'b' })] }
    await cluster.owner.up(Sup, {
      strategy: oneForOne(),
      children: [cluster.probes.sup('inner', inner)],
    })
    await cluster.settle()
    const host = cluster.hosts.get('b')
    const first = host?.host.runOf('score') ?? 0
    cluster.owner.system.node.lookup(Sup, 'inner').tell.crash()
    await cluster.settle()
    const second = host?.host.runOf('score') ?? 0
    assert.isAbove(second, first)
    assert.equal(cluster.copies('score'), 'b')
  })

  it('a dynamic supervisor spreads its children with leastLoaded and moves them one by one', async () => {
    const cluster = new Cluster('b', 'c')
    const args = { id: 'x', log: cluster.probes.log }
    const sup = await cluster.owner.up(Sup, {
      strategy: dynamic({ maxRestarts: 0 }),
      children: [template('x', Probe, { on: leastLoaded, args })],
    })
    for (let i = 0; i < 6; i++) {
      const started = sup.ask.startChild()
      await cluster.settle()
      await started
    }
    const nodes = async (): Promise<string> =>
      (await sup.ask.whichChildren()).map(({ node }) => node).join(' ')
    assert.equal(await nodes(), 'a b c a b c')
    await cluster.cut('b')
    assert.equal(await nodes(), 'a a c a c c')
    assert.deepInclude(await sup.ask.countChildren(), { active: 6 })
  })
})
