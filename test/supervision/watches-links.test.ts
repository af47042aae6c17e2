import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import type { Down, Exit } from '../../src/actor/bonds.js'
import { actor } from '../../src/actor/decorators.js'
import {
  type ExitReason,
  KILLED,
  NORMAL,
  SHUTDOWN,
  showReason,
} from '../../src/actor/exit-reason.js'
import { type ActorRef, type AnyRef, routeOf } from '../../src/actor/ref.js'
import { RemoteRoute } from '../../src/actor/routes.js'
import { actorId, newIncarnation } from '../../src/base/identity.js'
import { noPlacement } from '../../src/supervision/placement.js'
import type { Place } from '../../src/supervision/relocation.js'
import { noRemoteBonds, type RemoteBonds } from '../../src/supervision/remote-bonds.js'
import { SupervisedNode } from './supervised-node.js'

/** Watches and links as it is told, and remembers what it hears. */
@actor('test/friend')
class Friend extends Actor<{ traps?: boolean } | undefined> {
  readonly heard: string[] = []
  override trapExits = this.args?.traps === true

  override onDown({ reason, incarnation }: Down): void {
    this.heard.push(`down ${incarnation} ${reason.type}`)
  }
  override onExit({ reason }: Exit): void {
    this.heard.push(`exit ${showReason(reason)}`)
  }
  look(at: AnyRef): void {
    this.watch(at)
  }
  away(from: AnyRef): void {
    this.unwatch(from)
  }
  tie(to: AnyRef): void {
    this.link(to)
  }
  untie(from: AnyRef): void {
    this.unlink(from)
  }
  finish(reason: ExitReason): void {
    void this.stop(this.self, reason)
  }
  crash(): void {
    throw new Error('crash')
  }
  listen(): string[] {
    return this.heard
  }
  me(): AnyRef {
    return this.self
  }
}

type F = ActorRef<Friend>

/** Writes down what a node tells its peers. */
class FakePeers implements RemoteBonds {
  readonly sent: string[] = []
  up = true
  watch(target: AnyRef, id: number): boolean {
    assert.instanceOf(routeOf(target), RemoteRoute)
    this.sent.push(`watch ${target.node} ${id}`)
    return this.up
  }
  unwatch(target: AnyRef, id: number): void {
    this.sent.push(`unwatch ${target.node} ${id}`)
  }
  down(
    to: Place,
    id: number,
    { reason, willRestart }: { reason: ExitReason; willRestart: boolean },
  ): void {
    this.sent.push(`down ${to.node} ${id} ${reason.type} ${willRestart}`)
  }
  link(target: AnyRef, id: number): boolean {
    assert.instanceOf(routeOf(target), RemoteRoute)
    this.sent.push(`link ${target.node} ${id}`)
    return this.up
  }
  unlink(node: string, id: number, made: string): void {
    this.sent.push(`unlink ${node} ${id} ${made}`)
  }
  exit(to: string, id: number, made: string, reason: ExitReason): void {
    this.sent.push(`exit ${to} ${id} ${made} ${reason.type}`)
  }
  get last(): string {
    return this.sent.splice(0).join(', ')
  }
}

const B: Place = { node: 'b', incarnation: newIncarnation(5, new Uint8Array([1, 2, 3, 4, 5])) }
const B2: Place = { node: 'b', incarnation: newIncarnation(6, new Uint8Array([1, 2, 3, 4, 6])) }

class Bench {
  readonly node = new SupervisedNode()
  readonly peers = new FakePeers()

  constructor() {
    const { system, supervision } = this.node
    supervision.connect(this.peers, noPlacement(supervision.self), (target) =>
      typeof target === 'number' ? system.cell(target) : system.named(target),
    )
  }

  async friend(traps = false): Promise<F> {
    return this.node.up(Friend, { traps })
  }

  /** An actor of node b. */
  there(serial: number, at = B): F {
    const address = {
      node: 'b',
      type: 'test/friend',
      id: actorId(at.incarnation, serial),
      name: undefined,
    }
    return this.node.system.refAt(address) as unknown as F
  }

  serial(ref: AnyRef): number {
    return this.node.system.cellOf(ref)?.serial ?? 0
  }

  async heard(ref: F): Promise<string> {
    await this.node.settle()
    return (await ref.ask.listen()).splice(0).join(', ')
  }

