import { assert } from 'chai'
import { Actor, actor, child, codeOf, type Node, oneForOne, Supervisor } from '../../src/index.js'
import { useNodes } from '../processes/local-nodes.js'

/** Each way not to come to an end. */
@actor('strangers/stuck')
class Stuck extends Actor {
  never(): Promise<never> {
    return new Promise(() => {})
  }

  override onStop(): Promise<never> {
    return new Promise(() => {})
  }
}

class StuckTree extends Supervisor {
  override readonly strategy = oneForOne()
  override children() {
    return [child('stuck', Stuck, { name: 'stuck', shutdownMs: 60_000 })]
  }
}

const SLACK_MS = 2_000

describe('A handler that never settles', function () {
  this.timeout(20_000)
  const startNode = useNodes()
  let a: Node
  let b: Node

  beforeEach(async () => {
    a = (await startNode({ name: 'a', stopTimeoutMs: 300 })).node
    b = (await startNode({ name: 'b' })).node
    await b.join(a.address)
  })

  it('times out the ask, here and from another node', async () => {
    a.spawn(Stuck, undefined, { name: 'stuck' })
    for (const node of [a, b]) {
      const stuck = node.lookup(Stuck, 'stuck', { on: 'a' }).with({ timeoutMs: 50 })
      assert.equal(await stuck.ask.never().then(assert.fail, codeOf), 'ERR_ASK_TIMEOUT')
      assert.equal(node.stats().remote.outbound, 0)
    }
  })

  it('has the asks that wait behind it time out too', async () => {
    const stuck = a.spawn(Stuck).with({ timeoutMs: 50 })
    const asks = Array.from({ length: 100 }, () => stuck.ask.never().then(assert.fail, codeOf))
    assert.deepEqual(new Set(await Promise.all(asks)), new Set(['ERR_ASK_TIMEOUT']))
  })

  it('does not keep stop from ending by its deadline', async () => {
    a.spawn(Stuck).tell.never()
    const supervisor = a.spawn(StuckTree)
    await supervisor.ask.whichChildren()
    b.lookup(Stuck, 'stuck', { on: 'a' }).tell.never()
    const pending = b.lookup(Stuck, 'stuck', { on: 'a' }).ask.never().then(assert.fail, codeOf)
    const atMs = performance.now()
    await a.stop({ timeoutMs: 200, drainMs: 200 })
    assert.isBelow(performance.now() - atMs, 400 + SLACK_MS)
    assert.match(String(await pending), /^ERR_(NODE_DOWN|STOPPED|KILLED|NODE_STOPPED)$/)
  })

  it('does not keep stopActor from ending by its deadline', async () => {
    const stuck = a.spawn(Stuck)
    stuck.tell.never()
    const atMs = performance.now()
    await a.stopActor(stuck, undefined, 100)
    assert.isBelow(performance.now() - atMs, 100 + SLACK_MS)
    assert.equal(await stuck.ask.never().then(assert.fail, codeOf), 'ERR_STOPPED')
  })
})
