import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { KILLED } from '../../src/actor/exit-reason.js'
import type { ActorRef, AnyRef } from '../../src/actor/ref.js'
import { codeOf } from '../../src/base/errors.js'
import { child, template } from '../../src/supervision/child-spec.js'
import { Child } from '../../src/supervision/child-table.js'
import { dynamic, oneForOne } from '../../src/supervision/strategies.js'
import { Supervisor } from '../../src/supervision/supervisor.js'
import { Work } from '../../src/supervision/supervisor-work.js'
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

describe('a handle whose child has another class by now', () => {
  class Old extends Actor {
    #name = 'old'
    name(): string {
      return this.#name
    }
    gone(): void {}
  }
  class New extends Actor {
    name(): string {
      return 'new'
    }
  }

  it('calls the methods of that class, and no others', async () => {
    const node = new SupervisedNode()
    const sup = await node.up(Sup, { strategy: oneForOne(), children: [child('c', Old)] })
    const handle = (await sup.ask.child('c')) as unknown as ActorRef<Old>
    assert.equal(await handle.ask.name(), 'old')
    await sup.ask.terminateChild('c')
    await sup.ask.deleteChild('c')
    await sup.ask.startChild(child('c', New))
    assert.equal(await handle.ask.name(), 'new')
    assert.isFalse(handle.tell.gone())
    assert.equal(await handle.ask.gone().catch(codeOf), 'ERR_UNKNOWN_METHOD')
    assert.isTrue(node.alive(handle))
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

describe('a restart of a hundred thousand children together', () => {
  it('does not go through all of them for each', () => {
    const children = Array.from({ length: 100_000 }, (_, i) => new Child(spec(`c${i}`)))
    const began = process.cpuUsage()
    const work = new Work({ type: 'restart' }, children, children)
    const all = children.every((one) => work.starts(one))
    const { user } = process.cpuUsage(began)
    assert.isTrue(all)
    assert.isBelow(user, 2_000_000, 'microseconds of processor time')
  })
})