  get counts(): string {
    const { watches, links } = this.node.supervision.counts
    return `${watches} ${links}`
  }
}

describe('watches', () => {
  it('tell of an end once, however often it was watched', async () => {
    const bench = new Bench()
    const [a, b] = [await bench.friend(), await bench.friend()]
    for (let i = 0; i < 3; i++) a.tell.look(b)
    await bench.node.settle()
    assert.equal(bench.counts, '1 0')
    b.tell.finish(NORMAL)
    assert.equal(await bench.heard(a), 'down 1 normal')
    assert.equal(bench.counts, '0 0')
  })

  it('tell of an actor that is not there, but not before the watching message is done', async () => {
    const bench = new Bench()
    const [a, b] = [await bench.friend(), await bench.friend()]
    await bench.node.end(b, NORMAL)
    a.tell.look(b)
    assert.equal(await bench.heard(a), 'down 0 noActor')
    a.tell.look(bench.node.system.node.lookup(Friend, 'nobody'))
    assert.equal(await bench.heard(a), 'down 0 noActor')
    assert.equal(bench.counts, '0 0')
  })

  it('carry the reason of every kind of end', async () => {
    const bench = new Bench()
    const a = await bench.friend()
    for (const reason of [NORMAL, SHUTDOWN, KILLED]) {
      const b = await bench.friend()
      await a.ask.look(b)
      await bench.node.end(b, reason)
    }
    const c = await bench.friend()
    await a.ask.look(c)
    c.tell.crash()
    assert.equal(
      await bench.heard(a),
      'down 1 normal, down 1 shutdown, down 1 killed, down 1 error',
    )
  })

  it('are undone by unwatch, by named refs too whoever holds the name by then', async () => {
    const bench = new Bench()
    const a = await bench.friend()
    bench.node.system.spawn(Friend, undefined, { name: 'x' })
    const x = bench.node.system.node.lookup(Friend, 'x')
    await a.ask.look(x)
    await a.ask.away(x)
    assert.equal(bench.counts, '0 0')
    await a.ask.look(x)
    const held = await x.ask.me()
    await a.ask.away(held)
    assert.equal(bench.counts, '0 0')
    await bench.node.end(x, NORMAL)
    assert.equal(await bench.heard(a), '')
  })

  it('of itself are harmless, and end with the watcher', async () => {
    const bench = new Bench()
    const [a, b] = [await bench.friend(), await bench.friend()]
    await a.ask.look(await a.ask.me())
    assert.equal(bench.counts, '0 0')
    await a.ask.look(b)
    await bench.node.end(a, NORMAL)
    assert.equal(bench.counts, '0 0')
  })

  it('of actors on other nodes are asked for once, answered, and over with the last Down', async () => {
    const bench = new Bench()
    const a = await bench.friend()
    const far = bench.there(7)
    await a.ask.look(far)
    await a.ask.look(bench.there(7))
    assert.equal(bench.peers.last, 'watch b 1')
    const { supervision } = bench.node
    assert.deepEqual(
      supervision.outgoing('b').watches.map(({ id }) => id),
      [1],
    )
    supervision.downed(B, 1, { incarnation: 1, reason: KILLED, willRestart: true })
    supervision.downed(B, 1, { incarnation: 2, reason: NORMAL, willRestart: false })
    supervision.downed(B, 1, { incarnation: 2, reason: NORMAL, willRestart: false })
    assert.equal(await bench.heard(a), 'down 1 killed, down 2 normal')
    assert.equal(bench.counts, '0 0')
  })

  it('take a ref that was made by another node of this process', async () => {
    const bench = new Bench()
    const a = await bench.friend()
    const far = new SupervisedNode('b').spawn(Friend, {})
    await a.ask.look(far)
    await a.ask.tie(far)
    assert.equal(bench.peers.last, 'watch b 1, link b 1')
    await a.ask.away(far)
    await a.ask.untie(far)
    assert.equal(bench.counts, '0 0')
  })

  it('of actors on other nodes are taken back by unwatch and by the end of the watcher', async () => {
    const bench = new Bench()
    const a = await bench.friend()
    await a.ask.look(bench.there(7))
    await a.ask.away(bench.there(7))
    await a.ask.look(bench.there(8))
    await bench.node.end(a, NORMAL)
    assert.equal(bench.peers.last, 'watch b 1, unwatch b 1, watch b 2, unwatch b 2')
  })

  it('fire nodeDown when the node goes down, for that incarnation only', async () => {
    const bench = new Bench()
    const a = await bench.friend()
    for (const far of [bench.there(1), bench.there(2), bench.there(3, B2)]) await a.ask.look(far)
    bench.node.supervision.nodeDown(B)
    assert.equal(await bench.heard(a), 'down 0 nodeDown, down 0 nodeDown')
    bench.peers.up = false
    await a.ask.look(bench.there(4))
    assert.equal(await bench.heard(a), 'down 0 nodeDown', 'at once while the node is down')
    assert.equal(bench.counts, '1 0')
  })

  it('by other nodes are answered once an end, and are gone with their node', async () => {
    const bench = new Bench()
    const a = await bench.friend()
    const serial = bench.serial(a)
    const { supervision } = bench.node
    supervision.watched(B, 1, serial)
    supervision.watched(B, 1, serial)
    supervision.watched(B, 2, 999)
    assert.equal(bench.peers.last, 'down b 2 noActor false')
    supervision.watched(B, 3, serial)
    supervision.unwatched(B, 3)
    await bench.node.end(a, SHUTDOWN)
    assert.equal(bench.peers.last, 'down b 1 shutdown false')
    const c = await bench.friend()
    supervision.watched(B, 4, bench.serial(c))
    supervision.nodeDown(B)
    assert.equal(bench.counts, '0 0')
    await bench.node.end(c, NORMAL)
    assert.equal(bench.peers.last, '')
  })

  it('ignore what a peer has no right to say', async () => {
    const bench = new Bench()
    const a = await bench.friend()
    await a.ask.look(bench.there(7))
    const { supervision } = bench.node
    const news = { incarnation: 1, reason: NORMAL, willRestart: false }
    supervision.downed({ node: 'c', incarnation: B.incarnation }, 1, news)
    supervision.downed(B2, 1, news)
    supervision.downed(B, 99, news)
    supervision.unwatched(B, 99)
    supervision.unlinked(B, 99, 'here')
    supervision.exited(B, 99, 'there', NORMAL)
    assert.equal(await bench.heard(a), '')
    assert.equal(bench.counts, '1 0')
  })
})

