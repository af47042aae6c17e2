import { assert } from 'chai'
import type { ActorRef } from '../../src/actor/ref.js'
import { codeOf } from '../../src/base/errors.js'
import { Ledger } from '../promises/actors.js'
import { RemoteCluster } from './remote-cluster.js'

function town(waitingMax = 10) {
  const cluster = new RemoteCluster(['a', 'b'], { remote: { waitingMax } })
  const [a, b] = [cluster.node('a'), cluster.node('b')]
  const made = b.system.spawn(Ledger).ref as unknown as ActorRef<Ledger>
  const ledger = a.system.refAt(made.address) as unknown as ActorRef<Ledger>
  a.carrier.waiting.add(a.carrier.channelIndex('default'))
  return { cluster, a, b, made, ledger }
}

const outcomes = (asked: readonly Promise<unknown>[]): Promise<string[]> =>
  Promise.all(
    asked.map((each) =>
      each.then(
        (answer) => String(answer),
        (error: unknown) => codeOf(error) ?? String(error),
      ),
    ),
  )

describe('asks that wait for room', () => {
  it('are sent in order when there is room, and refused beyond the bound', async () => {
    const { cluster, a, made, ledger } = town(3)
    a.carrier.full()
    const asked = outcomes([1, 2, 3, 4].map((at) => ledger.ask.record(at)))
    await cluster.run(100)
    a.carrier.drain()
    assert.deepEqual(await cluster.complete(asked), ['1', '2', '3', 'ERR_LANE_FULL'])
    assert.deepEqual(await cluster.complete(made.ask.entries()), [1, 2, 3])
  })

  it('leave their place at the deadline and when they are aborted', async () => {
    const { cluster, a, ledger } = town(2)
    a.carrier.full()
    const controller = new AbortController()
    const first = outcomes([
      ledger.with({ timeoutMs: 50 }).ask.record(1),
      ledger.with({ signal: controller.signal }).ask.record(2),
    ])
    await cluster.run(60)
    controller.abort()
    assert.deepEqual(await cluster.complete(first), ['ERR_ASK_TIMEOUT', 'ERR_ABORTED'])
    const next = outcomes([ledger.ask.record(3), ledger.ask.record(4)])
    await cluster.run(10)
    a.carrier.drain()
    assert.deepEqual(await cluster.complete(next), ['1', '2'])
  })

  it('are not overtaken by tells of their key; other keys go on', async () => {
    const { cluster, a, made, ledger } = town()
    a.carrier.full()
    const asked = ledger.ask.record('asked')
    a.carrier.outcome = () => 0
    assert.isFalse(ledger.tell.write('told'))
    assert.isTrue(ledger.with({ partitionKey: 'x' }).tell.write('of another key'))
    assert.deepEqual(
      a.deadLetters.map(({ args, reason }) => [args[0], reason]),
      [['told', 'ERR_LANE_FULL']],
    )
    a.carrier.drain()
    await cluster.complete(asked)
    await cluster.run(100)
    const entries = await cluster.complete(made.ask.entries())
    assert.sameMembers(entries, ['asked', 'of another key'])
  })

  it('are tried again in a while where nobody tells when there is room', async () => {
    const { cluster, a, ledger } = town()
    let room = false
    let tries = 0
    a.carrier.ready = () => Promise.resolve()
    a.carrier.outcome = () => {
      tries++
      return room ? 0 : 2
    }
    const asked = ledger.ask.record(1)
    await cluster.run(1_000)
    assert.isBelow(tries, 30)
    room = true
    assert.strictEqual(await cluster.complete(asked), 1)
  })

  it('fail when their node goes down', async () => {
    const { cluster, a, ledger } = town()
    a.carrier.full()
    const asked = outcomes([ledger.ask.record(1)])
    cluster.kill('b')
    cluster.net.down('a', 'b')
    assert.deepEqual(await cluster.complete(asked), ['ERR_NODE_DOWN'])
    a.carrier.drain()
    await cluster.run(100)
  })
})
