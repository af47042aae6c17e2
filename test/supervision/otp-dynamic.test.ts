import { assert } from 'chai'
import { child, template } from '../../src/supervision/child-spec.js'
import { DynamicSupervisor } from '../../src/supervision/dynamic-supervisor.js'
import {
  type AutoShutdown,
  dynamic,
  oneForAll,
  oneForOne,
  restForOne,
} from '../../src/supervision/strategies.js'
import { CRASH, NORMAL, otp, rejects, Scene, SHUTDOWN } from './otp-case.js'
import { Probe } from './probe.js'
import { SupervisedNode } from './supervised-node.js'

describe("supervisor, as OTP's suite has it: dynamic children", () => {
  const open = async (strategy = dynamic(), options = {}): Promise<Scene> => {
    const scene = new Scene()
    await scene.up(strategy, [template('x', Probe, options)])
    return scene
  }
  const start = (scene: Scene, id: string): Promise<unknown> =>
    scene.sup.ask.startChild({ id, log: scene.probes.log }, { id, name: id })

  otp(
    'simple_one_for_one simple_one_for_one_extra',
    'starts children from a template with the arguments of each call',
    async () => {
      const scene = await open()
      assert.deepEqual(await scene.counts(), [0, 0, 0, 0])
      for (const id of ['a', 'b', 'c']) await start(scene, id)
      assert.equal(scene.happened, '+a +b +c')
      await scene.end('b', CRASH)
      assert.equal(scene.happened, '-b +b')
      assert.deepEqual(await scene.counts(), [3, 3, 0, 3])
      await rejects(start(scene, 'b'), 'ERR_CHILD_EXISTS')
    },
  )

  otp(
    'which_children_simple_one_for_one',
    'numbers the children that are given no id',
    async () => {
      const scene = await open(dynamic(), { args: { id: 'x', log: [] } })
      await scene.sup.ask.startChild()
      await scene.sup.ask.startChild()
      assert.equal(await scene.which(), 'x/1:running x/2:running')
    },
  )

  otp('simple_one_for_one_shutdown', 'stops all children at the same time', async () => {
    const scene = await open()
    for (const id of ['a', 'b', 'c']) await start(scene, id)
    assert.equal(scene.happened, '+a +b +c')
    await scene.node.end(scene.sup, SHUTDOWN)
    assert.sameMembers(scene.happened.split(' '), ['-a', '-b', '-c'])
    assert.equal(scene.node.system.size, 0)
  })

  otp(
    'simple_one_for_one_escalation',
    'gives up after too many restarts of its children together',
    async () => {
      const scene = await open(dynamic({ maxRestarts: 1 }))
      for (const id of ['a', 'b']) await start(scene, id)
      await scene.end('a', CRASH)
      await scene.end('b', CRASH)
      assert.isFalse(scene.supAlive)
      assert.equal(scene.node.system.size, 0)
    },
  )

  otp(
    'simple_one_for_one_scale_many_temporary_children',
    'keeps nothing of thousands of temporary children',
    async () => {
      const scene = await open(dynamic(), { restart: 'temporary' })
      const args = { id: 'x', log: [] }
      const refs = []
      for (let i = 0; i < 2_000; i++) refs.push(await scene.sup.ask.startChild(args))
      assert.deepEqual(await scene.counts(), [2_000, 2_000, 0, 2_000])
      for (const ref of refs) await scene.node.system.stop(ref, NORMAL)
      await scene.node.settle()
      assert.deepEqual(await scene.counts(), [0, 0, 0, 0])
      assert.equal(scene.node.system.size, 1)
    },
  )

  otp(
    'simple_one_for_one',
    'forgets a child that ended for good, and one that was terminated',
    async () => {
      const scene = await open(dynamic(), { restart: 'transient' })
      for (const id of ['a', 'b']) await start(scene, id)
      await scene.end('a', NORMAL)
      await scene.sup.ask.terminateChild('b')
      assert.equal(await scene.which(), '')
      assert.equal(scene.happened, '+a +b -a -b')
    },
  )

  it('refuses a child beyond maxChildren', async () => {
    const scene = await open(dynamic({ maxChildren: 2 }))
    for (const id of ['a', 'b']) await start(scene, id)
    await rejects(start(scene, 'c'), 'ERR_TOO_MANY_CHILDREN', 'there are 2 children')
    await scene.sup.ask.terminateChild('a')
    await start(scene, 'c')
  })

  it('refuses options for a child that break a rule, and lives on', async () => {
    const scene = await open()
    const args = { id: 'x', log: [] }
    await rejects(
      scene.sup.ask.startChild(args, { shutdownMs: -1 }),
      'ERR_BAD_OPTION',
      "child('x/1').shutdownMs",
    )
    await rejects(
      scene.sup.ask.startChild(args, { restart: 'transient', significant: true }),
      'ERR_BAD_OPTION',
      'autoShutdown',
    )
    assert.isTrue(scene.supAlive)
  })
})

