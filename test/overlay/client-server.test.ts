import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { clientServer } from '../../src/overlay/client-server/client-server.js'
import type { GivenClientServerOptions } from '../../src/overlay/client-server/client-server-options.js'
import type { Member, OverlayEffect, OverlayFactory } from '../../src/overlay/overlay.js'
import { coreMember as member } from '../../src/testing/core-member.js'
import { overlayContract } from '../contracts/overlay.js'
import { seeds } from '../seeds.js'
import { CoreNetwork, incarnationFor } from './core-network.js'

const client = clientServer({ role: 'client' })
const server = clientServer({ role: 'server' })

/** One factory for nodes of both roles, told apart by their names. */
const roles = (isServer: (name: string) => boolean): OverlayFactory => ({
  name: server.name,
  create: (self, random) => (isServer(self.name) ? server : client).create(self, random),
})

const MIXED = new Set(['alone', 'n00', 'n01', 'n02', 'n06', 'n09'])

overlayContract('clientServer', () => roles((name) => MIXED.has(name)))
overlayContract('clientServer, servers only', () => server, { nodes: 10, seeds: seeds(1) })

type Given = Partial<GivenClientServerOptions>

/** Servers s0, s1, … that are one mesh, and clients c0, c1, … that joined through s0. */
function cluster(servers: number, clients: number, ofServers: Given = {}, ofClients: Given = {}) {
  const net = new CoreNetwork({ seed: 5 })
  const start = (name: string): void => {
    const isServer = name.startsWith('s')
    net.start(
      name,
      isServer
        ? clientServer({ ...ofServers, role: 'server' })
        : clientServer({ ...ofClients, role: 'client' }),
    )
    if (name !== 's0') net.join(name, 's0')
    net.run(500)
  }
  for (let i = 0; i < servers; i++) start(`s${i}`)
  for (let i = 0; i < clients; i++) start(`c${i}`)
  net.run(20_000)
  return net
}

const names = (net: CoreNetwork): string[] =>
  net
    .alive()
    .map(({ name }) => name)
    .sort()
const primaryOf = (net: CoreNetwork, name: string): string =>
  String(net.node(name).overlay.snapshot()['primary'])
const clientsOf = (net: CoreNetwork, name: string): string[] =>
  net.node(name).overlay.snapshot()['clients'] as string[]
const membersOf = (net: CoreNetwork, name: string): string[] =>
  net
    .node(name)
    .overlay.members()
    .map((one) => one.name)

/** Follows the next hops from one node to another: the nodes on the way, or what is wrong with it. */
function way(net: CoreNetwork, from: string, to: string): string {
  const passed = [from]
  for (let at = from; at !== to; ) {
    const hop = net.node(at).overlay.nextHop(to)
    if (hop === undefined) return `${passed.join('>')}>?`
    if (!net.node(at).connected().includes(hop))
      return `${passed.join('>')}>${hop} is not connected`
    passed.push(hop)
    if (passed.length > 4) return `${passed.join('>')}: too long`
    at = hop
  }
  return ''
}

function assertWays(net: CoreNetwork): void {
  for (const from of names(net)) {
    for (const to of names(net))
      if (from !== to) assert.equal(way(net, from, to), '', `${from} to ${to}`)
  }
}

