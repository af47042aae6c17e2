import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import type { AnyRef } from '../../src/actor/ref.js'
import { codeOf, type TroupeError } from '../../src/base/errors.js'
import { RemoteCluster } from './remote-cluster.js'

@actor('spawn/worker')
class Worker extends Actor<{ readonly n: number } | undefined> {
  value(): number {
    return this.args?.n ?? 0
  }
}

@actor('spawn/unborn')
class Unborn extends Actor {
  override onStart(): void {
    throw new RangeError('no luck')
  }
}

@actor('spawn/slow')
class Slow extends Actor {
  override async onStart(): Promise<void> {
    await new Promise<void>((resolve) => {
      Slow.release = resolve
    })
  }

  static release = (): void => {}
}

@actor('spawn/forbidden')
class Forbidden extends Actor {}

class Nameless extends Actor {}

@actor('spawn/observer')
class Observer extends Actor {
  static readonly heard: string[] = []

  override onDown({ reason }: { reason: { type: string } }): void {
    Observer.heard.push(reason.type)
  }
}

const setUp = () => {
  const cluster = new RemoteCluster(['a', 'b'], {
    remote: { remoteSpawn: [Worker, Unborn, Slow] },
  })
  const [a, b] = [cluster.node('a'), cluster.node('b')]
  return { cluster, a, b, spawn: a.remote.spawn }
}

describe('remote-spawn', () => {
  it('starts an actor on another node, with arguments and a name', async () => {
    const { cluster, a, b, spawn } = setUp()
    const spawned = spawn.spawn('b', Worker, { n: 7 }, { name: 'worker', mailboxLimit: 10 })
    const ref = await cluster.complete(spawned)
    assert.equal(ref.node, 'b')
    assert.equal(await cluster.complete(ref.ask.value()), 7)
    assert.equal(b.system.named('worker')?.id, ref.id)
    assert.equal(b.system.named('worker')?.settings.mailboxLimit, 10)
    const again = await cluster.failure(spawn.spawn('b', Worker, undefined, { name: 'worker' }))
    assert.equal(codeOf(again), 'ERR_NAME_IN_USE')
    assert.equal(a.system.size, 0)
  })

  it('starts one on its own node as well', async () => {
    const { cluster, a, spawn } = setUp()
    const ref = await cluster.complete(spawn.spawn('a', Worker))
    assert.equal(a.system.cellOf(ref as unknown as AnyRef)?.state, 'running')
  })

  it('brings back what onStart threw', async () => {
    const { cluster, b, spawn } = setUp()
    const error = (await cluster.failure(spawn.spawn('b', Unborn))) as TroupeError
    assert.equal(error.code, 'ERR_START_FAILED')
    assert.equal((error.cause as Error).message, 'no luck')
    assert.equal(b.system.size, 0)
  })

  it('starts only what the other node allows', async () => {
    const { cluster, spawn } = setUp()
    const failure = await cluster.failure(spawn.spawn('b', Forbidden))
    assert.equal(codeOf(failure), 'ERR_SPAWN_FORBIDDEN')
    const nameless = await cluster.failure(spawn.spawn('b', Nameless))
    assert.equal(codeOf(nameless), 'ERR_BAD_DEFINITION')
    const nowhere = await cluster.failure(spawn.spawn('nowhere', Worker))
    assert.equal(codeOf(nowhere), 'ERR_UNKNOWN_NODE')
  })

  it('refuses bad options of the other node’s spawn, as they come', async () => {
    const { cluster, a } = setUp()
    const args = ['spawn/worker', undefined, { mailboxLimit: -1 }]
    const failure = await cluster.failure(a.remote.control.request('b', 'spawn', args))
    assert.equal(codeOf(failure), 'ERR_BAD_OPTION')
  })

  it('undoes a start that comes out after its deadline', async () => {
    const { cluster, b, spawn } = setUp()
    const failure = await cluster.failure(spawn.spawn('b', Slow, undefined, { timeoutMs: 100 }))
    assert.equal(codeOf(failure), 'ERR_ASK_TIMEOUT')
    await cluster.run(50)
    assert.equal(b.system.size, 1)
    Slow.release()
    await cluster.run(50)
    assert.equal(b.system.size, 0)
  })

  it('links and watches from the start', async () => {
    const { cluster, a, b, spawn } = setUp()
    const watch = a.system.spawn(Observer)
    const link = a.system.spawn(Observer)
    const options = { watch: watch.ref, link: link.ref }
    const ref = await cluster.complete(spawn.spawn('b', Worker, undefined, options))
    await cluster.run(20)
    b.system.cellOf(b.system.refAt(ref.address))?.kill()
    await cluster.run(20)
    assert.deepEqual(Observer.heard, ['killed'])
    assert.equal(link.state, 'finished')
    const late = spawn.spawn('b', Worker, undefined, { link: link.ref })
    await cluster.complete(late)
    assert.equal(b.system.size, 0, 'its link had ended')
  })

  it('refuses a class without a type name in remoteSpawn', () => {
    assert.throws(
      () => new RemoteCluster(['a'], { remote: { remoteSpawn: [Nameless] } }),
      /Nameless needs @actor.*ERR_BAD_DEFINITION/,
    )
  })
})
