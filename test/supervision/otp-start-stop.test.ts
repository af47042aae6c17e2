import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import type { Down } from '../../src/actor/bonds.js'
import type { AnyRef } from '../../src/actor/ref.js'
import { child, template } from '../../src/supervision/child-spec.js'
import {
  dynamic,
  oneForAll,
  oneForOne,
  restForOne,
  type Strategy,
} from '../../src/supervision/strategies.js'
import type { RootFailed } from '../../src/supervision/supervision.js'
import { Supervisor } from '../../src/supervision/supervisor.js'
import { CRASH, NORMAL, otp, rejects, Scene, SHUTDOWN } from './otp-case.js'
import { Probe, Sup } from './probe.js'
import { SupervisedNode } from './supervised-node.js'

class Watcher extends Actor<AnyRef> {
  readonly downs: Down[] = []
  override onStart(): void {
    this.watch(this.args)
  }
  override onDown(down: Down): void {
    this.downs.push(down)
  }
  seen(): Down[] {
    return this.downs
  }
}

const never = (): Promise<void> => new Promise(() => {})

describe("supervisor, as OTP's suite has it: start", () => {
  otp('sup_start_normal', 'starts without children', async () => {
    const scene = await new Scene().up(oneForOne(), [])
    assert.isTrue(scene.supAlive)
    assert.deepEqual(await scene.counts(), [0, 0, 0, 0])
  })

  otp('sup_start_map_simple', 'fills in the defaults of a child', () => {
    const spec = child('a', Probe, { args: { id: 'a', log: [] } })
    const { restart, shutdownMs, type, significant, relocate } = spec
    assert.deepEqual(
      { restart, shutdownMs, type, significant, relocate },
      {
        restart: 'permanent',
        shutdownMs: 5_000,
        type: 'worker',
        significant: false,
        relocate: 'afterDown',
      },
    )
    assert.equal(child('s', Empty).shutdownMs, Number.POSITIVE_INFINITY)
    assert.equal(child('s', Empty).type, 'supervisor')
  })

  otp(
    'sup_start_error_return sup_start_fail',
    'fails its start with the error of the child that did not start',
    async () => {
      const scene = new Scene()
      const fails = () => {
        throw new Error('no seat left')
      }
      await scene.up(oneForOne(), [
        scene.probes.child('a'),
        scene.probes.child('b'),
        scene.probes.child('c', {}, { start: fails }),
        scene.probes.child('d'),
      ])
      assert.equal(scene.happened, '+a +b -b -a', 'those that had started stop in reverse')
      assert.isFalse(scene.supAlive)
      const [failed] = scene.node.rootsFailed
      assert.equal(failed?.reason.type, 'error')
      assert.match(errorOf(failed).message, /child 'c' did not start: .*no seat left/)
    },
  )

  otp(
    'sup_start_child_returns_error',
    'fails its start when the constructor of a child throws',
    async () => {
      class Broken extends Actor {
        readonly seats = broken()
      }
      const broken = (): number => {
        throw new Error('no table')
      }
      const scene = new Scene()
      await scene.up(oneForOne(), [scene.probes.child('a'), child('b', Broken)])
      assert.equal(scene.happened, '+a -a')
      assert.isFalse(scene.supAlive)
    },
  )

  otp(
    'sup_start_map_faulty_specs child_specs child_specs_map',
    'refuses bad specifications by option, rule and value',
    async () => {
      const log: string[] = []
      const bad: [() => unknown, string][] = [
        [() => child('', Empty), 'child must be given a non-empty string as id, got ""'],
        [
          () => child('a', Empty, { restart: 'always' as 'permanent' }),
          "child('a').restart must be 'permanent' or 'transient' or 'temporary', got \"always\"",
        ],
        [
          () => child('a', Empty, { shutdownMs: -1 }),
          "child('a').shutdownMs must be a number of milliseconds from 0 to 2147483647, or Infinity, got -1",
        ],
        [
          () => child('a', Empty, { significant: true }),
          "child('a').significant must be false for a permanent child, got true",
        ],
        [
          () => child('a', Empty, { on: 7 as unknown as string }),
          "child('a').on must be a node's name or a function of the members, got 7",
        ],
        [
          () => child('a', Unnamed, { on: 'b' }),
          "child('a') is placed with `on`: class Unnamed needs @actor(name)",
        ],
        [
          () => child('a', Empty, { shutdown: 5 } as object),
          "child('a').shutdown is not an option",
        ],
        [
          () =>
            child('a', Object as unknown as new () => Sup, {
              args: { strategy: oneForOne(), children: [] },
            }),
          'does not extend Actor',
        ],
      ]
      for (const [make, message] of bad) assert.throws(make, message)

      const probe = (id: string, about = {}) => child(id, Probe, { args: { id, log }, ...about })
      const refused: [Strategy, unknown, string][] = [
        [
          oneForOne(),
          [probe('a'), probe('a')],
          'Sup.children() must be without two children of one id, got "a"',
        ],
        [oneForOne(), [{ id: 'a' }], 'Sup.children() must be an array of what child() makes'],
        [oneForOne(), undefined, 'Sup.children() must be an array of what child() makes'],
        [
          oneForOne(),
          [probe('a', { restart: 'transient', significant: true })],
          "child('a').significant must be false while Sup has autoShutdown: 'never', got true",
        ],
        [dynamic(), [], 'Sup.children() must be one template under a dynamic strategy, got 0'],
        [
          oneForOne({ maxChildren: 1 }),
          [probe('a'), probe('b')],
          'at most maxChildren (1) children',
        ],
      ]
      for (const [strategy, children, message] of refused) {
        const scene = await new Scene().up(strategy, children as [])
        const [failed] = scene.node.rootsFailed
        assert.include(errorOf(failed).message, message)
      }
      assert.isEmpty(log)
    },
  )

  otp('sup_flags', 'refuses bad options of a strategy', () => {
    assert.throws(() => restForOne({ maxRestarts: -1 }), 'restForOne.maxRestarts must be')
    assert.throws(() => oneForAll({ withinMs: -1 }), 'oneForAll.withinMs must be')
    assert.throws(() => dynamic({ autoShutdown: 'all' as 'never' }), 'dynamic.autoShutdown must be')
  })

  otp(
    'order_of_children',
    'starts children in order, each when the one before has started, and stops them in reverse',
    async () => {
      const scene = new Scene()
      let release = (): void => {}
      const slow = (): Promise<void> => new Promise((resolve) => (release = resolve))
      await scene.up(oneForOne(), [
        scene.probes.child('a'),
        scene.probes.child('b', {}, { start: slow }),
        scene.probes.child('c'),
      ])
      assert.equal(scene.happened, '+a')
      release()
      await scene.node.settle()
      assert.equal(scene.happened, '+b +c')
      assert.equal(await scene.which(), 'a:running b:running c:running')
      await scene.node.end(scene.sup, SHUTDOWN)
      assert.equal(scene.happened, '-c -b -a')
    },
  )
})

