import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import { child } from '../../src/supervision/child-spec.js'
import { oneForOne } from '../../src/supervision/strategies.js'
import { Supervisor } from '../../src/supervision/supervisor.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { RemoteCluster } from './remote-cluster.js'

@actor('placement/worker')
class Worker extends Actor<{ readonly n: number }> {
  crash(): never {
    throw new Error('crashed')
  }

  finish(): void {
    void this.stop()
  }

  value(): number {
    return this.args.n
  }
}

@actor('placement/unborn')
class Unborn extends Actor {
  override onStart(): void {
    throw new Error('no luck')
  }
}

@actor('placement/forbidden')
class Forbidden extends Actor {}

const specs = {
  on: (
    node: string,
    relocate: 'afterDown' | 'never' = 'afterDown',
    restart: 'permanent' | 'transient' = 'permanent',
  ) => child('worker', Worker, { on: node, relocate, restart, args: { n: 5 }, name: 'worker' }),
}

class Root extends Supervisor<readonly ReturnType<typeof child>[]> {
  override readonly strategy = oneForOne({ maxRestarts: 5, withinMs: 10_000 })

  override children() {
    return this.args as never
  }
}

async function setUp(...children: unknown[]) {
  const cluster = new RemoteCluster(['a', 'b', 'c'], {
    remote: { remoteSpawn: [Worker, Unborn] },
  })
  const nodes = ['a', 'b', 'c'].map((name) => cluster.node(name)) as [
    ReturnType<RemoteCluster['node']>,
    ReturnType<RemoteCluster['node']>,
    ReturnType<RemoteCluster['node']>,
  ]
  const [a, b, c] = nodes
  const root = a.system.spawn(Root, children as never)
  await cluster.run(100)
  const worker = (name: string) => cluster.node(name).system.named('worker')
  return { cluster, a, b, c, root, worker }
}