describe('links', () => {
  it('end the other with an abnormal reason, not with a normal one', async () => {
    for (const [reason, lives] of [
      [NORMAL, true],
      [SHUTDOWN, true],
      [KILLED, false],
    ] as const) {
      const bench = new Bench()
      const [a, b] = [await bench.friend(), await bench.friend()]
      await a.ask.tie(b)
      await b.ask.tie(a)
      assert.equal(bench.counts, '0 1')
      await bench.node.end(b, reason)
      assert.equal(bench.node.alive(a), lives, reason.type)
      assert.equal(bench.counts, '0 0')
    }
  })

  it('pass on a crash in both directions', async () => {
    for (const which of [0, 1]) {
      const bench = new Bench()
      const pair = [await bench.friend(), await bench.friend()]
      await pair[0]?.ask.tie(pair[1] as F)
      pair[which]?.tell.crash()
      await bench.node.settle()
      assert.deepEqual(
        pair.map((one) => bench.node.alive(one)),
        [false, false],
      )
    }
  })

  it('tell an actor that traps exits, and let it live', async () => {
    const bench = new Bench()
    const a = await bench.friend(true)
    for (const reason of [KILLED, NORMAL]) {
      const b = await bench.friend()
      await b.ask.tie(a)
      await bench.node.end(b, reason)
    }
    const c = await bench.friend()
    await a.ask.tie(c)
    c.tell.crash()
    assert.equal(await bench.heard(a), 'exit killed, exit normal, exit error: crash')
  })

  it('to an actor that is not there end the one that links, unless it traps exits', async () => {
    const bench = new Bench()
    const [gone, a, b] = [await bench.friend(), await bench.friend(), await bench.friend(true)]
    await bench.node.end(gone, NORMAL)
    a.tell.tie(gone)
    b.tell.tie(gone)
    await bench.node.settle()
    assert.isFalse(bench.node.alive(a))
    assert.equal(await bench.heard(b), 'exit no such actor')
  })

  it('are undone by unlink from either side, and to itself are harmless', async () => {
    const bench = new Bench()
    const [a, b] = [await bench.friend(), await bench.friend()]
    await a.ask.tie(b)
    await b.ask.untie(a)
    await a.ask.tie(await a.ask.me())
    assert.equal(bench.counts, '0 0')
    await bench.node.end(b, KILLED)
    assert.isTrue(bench.node.alive(a))
  })

  it('pass an exit down a chain of 20,000 actors', async () => {
    const bench = new Bench()
    const chain: F[] = []
    for (let i = 0; i < 20_000; i++) chain.push(bench.node.spawn(Friend, {}))
    await bench.node.settle()
    chain.forEach((ref, i) => {
      const next = chain[i + 1]
      if (next) bench.node.supervision.link(bench.node.system.cellOf(ref) as never, next)
    })
    await bench.node.end(chain[0] as F, KILLED)
    await bench.node.settle()
    assert.equal(bench.node.system.size, 0)
    assert.equal(bench.counts, '0 0')
  })

  it('across nodes are made once, and exits go both ways', async () => {
    const bench = new Bench()
    const [a, b] = [await bench.friend(), await bench.friend()]
    await a.ask.tie(bench.there(7))
    await a.ask.tie(bench.there(7))
    assert.equal(bench.peers.last, 'link b 1')
    bench.node.supervision.exited(B, 1, 'here', KILLED)
    await bench.node.settle()
    assert.isFalse(bench.node.alive(a))
    assert.equal(bench.peers.last, '')
    await b.ask.tie(bench.there(8))
    await bench.node.end(b, SHUTDOWN)
    assert.equal(bench.peers.last, 'link b 2, exit b 2 here shutdown')
  })

  it('made by another node work the same way', async () => {
    const bench = new Bench()
    const { supervision } = bench.node
    const [a, b, c] = [await bench.friend(), await bench.friend(), await bench.friend()]
    supervision.linked(B, 1, bench.there(1), bench.serial(a))
    supervision.linked(B, 2, bench.there(2), bench.serial(b))
    supervision.linked(B, 3, bench.there(3), bench.serial(c))
    supervision.linked(B, 4, bench.there(4), 999)
    assert.equal(bench.peers.last, 'exit b 4 there noActor')
    supervision.exited(B, 1, 'there', KILLED)
    await bench.node.end(b, NORMAL)
    await c.ask.untie(bench.there(3))
    assert.equal(bench.peers.last, 'exit b 2 there normal, unlink b 3 there')
    assert.isFalse(bench.node.alive(a))
    assert.equal(bench.counts, '0 0')
  })

  it('made by both sides at the same time give one exit', async () => {
    const bench = new Bench()
    const a = await bench.friend(true)
    await a.ask.tie(bench.there(7))
    bench.node.supervision.linked(B, 1, bench.there(7), bench.serial(a))
    bench.node.supervision.exited(B, 1, 'there', KILLED)
    bench.node.supervision.exited(B, 1, 'here', KILLED)
    assert.equal(await bench.heard(a), 'exit killed')
    assert.equal(bench.counts, '0 0')
  })

  it('pass on the loss of a node', async () => {
    const bench = new Bench()
    const [a, b] = [await bench.friend(true), await bench.friend()]
    await a.ask.tie(bench.there(7))
    bench.node.supervision.linked(B, 1, bench.there(8), bench.serial(b))
    bench.node.supervision.nodeDown(B)
    assert.equal(await bench.heard(a), 'exit node b went down')
    assert.isFalse(bench.node.alive(b))
    bench.peers.up = false
    await a.ask.tie(bench.there(9))
    assert.equal(await bench.heard(a), 'exit node b went down')
    assert.equal(bench.counts, '0 0')
  })
})

describe('a node without peers', () => {
  it('tells at once that another node is down', async () => {
    assert.isFalse(noRemoteBonds.watch({} as AnyRef, 1))
    const bench = new Bench()
    const lone = new SupervisedNode('c')
    const a = lone.spawn(Friend, {})
    a.tell.look(bench.there(1))
    await lone.settle()
    assert.deepEqual(await a.ask.listen(), ['down 0 nodeDown'])
  })
})
