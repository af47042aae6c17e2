import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { showReason } from '../../src/actor/exit-reason.js'
import { codeOf, messageOf } from '../../src/base/errors.js'
import { show } from '../../src/base/options.js'
import { settle } from './manual-world.js'
import { OneNode, rejection } from './one-node.js'

const refuses = (): never => {
  throw new Error('not as text')
}

/** Values that cannot be made text, or break whoever looks at them. */
const HOSTILE: Record<string, () => unknown> = {
  'an object without a prototype': () => Object.create(null),
  'an object whose toString throws': () => ({ toString: refuses }),
  'an error whose message throws': () =>
    Object.defineProperty(new Error(), 'message', { get: refuses }),
  'a value whose code throws': () => Object.defineProperty({}, 'code', { get: refuses }),
  'a value that throws at every look': () =>
    new Proxy({}, { get: refuses, getPrototypeOf: refuses }),
  'nothing at all': () => undefined,
}

class Odd extends Actor<() => unknown> {
  now(): void {
    throw this.args()
  }
  async later(): Promise<void> {
    await undefined
    throw this.args()
  }
}

class Unborn extends Actor<() => unknown> {
  override onStart(): void {
    throw this.args()
  }
}

for (const [name, make] of Object.entries(HOSTILE)) {
  describe(`an actor that throws ${name}`, () => {
    for (const method of ['now', 'later'] as const) {
      it(`${method} has crashed, and is gone`, async () => {
        const node = new OneNode()
        const asked = node.node.spawn(Odd, make).ask[method]()
        // not `await`, which would look at the value
        const outcome = await asked.then(
          () => 'answered',
          () => 'failed',
        )
        assert.equal(outcome, 'failed')
        await settle()
        assert.equal(node.system.size, 0)
        assert.equal(node.ended[0]?.reason.type, 'error')
      })
    }

    it('in onStart has not started', async () => {
      const node = new OneNode()
      const ref = node.node.spawn(Unborn, make)
      assert.equal(codeOf(await rejection(ref.ready())), 'ERR_START_FAILED')
      assert.equal(node.system.size, 0)
    })
  })

  describe(`the text of ${name}`, () => {
    it('can be had without harm', () => {
      const value = make()
      assert.isString(messageOf(value))
      assert.isString(showReason({ type: 'error', error: value }))
      assert.isString(show(value))
      assert.isUndefined(codeOf(value))
    })
  })
}
