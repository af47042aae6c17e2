import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { actor, channel } from '../../src/actor/decorators.js'
import type { AnyRef } from '../../src/actor/ref.js'
import { codeOf } from '../../src/base/errors.js'
import { ENVELOPE } from '../../src/wire/envelope.js'
import { RemoteCluster } from './remote-cluster.js'

const heard: string[] = []

@actor('groups/listener')
@channel('game')
class Listener extends Actor<string> {
  say(text: string): void {
    heard.push(`${this.args} ${text}`)
  }
}

@actor('groups/other')
class Other extends Actor<string> {
  other(): void {}

  say(text: string): void {
    heard.push(`${this.args} also ${text}`)
  }
}

/** Known to its own node only. */
class Private extends Actor<string> {
  say(text: string): void {
    heard.push(`${this.args} ${text}`)
  }
}

@actor('groups/deaf')
class Deaf extends Actor {}

async function setUp(options = {}) {
  heard.length = 0
  const cluster = new RemoteCluster(['a', 'b', 'c'], options)
  const [a, b] = [cluster.node('a'), cluster.node('b')]
  const join = (node: typeof a, ref: AnyRef, group = 'room') =>
    cluster.complete(node.remote.groups.join(group, ref))
  const cells = ['a', 'b', 'c'].map((name) => cluster.node(name).system.spawn(Listener, name))
  for (const cell of cells) await join(cluster.node(cell.node), cell.ref)
  await cluster.run(20)
  return { cluster, a, b, cells, join }
}

describe('group-service', () => {
  it('broadcasts from any node to the members of all nodes, encoded once', async () => {
    const { cluster, a } = await setUp()
    cluster.net.log = []
    assert.isTrue(a.remote.groups.group(Listener, 'room').tell.say('hi'))
    const tells = cluster.net.log.filter(({ envelope }) => envelope.kind === ENVELOPE.TELL)
    await cluster.run(20)
    assert.sameMembers(heard, ['a hi', 'b hi', 'c hi'])
    assert.deepEqual(
      tells.map(({ channel }) => a.carrier.channelName(channel)),
      ['game', 'game'],
    )
    assert.strictEqual(tells[0]?.envelope.body, tells[1]?.envelope.body)
  })

  it('leaves out who takes no message as large, and only those', async () => {
    const { cluster, a } = await setUp()
    a.carrier.mostBytes = (node) => (node === 'b' ? 100 : 10_000)
    const text = 'x'.repeat(1_000)
    assert.isFalse(a.remote.groups.group(Listener, 'room').tell.say(text))
    await cluster.run(20)
    assert.sameMembers(heard, [`a ${text}`, `c ${text}`])
    assert.deepEqual(
      a.deadLetters.map(({ to, reason }) => [to.node, reason]),
      [['b', 'ERR_TOO_LARGE']],
    )
  })

  it('reaches members of other classes, and of classes not known here, by the method’s name', async () => {
    const { cluster, a, b, join } = await setUp()
    await join(b, b.system.spawn(Other, 'other').ref)
    await join(b, b.system.spawn(Private, 'private').ref)
    await join(a, a.system.spawn(Deaf).ref)
    await cluster.run(20)
    for (let i = 0; i < 2; i++) {
      a.remote.groups.broadcast('room', 'say', ['x'])
      a.remote.groups.group(Listener, 'room').tell.say('x')
      await cluster.run(20)
    }
    const expected = ['a x', 'b x', 'c x', 'other also x', 'private x']
    assert.sameMembers(heard, [...expected, ...expected, ...expected, ...expected])
    assert.deepEqual(
      a.deadLetters.map(({ reason }) => reason),
      new Array(4).fill('ERR_UNKNOWN_METHOD'),
    )
  })

  it('joins and leaves for an actor of another node', async () => {
    const { cluster, a, b, join } = await setUp()
    const { ref } = b.system.spawn(Listener, 'late', { name: 'late' })
    const seen = a.system.refAt(ref.address)
    await join(a, seen)
    await join(a, a.remote.registry.lookup(Listener, 'late', { on: 'b' }) as unknown as AnyRef)
    await cluster.run(20)
    assert.equal(a.remote.groups.members('room').length, 4)
    await cluster.complete(a.remote.groups.leave('room', seen))
    await cluster.run(20)
    assert.equal(cluster.node('c').remote.groups.members('room').length, 3)
  })

  it('takes the members of a lost node out, and in again when it returns', async () => {
    const { cluster, a } = await setUp()
    const changes: string[] = []
    a.remote.groups.events.on('groupChanged', ({ joined, left }) =>
      changes.push(`+${joined.map((ref) => ref.node)} -${left.map((ref) => ref.node)}`),
    )
    cluster.net.down('a', 'b')
    const nodes = () => a.remote.groups.members('room').map((ref) => ref.node)
    assert.deepEqual(nodes(), ['a', 'c'])
    cluster.net.up('a', 'b')
    await cluster.run(20)
    assert.deepEqual(nodes(), ['a', 'b', 'c'])
    assert.deepEqual(changes, ['+ -b', '+b -'])
    assert.deepEqual(a.remote.groups.names(), ['room'])
  })

  it('converges when messages about groups were lost, and is then quiet', async () => {
    const { cluster, a, b, cells, join } = await setUp()
    cluster.net.lose = () => true
    await join(b, b.system.spawn(Listener, 'x').ref)
    cells[1]?.kill()
    await cluster.run(500)
    assert.equal(a.remote.groups.members('room').length, 3)
    cluster.net.lose = () => false
    await cluster.run(2_000)
    const ids = (name: string) =>
      cluster
        .node(name)
        .remote.groups.members('room')
        .map((ref) => String(ref))
    assert.deepEqual(ids('a'), ids('b'))
    assert.deepEqual(ids('c'), ids('b'))
    cluster.net.log = []
    await cluster.run(60_000)
    assert.deepEqual(cluster.net.log, [])
  })

  it('refuses what cannot be serialised before anybody gets it', async () => {
    const { cluster, a } = await setUp()
    const group = a.remote.groups.group(Listener, 'room')
    assert.throws(() => group.tell.say((() => {}) as never), /ERR_NOT_SERIALIZABLE/)
    await cluster.run(20)
    assert.deepEqual(heard, [])
  })

  it('holds no more memberships than membershipsMax', async () => {
    const { cluster, a } = await setUp({ remote: { membershipsMax: 2 } })
    const { groups } = a.remote
    const [ref] = groups.localMembers('room') as [AnyRef]
    await cluster.complete(groups.join('second', ref))
    const failure = await cluster.failure(groups.join('third', ref))
    assert.equal(codeOf(failure), 'ERR_TOO_MANY_BONDS')
  })
})
