import { assert } from 'chai'
import type { ActorRef } from '../../src/index.js'
import { seeds } from '../seeds.js'
import { Ledger } from './actors.js'
import type { Environment } from './environment.js'
import { everywhere, inSimulation, promise } from './promise.js'
import { Simulated } from './simulated.js'

const CHANNELS = { bulk: { connections: 4 }, other: { connections: 2 } }
const WAYS = [
  { channel: 'default', partitionKey: 0 },
  { channel: 'bulk', partitionKey: 1 },
  { channel: 'bulk', partitionKey: 2 },
  { channel: 'bulk', partitionKey: 3 },
  { channel: 'other', partitionKey: 'x' },
  { channel: 'other', partitionKey: 'y' },
]

/** What came on one way, in the order it came. */
const cameBy = (entries: unknown[], way: number): number[] =>
  (entries as [number, number][]).filter(([by]) => by === way).map(([, at]) => at)

/** An ask on every way: what was sent before on it has arrived when it is answered. */
async function flush(env: Environment, ledger: ActorRef<Ledger>): Promise<unknown[]> {
  const asks = WAYS.map((way) => ledger.with({ ...way, timeoutMs: 30_000 }).ask.size())
  await env.complete(Promise.all(asks))
  return env.complete(ledger.ask.entries())
}

promise(
  'Order',
  'messages from one node to one actor on one channel with one partition key',
  () => {
    everywhere(
      'tells and asks of one channel and key arrive in the order they were sent',
      async (env) => {
        const [a, b] = await env.pair({ channels: CHANNELS })
        const ledger = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
        const asks: Promise<unknown>[] = []
        for (let at = 0; at < 300; at++) {
          WAYS.forEach((options, way) => {
            const to = ledger.with(options)
            if (at % 11 === 0) asks.push(to.ask.record([way, at]))
            else to.tell.write([way, at], new Uint8Array(at % 50 === 0 ? 200_000 : at % 7))
          })
          if (at % 20 === 0) await env.run(1)
        }
        await env.complete(Promise.all(asks))
        const entries = await flush(env, ledger)
        const all = Array.from({ length: 300 }, (_, at) => at)
        WAYS.forEach((_, way) => {
          assert.deepEqual(cameBy(entries, way), all)
        })
      },
    )

    everywhere('two who send to one actor on one node keep the order of each', async (env) => {
      const a = await env.start('a')
      const ledger = a.node.spawn(Ledger)
      for (let at = 0; at < 100; at++) {
        ledger.tell.write([0, at])
        void ledger.ask.record([1, at])
      }
      const entries = await env.complete(ledger.ask.entries())
      assert.deepEqual(
        entries,
        Array.from({ length: 200 }, (_, n) => [n % 2, n >> 1]),
      )
    })
  },
)

promise('Order', 'The default key is the receiving actor', () => {
  everywhere(
    'what one node sends to one actor on a channel of many lanes is in order',
    async (env) => {
      const [a, b] = await env.pair({ channels: CHANNELS })
      const ledgers = Array.from({ length: 8 }, () => b.node.spawn(Ledger))
      const refs = ledgers.map((ledger) =>
        a.node.ref(Ledger, String(ledger)).with({ channel: 'bulk' }),
      )
      for (let at = 0; at < 100; at++) for (const ref of refs) ref.tell.write(at)
      for (const ref of refs) {
        const entries = await env.complete(ref.ask.entries())
        assert.deepEqual(
          entries,
          Array.from({ length: 100 }, (_, at) => at),
        )
      }
      const used = a.node
        .stats()
        .transport.lanes.filter(({ channel, framesOut }) => channel === 'bulk' && framesOut > 0)
      assert.isAbove(used.length, 1, 'actors are spread over lanes')
    },
  )
})

promise('Order', 'any order between channels, between keys, or between senders', () => {
  it('a message overtakes one that travels on another lane, and does', async () => {
    const swaps = { channels: 0, keys: 0, senders: 0 }
    for (const seed of seeds(8)) {
      const env = new Simulated(seed)
      await env.cluster(['a', 'b', 'c'], { channels: CHANNELS })
      const ledger = env.subject('b').node.spawn(Ledger)
      const from = (name: string) => env.subject(name).node.ref(Ledger, String(ledger))
      for (let at = 0; at < 50; at++) {
        from('a').with({ channel: 'bulk', partitionKey: 1 }).tell.write(['keys', at, 0])
        from('a').with({ channel: 'bulk', partitionKey: 2 }).tell.write(['keys', at, 1])
        from('a').tell.write(['channels', at, 0])
        from('a').with({ channel: 'other' }).tell.write(['channels', at, 1])
        from('a').tell.write(['senders', at, 0])
        from('c').tell.write(['senders', at, 1])
        await env.run(5)
      }
      await env.run(1_000)
      const entries = (await env.complete(ledger.ask.entries())) as [
        keyof typeof swaps,
        number,
        number,
      ][]
      assert.lengthOf(entries, 300)
      for (const kind of ['channels', 'keys', 'senders'] as const) {
        const came = entries.filter(([of]) => of === kind)
        for (let at = 0; at < 50; at++) {
          const [first] = came.filter(([, of]) => of === at)
          if (first?.[2] === 1) swaps[kind]++
        }
      }
      await env.close()
    }
    for (const [kind, count] of Object.entries(swaps)) assert.isAbove(count, 0, kind)
  })
})

promise('Order', 'there may be a gap (see Delivery), never a swap', () => {
  everywhere(
    'what still arrives after broken connections is in order, and nothing twice',
    async (env) => {
      const [a, b] = await env.pair({ channels: CHANNELS })
      const ledger = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
      for (let at = 0; at < 300; at++) {
        WAYS.forEach((options, way) => {
          ledger.with(options).tell.write([way, at], new Uint8Array(at % 60 === 59 ? 150_000 : 10))
        })
        if (at % 15 === 0) await env.run(at % 2 === 0 ? 1 : 60)
        if (at % 40 === 20) env.reset('a', 'b')
      }
      await env.connected(['a', 'b'])
      const entries = await flush(env, ledger)
      WAYS.forEach((_, way) => {
        const came = cameBy(entries, way)
        assert.deepEqual(
          came,
          came.toSorted((x, y) => x - y),
        )
        assert.strictEqual(new Set(came).size, came.length)
        assert.include(came, 299)
      })
      assert.isAbove(a.heard('peerDown').length, 0, 'connections broke')
    },
    6,
  )
})

promise(
  'Order',
  'where both are used on a channel of several connections, give an explicit key',
  () => {
    inSimulation('an explicit key keeps the order of a named ref and one by id', async (env) => {
      const [a, b] = await env.pair({ channels: CHANNELS })
      const made = b.node.spawn(Ledger, undefined, { name: 'ledger' })
      const byName = a.node.lookup(Ledger, 'ledger', { on: 'b' }).with({ channel: 'bulk' })
      const byId = a.node.ref(Ledger, String(made)).with({ channel: 'bulk' })
      for (let at = 0; at < 50; at++) {
        byName.with({ partitionKey: 7 }).tell.write(at * 2)
        byId.with({ partitionKey: 7 }).tell.write(at * 2 + 1)
      }
      await env.run(1_000)
      assert.deepEqual(
        await env.complete(byId.ask.entries()),
        Array.from({ length: 100 }, (_, at) => at),
      )
    })
  },
)
