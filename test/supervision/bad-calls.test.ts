import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { codeOf } from '../../src/base/errors.js'
import { isRefusal } from '../../src/base/refusal.js'
import { child, template } from '../../src/supervision/child-spec.js'
import { dynamic, oneForOne } from '../../src/supervision/strategies.js'
import { Sup } from './probe.js'
import { SupervisedNode } from './supervised-node.js'

class Idle extends Actor<number | null | undefined> {
  given(): unknown {
    return this.args
  }
}

/** Whatever another node may send in place of an id: the last cannot be made text. */
const NO_IDS: readonly unknown[] = [undefined, null, 5, '', [], {}, { toString: 5 }]
const NO_OPTIONS: readonly unknown[] = [
  null,
  5,
  'text',
  [],
  { id: 5 },
  { id: {} },
  { name: { toString: 5 } },
  { on: { toString: 5 } },
  { shutdownMs: Number.NaN },
  { unknown: 1 },
]

type Call = (...args: readonly unknown[]) => Promise<unknown>

const PLANS = {
  dynamic: { strategy: dynamic(), children: [template('t', Idle, { args: 7 })] },
  oneForOne: { strategy: oneForOne(), children: [child('c', Idle)] },
}

describe('a supervisor called with what is no child', () => {
  for (const [kind, plan] of Object.entries(PLANS)) {
    for (const method of ['terminateChild', 'restartChild', 'deleteChild', 'child'] as const) {
      it(`${kind}: ${method} refuses it and lives on`, async () => {
        const node = new SupervisedNode()
        const sup = await node.up(Sup, plan)
        for (const id of NO_IDS) {
          const call = sup.ask[method] as unknown as Call
          const error = await call.call(sup.ask, id).catch((reason: unknown) => reason)
          assert.isTrue(isRefusal(error), String(error))
          assert.include(['ERR_NO_CHILD', 'ERR_NOT_DYNAMIC'], codeOf(error))
        }
        assert.equal(node.incarnation(sup), 1)
      })
    }
  }

  it('startChild refuses bad options by name and lives on', async () => {
    const node = new SupervisedNode()
    const sup = await node.up(Sup, PLANS.dynamic)
    const call = sup.ask.startChild as unknown as Call
    for (const options of NO_OPTIONS) {
      const error = await call.call(sup.ask, 1, options).catch((reason: unknown) => reason)
      assert.isTrue(isRefusal(error), String(error))
      assert.equal(codeOf(error), 'ERR_BAD_OPTION')
    }
    assert.equal(node.incarnation(sup), 1)
    assert.equal((await sup.ask.countChildren()).specs, 0)
  })

  it('startChild gives null as it was given, and the arguments of the template for none', async () => {
    const node = new SupervisedNode()
    const sup = await node.up(Sup, PLANS.dynamic)
    for (const [given, got] of [
      [null, null],
      [undefined, 7],
      [0, 0],
    ]) {
      const ref = await sup.ask.startChild(given)
      assert.equal(await node.system.node.ref(Idle, String(ref)).ask.given(), got)
    }
  })
})
