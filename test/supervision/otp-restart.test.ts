import { assert } from 'chai'
import type { ExitReason } from '../../src/actor/exit-reason.js'
import { codeOf } from '../../src/base/errors.js'
import { template } from '../../src/supervision/child-spec.js'
import type { RestartType } from '../../src/supervision/restart-policy.js'
import { dynamic, oneForAll, oneForOne, restForOne } from '../../src/supervision/strategies.js'
import { CRASH, type EndBy, NORMAL, otp, rejects, Scene, SHUTDOWN } from './otp-case.js'
import { Probe } from './probe.js'

const detail: ExitReason = { type: 'shutdown', detail: 'tidy' }

describe("supervisor, as OTP's suite has it: kinds of ends", () => {
  const table: [cases: string, restart: RestartType, by: EndBy, left: string, title: string][] = [
    [
      'permanent_normal',
      'permanent',
      NORMAL,
      'a:running',
      'restarts a permanent child that ended normally',
    ],
    [
      'transient_normal',
      'transient',
      NORMAL,
      'a:stopped',
      'does not restart a transient child that ended normally, and keeps its specification',
    ],
    ['temporary_normal', 'temporary', NORMAL, '', 'forgets a temporary child that ended normally'],
    [
      'permanent_shutdown',
      'permanent',
      SHUTDOWN,
      'a:running',
      'restarts a permanent child that ended with shutdown',
    ],
    [
      'transient_shutdown',
      'transient',
      SHUTDOWN,
      'a:stopped',
      'does not restart a transient child that ended with shutdown',
    ],
    [
      'transient_shutdown',
      'transient',
      detail,
      'a:stopped',
      'does not restart a transient child that ended with a shutdown that says more',
    ],
    [
      'temporary_shutdown',
      'temporary',
      SHUTDOWN,
      '',
      'forgets a temporary child that ended with shutdown',
    ],
    [
      'permanent_abnormal',
      'permanent',
      CRASH,
      'a:running',
      'restarts a permanent child that crashed',
    ],
    [
      'transient_abnormal',
      'transient',
      CRASH,
      'a:running',
      'restarts a transient child that crashed',
    ],
    ['temporary_abnormal', 'temporary', CRASH, '', 'forgets a temporary child that crashed'],
  ]
  for (const [cases, restart, by, left, title] of table) {
    otp(cases, title, async () => {
      const scene = new Scene()
      await scene.up(oneForOne(), [scene.probes.child('a', { restart })])
      await scene.end('a', by)
      assert.equal(await scene.which(), left)
      assert.equal(scene.happened, left === 'a:running' ? '+a -a +a' : '+a -a')
      const specs = left === '' ? 0 : 1
      assert.deepEqual(await scene.counts(), [specs, left === 'a:running' ? 1 : 0, 0, specs])
    })
  }

  otp(
    'permanent_abnormal transient_abnormal',
    'restarts a child that was killed, not a temporary one',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      await scene.up(oneForOne({ maxRestarts: 9 }), [
        probes.child('a'),
        probes.child('b', { restart: 'transient' }),
        probes.child('c', { restart: 'temporary' }),
      ])
      for (const id of ['a', 'b', 'c']) scene.node.system.named(id)?.kill()
      await scene.node.settle()
      assert.equal(scene.happened, '+a +b +c +a +b')
      assert.equal(await scene.which(), 'a:running b:running')
    },
  )

  otp(
    'temporary_bystander',
    'does not restart a temporary child that a failing sibling took along',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      for (const strategy of [oneForAll(), restForOne()]) {
        await scene.up(strategy, [probes.child('a'), probes.child('t', { restart: 'temporary' })])
        assert.equal(scene.happened, '+a +t')
        await scene.end('a', CRASH)
        assert.equal(scene.happened, '-a -t +a')
        assert.equal(await scene.which(), 'a:running')
        await scene.node.end(scene.sup, SHUTDOWN)
        assert.equal(scene.happened, '-a')
      }
    },
  )

  otp(
    'do_not_save_start_parameters_for_temporary_children do_not_save_child_specs_for_temporary_children',
    'keeps nothing of temporary children that have ended',
    async () => {
      const scene = await new Scene().up(oneForOne(), [])
      for (let i = 0; i < 5; i++) {
        const id = `t${i}`
        await scene.sup.ask.startChild(scene.probes.child(id, { restart: 'temporary' }))
        await scene.end(id, i % 2 === 0 ? CRASH : NORMAL)
        await rejects(scene.sup.ask.restartChild(id), 'ERR_NO_CHILD')
      }
      assert.deepEqual(await scene.counts(), [0, 0, 0, 0])
    },
  )
})

