import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { KILLED } from '../../src/actor/exit-reason.js'
import type { ActorRef, AnyRef } from '../../src/actor/ref.js'
import { codeOf } from '../../src/base/errors.js'
import { template } from '../../src/supervision/child-spec.js'
import { dynamic, oneForAll, oneForOne } from '../../src/supervision/strategies.js'
import { Supervisor } from '../../src/supervision/supervisor.js'
import { SupervisorCore } from '../../src/supervision/supervisor-core.js'
import type { CoreSpec, SupervisorEvent } from '../../src/supervision/supervisor-event.js'
import { spec } from './core-script.js'
import { PlacedNodes } from './placed-nodes.js'
import { Probe, Probes, Sup } from './probe.js'
import { SupervisedNode } from './supervised-node.js'

describe('a supervisor that is killed between two starts of its children', () => {
  class Killer extends Actor<AnyRef> {
    override onStart(): void {
      void this.stop(this.args, KILLED, 0)
    }
  }

  it('starts none any more: no child is left without a supervisor', async () => {
    const node = new SupervisedNode()
    const probes = new Probes()
    const args: { sup?: AnyRef } = {}
    // its turn comes when a has started and b is about to
    const start = (): void => void node.spawn(Killer, args.sup as AnyRef)
    const children = [probes.child('a', {}, { start }), probes.child('b')]
    args.sup = node.spawn(Sup, { strategy: oneForOne(), children })
    await node.settle()
    assert.isFalse(node.alive(args.sup))
    assert.equal(probes.happened, '+a')
    assert.isUndefined(node.system.named('a'))
    assert.equal(node.system.size, 1, 'the killer')
  })
})

describe('a call by the supervisor itself after its children have ended', () => {
  it('is refused at once', async () => {
    const probes = new Probes()
    let open = (): void => {}
    const passed = new Promise<void>((resolve) => {
      open = resolve
    })
    class Late extends Supervisor {
      override readonly strategy = oneForOne({ autoShutdown: 'anySignificant' })
      override children() {
        return [probes.child('a', { restart: 'temporary', significant: true })]
      }
      async add(): Promise<string | undefined> {
        await passed
        return this.startChild(probes.child('b')).then(() => 'started', codeOf)
      }
    }
    const node = new SupervisedNode()
    const sup = await node.up(Late)
    const added = sup.ask.add()
    await node.settle()
    node.system.node.lookup(Probe, 'a').tell.finish()
    await node.settle()
    open()
    assert.equal(await added, 'ERR_STOPPED')
    await node.settle()
    assert.equal(node.system.size, 0)
  })
})

describe('children without a place', () => {
  it('are tried again once a second, however often the members change', async () => {
    const nodes = new PlacedNodes('b')
    const { owner } = nodes
    const children = [new Probes().child('lost', { on: 'nowhere' })]
    const sup = await owner.up(Sup, { strategy: oneForOne(), children })
    for (let i = 0; i < 10; i++) {
      owner.supervision.placements.membersChanged()
      await owner.advance(10)
    }
    assert.equal(owner.clock.pending, 1)
    await owner.advance(5_000)
    assert.equal(owner.clock.pending, 1)
    await owner.end(sup, KILLED)
    assert.equal(owner.clock.pending, 0)
  })
})

describe('a handle of a child', () => {
  it('follows it over a restart of the supervisor', async () => {
    const node = new SupervisedNode()
    const probes = new Probes()
    const plan = { strategy: oneForOne(), children: [probes.child('a')] }
    await node.up(Sup, { strategy: oneForOne(), children: [probes.sup('inner', plan)] })
    const inner = node.system.node.lookup(Sup, 'inner')
    const handle = (await inner.ask.child('a')) as unknown as ActorRef<Probe>
    const before = handle.id
    inner.tell.crash()
    await node.settle()
    assert.deepEqual(await handle.ask.say('hello'), ['hello'])
    assert.notEqual(handle.id, before)
  })
})

describe('numbers of dynamic children', () => {
  it('leave out the ids that callers have given', async () => {
    const node = new SupervisedNode()
    const args = { id: 'm', log: [] }
    const children = [template('m', Probe, { args })]
    const sup = await node.up(Sup, { strategy: dynamic(), children })
    await sup.ask.startChild(undefined, { id: 'm/1' })
    await sup.ask.startChild()
    await sup.ask.startChild()
    const ids = (await sup.ask.whichChildren()).map(({ id }) => id)
    assert.deepEqual(ids, ['m/1', 'm/2', 'm/3'])
  })
})

describe('thousands of children that are restarted together', () => {
  /** Milliseconds a child that one restart of all takes the core, the best of three. */
  function perChild(count: number): number {
    const ids = Array.from({ length: count }, (_, i) => `c${i}`)
    const view = { self: { node: 'a', incarnation: '1' }, reachable: [], total: 1 }
    const core = new SupervisorCore(
      oneForAll({ maxRestarts: 10 }),
      ids.map((id) => spec(id)),
      view,
    )
    let starts = 0
    const feed = (first: SupervisorEvent<CoreSpec>): void => {
      const events = [first]
      for (let event = events.shift(); event; event = events.shift()) {
        for (const effect of core.step(event, 0)) {
          if (effect.type === 'stop') events.push({ ...effect, type: 'childStopped' })
          if (effect.type !== 'start' && effect.type !== 'restart') continue
          events.push({ ...effect, type: 'childStarted' })
          starts++
        }
      }
    }
    feed({ type: 'start' })
    let best = Number.POSITIVE_INFINITY
    for (let round = 1; round <= 3; round++) {
      const run = core.child('c0')?.run as number
      const began = performance.now()
      feed({ type: 'childEnded', id: 'c0', run, reason: KILLED })
      best = Math.min(best, (performance.now() - began) / count)
      assert.equal(starts, count * (round + 1))
    }
    return best
  }

  it('take a time that grows with their number, not with its square', () => {
    perChild(1_000)
    const few = perChild(1_000)
    const more = perChild(64_000)
    assert.isBelow(more, few * 12, `${few} ms a child of 1,000, ${more} ms a child of 64,000`)
  })
})
