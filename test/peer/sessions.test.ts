import { assert } from 'chai'
import { codeOf, TroupeError } from '../../src/base/errors.js'
import { FULL } from '../../src/peer/transport.js'
import { seeds } from '../seeds.js'
import { SimLab, TestPeer } from './lab.js'

const replay = (seed: number | string): string => `[replay: SEED=${seed} npx mocha test/peer]`

describe('sessions between peers, in virtual time', () => {
  for (const seed of seeds(60)) {
    it(`both sides dial at nearly the same time: one session, nothing lost ${replay(seed)}`, async () => {
      const number = Number(seed)
      const lab = new SimLab({ seed: `w${seed}`, latencyMs: [0.2, 40] })
      const a = await lab.start('a', { channels: { game: { connections: 2 } } })
      const b = await lab.start('b')
      a.peers.connect(b.peers.self)
      if (number % 3 === 1) void a.peers.introduce(b.address, 5_000)
      await lab.pass(lab.sim.random.float() * 150)
      b.peers.connect(a.peers.self)
      if (number % 3 === 2) void b.peers.introduce(a.address, 5_000)
      for (let i = 0; i < 20; i++) {
        a.tell('b', i % 3, i)
        b.tell('a', i % 3, i)
      }
      await lab.until(() => a.got.length === 20 && b.got.length === 20, 'all messages')
      await lab.pass(6_000)
      for (const node of [a, b]) {
        const counts = ['up', 'down', 'failed'].map((news) => node.count(news))
        assert.deepEqual([...counts, node.lost], [1, 0, 0, 0])
        assert.equal(node.peers.stats().connections, 4)
        assert.isAtMost(node.tap.connections.size, 7, 'connections ever made')
      }
    })
  }

  for (const seed of seeds(12)) {
    it(`delivers nothing of a peer before it is up, however its lanes race ${replay(seed)}`, async () => {
      const lab = new SimLab({ seed: `race ${seed}`, latencyMs: [0.2, 40] })
      const config = { channels: { default: { connections: 4 }, game: { connections: 3 } } }
      const [a, b] = [await lab.start('a', config), await lab.start('b', config)]
      a.peers.connect(b.peers.self)
      b.peers.connect(a.peers.self)
      for (const [from, to] of [
        [a, 'b'],
        [b, 'a'],
      ] as const) {
        for (let i = 0; i < 20; i++) {
          from.tell(to, i, i, i % 5 === 0 ? new Uint8Array(100_000) : undefined)
          from.tellOn('game', to, i, i)
        }
      }
      await lab.until(() => a.got.length === 40 && b.got.length === 40, 'all messages')
      assert.deepEqual([a.count('stray'), b.count('stray')], [0, 0])
      assert.deepEqual([a.count('down'), b.count('down')], [0, 0])
    })
  }

  for (const seed of seeds(12)) {
    it(`keeps each key in order, without repeats, while connections break again and again ${replay(seed)}`, async () => {
      const lab = new SimLab({ seed: `break ${seed}` })
      const config = { channels: { game: { connections: 3 } }, options: { backoffMaxMs: 300 } }
      const a = await lab.start('a', config)
      const b = await lab.start('b', config)
      a.peers.connect(b.peers.self)
      b.peers.connect(a.peers.self)
      const { random } = lab.sim
      const sent = new Map<string, number>()
      for (let round = 0; round < 60; round++) {
        for (let i = 0; i < 10; i++) {
          const key = random.int(7)
          const [from, to] = random.int(2) === 0 ? [a, 'b'] : [b, 'a']
          const stream = `${to} ${key}`
          const next = (sent.get(stream) ?? 0) + 1
          const extra = random.int(30) === 0 ? new Uint8Array(150_000) : undefined
          if (from.tellOn('game', to, key, next, extra) !== FULL) sent.set(stream, next)
        }
        await lab.pass(random.float() * 30)
        const { connections } = random.pick([a, b]).tap
        if (random.int(3) === 0 && connections.size > 0) random.pick([...connections]).destroy()
      }
      await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'up in the end')
      await lab.pass(10_000)
      let missing = 0
      for (const [stream, count] of sent) {
        const [to, key] = stream.split(' ')
        const node = to === 'a' ? a : b
        const seen = node.got.filter((g) => g.key === Number(key)).map((g) => g.args[0] as number)
        for (let i = 1; i < seen.length; i++) {
          assert.isAbove(seen[i] as number, seen[i - 1] as number, `${stream} ${seen}`)
        }
        missing += count - seen.length
      }
      assert.isAtMost(missing, a.lost + b.lost, 'what is missing was reported as possibly lost')
      assert.equal(a.count('stray') + b.count('stray'), 0, 'nothing comes from a peer that is down')
      for (const node of [a, b]) assertAlternates(node)
    })
  }

  it('sends a large message again from its beginning when its connection broke in the middle', async () => {
    const lab = new SimLab({ seed: 'middle', latencyMs: [1, 1], bytesPerMs: 10_000 })
    const [a, b] = [await lab.start('a'), await lab.start('b')]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'))
    a.tell('b', 1, new Uint8Array(2_000_000).fill(9))
    await lab.pass(50)
    for (const connection of a.tap.connections) connection.destroy()
    await lab.until(() => b.got.length === 1, 'the message')
    const [bytes] = b.got[0]?.args ?? []
    assert.isTrue(bytes instanceof Uint8Array && bytes.every((byte) => byte === 9))
    assert.deepEqual([a.lost, a.refusals, b.refusals, a.count('up b')], [0, [], [], 2])
  })

  it('counts as possibly lost only what no heartbeat has confirmed', async () => {
    const lab = new SimLab({ seed: 'confirmed' })
    const [a, b] = [await lab.start('a'), await lab.start('b')]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'))
    for (let i = 0; i < 100; i++) a.tell('b', i, i)
    await lab.pass(2_500)
    for (let i = 0; i < 3; i++) a.tell('b', i, i)
    await lab.pass(20)
    assert.equal(b.got.length, 103)
    for (const connection of a.tap.connections) connection.destroy()
    await lab.pass(20)
    assert.equal(a.lost, 3)
  })

  it('a new connection for a lane replaces one that the other side has lost without a sound', async () => {
    const lab = new SimLab({ seed: 'replace' })
    const [a, b] = [await lab.start('a'), await lab.start('b')]
    await lab.complete(a.peers.introduce(b.address, 5_000))
    await lab.until(() => b.peers.isUp('a'))
    const lane = [...a.tap.handlers].at(-1) ?? assert.fail('no connection')
    const [unaware] = [...b.tap.connections].slice(-1)
    lane[1].onClose(new Error('only this side has noticed'))
    await lab.until(() => a.count('channelUp b default') === 2, 'the lane again')
    a.tell('b', 1, 'over the new one')
    await lab.until(() => b.got.length === 1)
    assert.equal(b.peers.stats().connections, 2)
    assert.isFalse(unaware?.write(new Uint8Array(1)), 'the old one is closed')
    assert.deepEqual([a.count('down'), b.count('down')], [0, 0])
  })

  it('notices a half-open connection by silence, and comes back when the line does', async () => {
    const lab = new SimLab({ seed: 'half-open' })
    const [a, b] = [await lab.start('a'), await lab.start('b')]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'))
    const from = lab.sim.nowMs
    lab.sim.partition(['a'], ['b'])
    await lab.until(() => !a.peers.isUp('b') && !b.peers.isUp('a'), 'both ends down')
    assert.isAtMost(lab.sim.nowMs - from, 3_100)
    assert.equal(a.news.at(-1), 'down b ERR_PEER_SILENT')
    a.tell('b', 1, 'waits')
    await lab.pass(10_000)
    lab.sim.heal()
    await lab.until(() => b.got.length === 1, 'the message that waited')
    assert.deepEqual([a.count('up b'), b.count('up a')], [2, 2])
  })

  it('keeps a peer whose own process stood still for less than silenceMs', async () => {
    const lab = new SimLab({ seed: 'pause' })
    const [a, b] = [await lab.start('a'), await lab.start('b')]
    await lab.complete(a.peers.introduce(b.address, 5_000))
    lab.sim.pause('b')
    await lab.pass(2_000)
    lab.sim.resume('b')
    await lab.pass(5_000)
    assert.deepEqual([a.count('down'), b.count('down')], [0, 0])
  })

  it('a process that stood still for long does not blame its peers', async () => {
    const lab = new SimLab({ seed: 'long pause' })
    const options = { silenceMs: 3_000 }
    const a = await lab.start('a', { options: { ...options, silenceMs: 60_000 } })
    const b = await lab.start('b', { options })
    await lab.complete(a.peers.introduce(b.address, 5_000))
    lab.sim.pause('b')
    await lab.pass(20_000)
    lab.sim.resume('b')
    await lab.pass(5_000)
    assert.deepEqual([a.count('down'), b.count('down')], [0, 0])
  })

  for (const seed of seeds(6)) {
    it(`comes back at once, whichever side dials and however much it has dialled before ${replay(seed)}`, async () => {
      const lab = new SimLab({ seed: `roles ${seed}` })
      const [a, b, c] = [await lab.start('a'), await lab.start('b'), await lab.start('c')]
      for (let i = 0; i < 30; i++) {
        await lab.complete(a.peers.introduce(c.address, 5_000))
        a.peers.disconnect('c', 'enough')
      }
      a.peers.connect(b.peers.self)
      await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'up')
      b.peers.connect(a.peers.self)
      for (let i = 0; i < 10; i++) {
        a.peers.reset('b')
        await lab.until(() => !a.peers.isUp('b') && !b.peers.isUp('a'), 'down')
        const from = lab.sim.nowMs
        await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'up again')
        assert.isBelow(lab.sim.nowMs - from, 1_000)
      }
    })
  }

  it('a peer that was never wished is forgotten after downAfterMs, and what waited is handed back', async () => {
    const lab = new SimLab({ seed: 'forget' })
    const [a, b] = [await lab.start('a'), await lab.start('b')]
    await lab.complete(a.peers.introduce(b.address, 5_000))
    lab.sim.crash('a')
    await lab.until(() => !b.peers.isUp('a'))
    b.tell('a', 1, 'lost cause')
    const ready = b.peers.ready('a', 1, 1)
    await lab.complete(ready)
    await lab.pass(2_100)
    assert.deepEqual(b.dead, [{ key: 1, code: 'ERR_NODE_DOWN', args: ['lost cause'] }])
    assert.throws(() => b.tell('a', 1, 'x'), /ERR_NO_ROUTE/)
    assert.equal(await b.peers.ready('a', 1, 1).catch(codeOf), 'ERR_NODE_DOWN')
  })

  it('a peer without an address is not dialled, and may dial itself', async () => {
    const lab = new SimLab({ seed: 'nat' })
    const a = await lab.start('a')
    const b = await lab.start('b', { advertise: [] })
    a.peers.connect(b.peers.self)
    assert.deepEqual(a.news, ['failed b ERR_CONNECT'])
    a.tell('b', 1, 'waits')
    b.peers.connect(a.peers.self)
    await lab.until(() => b.got.length === 1)
  })

  describe('names', () => {
    const restarted = (lab: SimLab, name: string, port: number, generation: number): TestPeer =>
      new TestPeer(name, lab.sim.restart(name), {
        cookie: 'secret',
        listen: { host: name, port },
        generation,
      })

    it('a restarted node takes the place of its earlier incarnation, which gets nothing more', async () => {
      const lab = new SimLab({ seed: 'restart' })
      const [a, b] = [await lab.start('a'), await lab.start('b')]
      a.peers.connect(b.peers.self)
      await lab.until(() => a.peers.isUp('b'))
      const { port } = b.address
      lab.sim.crash('b')
      await lab.until(() => !a.peers.isUp('b'))
      a.tell('b', 1, 'for the old one')
      const reborn = restarted(lab, 'b', port, 2)
      await lab.complete(reborn.peers.start())
      await lab.until(() => a.peers.isUp('b') && reborn.peers.isUp('a'), 'the new one up')
      a.tell('b', 1, 'for the new one')
      await lab.until(() => reborn.got.length > 0)
      await lab.pass(1_000)
      assert.deepEqual(
        reborn.got.map((g) => g.args),
        [['for the new one']],
      )
      assert.deepEqual(a.dead, [{ key: 1, code: 'ERR_NODE_DOWN', args: ['for the old one'] }])
    })

    it('takes nothing for a restarted node before that is up: nobody has been told of it', async () => {
      const lab = new SimLab({ seed: 'not yet' })
      const [a, b] = [await lab.start('a'), await lab.start('b')]
      a.peers.connect(b.peers.self)
      await lab.until(() => a.peers.isUp('b'))
      const { port } = b.address
      lab.sim.crash('b')
      await lab.until(() => !a.peers.isUp('b'))
      const reborn = restarted(lab, 'b', port, 2)
      await lab.complete(reborn.peers.start())
      let refused = 0
      for (let key = 1; !a.peers.isUp('b'); key++) {
        try {
          a.tell('b', key, 'too soon')
        } catch (error) {
          assert.equal(codeOf(error), 'ERR_NODE_DOWN')
          refused++
        }
        await lab.pass(0.2)
      }
      assert.isAbove(refused, 0)
      a.tell('b', 1, 'in time')
      await lab.pass(1_000)
      assert.deepEqual(
        reborn.got.map((g) => g.args),
        [['in time']],
      )
    })

    const contested = async (lab: SimLab, kept: boolean, generation: number) => {
      const [a, b] = [await lab.start('a'), await lab.start('b')]
      a.peers.connect(b.peers.self)
      await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'))
      let asked = ''
      a.keepHolder = async (newcomer, holder) => {
        asked = `${newcomer.generation} for ${holder.generation}`
        return kept
      }
      const world = lab.sim.world('elsewhere')
      const listen = { host: 'elsewhere', port: 9 }
      const twin = new TestPeer('b', world, { cookie: 'secret', listen, generation })
      await lab.complete(twin.peers.start())
      const joined = lab.complete(
        twin.peers.introduce(a.address, 4_000).then((member) => member.name, codeOf),
      )
      return { a, b, twin, joined: await joined, asked }
    }

    it('a newcomer is refused while the holder of its name lives', async () => {
      const lab = new SimLab({ seed: 'taken' })
      const { a, joined, asked } = await contested(lab, true, 2)
      assert.deepEqual([joined, asked, a.count('down')], ['ERR_NAME_TAKEN', '2 for 1', 0])
      assert.deepEqual(a.peers.stats().refused, { ERR_NAME_TAKEN: 1 })
    })

    it('a newcomer replaces a holder that is given up', async () => {
      const lab = new SimLab({ seed: 'given up' })
      const { a, twin, joined } = await contested(lab, false, 2)
      assert.equal(joined, 'a')
      assert.deepEqual(
        a.news.filter((n) => /^(up|down)/.test(n)),
        ['up b', 'down b ERR_NODE_DOWN', 'up b'],
      )
      a.tell('b', 1, 'hello')
      await lab.until(() => twin.got.length === 1)
    })

    it('an older incarnation is refused without asking anybody', async () => {
      const lab = new SimLab({ seed: 'older' })
      const { joined, asked } = await contested(lab, false, 0)
      assert.deepEqual([joined, asked], ['ERR_NAME_TAKEN', ''])
    })

    it('an older incarnation that dials a peer of its own is told that it was replaced', async () => {
      const lab = new SimLab({ seed: 'told' })
      const { a, twin } = await contested(lab, false, 0)
      assert.equal(twin.count('replaced'), 0, 'at an address anybody may be')
      twin.peers.connect(a.peers.self)
      await lab.until(() => twin.count('replaced') > 0)
      assert.include(twin.news, 'replaced says a ERR_NAME_TAKEN')
      assert.equal(a.peers.stats().refused['ERR_NAME_TAKEN'], 2)
      assert.equal(a.count('down'), 0)
    })
  })

  describe('giving up', () => {
    it('empties the lanes of a peer that is away, also of what was half written', async () => {
      const lab = new SimLab({ seed: 'given up' })
      const [a, b] = [await lab.start('a'), await lab.start('b')]
      a.peers.connect(b.peers.self)
      await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'))
      lab.sim.link('a', 'b', { bytesPerMs: 100 })
      a.tell('b', 1, 'large', new Uint8Array(2_000_000))
      a.tell('b', 1, 'behind it')
      a.tell('b', 2, 'beside it')
      await lab.pass(500)
      const heal = lab.sim.partition(['a'], ['b'])
      a.peers.reset('b')
      await lab.until(() => !a.peers.isUp('b'))
      const reason = new TroupeError('ERR_NODE_DOWN', 'as the test wants it')
      const ready = lab.complete(a.peers.ready('b', 1, 1).then(() => '', codeOf))
      a.peers.giveUp({ ...b.peers.self, incarnation: a.peers.self.incarnation }, reason)
      assert.deepEqual(a.dead, [], 'another incarnation is meant')
      a.peers.giveUp(b.peers.self, reason)
      assert.deepEqual(
        a.dead.map(({ code, args }) => [code, args[0]]),
        [
          ['ERR_NODE_DOWN', 'large'],
          ['ERR_NODE_DOWN', 'behind it'],
        ],
      )
      assert.equal(await ready, 'ERR_NODE_DOWN')
      heal()
      await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'))
      a.peers.giveUp(b.peers.self, reason)
      a.tell('b', 1, 'after')
      a.peers.giveUp(b.peers.self, reason)
      await lab.until(() => b.got.some(({ args }) => args[0] === 'after'), 'nothing is given up')
      assert.deepEqual(
        b.got.map(({ args }) => args[0]),
        ['beside it', 'after'],
      )
      assert.lengthOf(a.dead, 2)
    })
  })
})

/** One report up, then exactly one down before the next. */
function assertAlternates(node: TestPeer): void {
  const changes = node.news
    .map((news) => news.split(' ')[0])
    .filter((n) => n === 'up' || n === 'down')
  changes.forEach((change, i) => {
    assert.equal(change, i % 2 === 0 ? 'up' : 'down', node.news.join(', '))
  })
}