describe('remote-placement', () => {
  it('an order that is too large for its node fails, and orders behind it are carried out', async () => {
    const { cluster, a, worker } = await setUp()
    a.carrier.mostBytes = () => 5_000
    const large = child('large', Worker, {
      on: 'b',
      args: { n: 1, text: 'x'.repeat(10_000) } as never,
    })
    const broken = a.system.spawn(Root, [large] as never)
    const fine = a.system.spawn(Root, [specs.on('b')] as never)
    await cluster.run(30_000)
    assert.equal(broken.state, 'finished')
    assert.deepEqual([fine.state, worker('b')?.state], ['running', 'running'])
  })

  it('starts a child on the node it is placed on', async () => {
    const { b, root, worker } = await setUp(specs.on('b'))
    assert.equal(root.state, 'running')
    assert.equal(worker('b')?.state, 'running')
    assert.equal(b.remote.counts.hosted, 1)
  })

  it('restarts a crashed child behind its ref, which keeps its queue', async () => {
    const { cluster, a, worker } = await setUp(specs.on('b'))
    const before = worker('b')
    const ref = a.remote.registry.lookup(Worker, 'worker', { on: 'b' })
    ref.tell.crash()
    assert.equal(await cluster.complete(ref.ask.value()), 5)
    assert.strictEqual(worker('b'), before)
    assert.equal(before?.incarnation, 2)
  })

  it('lets the supervisor decide: a transient child that ends normally is not started again', async () => {
    const { cluster, a, b, worker } = await setUp(specs.on('b', 'afterDown', 'transient'))
    a.remote.registry.lookup(Worker, 'worker', { on: 'b' }).tell.finish()
    await cluster.run(100)
    assert.isUndefined(worker('b'))
    assert.equal(b.remote.counts.hosted, 0)
  })

  it('stops the child with its supervisor', async () => {
    const { cluster, b, root, worker } = await setUp(specs.on('b'))
    void root.stop({ type: 'shutdown' }, 1_000)
    await cluster.run(100)
    assert.isUndefined(worker('b'))
    assert.equal(b.remote.counts.hosted, 0)
    assert.equal(root.state, 'finished')
  })

  it('fails the start of the supervisor when the child does not start there', async () => {
    for (const spec of [child('x', Unborn, { on: 'b' }), child('x', Forbidden, { on: 'b' })]) {
      const { a, b, root } = await setUp(spec)
      assert.equal(root.state, 'finished')
      assert.equal(a.rootsFailed.length, 1)
      assert.equal(b.system.size, 0)
      assert.equal(b.remote.counts.hosted, 0)
    }
  })

  it('starts the child elsewhere when its node goes down', async () => {
    const { cluster, worker } = await setUp(specs.on('b'))
    cluster.kill('b')
    for (const at of ['a', 'c']) cluster.net.down(at, 'b')
    await cluster.run(100)
    assert.equal(['a', 'c'].filter((name) => worker(name)?.state === 'running').length, 1)
  })

  it('has two copies while the network is split, then one: the newer', async () => {
    const { cluster, worker } = await setUp(specs.on('b'))
    const old = worker('b')
    for (const at of ['a', 'c']) {
      cluster.net.cut(at, 'b')
      cluster.net.down(at, 'b')
      cluster.net.down('b', at)
    }
    await cluster.run(5_000)
    const copies = () => ['a', 'b', 'c'].filter((name) => worker(name)?.state === 'running')
    assert.equal(copies().length, 2)
    for (const at of ['a', 'c']) {
      cluster.net.heal(at, 'b')
      cluster.net.up(at, 'b')
    }
    await cluster.run(5_000)
    assert.equal(copies().length, 1)
    assert.equal(old?.state, 'finished')
  })

  it('takes a child that was never relocated back when its node returns', async () => {
    const { cluster, b, worker } = await setUp(specs.on('b', 'never'))
    const cell = worker('b')
    cluster.net.cut('a', 'b')
    cluster.net.down('a', 'b')
    cluster.net.down('b', 'a')
    await cluster.run(5_000)
    assert.equal(cell?.state, 'running')
    cluster.net.heal('a', 'b')
    cluster.net.up('a', 'b')
    await cluster.run(1_000)
    assert.strictEqual(worker('b'), cell)
    cell?.kill()
    await cluster.run(1_000)
    assert.equal(worker('b')?.state, 'running', 'it is supervised again')
    assert.equal(b.remote.counts.hosted, 1)
  })

  it('hears of an end during a split when the node returns', async () => {
    const { cluster, worker } = await setUp(specs.on('b', 'never'))
    const cell = worker('b')
    cluster.net.cut('a', 'b')
    cluster.net.down('a', 'b')
    cluster.net.down('b', 'a')
    await cluster.run(100)
    cell?.kill()
    await cluster.run(3_000)
    cluster.net.heal('a', 'b')
    cluster.net.up('a', 'b')
    await cluster.run(1_000)
    assert.equal(worker('b')?.state, 'running')
    assert.equal(worker('b')?.incarnation, 2)
  })

  it('tells a supervisor of an end only after it knows that the node is back', async () => {
    const { cluster, worker } = await setUp(specs.on('b', 'never'))
    cluster.net.down('a', 'b')
    await cluster.run(2_000)
    worker('b')?.kill()
    await cluster.run(3_000)
    assert.equal(worker('b')?.state, 'waiting', 'b never lost contact and has told its end')
    cluster.net.up('a', 'b')
    await cluster.run(1_000)
    assert.equal(worker('b')?.state, 'running')
    assert.equal(worker('b')?.incarnation, 2)
  })

  it('hears of an end that was lost on the way', async () => {
    const { cluster, worker } = await setUp(specs.on('b'))
    cluster.net.cut('a', 'b')
    worker('b')?.kill()
    await cluster.run(3_000)
    assert.equal(worker('b')?.state, 'waiting')
    cluster.net.heal('a', 'b')
    await cluster.run(2_000)
    assert.equal(worker('b')?.state, 'running')
  })

  for (const [what, end] of [
    ['has left', (cluster: RemoteCluster) => cluster.net.left('b', 'a')],
    [
      'was started anew',
      (cluster: RemoteCluster) => {
        cluster.restart('a')
        cluster.net.up('a', 'b')
      },
    ],
  ] as const) {
    it(`ends children whose supervisor’s node ${what}`, async () => {
      const { cluster, b, worker } = await setUp(specs.on('b'))
      end(cluster)
      await cluster.run(100)
      assert.isUndefined(worker('b'))
      assert.equal(b.remote.counts.hosted, 0)
    })
  }

  it('keeps children whose supervisor’s node dropped out of a partial view, for a while', async () => {
    const { cluster, b, worker } = await setUp(specs.on('b'))
    b.carrier.partial = true
    cluster.net.left('b', 'a')
    await cluster.run(59_000)
    assert.equal(worker('b')?.state, 'running', 'nobody can tell whether it has left')
    await cluster.run(2_000)
    assert.equal(b.remote.counts.hosted, 0)
  })

  it('ends children whose supervisor’s node does not come back', async () => {
    const { cluster, b, worker } = await setUp(specs.on('b'))
    cluster.kill('a')
    for (const at of ['b', 'c']) cluster.net.down(at, 'a')
    await cluster.run(59_000)
    assert.equal(worker('b')?.state, 'running', 'it may be cut off only')
    await cluster.run(2_000)
    assert.isUndefined(worker('b'))
    assert.equal(b.remote.counts.hosted, 0)
  })

  for (const restart of ['permanent', 'transient'] as const) {
    it(`starts a ${restart} child again that ended while its supervisor was cut off for long`, async () => {
      const { cluster, b, worker } = await setUp(specs.on('b', 'never', restart))
      cluster.net.cut('a', 'b')
      cluster.net.down('a', 'b')
      cluster.net.down('b', 'a')
      await cluster.run(61_000)
      assert.isUndefined(worker('b'))
      cluster.net.heal('a', 'b')
      cluster.net.up('a', 'b')
      await cluster.run(1_000)
      assert.equal(worker('b')?.state, 'running')
      worker('b')?.kill()
      await cluster.run(1_000)
      assert.equal(worker('b')?.state, 'running', 'it is supervised again')
      assert.equal(b.remote.counts.hosted, 1)
    })

    it(`starts a ${restart} child again that ended when its supervisor’s node left for a while`, async () => {
      const { cluster, b, worker } = await setUp(specs.on('b', 'never', restart))
      cluster.net.left('b', 'a')
      cluster.net.left('a', 'b')
      await cluster.run(1_000)
      assert.isUndefined(worker('b'))
      cluster.net.up('a', 'b')
      await cluster.run(1_000)
      assert.equal(worker('b')?.state, 'running')
      assert.equal(b.remote.counts.hosted, 1)
    })
  }

  it('takes back in time who was only cut off, and lets no timer run on', async () => {
    const { cluster, worker } = await setUp(specs.on('b', 'never'))
    const cell = worker('b')
    for (let i = 0; i < 3; i++) {
      cluster.net.cut('a', 'b')
      cluster.net.down('a', 'b')
      cluster.net.down('b', 'a')
      await cluster.run(40_000)
      cluster.net.heal('a', 'b')
      cluster.net.up('a', 'b')
      await cluster.run(40_000)
    }
    assert.strictEqual(worker('b'), cell)
    assert.equal(cell?.incarnation, 1)
  })

  type Nodes = Awaited<ReturnType<typeof setUp>>
  const NUMBER = 2 ** 32 + 1
  let newest = 2 ** 40

  /** An order to b about the worker, as if from that node, in a session newer than all of that node's. */
  async function order(
    { cluster, b, c, root }: Nodes,
    from: Nodes['a'],
    op: string,
    number: number,
  ) {
    const rest = op === 'stop' ? [['normal'], 0, false] : [['normal']]
    const bytes = c.codec.encodeValue(['place', 1, op, root.id, 'worker', number, ...rest])
    const signal = (...args: unknown[]) => {
      const body = c.codec.encodeArgs(args)
      const envelope = new Envelope(ENVELOPE.SIGNAL, 0, '', 0, 0, undefined, body, undefined)
      b.remote.envelope(from.carrier.self, 1, envelope)
    }
    cluster.net.log = []
    signal(++newest, 0, 0, 0, null)
    const [session] = cluster.net.log.at(-1)?.envelope.args ?? []
    signal(newest, session, 1, 0, bytes)
    await cluster.run(1)
  }

  it('takes orders for a supervisor’s children from its node only', async () => {
    const nodes = await setUp(specs.on('b'))
    await order(nodes, nodes.c, 'stop', NUMBER)
    assert.equal(nodes.worker('b')?.state, 'running')
    await order(nodes, nodes.a, 'stop', NUMBER)
    assert.isUndefined(nodes.worker('b'))
  })

  it('ends what is older than the copy that is to end: the order that began that one got lost', async () => {
    const older = await setUp(specs.on('b'))
    await order(older, older.a, 'stop', NUMBER - 1)
    assert.equal(older.worker('b')?.state, 'running', 'and nothing that is newer')
    await order(older, older.a, 'stop', NUMBER + 2)
    assert.isUndefined(older.worker('b'))
    assert.equal(older.b.remote.counts.hosted, 0)
    for (const op of ['stop', 'finish']) {
      const held = await setUp(specs.on('b'))
      held.cluster.net.cut('a', 'b')
      held.worker('b')?.kill()
      await held.cluster.run(1)
      assert.equal(held.worker('b')?.state, 'waiting')
      await order(held, held.a, op, NUMBER + 1)
      assert.isUndefined(held.worker('b'), op)
      assert.equal(held.b.remote.counts.hosted, 0)
    }
  })
})