class Empty extends Supervisor {
  override readonly strategy = oneForOne()
}
class Unnamed extends Actor {}

describe("supervisor, as OTP's suite has it: stop", () => {
  otp('sup_stop_infinity', 'waits for a child with shutdownMs Infinity', async () => {
    const scene = new Scene()
    let release = (): void => {}
    const stop = (): Promise<void> => new Promise((resolve) => (release = resolve))
    await scene.up(oneForOne(), [
      scene.probes.child('a', { shutdownMs: Number.POSITIVE_INFINITY }, { stop }),
    ])
    const sup = scene.node.system.cellOf(scene.sup)
    const stopped = sup?.stop(SHUTDOWN, Number.POSITIVE_INFINITY)
    await scene.node.advance(10_000_000)
    assert.equal(sup?.state, 'stopping')
    release()
    await stopped
    assert.equal(sup?.state, 'finished')
  })

  otp(
    'sup_stop_timeout',
    'kills a child that is not done by its deadline, and goes on to the next',
    async () => {
      const scene = new Scene()
      await scene.up(oneForOne(), [
        scene.probes.child('a'),
        scene.probes.child('b', { shutdownMs: 1_000 }, { stop: never }),
      ])
      const watcher = await scene.node.up(Watcher, scene.probe('b'))
      scene.probes.log.length = 0
      void scene.node.system.stop(scene.sup, SHUTDOWN)
      await scene.node.advance(999)
      assert.equal(scene.happened, '-b')
      await scene.node.advance(1)
      assert.equal(scene.happened, '-a')
      const [down] = await watcher.ask.seen()
      assert.equal(down?.reason.type, 'killed')
    },
  )

  otp(
    'sup_stop_timeout_dynamic',
    'gives the children of a dynamic supervisor their deadline together',
    async () => {
      const scene = new Scene()
      const script = { id: 'x', log: scene.probes.log, stop: never }
      await scene.up(dynamic(), [template('x', Probe, { args: script, shutdownMs: 1_000 })])
      for (let i = 0; i < 3; i++) await scene.sup.ask.startChild()
      void scene.node.system.cellOf(scene.sup)?.stop(SHUTDOWN, 60_000)
      await scene.node.advance(1_000)
      assert.equal(scene.happened, '+x +x +x -x -x -x')
      assert.isFalse(scene.supAlive)
      assert.equal(scene.node.system.size, 0)
    },
  )

  otp(
    'sup_stop_brutal_kill sup_stop_brutal_kill_dynamic',
    'kills at once with shutdownMs 0: onStop does not run',
    async () => {
      const scene = new Scene()
      await scene.up(oneForOne(), [
        scene.probes.child('a'),
        scene.probes.child('b', { shutdownMs: 0 }),
      ])
      const watcher = await scene.node.up(Watcher, scene.probe('b'))
      await scene.node.end(scene.sup, SHUTDOWN)
      assert.equal(scene.happened, '+a +b -a')
      assert.equal((await watcher.ask.seen())[0]?.reason.type, 'killed')

      const args = { id: 'x', log: scene.probes.log, stop: never }
      await scene.up(dynamic(), [template('x', Probe, { args, shutdownMs: 0 })])
      for (let i = 0; i < 3; i++) await scene.sup.ask.startChild()
      await scene.node.end(scene.sup, SHUTDOWN)
      assert.equal(scene.happened, '+x +x +x')
      assert.equal(await watcher.ask.seen().then((downs) => downs.length), 1)
      assert.isFalse(scene.supAlive)
    },
  )

  otp('child_unlink', 'stops a child that handles a message for ever by its deadline', async () => {
    const scene = new Scene()
    await scene.up(oneForOne(), [scene.probes.child('a', { shutdownMs: 500 })])
    scene.probe('a').tell.hang()
    await scene.node.settle()
    void scene.node.system.stop(scene.sup, SHUTDOWN)
    await scene.node.advance(500)
    assert.isFalse(scene.supAlive)
    assert.equal(scene.node.system.size, 0)
  })

  it('leaves no child behind when it is killed or crashes itself', async () => {
    for (const killed of [true, false]) {
      const scene = new Scene()
      const { probes } = scene
      await scene.up(oneForOne(), [
        probes.child('a'),
        probes.sup('inner', { strategy: oneForOne(), children: [probes.child('b')] }),
      ])
      if (killed) scene.node.system.cellOf(scene.sup)?.kill()
      else scene.sup.tell.crash()
      await scene.node.settle()
      assert.equal(scene.node.system.size, 0)
      assert.equal(scene.happened, killed ? '+a +b' : '+a +b -b -a')
      assert.lengthOf(scene.node.rootsFailed, 1)
    }
  })
})

