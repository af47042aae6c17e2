import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { actor, channel } from '../../src/actor/decorators.js'
import { partitionKey } from '../../src/actor/partition-key.js'
import type { ActorRef, AnyRef } from '../../src/actor/ref.js'
import { parseAddress } from '../../src/actor/ref-address.js'
import { codeOf, TroupeError } from '../../src/base/errors.js'
import { actorId } from '../../src/base/identity.js'
import { keyHash, receiverKey } from '../../src/remote/key-hash.js'
import { ENVELOPE } from '../../src/wire/envelope.js'
import type { InFlight } from './carrier-pair.js'
import { RemoteCluster } from './remote-cluster.js'

class Move {
  constructor(readonly board: number) {}
}

@actor('outbox/game')
@channel('game')
class Game extends Actor {
  @partitionKey((board: number) => board)
  play(board: number): number {
    return board
  }

  chat(text: string): string {
    return text
  }

  @channel('replay')
  replay(): Uint8Array {
    return new Uint8Array(10)
  }
}

@actor('outbox/plain')
class Plain extends Actor {
  say(value: unknown): unknown {
    return value
  }

  async slow(): Promise<void> {
    await new Promise<void>(() => {})
  }

  move(_move: Move): void {}
}

const pair = (options = {}) => {
  const cluster = new RemoteCluster(['a', 'b'], options)
  return { cluster, a: cluster.node('a'), b: cluster.node('b') }
}

function seenFrom<A extends Actor<unknown>>(
  node: { system: { refAt(address: ReturnType<typeof parseAddress>): AnyRef } },
  ref: AnyRef,
): ActorRef<A> {
  return node.system.refAt(parseAddress(String(ref))) as unknown as ActorRef<A>
}

const kinds = (log: readonly InFlight[] | undefined, kind: number): InFlight[] =>
  (log ?? []).filter(({ envelope }) => envelope.kind === kind)