describe('client-server: ways', () => {
  for (const seed of seeds(3)) {
    it(`lead from everyone to everyone, also after servers died [SEED=${seed}]`, () => {
      const net = cluster(3, 6)
      assertWays(net)
      for (const name of ['c0', 'c1', 'c2']) {
        const here = primaryOf(net, name)
        assert.include(clientsOf(net, here), name)
        assert.deepEqual(net.node(name).connected(), [here])
      }
      net.crash(net.random.pick(['s0', 's1', 's2']), net.random.int(2) === 0)
      net.run(30_000)
      assertWays(net)
    })
  }

  it('do not lead to a server that a client left behind', () => {
    const net = cluster(3, 1)
    const before = primaryOf(net, 'c0')
    net.partition(['c0'], [before])
    net.run(6_000)
    net.heal()
    net.run(6_000)
    const after = primaryOf(net, 'c0')
    assert.notEqual(after, before)
    assert.equal(net.node(before).overlay.nextHop('c0'), after)
    assertWays(net)
  })

  it('lead around by a server held ready, at once', () => {
    const net = cluster(3, 1, {}, { connections: 2 })
    assert.lengthOf(net.node('c0').connected(), 2)
    const before = primaryOf(net, 'c0')
    net.crash(before)
    net.run(25) // one way to hear of the end
    const after = primaryOf(net, 'c0')
    assert.include(net.node('c0').connected(), after)
    net.run(100)
    for (const name of names(net)) if (name !== 'c0') assert.equal(way(net, name, 'c0'), '')
    net.run(5_000)
    assert.lengthOf(net.node('c0').connected(), 2, 'another is held ready')
  })

  it('wait for the only server when that is down', () => {
    const net = cluster(1, 2)
    net.crash('s0')
    net.run(10_000)
    assert.deepEqual(net.node('c0').connected(), [])
    assert.isUndefined(net.node('c0').overlay.nextHop('c1'))
    net.start('s0', server)
    net.run(20_000)
    assertWays(net)
    assert.deepEqual(membersOf(net, 'c0'), ['c0', 'c1', 's0'])
  })
})

describe('client-server: admission', () => {
  it('points clients above clientsMax to other servers', () => {
    const net = cluster(3, 9, { clientsMax: 3 })
    for (const name of ['s0', 's1', 's2']) assert.lengthOf(clientsOf(net, name), 3, name)
    net.start('c9', client)
    net.join('c9', 's0')
    net.run(20_000)
    assert.equal(primaryOf(net, 'c9'), 'null', 'no server has room')
    assert.notInclude(membersOf(net, 's0'), 'c9')
    net.crash('c0')
    net.run(5_000)
    assert.notEqual(primaryOf(net, 'c9'), 'null', 'it takes the place of one that died')
  })

  it('points a client and a server that join through a client to servers', () => {
    const net = cluster(2, 2)
    net.start('c8', client)
    net.join('c8', 'c0')
    net.start('s8', server)
    net.join('s8', 'c1')
    net.run(20_000)
    assertWays(net)
    assert.deepEqual(net.node('s8').overlay.snapshot()['servers'], ['s0', 's1', 's8'])
    for (const name of ['c0', 'c1', 'c8']) assert.lengthOf(net.node(name).connected(), 1)
  })

  it('dials the servers of the configuration without a join', () => {
    const net = new CoreNetwork({ seed: 6 })
    const servers = ['s0:9000', 's1:9000']
    for (const name of ['c0', 's0', 's1']) {
      net.start(name, clientServer({ role: name.startsWith('s') ? 'server' : 'client', servers }))
    }
    net.run(20_000)
    assertWays(net)
    assert.deepEqual(membersOf(net, 'c0'), ['c0', 's0', 's1'])
  })

  it('looks at the configured addresses again when no server that it knows is left', () => {
    const net = cluster(2, 0)
    net.start('c0', clientServer({ role: 'client', servers: ['s0:9000', 's1:9000'] }))
    net.run(5_000)
    const own = primaryOf(net, 'c0')
    const other = own === 's0' ? 's1' : 's0'
    net.leave(other, other)
    net.run(5_000)
    assert.deepEqual(net.node('c0').overlay.snapshot()['servers'], [own])
    net.crash(own)
    net.start(other, server)
    net.run(30_000)
    assert.equal(primaryOf(net, 'c0'), other)
  })

  it('lets clients take out only themselves, unless clientsRemove', () => {
    for (const clientsRemove of [false, true]) {
      const net = cluster(2, 3, { clientsRemove })
      const [own] = [primaryOf(net, 'c0')]
      net.leave('c0', 'c1')
      net.leave('c0', 's1')
      net.run(20_000)
      const refused = net.node(own).badMessages.length
      assert.equal(refused, clientsRemove ? 0 : 2)
      assert.equal(net.node('c1').timesOut, clientsRemove ? 1 : 0)
      assert.equal(net.node('s1').timesOut, clientsRemove ? 1 : 0)
    }
  })

  it('takes only names of the list as servers', () => {
    const net = cluster(1, 1, { serverNames: ['s0', 's1'] })
    for (const name of ['s1', 's2']) {
      net.start(name, server)
      net.join(name, 's0')
    }
    net.run(40_000)
    assert.deepEqual(membersOf(net, 's0'), ['c0', 's0', 's1'])
    assert.deepEqual(net.node('s2').connected(), [])
    assert.match(net.node('s0').badMessages[0]?.detail ?? '', /serverNames/)
  })

  it('takes a node that comes back in the other role', () => {
    const net = cluster(3, 2)
    net.crash('s2')
    net.start('s2', client)
    net.join('s2', 's0')
    net.crash('c1')
    net.start('c1', server)
    net.join('c1', 's1')
    net.run(40_000)
    assertWays(net)
    assert.deepEqual(net.node('s0').overlay.snapshot()['servers'], ['c1', 's0', 's1'])
    for (const name of names(net)) assert.deepEqual(membersOf(net, name), names(net))
  })

  it('lets go of a client that no server has had for evictAfterMs', () => {
    const net = cluster(2, 3, { evictAfterMs: 30_000 })
    net.crash('c0')
    net.run(25_000)
    assert.include(membersOf(net, 's0'), 'c0')
    net.run(20_000)
    for (const name of ['s0', 's1', 'c1', 'c2']) assert.notInclude(membersOf(net, name), 'c0', name)
  })
})