describe('DynamicSupervisor', () => {
  class Probing extends DynamicSupervisor<Probe> {
    override children() {
      return [template('x', Probe)]
    }
  }

  it('types startChild by the class of its children', async () => {
    const node = new SupervisedNode()
    const sup = node.spawn(Probing)
    const probe = await sup.ask.startChild({ id: 'x', log: [] }, { id: 'one' })
    assert.deepEqual(await probe.ask.say('hello'), ['hello'])
    // @ts-expect-error its arguments are those of a Probe
    const wrong = (): unknown => sup.ask.startChild({ board: 7 })
    // @ts-expect-error a Probe has no such method
    const none = (): unknown => probe.ask.shout()
    assert.isFunction(wrong)
    assert.isFunction(none)
    assert.deepInclude(await sup.ask.countChildren(), { active: 1 })
  })
})

describe("supervisor, as OTP's suite has it: significant children", () => {
  const two = async (
    autoShutdown: AutoShutdown,
    restart: 'transient' | 'temporary',
    make = oneForOne,
  ) => {
    const scene = new Scene()
    const about = { restart, significant: true } as const
    return await scene.up(make({ autoShutdown, maxRestarts: 9 }), [
      scene.probes.child('a', about),
      scene.probes.child('b', about),
      scene.probes.child('c', { restart: 'temporary' }),
      scene.probes.child('d'),
    ])
  }

  otp(
    'nonsignificant_temporary nonsignificant_transient nonsignificant_permanent',
    'lives on when a child that is not significant ends',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      await scene.up(oneForOne({ autoShutdown: 'anySignificant' }), [
        probes.child('a', { restart: 'temporary' }),
        probes.child('b', { restart: 'transient' }),
        probes.child('c'),
      ])
      await scene.end('a', NORMAL)
      await scene.end('b', NORMAL)
      await scene.end('c', NORMAL)
      assert.equal(await scene.which(), 'b:stopped c:running')
    },
  )

  otp(
    'significant_temporary',
    'ends in order with the first of its significant children under anySignificant',
    async () => {
      for (const by of [NORMAL, CRASH] as const) {
        const scene = await two('anySignificant', 'temporary')
        await scene.end('a', by)
        assert.isFalse(scene.supAlive)
        assert.equal(scene.happened, '+a +b +c +d -a -d -c -b')
        assert.isEmpty(scene.node.rootsFailed, 'no failure')
      }
    },
  )

  otp('significant_transient', 'ends only after an end that brings no restart', async () => {
    const scene = await two('anySignificant', 'transient')
    await scene.end('a', CRASH)
    assert.isTrue(scene.supAlive)
    await scene.end('a', SHUTDOWN)
    assert.isFalse(scene.supAlive)
  })

  otp(
    'significant_simple',
    'ends with the last of its significant children under allSignificant',
    async () => {
      for (const restart of ['transient', 'temporary'] as const) {
        const scene = await two('allSignificant', restart)
        await scene.end('c', NORMAL)
        await scene.end('b', NORMAL)
        assert.isTrue(scene.supAlive)
        await scene.end('a', NORMAL)
        assert.isFalse(scene.supAlive)
      }
    },
  )

  otp(
    'significant_simple',
    'ends a dynamic supervisor with the last of its significant children',
    async () => {
      const scene = new Scene()
      const about = { restart: 'temporary', significant: true } as const
      await scene.up(dynamic({ autoShutdown: 'allSignificant' }), [template('x', Probe, about)])
      for (const id of ['a', 'b']) {
        await scene.sup.ask.startChild({ id, log: scene.probes.log }, { id, name: id })
      }
      await scene.end('a', CRASH)
      assert.isTrue(scene.supAlive)
      await scene.end('b', NORMAL)
      assert.isFalse(scene.supAlive)
    },
  )

  otp(
    'significant_bystander',
    'lives on when a significant child ends by call or along with a sibling',
    async () => {
      for (const make of [oneForAll, restForOne]) {
        const scene = new Scene()
        const { probes } = scene
        const about = { restart: 'temporary', significant: true } as const
        await scene.up(make({ autoShutdown: 'anySignificant' }), [
          probes.child('d'),
          probes.child('a', about),
          probes.child('b', about),
        ])
        await scene.sup.ask.terminateChild('a')
        assert.isTrue(scene.supAlive)
        await scene.end('d', CRASH)
        assert.equal(await scene.which(), 'd:running')
      }
    },
  )

  otp(
    'significant_escalation',
    'takes the supervisors above along when they are significant children themselves',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      const about = { restart: 'transient', significant: true } as const
      const inner = {
        strategy: oneForOne({ autoShutdown: 'anySignificant' }),
        children: [probes.child('a', about)],
      }
      await scene.up(oneForOne({ autoShutdown: 'anySignificant' }), [
        probes.child('b'),
        probes.sup('inner', inner, about),
      ])
      await scene.end('a', NORMAL)
      assert.isFalse(scene.supAlive)
      assert.equal(scene.happened, '+b +a -a -b')
      assert.isEmpty(scene.node.rootsFailed)
    },
  )

  it('refuses by call a significant child under never', async () => {
    const scene = await new Scene().up(oneForOne(), [])
    const spec = child('a', Probe, {
      args: { id: 'a', log: [] },
      restart: 'temporary',
      significant: true,
    })
    await rejects(scene.sup.ask.startChild(spec), 'ERR_BAD_OPTION', "autoShutdown: 'never'")
  })
})