describe('outbox', () => {
  it('addresses an actor by serial number, a named one by name', () => {
    const { cluster, a, b } = pair()
    cluster.net.log = []
    const { ref, serial } = b.system.spawn(Plain, undefined, { name: 'plain' })
    seenFrom<Plain>(a, ref).tell.say(1)
    a.remote.registry.lookup(Plain, 'plain', { on: 'b' }).tell.say(1)
    const tells = kinds(cluster.net.log, ENVELOPE.TELL).map(({ envelope }) => envelope)
    assert.deepEqual(
      tells.map(({ to, key }) => [to, key]),
      [
        [serial, receiverKey(serial)],
        ['plain', receiverKey('plain')],
      ],
    )
  })

  it('takes channel and key from the send, else the method, else the class, else the default', () => {
    const { cluster, a, b } = pair()
    const game = seenFrom<Game>(a, b.system.spawn(Game).ref)
    const plain = seenFrom<Plain>(a, b.system.spawn(Plain).ref)
    const { log } = Object.assign(cluster.net, { log: [] as InFlight[] })
    game.tell.play(7)
    game.tell.chat('x')
    game.tell.replay()
    game.with({ channel: 'default', partitionKey: 'k' }).tell.play(7)
    plain.tell.say(1)
    const ids = [1, 2].map((serial) => receiverKey(serial))
    const sent = kinds(log, ENVELOPE.TELL).map(({ channel, envelope: { key } }) => [
      a.carrier.channelName(channel),
      key,
    ])
    assert.deepEqual(sent, [
      ['game', keyHash(7)],
      ['game', ids[0]],
      ['replay', ids[0]],
      ['default', keyHash('k')],
      ['default', ids[1]],
    ])
  })

  it('answers on channel and key of the question, unless the method names a channel', async () => {
    const { cluster, a, b } = pair()
    const game = seenFrom<Game>(a, b.system.spawn(Game).ref)
    const { log } = Object.assign(cluster.net, { log: [] as InFlight[] })
    await cluster.complete(game.ask.play(7))
    await cluster.complete(game.with({ channel: 'default' }).ask.chat('x'))
    await cluster.complete(game.with({ channel: 'default' }).ask.replay())
    const replies = kinds(log, ENVELOPE.REPLY)
      .filter(({ from, envelope }) => from === 'b' && envelope.key !== 0)
      .map(({ channel, envelope: { key } }) => [a.carrier.channelName(channel), key])
    const own = receiverKey(1)
    assert.deepEqual(replies, [
      ['game', keyHash(7)],
      ['default', own],
      ['replay', own],
    ])
  })

  it('refuses a channel that the node does not have', async () => {
    const { cluster, a, b } = pair()
    const plain = seenFrom<Plain>(a, b.system.spawn(Plain).ref).with({ channel: 'none' })
    assert.throws(() => plain.tell.say(1), /ERR_UNKNOWN_CHANNEL/)
    assert.equal(codeOf(await cluster.failure(plain.ask.say(1))), 'ERR_UNKNOWN_CHANNEL')
  })

  it('says when a lane is slow, and resolves ready when it is not any more', async () => {
    const { cluster, a, b } = pair()
    const plain = seenFrom<Plain>(a, b.system.spawn(Plain).ref)
    a.carrier.slow()
    assert.isFalse(plain.tell.say(1))
    let ready = false
    void plain.ready().then(() => {
      ready = true
    })
    await cluster.run(10)
    assert.isFalse(ready)
    assert.equal(a.deadLetters.length, 0)
    a.carrier.drain()
    await cluster.run(10)
    assert.isTrue(ready)
  })

  it('makes a dead letter of a tell and fails an ask when the lane is full', async () => {
    const { cluster, a, b } = pair()
    const plain = seenFrom<Plain>(a, b.system.spawn(Plain).ref)
    a.carrier.full()
    assert.isFalse(plain.tell.say(1))
    assert.equal(a.deadLetters[0]?.reason, 'ERR_LANE_FULL')
    assert.equal(codeOf(await cluster.failure(plain.ask.say(1))), 'ERR_LANE_FULL')
    assert.equal(a.remote.counts.outbound, 0)
  })

  it('waits with an answer until the lane has room', async () => {
    const { cluster, a, b } = pair()
    const plain = seenFrom<Plain>(a, b.system.spawn(Plain).ref)
    b.carrier.full()
    const asked = plain.ask.say(1)
    await cluster.run(50)
    b.carrier.drain()
    assert.equal(await cluster.complete(asked), 1)
  })

  it('treats a node nobody knows as such', async () => {
    const { cluster, a } = pair()
    const nobody = a.remote.registry.lookup(Plain, 'x', { on: 'nowhere' })
    assert.isFalse(nobody.tell.say(1))
    assert.equal(a.deadLetters[0]?.reason, 'ERR_UNKNOWN_NODE')
    assert.equal(codeOf(await cluster.failure(nobody.ask.say(1))), 'ERR_UNKNOWN_NODE')
  })

  it('knows refs to an earlier start of a node as dead; names reach the new one', async () => {
    const { cluster, a, b } = pair()
    const old = seenFrom<Plain>(a, b.system.spawn(Plain, undefined, { name: 'plain' }).ref)
    const named = a.remote.registry.lookup(Plain, 'plain', { on: 'b' })
    assert.equal(await cluster.complete(old.ask.say(1)), 1)
    const again = cluster.restart('b')
    cluster.net.up('a', 'b')
    again.system.spawn(Plain, undefined, { name: 'plain' })
    assert.isFalse(old.tell.say(1))
    assert.equal(a.deadLetters[0]?.reason, 'ERR_NO_ACTOR')
    assert.equal(codeOf(await cluster.failure(old.ask.say(1))), 'ERR_NO_ACTOR')
    assert.equal(await cluster.complete(named.ask.say(2)), 2)
  })

  it('says ERR_STOPPED for an actor that was, ERR_NO_ACTOR for one that never was', async () => {
    const { cluster, a, b } = pair()
    const never = `troupe://b/outbox/plain/${actorId(b.incarnation, 999)}`
    const ref = a.system.refAt(parseAddress(never)) as unknown as ActorRef<Plain>
    assert.equal(codeOf(await cluster.failure(ref.ask.say(1))), 'ERR_NO_ACTOR')
  })
})

