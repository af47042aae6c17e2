import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { FULL, SENT, SLOW } from '../../src/peer/transport.js'
import { FRAME } from '../../src/wire/frame.js'
import type { Lab, TestPeer } from '../peer/lab.js'

const codeFrom = (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(() => undefined, codeOf)

const KIB = 1024

/** What every `Transport` promises, wherever its nodes live. */
export function transportContract(name: string, makeLab: () => Lab): void {
  describe(`transport over ${name}`, () => {
    let lab: Lab
    beforeEach(() => {
      lab = makeLab()
    })
    afterEach(() => lab.close())

    const pair = async (config = {}): Promise<[TestPeer, TestPeer]> => {
      const a = await lab.start('a', config)
      const b = await lab.start('b', config)
      const member = await lab.complete(a.peers.introduce(b.address, 5_000))
      assert.equal(member.name, 'b')
      await lab.until(() => b.peers.isUp('a'), 'both ends up')
      return [a, b]
    }

    it('introduces two nodes to each other: both report the peer, then its channels, once', async () => {
      const [a, b] = await pair({ channels: { game: { connections: 3 } } })
      await lab.until(() => a.count('channelUp') === 3 && b.count('channelUp') === 3, 'all lanes')
      const order = ['up', 'channelUp', 'channelUp', 'channelUp']
      assert.deepEqual(
        [a, b].map((node) => node.news.map((news) => news.split(' ')[0])),
        [order, order],
      )
      assert.deepEqual(
        a.peers.stats().lanes.map((l) => `${l.channel}/${l.lane} ${l.connected}`),
        ['membership/0 true', 'default/0 true', 'game/0 true', 'game/1 true', 'game/2 true'],
      )
    })

    it('leaves a patient wish to the other side for a moment, then dials itself', async () => {
      const [a, b] = [await lab.start('a'), await lab.start('b')]
      a.peers.connect(b.peers.self, true)
      b.peers.connect(a.peers.self)
      await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'the two together')
      assert.deepEqual([a.tap.dials, b.tap.dials], [0, 2])
      const c = await lab.start('c')
      c.peers.connect(a.peers.self, true)
      await lab.until(() => c.peers.isUp('a'), 'c with a, which does not dial')
      assert.deepEqual([a.tap.dials, c.tap.dials], [0, 2])
    })

    it('gives a channel as many lanes as the side that wishes more, and learns channels of the peer', async () => {
      const a = await lab.start('a', { channels: { game: { connections: 2 } } })
      const b = await lab.start('b', { channels: { game: { connections: 4 }, chat: {} } })
      await lab.complete(a.peers.introduce(b.address, 5_000))
      await lab.until(() => a.count('channelUp') === 4, 'all channels')
      assert.equal(a.peers.stats().connections, 1 + 1 + 4 + 1)
      assert.equal(a.tellOn('chat', 'b', 1, 'hello'), SENT)
      await lab.until(() => b.got.length === 1, 'the message')
      assert.equal(b.peers.channels.name(b.got[0]?.channel ?? -1), 'chat')
    })

    it('keeps the order of each key on channels of several lanes, before and after they stand', async () => {
      const config = { channels: { game: { connections: 4 } } }
      const a = await lab.start('a')
      const b = await lab.start('b', config)
      a.peers.channels.learn('game')
      a.peers.connect(b.peers.self)
      for (let i = 0; i < 400; i++) {
        a.tell('b', i % 10, i)
        if (i % 50 === 0) await lab.pass(1)
      }
      await lab.until(() => b.got.length === 400, 'all messages')
      for (let key = 0; key < 10; key++) {
        const seen = b.got.filter((got) => got.key === key).map((got) => got.args[0] as number)
        assert.deepEqual(
          seen,
          [...seen].sort((x, y) => x - y),
          `key ${key}`,
        )
      }
    })

    it('lets a small message pass an 8 MB one on the same lane, but not one of its own key', async () => {
      const [a, b] = await pair()
      const arrivals: string[] = []
      b.onEnvelope = (envelope) => {
        const [label] = b.codec.decodeArgs(envelope.body ?? assert.fail('no body'))
        arrivals.push(String(label))
      }
      a.tell('b', 1, 'large', new Uint8Array(8 * KIB * KIB))
      a.tell('b', 1, 'behind it')
      a.tell('b', 2, 'past it')
      await lab.until(() => arrivals.length === 3, 'all three')
      assert.deepEqual(arrivals, ['past it', 'large', 'behind it'])
    })

    it('carries large messages of several keys side by side, unharmed', async () => {
      const [a, b] = await pair()
      const sent = [1, 2, 3].map((key) => new Uint8Array(600 * KIB).fill(key))
      for (const bytes of sent) {
        a.tell('b', bytes[0] as number, bytes)
        b.tell('a', bytes[0] as number, bytes)
      }
      await lab.until(() => a.got.length + b.got.length === 6, 'all of them')
      for (const { key, args } of [...a.got, ...b.got]) {
        const bytes = args[0] as Uint8Array
        assert.equal(bytes.length, 600 * KIB)
        assert.isTrue(bytes.every((each) => each === key))
      }
    })

    it('carries control frames of any size on the membership lane, in their order', async () => {
      const [a, b] = await pair()
      const sizes = [1, 300 * KIB, 2, 70 * KIB, 3]
      for (const size of sizes) {
        assert.equal(a.peers.sendControl('b', FRAME.OVERLAY, new Uint8Array(size)), SENT)
      }
      await lab.until(() => b.controls.length === sizes.length, 'all frames')
      assert.deepEqual(
        b.controls.map(({ kind, body }) => [kind, body.length]),
        sizes.map((size) => [FRAME.OVERLAY, size]),
      )
      assert.equal(a.peers.sendControl('c', FRAME.OVERLAY, new Uint8Array(1)), FULL)
    })

    it('is one session when both sides dial at once', async () => {
      const a = await lab.start('a')
      const b = await lab.start('b')
      a.peers.connect(b.peers.self)
      b.peers.connect(a.peers.self)
      for (let i = 0; i < 20; i++) {
        a.tell('b', 1, i)
        b.tell('a', 1, i)
      }
      await lab.until(() => a.got.length === 20 && b.got.length === 20, 'all messages')
      await lab.pass(100)
      assert.deepEqual([a.peers.stats().connections, b.peers.stats().connections], [2, 2])
      assert.deepEqual([a.count('up'), a.count('down'), b.count('down')], [1, 0, 0])
    })

    it('knows a peer again that is introduced a second time', async () => {
      const [a, b] = await pair()
      const again = await lab.complete(a.peers.introduce(b.address, 5_000))
      const back = await lab.complete(b.peers.introduce(a.address, 5_000))
      assert.deepEqual([again.name, back.name], ['b', 'a'])
      assert.deepEqual([a.count('up'), a.count('down'), b.count('up')], [1, 0, 1])
    })

    it('delivers what was queued before stop, says goodbye, and both report the peer down', async () => {
      const [a, b] = await pair()
      for (let i = 0; i < 50; i++) a.tell('b', i, i, new Uint8Array(100 * KIB))
      await lab.complete(a.peers.stop(3_000))
      await lab.until(() => !b.peers.isUp('a'), 'down')
      assert.equal(b.got.length, 50)
      assert.deepEqual([a.lost, a.dead.length], [0, 0])
      assert.isBelow(b.news.indexOf('goodbye a'), b.news.indexOf('down a ERR_CONNECTION_LOST'))
      assert.equal(a.peers.stats().connections, 0)
      assert.equal(await codeFrom(a.peers.introduce(b.address, 100)), 'ERR_NODE_STOPPED')
    })

    it('disconnects without a goodbye, hands back what is unsent, and can connect again', async () => {
      const [a, b] = await pair()
      a.tell('b', 1, 'written')
      a.peers.disconnect('b', 'enough')
      assert.equal(a.news.at(-1), 'down b ERR_CONNECTION_LOST')
      assert.throws(() => a.tell('b', 1, 'never'), /ERR_NO_ROUTE/)
      await lab.until(() => !b.peers.isUp('a'), 'down')
      assert.deepEqual(
        b.got.map((got) => got.args[0]),
        ['written'],
      )
      assert.equal(b.count('goodbye'), 0)
      a.peers.connect(b.peers.self)
      await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'up again')
      a.peers.connect({
        ...b.peers.self,
        name: 'nobody',
        incarnation: '0'.repeat(26),
        addresses: [],
      })
      a.tell('nobody', 1, 'unsent')
      a.peers.disconnect('nobody', 'enough')
      assert.deepEqual(a.dead, [{ key: 1, code: 'ERR_NODE_DOWN', args: ['unsent'] }])
    })

    it('reconnects when connections break, delivers what waited, and reports what may be lost', async () => {
      const [a, b] = await pair()
      a.peers.connect(b.peers.self)
      a.tell('b', 1, 'one')
      await lab.until(() => b.got.length === 1, 'the first')
      for (const connection of b.tap.connections) connection.destroy()
      await lab.until(() => a.count('down b ERR_CONNECTION_LOST') === 1, 'down')
      assert.equal(a.tell('b', 1, 'two'), SENT)
      await lab.until(() => b.got.length === 2, 'the second')
      assert.deepEqual([a.count('up b'), a.count('down b'), a.lost], [2, 1, 1])
    })

    it('says SLOW above the high-water mark and FULL at the bound, and is ready again below the low one', async () => {
      const [a, b] = await pair({
        options: { silenceMs: 60_000, laneMaxBytes: 4 * KIB * KIB },
      })
      for (const connection of b.tap.connections) connection.pause()
      const body = new Uint8Array(32 * KIB)
      const outcomes = new Set<number>()
      let sent = 0
      while (!outcomes.has(FULL) && sent < 5_000) {
        outcomes.add(a.tell('b', 1, body))
        sent++
        if (sent % 16 === 0) await lab.pass(1)
      }
      assert.deepEqual([...outcomes], [SENT, SLOW, FULL])
      const { queuedBytes = 0 } = a.peers.stats().lanes.find((l) => l.channel === 'default') ?? {}
      assert.isAtMost(queuedBytes, 4 * KIB * KIB + 64 * KIB)
      let ready = false
      const waiting = a.peers.ready('b', 1, 1).then(() => {
        ready = true
      })
      await lab.pass(20)
      assert.isFalse(ready)
      for (const connection of b.tap.connections) connection.resume()
      await lab.complete(waiting)
      await lab.until(() => b.got.length === sent - 1, 'all that was taken')
      assert.equal(a.tell('b', 1, 'more'), SENT)
    })

    it('keeps what it has no credit for, in order, until what is busy there is ready', async () => {
      const [a, b] = await pair({ channels: { slow: { creditMessages: 8, connections: 2 } } })
      await lab.until(() => a.count('channelUp') === 3 && b.count('channelUp') === 3, 'all lanes')
      const index = b.peers.channels.index('slow')
      let ready = (): void => assert.fail('it was never busy')
      const busy = {
        whenReady(run: () => void): void {
          ready = run
        },
      }
      const numbers = Array.from({ length: 200 }, (_, i) => i)
      b.peers.withhold('a', index, 2, busy)
      const outcomes = numbers.map((i) => a.tellOn('slow', 'b', 2, i))
      assert.deepEqual(outcomes, [...Array(8).fill(SENT), ...Array(192).fill(SLOW)])
      for (const i of numbers) a.tellOn('slow', 'b', 1, i)
      const gotOf = (key: number) =>
        b.got.filter((each) => each.key === key).map(({ args }) => args[0])
      await lab.until(() => gotOf(1).length === 200, 'the other lane')
      assert.deepEqual(gotOf(2), numbers.slice(0, 8))
      const slow = a.peers.stats().channels.find(({ channel }) => channel === 'slow')
      assert.deepInclude(slow, { heldMessages: 192, queuedMessages: 192 })
      let drained = false
      const waiting = a.peers.ready('b', index, 2).then(() => {
        drained = true
      })
      await lab.pass(20)
      assert.isFalse(drained)
      ready()
      await lab.complete(waiting)
      await lab.until(() => gotOf(2).length === 200, 'all of it')
      assert.deepEqual(gotOf(2), numbers)
      // The grant for the last of them may still be under way.
      await lab.until(() => a.tellOn('slow', 'b', 2, 'more') === SENT, 'credit for more')
      assert.deepEqual([a.refusals, b.refusals, a.dead], [[], [], []])
    })

    it('makes room by the policy of the channel', async () => {
      const a = await lab.start('a', {
        options: { laneMaxMessages: 3 },
        channels: { old: { policy: 'dropNewest' }, new: { policy: 'dropOldest' } },
      })
      a.peers.connect({ ...a.peers.self, name: 'b', incarnation: '0'.repeat(26), addresses: [] })
      for (const channel of ['old', 'new', 'default']) {
        const outcomes = [1, 2, 3, 4, 5].map((i) => a.tellOn(channel, 'b', 1, channel, i))
        const last = channel === 'old' ? SLOW : channel === 'new' ? SENT : FULL
        assert.deepEqual(outcomes, [SENT, SENT, SENT, last, last], channel)
      }
      assert.deepEqual(
        a.dead.map(({ code, args }) => [code, ...args]),
        [4, 5]
          .map((i) => ['ERR_LANE_FULL', 'old', i])
          .concat([1, 2].map((i) => ['ERR_LANE_FULL', 'new', i])),
      )
    })

    const refusals: [what: string, mine: object, theirs: object, code: string][] = [
      ['another cookie', { cookie: 'one' }, { cookie: 'two' }, 'ERR_COOKIE'],
      ['another overlay', { overlay: 'x' }, { overlay: 'y' }, 'ERR_OVERLAY_MISMATCH'],
      [
        'too many lanes',
        { channels: { big: { connections: 64 } } },
        { options: { maxConnectionsPerPeer: 60 } },
        'ERR_TOO_MANY_CONNECTIONS',
      ],
    ]
    for (const [what, mine, theirs, code] of refusals) {
      it(`refuses a node with ${what}: ${code}`, async () => {
        const a = await lab.start('a', mine)
        const b = await lab.start('b', theirs)
        assert.equal(await lab.complete(codeFrom(a.peers.introduce(b.address, 3_000))), code)
        await lab.until(() => b.peers.stats().refused[code] === 1, 'counted')
        assert.deepEqual([b.refusals, a.count('up'), b.count('up')], [[code], 0, 0])
      })
    }

    it('does not join itself, nor a node of its own name', async () => {
      const a = await lab.start('a')
      const twin = await lab.start('a', { listen: { ...a.address, port: 9777 } })
      const self = a.peers.introduce(a.address, 3_000)
      assert.equal(await lab.complete(codeFrom(self)), 'ERR_JOIN_SELF')
      const other = twin.peers.introduce(a.address, 3_000)
      assert.equal(await lab.complete(codeFrom(other)), 'ERR_NAME_TAKEN')
    })

    it('fails to introduce where nobody listens, and reports failed attempts to connect', async () => {
      const a = await lab.start('a')
      const b = await lab.start('b')
      const { address } = b
      const member = b.peers.self
      await lab.complete(b.peers.stop(0))
      assert.equal(await lab.complete(codeFrom(a.peers.introduce(address, 1_000))), 'ERR_CONNECT')
      a.peers.connect(member)
      await lab.until(() => a.count('failed b ERR_CONNECT') >= 2, 'two attempts')
    })

    it('measures round trips, and tells by a probe who lives', async () => {
      const [a, b] = await pair()
      await lab.until(() => a.peers.rttMs('b') !== undefined, 'a round trip')
      assert.isBelow(a.peers.rttMs('b') as number, 1_000)
      assert.isTrue(await lab.complete(a.peers.probe('b', 1_000)))
      assert.isFalse(await lab.complete(a.peers.probe('c', 1_000)))
      for (const connection of b.tap.connections) connection.pause()
      assert.isFalse(await lab.complete(a.peers.probe('b', 100)))
    })

    it('throws what cannot be sent at the sender, with nothing queued', async () => {
      const [a, b] = await pair()
      assert.throws(() => a.tell('b', 1, () => 1), /ERR_NOT_SERIALIZABLE/)
      assert.throws(() => a.tell('b', 1, new Uint8Array(65 * KIB * KIB)), /ERR_TOO_LARGE/)
      assert.throws(() => a.tell('stranger', 1, 1), /ERR_NO_ROUTE/)
      a.tell('b', 1, 'fine')
      await lab.until(() => b.got.length > 0, 'the message')
      assert.deepEqual(
        b.got.map((got) => got.args),
        [['fine']],
      )
    })
  })
}