describe('client-server: a server that leaves', () => {
  it('is no member for its clients, though no other server tells them', () => {
    const net = cluster(1, 2)
    net.leave('s0', 's0')
    net.run(2_000)
    for (const name of ['c0', 'c1']) assert.deepEqual(membersOf(net, name), ['c0', 'c1'])
  })

  it('has its clients back when a server joins through it', () => {
    const net = cluster(1, 2)
    net.leave('s0', 's0')
    net.run(30_000)
    net.start('s1', server)
    net.join('s1', 's0')
    net.run(30_000)
    assertWays(net)
    for (const name of names(net)) assert.deepEqual(membersOf(net, name), names(net))
  })

  it('takes its earlier start along, though its clients never had this one', () => {
    const net = cluster(1, 1)
    net.crash('s0')
    net.run(5_000)
    net.start('s0', server)
    net.leave('s0', 's0')
    const { overlay } = net.node('c0')
    const told: string[] = []
    const step = overlay.step.bind(overlay)
    overlay.step = (event) => {
      const effects = step(event)
      for (const effect of effects) {
        if (effect.type === 'memberJoined') told.push(`${effect.member.generation} joined`)
        if (effect.type === 'memberLeft') told.push(`${effect.member.generation} ${effect.reason}`)
      }
      return effects
    }
    const [before] = overlay.members().filter(({ name }) => name === 's0')
    net.run(20_000)
    assert.deepEqual(membersOf(net, 'c0'), ['c0'])
    const { generation } = net.node('s0').member
    assert.deepEqual(told, [
      `${before?.generation} replaced`,
      `${generation} joined`,
      `${generation} left`,
    ])
  })

  it('is left to the other servers to tell of where a client has another', () => {
    const net = cluster(3, 1, {}, { connections: 2 })
    const before = primaryOf(net, 'c0')
    const effects = net.inject('c0', net.node(before).member, [KIND.leave, before])
    assert.notInclude(
      effects.map(({ type }) => type),
      'memberLeft',
    )
    assert.notEqual(primaryOf(net, 'c0'), before)
    assert.include(membersOf(net, 'c0'), before)
    net.leave(before, before)
    net.run(5_000)
    assert.notInclude(membersOf(net, 'c0'), before)
    assert.notInclude(net.node('c0').overlay.snapshot()['servers'] as string[], before)
  })
})

/** The numbers of kinds on the wire. */
const KIND = { mesh: 0, attach: 3, news: 7, out: 8, leave: 9, pull: 11, claim: 13, removed: 14 }
const DIGEST = '0'.repeat(16)
const wired = (one: Member): unknown => [one.name, one.incarnation, one.generation, [], []]