describe('calls', () => {
  it('fails all asks to a node that goes down, and drops what it still answers', async () => {
    const { cluster, a, b } = pair()
    const plain = seenFrom<Plain>(a, b.system.spawn(Plain).ref)
    cluster.net.latencyMs = [50, 50]
    const asked = [plain.ask.say(1), plain.ask.say(2)]
    for (const one of asked) one.catch(() => {})
    await cluster.run(60)
    cluster.net.down('a', 'b')
    for (const one of asked) {
      assert.equal(codeOf(await cluster.failure(one)), 'ERR_NODE_DOWN')
    }
    assert.equal(a.remote.counts.outbound, 0)
    cluster.net.up('a', 'b')
    await cluster.run(200)
    assert.isAtLeast(a.system.counters.lateAnswers, 2)
  })

  it('fails asks to a member that left before it was ever in reach', async () => {
    const { cluster, a } = pair()
    const ghost = { ...a.carrier.self, name: 'ghost' }
    a.carrier.meetSilently(ghost)
    const asked = a.remote.registry.lookup(Plain, 'x', { on: 'ghost' }).ask.say(1)
    asked.catch(() => {})
    await cluster.run(100)
    a.carrier.forgetSilently('ghost')
    a.remote.membersChanged()
    assert.equal(codeOf(await cluster.failure(asked)), 'ERR_NODE_DOWN')
  })

  it('tells the other node when an asker gives up', async () => {
    const { cluster, a, b } = pair()
    const plain = seenFrom<Plain>(a, b.system.spawn(Plain).ref)
    const failure = await cluster.failure(plain.with({ timeoutMs: 100 }).ask.slow())
    assert.equal(codeOf(failure), 'ERR_ASK_TIMEOUT')
    assert.equal(b.remote.counts.inbound, 1)
    await cluster.run(50)
    assert.equal(b.remote.counts.inbound, 0)
  })

  it('forgets the questions of a node that goes down', async () => {
    const { cluster, a, b } = pair()
    const plain = seenFrom<Plain>(a, b.system.spawn(Plain).ref)
    plain.ask.slow().catch(() => {})
    await cluster.run(50)
    cluster.net.down('b', 'a')
    assert.equal(b.remote.counts.inbound, 0)
  })

  it('refuses more asks to one node than callsMax', async () => {
    const { cluster, a, b } = pair({ remote: { callsMax: 2 } })
    const named = a.remote.registry.lookup(Plain, 'plain', { on: 'b' })
    b.system.spawn(Plain, undefined, { name: 'plain' })
    const asked = [named.ask.say(1), named.ask.say(2)]
    assert.equal(codeOf(await cluster.failure(named.ask.say(3))), 'ERR_LANE_FULL')
    assert.deepEqual(await cluster.complete(Promise.all(asked)), [1, 2])
    assert.equal(await cluster.complete(named.ask.say(4)), 4)
  })

  it('keeps no more open questions of one node than inboundMax', async () => {
    const { cluster, a, b } = pair({ remote: { inboundMax: 3 } })
    const refs = [1, 2, 3, 4, 5].map(() => seenFrom<Plain>(a, b.system.spawn(Plain).ref))
    await cluster.complete(Promise.all(refs.map((ref) => ref.ask.say(1))))
    for (const ref of refs) ref.ask.slow().catch(() => {})
    await cluster.run(50)
    assert.equal(b.remote.counts.inbound, 3)
  })

  it('fails an ask and makes a dead letter of a tell that were never written', async () => {
    const { cluster, a, b } = pair()
    const plain = seenFrom<Plain>(a, b.system.spawn(Plain).ref)
    cluster.net.lose = () => true
    const { log } = Object.assign(cluster.net, { log: [] as InFlight[] })
    const asked = plain.ask.say(1)
    asked.catch(() => {})
    plain.tell.say(2)
    const reason = new TroupeError('ERR_CONNECTION_LOST', 'the lane broke')
    for (const { envelope } of log) {
      a.remote.undelivered(b.carrier.self, 'default', envelope, reason)
    }
    assert.equal(codeOf(await cluster.failure(asked)), 'ERR_CONNECTION_LOST')
    assert.equal(a.deadLetters[0]?.reason, 'ERR_CONNECTION_LOST')
    assert.equal(a.deadLetters[0]?.to.id, plain.id)
  })

  it('leaves nothing behind when the node stops', async () => {
    const { cluster, a, b } = pair()
    const plain = seenFrom<Plain>(a, b.system.spawn(Plain).ref)
    const asked = plain.ask.slow()
    asked.catch(() => {})
    a.remote.close()
    assert.equal(codeOf(await cluster.failure(asked)), 'ERR_NODE_STOPPED')
    assert.equal(a.remote.counts.outbound, 0)
  })
})