describe("supervisor, as OTP's suite has it: management calls", () => {
  otp(
    'child_adm extra_return',
    'starts, lists, terminates, restarts and deletes a child by call',
    async () => {
      const scene = await new Scene().up(oneForOne(), [])
      const spec = scene.probes.child('a')
      const ref = await scene.sup.ask.startChild(spec)
      assert.equal(await scene.which(), 'a:running')
      assert.deepEqual(await scene.counts(), [1, 1, 0, 1])
      await rejects(
        scene.sup.ask.startChild(spec),
        'ERR_CHILD_EXISTS',
        "child 'a' is there already",
      )
      await rejects(scene.sup.ask.restartChild('a'), 'ERR_CHILD_RUNNING')
      await rejects(scene.sup.ask.deleteChild('a'), 'ERR_CHILD_RUNNING')

      await scene.sup.ask.terminateChild('a')
      assert.equal(scene.happened, '+a -a')
      assert.equal(await scene.which(), 'a:stopped')
      assert.deepEqual(await scene.counts(), [1, 0, 0, 1])
      await scene.sup.ask.terminateChild('a')
      await rejects(scene.sup.ask.startChild(spec), 'ERR_CHILD_EXISTS')

      const again = await scene.sup.ask.restartChild('a')
      assert.isFalse(again.equals(ref), 'a child that was terminated comes back as a new actor')
      assert.isTrue(scene.node.alive(again))
      await scene.sup.ask.terminateChild(again)
      await scene.sup.ask.deleteChild('a')
      assert.equal(await scene.which(), '')
      await rejects(scene.sup.ask.deleteChild('a'), 'ERR_NO_CHILD', "there is no child 'a'")
      await rejects(scene.sup.ask.restartChild('a'), 'ERR_NO_CHILD')
      await rejects(scene.sup.ask.terminateChild('a'), 'ERR_NO_CHILD')
      assert.isTrue(scene.supAlive)
    },
  )

  otp('child_adm_simple', 'refuses calls that belong to the other kind of supervisor', async () => {
    const scene = new Scene()
    await scene.up(dynamic(), [template('x', Probe)])
    const ref = await scene.sup.ask.startChild({ id: 'x', log: scene.probes.log })
    assert.equal(await scene.which(), 'x/1:running')
    await rejects(scene.sup.ask.restartChild('x/1'), 'ERR_NOT_DYNAMIC')
    await rejects(scene.sup.ask.deleteChild('x/1'), 'ERR_NOT_DYNAMIC')
    await scene.sup.ask.terminateChild(ref)
    assert.equal(await scene.which(), '', 'no specification outlives its child')
    await rejects(scene.sup.ask.terminateChild(ref), 'ERR_NO_CHILD')
    const fixed = await new Scene().up(oneForOne(), [])
    await rejects(fixed.sup.ask.startChild({ id: 'x' }), 'ERR_NOT_DYNAMIC')
  })

  otp(
    'child_adm',
    'tells who started a child by call why it did not start, and keeps nothing',
    async () => {
      const scene = await new Scene().up(oneForOne(), [scene0.child('a')])
      const start = () => {
        throw new Error('no seat left')
      }
      const failing = scene.probes.child('b', {}, { start })
      await rejects(scene.sup.ask.startChild(failing), 'ERR_START_FAILED', 'no seat left')
      assert.equal(await scene.which(), 'a:running')
      assert.isTrue(scene.supAlive)
    },
  )

  otp(
    'which_children count_children count_children_supervisor tree',
    'counts and lists children of all kinds',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      const inner = { strategy: oneForOne(), children: [probes.child('c'), probes.child('d')] }
      await scene.up(oneForOne(), [
        probes.child('a'),
        probes.child('b', { restart: 'transient' }),
        probes.sup('inner', inner),
      ])
      assert.equal(scene.happened, '+a +b +c +d')
      await scene.end('b', NORMAL)
      assert.deepEqual(await scene.counts(), [3, 2, 1, 2])
      const [a, b, sup] = await scene.sup.ask.whichChildren()
      assert.deepInclude(a, { id: 'a', type: 'worker', status: 'running', node: 'a' })
      assert.isTrue(a?.ref?.equals(scene.probe('a')) === false, 'the ref holds the id')
      assert.deepEqual(b, { id: 'b', type: 'worker', status: 'stopped' })
      assert.deepInclude(sup, { id: 'inner', type: 'supervisor', status: 'running' })
      const below = scene.node.system.node.lookup(Sup, 'inner')
      assert.deepEqual(await below.ask.countChildren(), {
        specs: 2,
        active: 2,
        supervisors: 0,
        workers: 2,
      })
      await scene.node.end(scene.sup, SHUTDOWN)
      assert.equal(scene.happened, '-b -d -c -a')
    },
  )

  otp(
    'already_started_outside_supervisor',
    'fails the start of a child whose name is in use',
    async () => {
      const scene = await new Scene().up(oneForOne(), [])
      scene.node.system.spawn(Empty, undefined, { name: 'a' })
      await rejects(
        scene.sup.ask.startChild(scene.probes.child('a')),
        'ERR_START_FAILED',
        "'a' is the name of",
      )
      assert.isTrue(scene.supAlive)
    },
  )

  otp(
    'simple_global_supervisor',
    'is found by its registered name and can be called through it',
    async () => {
      const scene = new Scene()
      const inner = { strategy: oneForOne(), children: [scene.probes.child('c')] }
      await scene.up(oneForOne(), [scene.probes.sup('inner', inner)])
      const inside = scene.node.system.node.lookup(Sup, 'inner')
      await inside.ask.startChild(scene.probes.child('d'))
      await scene.end('c', CRASH)
      assert.equal(scene.happened, '+c +d -c +c')
    },
  )

  otp(
    'scale_start_stop_many_children',
    'takes no more time a child with thousands of them',
    async () => {
      const scene = new Scene()
      await scene.up(dynamic(), [template('x', Quiet)])
      const time = async (count: number): Promise<number> => {
        const began = performance.now()
        for (let i = 0; i < count; i++) await scene.sup.ask.startChild()
        return (performance.now() - began) / count
      }
      await time(500)
      const few = await time(1_000)
      await time(5_000)
      const many = await time(1_000)
      assert.isBelow(many, few * 5 + 0.1)
      await scene.node.end(scene.sup, SHUTDOWN)
      assert.equal(scene.node.system.size, 0)
    },
  )
})

const errorOf = (failed: RootFailed | undefined): Error => {
  const reason = failed?.reason
  if (reason?.type !== 'error') throw new Error(`failed by ${reason?.type}, not by an error`)
  return reason.error as Error
}

class Quiet extends Actor {}
const scene0 = new Scene().probes

describe('a start that is under way', () => {
  it('is given up when the node kills what does not stop by its deadline', async () => {
    const node = new SupervisedNode()
    const scene = new Scene()
    const sup = node.spawn(Sup, {
      strategy: oneForOne(),
      children: [scene.probes.child('a'), scene.probes.child('b', {}, { start: never })],
    })
    await node.settle()
    void node.system.stop(sup, SHUTDOWN, 1_000)
    await node.advance(1_000)
    assert.equal(node.system.size, 0)
  })
})