describe('client-server: what a peer may say', () => {
  const types = (effects: readonly OverlayEffect[]): string[] => effects.map(({ type }) => type)
  const said = (net: CoreNetwork, to: string, from: string, body: unknown): string[] =>
    types(net.inject(to, net.node(from).member, body))

  it('to a server: a client that speaks as one is refused', () => {
    const net = cluster(2, 2)
    const own = primaryOf(net, 'c0')
    const victim = net.node('c1').member
    for (const body of [
      [KIND.mesh, [2, []]],
      [KIND.pull],
      [KIND.claim, [wired(victim), 9, 9]],
      [KIND.removed, [victim.name, victim.incarnation, victim.generation, 9]],
      [KIND.news, [], []],
      [KIND.out, 1],
    ]) {
      assert.deepEqual(said(net, own, 'c0', body), ['badMessage'], JSON.stringify(body))
    }
    assert.deepEqual(membersOf(net, own), names(net))
  })

  it('to a server: another that attaches as a client is refused', () => {
    const net = cluster(2, 1)
    assert.deepEqual(said(net, 's0', 's1', [KIND.attach, 1, 1, true, DIGEST]), ['badMessage'])
  })

  it('to a server: what is said without a connection counts for nothing', () => {
    const net = cluster(1, 1)
    const stranger = member('mallory', 70)
    for (const body of [
      [KIND.attach, 1, 1, true, DIGEST],
      [KIND.leave, 'c0'],
      [KIND.claim, [wired(member('ghost', 71)), 1, 1]],
    ]) {
      assert.deepEqual(types(net.inject('s0', stranger, body)), [])
    }
  })

  it('to a server: of absurd numbers and sizes nothing is taken', () => {
    const net = cluster(2, 1)
    const own = primaryOf(net, 'c0')
    for (const body of [
      [KIND.attach, 2 ** 60, 1, true, DIGEST],
      [KIND.attach, 1, 0, true, DIGEST],
      [KIND.attach, 1, -1, true, DIGEST],
      [KIND.attach, 1, 1, 1, DIGEST],
      [KIND.attach, 1, 1, true, 'digest'],
      [KIND.leave, 'x'.repeat(1_000)],
      [2, true, Array.from({ length: 17 }, (_, i) => wired(member(`x${i}`, i + 1)))],
      [99],
      [],
      Array(10_000).fill(0),
    ]) {
      assert.deepEqual(said(net, own, 'c0', body), ['badMessage'])
    }
  })

  it('to a client: only its server tells it members, and that it is out', () => {
    const net = cluster(2, 2, {}, { connections: 2 })
    const other = primaryOf(net, 'c0') === 's0' ? 's1' : 's0'
    assert.include(net.node('c0').connected(), other)
    const news = [KIND.news, [[wired(member('ghost', 71)), false]], []]
    assert.deepEqual(said(net, 'c0', other, news), [])
    for (const body of [news, [KIND.out, 99]]) assert.deepEqual(said(net, 'c0', 'c1', body), [])
    assert.deepEqual(said(net, 'c0', primaryOf(net, 'c0'), [KIND.pull]), ['badMessage'])
    assert.deepEqual(said(net, 'c0', primaryOf(net, 'c0'), [KIND.out, 0]), ['badMessage'])
    for (const who of [other, 'c0', 'c1']) {
      assert.deepEqual(said(net, 'c0', primaryOf(net, 'c0'), [KIND.leave, who]), ['badMessage'])
    }
    assert.deepEqual(said(net, 'c0', 'c1', [KIND.leave, 'c1']), [])
  })

  it('to a client: that it is out by an earlier join is no news', () => {
    const net = cluster(1, 1)
    net.leave('c0', 'c0')
    net.join('c0', 's0')
    net.run(2_000)
    assert.deepEqual(said(net, 'c0', 's0', [KIND.out, 2]), [])
    assert.include(said(net, 'c0', 's0', [KIND.out, 3]), 'selfLeft')
  })

  it('to a server: of two claims to a client the newer attachment wins, in any order', () => {
    const claims = [1, 2].map((version) => [KIND.claim, [wired(member('c9', 71)), 1, version]])
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      const net = cluster(3, 0)
      for (const i of order) said(net, 's0', i === 0 ? 's1' : 's2', claims[i])
      assert.equal(net.node('s0').overlay.nextHop('c9'), 's2')
    }
  })
})

