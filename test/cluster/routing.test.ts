import { assert } from 'chai'
import type {
  Member,
  Overlay,
  OverlayEffect,
  OverlayEvent,
  OverlayFactory,
} from '../../src/overlay/overlay.js'
import { staticMembers } from '../../src/overlay/static-members.js'
import { Gate } from '../../src/peer/gate.js'
import { FRAME } from '../../src/wire/frame.js'
import { PORT, SimCluster } from './sim-cluster.js'

type Hops = (self: string, destination: string) => string | undefined

/** Nodes in a line, or whatever `hops` says: who is beyond the neighbours is reached through them. */
class LineOverlay implements Overlay {
  readonly name = 'line'
  readonly capabilities = { membership: 'partial', direct: false } as const
  readonly #self: Member
  readonly #order: readonly string[]
  readonly #hops: Hops
  readonly #members = new Map<string, Member>()

  constructor(self: Member, order: readonly string[], hops?: Hops) {
    this.#self = self
    this.#order = order
    this.#hops = hops ?? ((_, destination) => this.#towards(destination))
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    switch (event.type) {
      case 'start':
        return this.#beside().map((host) => ({
          type: 'connectAddress' as const,
          address: { host, port: PORT },
        }))
      case 'introduced':
        return [{ type: 'connect', peer: event.peer }]
      case 'peerUp':
        this.#members.set(event.peer.name, event.peer)
        return [{ type: 'memberJoined', member: event.peer }]
      case 'peerDown': {
        const member = this.#members.get(event.peer)
        this.#members.delete(event.peer)
        return member ? [{ type: 'memberLeft', member, reason: 'evicted' }] : []
      }
      default:
        return []
    }
  }

  members(): readonly Member[] {
    return [this.#self, ...this.#members.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  neighbours(): readonly string[] {
    return [...this.#members.keys()]
  }

  nextHop(destination: string): string | undefined {
    return this.#hops(this.#self.name, destination)
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {}
  }

  #beside(): string[] {
    const at = this.#order.indexOf(this.#self.name)
    return [this.#order[at - 1], this.#order[at + 1]].filter((name) => name !== undefined)
  }

  #towards(destination: string): string | undefined {
    const [from, to] = [this.#order.indexOf(this.#self.name), this.#order.indexOf(destination)]
    if (to === -1 || from === to) return undefined
    return this.#order[from + Math.sign(to - from)]
  }
}

const ORDER = ['a', 'b', 'c', 'd']

const line = (hops?: Hops): OverlayFactory => ({
  name: 'line',
  create: (self) => new LineOverlay(self, ORDER, hops),
})

async function inLine(seed: number, factory = line(), relayTtl = 5, gate = new Gate()) {
  const town = new SimCluster({ seed })
  for (const name of ORDER) {
    const gated = name === 'b' ? { gate } : {}
    await town.start(name, { overlay: factory, timing: { relayTtl }, ...gated })
  }
  await town.sim.run(5_000)
  const got: string[] = []
  for (const name of ORDER) {
    town.node(name).cluster.onForward('mail', (message, from) => {
      got.push(`${name} got ${message} from ${from.name}`)
    })
  }
  return { town, got }
}

describe('cluster: relaying', () => {
  it('reaches a node beyond the neighbours, in order, and answers the same way', async () => {
    const { town, got } = await inLine(1)
    const d = town.node('d').cluster
    d.onForward('ask', (message, from) => d.forward(from.name, 'mail', `re: ${message}`))
    const a = town.node('a').cluster
    for (const message of ['one', 'two', 'three'])
      a.forward('d', 'mail', message, { channel: 'bulk' })
    a.forward('d', 'ask', 'how are you')
    await town.sim.run(500)
    assert.deepEqual(got, [
      'd got one from a',
      'd got two from a',
      'd got three from a',
      'a got re: how are you from d',
    ])
    assert.equal(town.node('b').cluster.stats().relay?.forwarded, 5)
    assert.deepInclude(d.stats().relay, { sent: 1, delivered: 4 })
  })

  it('carries large values whole', async () => {
    const { town } = await inLine(2)
    const payload = Uint8Array.from({ length: 300_000 }, (_, i) => i & 255)
    let got: unknown
    town.node('c').cluster.onForward('big', (message) => {
      got = message
    })
    town.node('a').cluster.forward('c', 'big', { payload, more: 5n })
    await town.sim.run(2_000)
    const received = got as { payload: Uint8Array; more: bigint }
    assert.equal(Buffer.compare(received.payload, payload), 0)
    assert.equal(received.more, 5n)
  })

  it('drops and counts what is out of hops, twice', async () => {
    const { town, got } = await inLine(3, line(), 2)
    town.node('a').cluster.forward('c', 'mail', 'near')
    town.node('a').cluster.forward('d', 'mail', 'far')
    await town.sim.run(500)
    assert.deepEqual(got, ['c got near from a'])
    assert.equal(town.node('c').cluster.stats().relay?.expired, 2)
  })

  it('leaves a circle of the overlay by a way of its own', async () => {
    const circle = (self: string, to: string): string | undefined =>
      ({ a: 'b', b: 'c', c: to === 'd' ? 'b' : 'd', d: 'c' })[self]
    const { town, got } = await inLine(4, line(circle), 60)
    town.node('a').cluster.forward('d', 'mail', 'round and round')
    await town.sim.run(1_000)
    assert.deepEqual(got, ['d got round and round from a'], 'never back to where it came from')
  })

  it('delivers once what comes twice', async () => {
    const gate = new Gate()
    gate.add((frame) => (frame.kind === FRAME.RELAY ? { type: 'twice' } : undefined))
    const { town, got } = await inLine(5, line(), 5, gate)
    town.node('a').cluster.forward('d', 'mail', 'once')
    await town.sim.run(500)
    assert.deepEqual(got, ['d got once from a'])
    assert.isAbove(town.node('b').cluster.stats().relay?.duplicates ?? 0, 0)
    assert.isAbove(town.node('c').cluster.stats().relay?.duplicates ?? 0, 0)
  })

  it('searches a way where the overlay knows none, and where its way is not connected', async () => {
    const { town } = await inLine(6)
    const a = town.node('a').cluster
    assert.isTrue(a.forward('nobody', 'mail', 1))
    assert.isTrue(a.forward('d', 'mail', 1))
    town.sim.crash('b')
    await town.sim.run(1_000)
    assert.isTrue(a.forward('d', 'mail', 1))
    await town.sim.run(3_000)
    assert.deepInclude(a.stats().relay, { sent: 3, noRoute: 2 })
    assert.deepInclude(a.stats().routes, { searches: 2, failed: 2 })
  })

  it('refuses relayed frames where the overlay connects all directly', async () => {
    const town = new SimCluster({ seed: 7 })
    const lying: OverlayFactory = {
      name: 'static',
      create: (self, random) => {
        const inner = staticMembers(['a:9000', 'b:9000']).create(self, random)
        return new Proxy(inner, {
          get: (of, key) => {
            if (key === 'nextHop') return (to: string) => (to === 'c' ? 'b' : to)
            const value: unknown = Reflect.get(of, key, of)
            return typeof value === 'function' ? value.bind(of) : value
          },
        })
      },
    }
    await town.start('a', { overlay: lying })
    await town.start('b', { overlay: staticMembers(['a:9000']) })
    await town.sim.run(3_000)
    town.node('a').cluster.forward('c', 'mail', 'psst')
    await town.sim.run(500)
    assert.match(town.node('b').only('badMessage').join(), /a: relays a to c though/)
  })
})

describe('cluster: static members', () => {
  const overlay = staticMembers(['a:9000', 'b:9000', 'c:9000'])

  it('tell one that was replaced while it was cut off; it dials no address of its list any more', async () => {
    const town = new SimCluster({ seed: 5 })
    const list = staticMembers(['a:9000', 'b:9000', 'elsewhere:9000'])
    for (const name of ['a', 'b']) await town.start(name, { overlay: list })
    await town.sim.run(3_000)
    const [a, b] = [town.node('a'), town.node('b')]
    const heal = town.sim.partition(['a', 'elsewhere'], ['b'])
    await town.sim.run(8_000)
    const heir = await town.start('b', { overlay: staticMembers(['a:9000']), host: 'elsewhere' })
    await town.sim.run(8_000)
    heal()
    await town.sim.run(30_000)
    assert.deepEqual(b.only('left'), ['left removed'])
    assert.deepEqual(b.members(), ['b'])
    assert.isTrue(a.cluster.isUp('b') && heir.cluster.isUp('a'))
    const told = [a.log.length, heir.log.length, b.log.length]
    await town.sim.run(60_000)
    assert.deepEqual([a.log.length, heir.log.length, b.log.length], told)
  })

  it('find each other without a join, in whatever order they start, and after restarts', async () => {
    const town = new SimCluster({ seed: 8 })
    for (const name of ['c', 'a']) await town.start(name, { overlay })
    await town.sim.run(5_000)
    await town.start('b', { overlay })
    await town.sim.run(15_000)
    for (const name of ['a', 'b', 'c']) {
      assert.deepEqual(town.node(name).members(), ['a', 'b', 'c'])
    }
    town.sim.crash('b')
    await town.sim.run(10_000)
    await town.start('b', { overlay })
    await town.sim.run(15_000)
    for (const name of ['a', 'b', 'c']) {
      assert.deepEqual(town.node(name).members(), ['a', 'b', 'c'])
      for (const other of ['a', 'b', 'c']) {
        if (other !== name) assert.isTrue(town.node(name).cluster.isUp(other))
      }
    }
    town.node('c').cluster.forward('a', 'nobody hears', 1)
  })

  it('heal a partition', async () => {
    const town = new SimCluster({ seed: 9 })
    for (const name of ['a', 'b', 'c']) await town.start(name, { overlay })
    await town.sim.run(10_000)
    const heal = town.isolate(['a'])
    await town.sim.run(20_000)
    assert.isFalse(town.node('a').cluster.isUp('b'))
    heal()
    await town.sim.run(15_000)
    assert.isTrue(town.node('a').cluster.isUp('b'))
  })
})