describe("supervisor, as OTP's suite has it: strategies", () => {
  otp('one_for_one', 'oneForOne restarts the failing child alone', async () => {
    const scene = new Scene()
    const { probes } = scene
    await scene.up(
      oneForOne({ maxRestarts: 3 }),
      ['a', 'b', 'c'].map((id) => probes.child(id)),
    )
    assert.equal(scene.happened, '+a +b +c')
    for (let i = 1; i <= 3; i++) {
      await scene.end('b', CRASH)
      assert.equal(scene.happened, '-b +b')
    }
    assert.equal(scene.node.incarnation(scene.probe('b')), 4)
  })

  otp('multiple_restarts', 'restarts children that failed at the same time', async () => {
    const scene = new Scene()
    const ids = ['a', 'b', 'c', 'd', 'e']
    await scene.up(
      oneForOne({ maxRestarts: 10 }),
      ids.map((id) => scene.probes.child(id)),
    )
    for (let round = 0; round < 2; round++) {
      for (const id of ids) scene.node.system.named(id)?.kill()
      await scene.node.settle()
    }
    assert.deepEqual(await scene.counts(), [5, 5, 0, 5])
    assert.equal(scene.happened, '+a +b +c +d +e '.repeat(3).trim())
    scene.node.system.named('a')?.kill()
    await scene.node.settle()
    assert.isFalse(scene.supAlive, 'the eleventh')
  })

  otp(
    'one_for_one_escalation',
    'gives up after too many restarts: stops the others in reverse and ends',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      await scene.up(
        oneForOne({ maxRestarts: 1 }),
        ['a', 'b', 'c'].map((id) => probes.child(id)),
      )
      await scene.end('b', CRASH)
      assert.equal(scene.happened, '+a +b +c -b +b')
      await scene.end('b', CRASH)
      assert.equal(scene.happened, '-b -c -a')
      assert.isFalse(scene.supAlive)
      const [failed] = scene.node.rootsFailed
      assert.equal(failed?.reason.type, 'shutdown')
      const reason = failed?.reason as { detail: Error }
      assert.equal(codeOf(reason.detail), 'ERR_RESTART_INTENSITY')
      assert.include(reason.detail.message, "child 'b' failed, more than 1 restarts in 5000 ms")
      assert.equal((reason.detail.cause as Error).message, 'crash')
    },
  )

  otp('one_for_one_escalation', 'forgets restarts that are older than the window', async () => {
    const scene = new Scene()
    await scene.up(oneForOne({ maxRestarts: 1, withinMs: 1_000 }), [scene.probes.child('a')])
    for (let i = 0; i < 5; i++) {
      await scene.end('a', CRASH)
      await scene.node.advance(1_001)
    }
    assert.isTrue(scene.supAlive)
    await scene.end('a', CRASH)
    await scene.node.advance(900)
    await scene.end('a', CRASH)
    assert.isFalse(scene.supAlive)
  })

  otp('one_for_all', 'oneForAll stops all in reverse and starts all in order', async () => {
    const scene = new Scene()
    const { probes } = scene
    await scene.up(
      oneForAll(),
      ['a', 'b', 'c'].map((id) => probes.child(id)),
    )
    await scene.end('b', CRASH)
    assert.equal(scene.happened, '+a +b +c -b -c -a +a +b +c')
    assert.deepEqual(await scene.counts(), [3, 3, 0, 3])
  })

  otp('one_for_all_escalation', 'oneForAll gives up after too many restarts', async () => {
    const scene = new Scene()
    const { probes } = scene
    await scene.up(
      oneForAll(),
      ['a', 'b'].map((id) => probes.child(id)),
    )
    await scene.end('a', CRASH)
    await scene.end('b', CRASH)
    assert.equal(scene.happened, '+a +b -a -b +a +b -b -a')
    assert.isFalse(scene.supAlive)
  })

  otp(
    'one_for_all_other_child_fails_restart',
    'oneForAll tries again with all when another child fails to start',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      let failures = 0
      const start = (): void => {
        if (failures-- > 0) throw new Error('not yet')
      }
      await scene.up(oneForAll({ maxRestarts: 3 }), [
        probes.child('a'),
        probes.child('b', {}, { start }),
        probes.child('c'),
      ])
      assert.equal(scene.happened, '+a +b +c')
      failures = 1
      await scene.end('a', CRASH)
      assert.equal(scene.happened, '-a -c -b +a -a +a +b +c')
      assert.equal(await scene.which(), 'a:running b:running c:running')
    },
  )

  otp('rest_for_one', 'restForOne takes along those that were started after', async () => {
    const scene = new Scene()
    const { probes } = scene
    await scene.up(
      restForOne(),
      ['a', 'b', 'c', 'd'].map((id) => probes.child(id)),
    )
    await scene.end('b', CRASH)
    assert.equal(scene.happened, '+a +b +c +d -b -d -c +b +c +d')
  })

  otp('rest_for_one_escalation', 'restForOne gives up after too many restarts', async () => {
    const scene = new Scene()
    const { probes } = scene
    await scene.up(
      restForOne(),
      ['a', 'b'].map((id) => probes.child(id)),
    )
    await scene.end('a', CRASH)
    await scene.end('a', CRASH)
    assert.equal(scene.happened, '+a +b -a -b +a +b -a -b')
    assert.isFalse(scene.supAlive)
  })

  otp(
    'rest_for_one_other_child_fails_restart',
    'restForOne goes on from the child that failed to start',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      let failures = 0
      const start = (): void => {
        if (failures-- > 0) throw new Error('not yet')
      }
      await scene.up(restForOne({ maxRestarts: 3 }), [
        probes.child('a'),
        probes.child('b', {}, { start }),
        probes.child('c'),
      ])
      failures = 1
      await scene.end('a', CRASH)
      assert.equal(scene.happened, '+a +b +c -a -c -b +a +b +c')
    },
  )

  otp(
    'hanging_restart_loop',
    'serves calls while a child fails to restart again and again',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      let broken = false
      const start = (): void => {
        if (broken) throw new Error('for good')
      }
      const strategy = oneForOne({ maxRestarts: Number.POSITIVE_INFINITY })
      await scene.up(strategy, [probes.child('a'), probes.child('b', {}, { start })])
      broken = true
      scene.probe('b').tell.crash()
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(await scene.which(), 'a:running b:restarting')
      for (let i = 0; i < 10; i++) scene.node.clock.runNext(scene.node.clock.now())
      assert.deepEqual(await scene.counts(), [2, 1, 0, 2])
      await rejects(scene.sup.ask.restartChild('b'), 'ERR_CHILD_RUNNING', 'restarting')
      await rejects(scene.sup.ask.deleteChild('b'), 'ERR_CHILD_RUNNING', 'restarting')
      await scene.sup.ask.terminateChild('b')
      assert.equal(await scene.which(), 'a:running b:stopped')
      await rejects(scene.sup.ask.restartChild('b'), 'ERR_START_FAILED', 'for good')
      broken = false
      await scene.sup.ask.restartChild('b')
      assert.equal(await scene.which(), 'a:running b:running')
    },
  )

  otp(
    'hanging_restart_loop_rest_for_one',
    'serves calls while a group fails to restart',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      let broken = false
      const start = (): void => {
        if (broken) throw new Error('for good')
      }
      await scene.up(restForOne({ maxRestarts: Number.POSITIVE_INFINITY }), [
        probes.child('a'),
        probes.child('b', {}, { start }),
        probes.child('c'),
      ])
      broken = true
      scene.probe('a').tell.crash()
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(await scene.which(), 'a:running b:restarting c:stopped')
      await scene.sup.ask.terminateChild('c')
      await scene.sup.ask.deleteChild('c')
      broken = false
      await scene.node.settle()
      assert.equal(await scene.which(), 'a:running b:running')
    },
  )

  otp(
    'hanging_restart_loop_simple',
    'serves calls while a dynamic child fails to restart',
    async () => {
      const scene = new Scene()
      let broken = false
      const start = (): void => {
        if (broken) throw new Error('for good')
      }
      await scene.up(dynamic({ maxRestarts: Number.POSITIVE_INFINITY }), [template('x', Probe)])
      const args = { id: 'x', log: scene.probes.log, start }
      await scene.sup.ask.startChild(args, { id: 'a', name: 'a' })
      broken = true
      scene.probe('a').tell.crash()
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(await scene.which(), 'a:restarting')
      await rejects(scene.sup.ask.startChild(args), 'ERR_START_FAILED')
      await scene.sup.ask.terminateChild('a')
      assert.equal(await scene.which(), '')
      await scene.node.settle()
      assert.isTrue(scene.supAlive)
    },
  )

  otp(
    'tree',
    'a supervisor that gives up is restarted by its own, with fresh children',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      const inner = {
        strategy: oneForOne({ maxRestarts: 0 }),
        children: [probes.child('b'), probes.child('c')],
      }
      await scene.up(oneForOne({ maxRestarts: 1 }), [probes.child('a'), probes.sup('inner', inner)])
      assert.equal(scene.happened, '+a +b +c')
      const before = scene.node.system.named('b')
      await scene.end('b', CRASH)
      assert.equal(scene.happened, '-b -c +b +c')
      assert.notEqual(scene.node.system.named('b'), before)
      await scene.end('c', CRASH)
      assert.equal(scene.happened, '-c -b -a', 'once too often: the whole tree')
      assert.isFalse(scene.supAlive)
      assert.equal(scene.node.system.size, 0)
      assert.lengthOf(scene.node.rootsFailed, 1)
    },
  )

  otp(
    'tree',
    'as in OTP a transient supervisor that gives up is not restarted: its reason is shutdown',
    async () => {
      const scene = new Scene()
      const { probes } = scene
      const inner = { strategy: oneForOne({ maxRestarts: 0 }), children: [probes.child('b')] }
      await scene.up(oneForOne(), [probes.sup('inner', inner, { restart: 'transient' })])
      await scene.end('b', CRASH)
      assert.equal(await scene.which(), 'inner:stopped')
    },
  )
})