describe('client-server: bounds', () => {
  it('takes no more clients than membersMax', () => {
    const net = cluster(2, 0, { membersMax: 50 })
    for (let i = 0; i < 200; i++) {
      net.inject('s0', net.node('s1').member, [KIND.claim, [wired(member(`x${i}`, 100 + i)), 1, 1]])
    }
    assert.lengthOf(membersOf(net, 's0'), 52)
    assert.lengthOf(net.node('s0').badMessages, 150)
  })

  it('refuses impossible options by name', () => {
    for (const [options, text] of [
      [{}, /clientServer\.role must be 'client' or 'server'/],
      [{ role: 'boss' }, /clientServer\.role/],
      [{ role: 'client', connections: 0 }, /clientServer\.connections/],
      [{ role: 'client', connections: 1.5 }, /clientServer\.connections/],
      [{ role: 'client', clientsMax: 5 }, /clientServer\.clientsMax is an option of servers/],
      [{ role: 'server', connections: 2 }, /clientServer\.connections is an option of clients/],
      [{ role: 'server', serverNames: ['a b'] }, /clientServer\.serverNames/],
      [{ role: 'server', nonsense: 1 }, /clientServer\.nonsense is not an option/],
    ] as const) {
      try {
        clientServer(options as GivenClientServerOptions)
        assert.fail(`taken: ${JSON.stringify(options)}`)
      } catch (error) {
        assert.equal(codeOf(error), 'ERR_BAD_OPTION')
        assert.match((error as Error).message, text)
      }
    }
    assert.throws(() => clientServer({ role: 'client', servers: ['nowhere'] }), /nowhere/)
  })
})

describe('client-server: whatever happens', () => {
  for (const seed of seeds(1)) {
    it(`10,000 events with churn and forged messages leave views valid, and it heals [SEED=${seed}]`, () => {
      const net = new CoreNetwork({ seed, lossRate: 0.02, duplicateRate: 0.02 })
      const all = ['s0', 's1', 's2', 'c0', 'c1', 'c2', 'c3', 'c4']
      const factory = roles((name) => name.startsWith('s'))
      const { random } = net
      const join = (name: string): void => {
        const others = net.alive().filter((one) => one.name !== name)
        if (others.length > 0) net.join(name, random.pick(others).name)
      }
      const revive = (name: string): void => {
        net.start(name, factory)
        join(name)
      }
      for (const name of all) revive(name)
      net.run(10_000)
      for (let i = 0; i < 10_000; i++) {
        const name = random.pick(all)
        const what = random.int(100)
        if (what < 1 && net.alive().length > 4) net.crash(name, random.int(2) === 0)
        else if (what < 3 && !net.node(name).alive) revive(name)
        else if (what === 4) net.partition(all.slice(0, 4), all.slice(4))
        else if (what < 8) net.heal()
        else if (what === 8 && net.node(name).alive) net.leave(name, random.pick(all))
        else if (what === 9 && net.node(name).alive) join(name)
        else if (what < 60 && net.node(name).alive) forge(net, name, all)
        net.run(random.int(100))
      }
      net.heal()
      for (const [i, name] of all.entries()) {
        net.start(name, factory)
        if (i > 0) net.join(name, all[random.int(i)] as string)
      }
      net.run(300_000)
      for (const name of all) assert.deepEqual(membersOf(net, name), [...all].sort(), name)
      assertWays(net)
    })
  }

  /** A message some node really sent, or one made up, in the name of anybody, here and there changed. */
  function forge(net: CoreNetwork, to: string, all: readonly string[]): void {
    const { random } = net
    const { received } = net.node(to)
    const from = net.node(random.pick(all)).member
    const who =
      random.int(4) === 0
        ? member(random.pick(all), random.int(200) + 1)
        : net.node(random.pick(all)).member
    const bodies: unknown[] = [
      [KIND.attach, 1 + random.int(3), 1 + random.int(9), random.int(2) === 0, DIGEST],
      [KIND.claim, [wired(who), 1 + random.int(3), 1 + random.int(9)]],
      [KIND.removed, [who.name, who.incarnation, who.generation, 1]],
      [KIND.news, [[wired(who), random.int(2) === 0]], []],
      [KIND.leave, who.name],
      [random.int(16), random.u32()],
    ]
    const body =
      received.length > 0 && random.int(2) === 0 ? random.pick(received).body : random.pick(bodies)
    net.inject(
      to,
      random.int(10) === 0 ? { ...from, incarnation: incarnationFor(999) } : from,
      body,
    )
  }
})
