import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import type { Exit } from '../../src/actor/bonds.js'
import { NORMAL, SHUTDOWN } from '../../src/actor/exit-reason.js'
import type { AnyRef } from '../../src/actor/ref.js'
import { child } from '../../src/supervision/child-spec.js'
import type { RestartType } from '../../src/supervision/restart-policy.js'
import { oneForAll, oneForOne, restForOne } from '../../src/supervision/strategies.js'
import { CoreScript, spec } from './core-script.js'
import { Scene } from './otp-case.js'
import { Sup } from './probe.js'
import { SupervisedNode } from './supervised-node.js'

const ABC = ['a', 'b', 'c']
const STRATEGIES = { oneForOne, oneForAll, restForOne }

describe('children that fail in the same turn', () => {
  for (const [name, strategy] of Object.entries(STRATEGIES)) {
    for (const order of ['abc', 'cba', 'bca', 'ac']) {
      it(`${name}: ${order} come back and are not counted twice`, async () => {
        const scene = new Scene()
        const children = ABC.map((id) => scene.probes.child(id))
        await scene.up(strategy({ maxRestarts: 3 }), children)
        for (const id of order) scene.probe(id).tell.crash()
        await scene.node.settle()
        assert.equal(await scene.which(), 'a:running b:running c:running')
        assert.notInclude(scene.node.log.lines.join(), 'did not start')
      })
    }
  }

  const others: [RestartType, string][] = [
    ['permanent', 'a:running b:running'],
    ['transient', 'a:running b:running'],
    ['temporary', 'a:running'],
  ]
  for (const [restart, which] of others) {
    it(`a ${restart} sibling that ends in order before it is stopped along is no failed start`, async () => {
      const scene = new Scene()
      const { probes } = scene
      const children = [probes.child('a'), probes.child('b', { restart })]
      await scene.up(oneForAll({ maxRestarts: 1 }), children)
      scene.probe('a').tell.crash()
      scene.probe('b').tell.finish(NORMAL)
      await scene.node.settle()
      assert.equal(await scene.which(), which)
    })
  }
})

describe('a supervisor that is told to stop', () => {
  it('waits for each child in turn while a stop by call is under way', () => {
    const it = new CoreScript(oneForOne(), [spec('a'), spec('b'), spec('c')]).up()
    assert.deepEqual(it.do({ type: 'terminateChild', call: 1, id: 'b' }), ['stop b'])
    assert.deepEqual(it.do({ type: 'stopRequested', reason: SHUTDOWN }), [
      'reply 1 ERR_STOPPED',
      'stop c',
    ])
    assert.deepEqual(it.stopped('b'), [], 'c is not done')
    assert.deepEqual(it.stopped('c'), ['stop a'])
    assert.deepEqual(it.stopped('a'), ['end shutdown'])
  })

  for (const how of ['started', 'startFailed'] as const) {
    it(`waits for each child in turn while a restart ${how}`, () => {
      const it = new CoreScript(oneForOne(), [spec('a'), spec('b')]).up()
      assert.deepEqual(it.ended('a'), ['restart a'])
      assert.deepEqual(it.do({ type: 'stopRequested', reason: SHUTDOWN }), ['stop b'])
      assert.deepEqual(it[how]('a'), [], 'b is not done')
      const next = it.stopped('b')
      if (how === 'startFailed') assert.deepEqual(next, ['finish a', 'end shutdown'])
      else {
        assert.deepEqual(next, ['stop a'])
        assert.deepEqual(it.stopped('a'), ['end shutdown'])
      }
    })
  }
})

describe('a restart that is called off', () => {
  it('by terminateChild does not keep siblings waiting that were to follow', () => {
    const it = new CoreScript(oneForAll({ maxRestarts: 9 }), [spec('a'), spec('b'), spec('c')]).up()
    it.ended('a')
    it.stopped('c')
    it.stopped('b')
    it.started('a')
    assert.deepEqual(it.startFailed('b'), ['tryAgain b'])
    const done = it.settle({ type: 'terminateChild', call: 1, id: 'b' })
    assert.sameMembers(done, ['finish c', 'finish b', 'reply 1 ok'])
    assert.deepEqual(it.tryAgain('b'), [])
    assert.equal(it.children, 'a:running b:stopped c:stopped')
  })

  it('does not leave a sibling in a restart that nobody tries again', () => {
    const it = new CoreScript(oneForAll({ maxRestarts: 9 }), [spec('a'), spec('b')]).up()
    it.ended('b')
    it.stopped('a')
    it.started('a')
    assert.deepEqual(it.startFailed('b'), ['tryAgain b'])
    assert.deepEqual(it.tryAgain('b'), ['hold a'])
    assert.deepEqual(it.stopped('a'), ['restart a'])
    assert.deepEqual(it.startFailed('a'), ['tryAgain a'])
    const done = it.settle({ type: 'terminateChild', call: 1, id: 'a' })
    assert.sameMembers(done, ['finish b', 'finish a', 'reply 1 ok'])
    assert.equal(it.children, 'a:stopped b:stopped')
  })
})

describe('the end of a child that is linked with its supervisor', () => {
  class Tied extends Actor<AnyRef[]> {
    override onStart(): void {
      const [sup] = this.args
      if (sup) this.link(sup)
    }
  }
  class Friend extends Actor<AnyRef> {
    protected override trapExits = true
    readonly exits: Exit[] = []
    override onStart(): void {
      this.link(this.args)
    }
    override onExit(exit: Exit): void {
      this.exits.push(exit)
    }
    heard(): number {
      return this.exits.length
    }
  }

  it('is told once and counted once', async () => {
    const node = new SupervisedNode()
    const args: AnyRef[] = []
    const children = [child('tied', Tied, { args, shutdownMs: 0 })]
    const sup = node.spawn(Sup, { strategy: oneForOne(), children })
    args.push(sup)
    await node.settle()
    const [tied] = await sup.ask.whichChildren()
    const friend = await node.up(Friend, tied?.ref as AnyRef)
    sup.tell.terminateChild('tied')
    await node.settle()
    assert.isFalse(node.alive(sup))
    assert.equal(await friend.ask.heard(), 1)
    assert.equal(node.system.counters.spawned - node.system.counters.ended, node.system.size)
  })
})

describe('a root supervisor that fails', () => {
  it('ends also when a listener of rootFailed throws', async () => {
    const node = new SupervisedNode()
    node.rootsFailed.push = () => {
      throw new Error('listener')
    }
    const sup = await node.up(Sup, { strategy: oneForOne(), children: [] })
    sup.tell.crash()
    await node.settle()
    assert.equal(node.system.size, 0)
    assert.include(node.log.lines, 'error a listener of rootFailed threw')
  })
})
