import { assert } from 'chai'
import { Ledger } from './actors.js'
import { Radar } from './delivery-actors.js'
import type { Environment } from './environment.js'
import { everywhere, inSimulation, promise } from './promise.js'
import type { Subject } from './subject.js'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

async function cutOff(env: Environment) {
  const [a, b] = await env.pair()
  const made = b.node.spawn(Radar)
  const radar = a.node.ref(Radar, String(made))
  await env.complete(radar.ask.seen())
  const heal = env.partition('a', 'b')
  await env.until('they lose each other', () => !a.node.isUp('b') && !b.node.isUp('a'))
  return { a, b, made, radar, heal }
}

const superseded = ({ node }: Subject): number => node.stats().delivery?.superseded ?? 0

promise('Monotonic messages', 'only the newest waits', () => {
  everywhere(
    'of each actor, method and key the newest arrives, the rest is counted',
    async (env) => {
      const { a, made, radar, heal } = await cutOff(env)
      for (const at of upTo(20)) {
        radar.with({ partitionKey: 'x' }).tell.move('x', at)
        radar.with({ partitionKey: 'y' }).tell.move('y', at)
      }
      assert.strictEqual(superseded(a), 38)
      heal()
      await env.connected(['a', 'b'])
      await env.run(50)
      await env.until('the rest came', () => a.node.stats().delivery?.pending === 0)
      assert.deepEqual(await env.complete(made.ask.seen()), [
        ['x', 19],
        ['y', 19],
      ])
      assert.lengthOf(a.letters, 0)
    },
  )

  inSimulation('also where the lane is congested, and the last is never lost', async (env) => {
    const [a, b] = await env.pair({
      connections: { laneLowWaterBytes: 8_192, laneHighWaterBytes: 32_768 },
    })
    env.sim.link('a', 'b', { bytesPerMs: 50 })
    const made = b.node.spawn(Radar)
    const radar = a.node.ref(Radar, String(made))
    const weight = new Uint8Array(4_000)
    for (const at of upTo(400)) {
      radar.tell.move('x', at, weight)
      await env.run(1)
    }
    await env.run(10_000)
    const seen = (await env.complete(made.ask.seen())).map(([, at]) => at)
    assert.strictEqual(seen.at(-1), 399)
    assert.isBelow(seen.length, 200)
    assert.deepEqual(
      seen,
      seen.toSorted((x, y) => x - y),
    )
    assert.strictEqual(seen.length + superseded(a), 400)
    assert.lengthOf(a.letters, 0)
  })

  everywhere('a channel and one send ask for it alike, and it may be reliable too', async (env) => {
    const [a, b] = await env.pair({ channels: { gauges: { monotonic: true, reliable: true } } })
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made))
    await env.complete(ledger.ask.record('first'))
    const heal = env.partition('a', 'b')
    await env.until('they lose each other', () => !a.node.isUp('b') && !b.node.isUp('a'))
    for (const at of upTo(5)) ledger.with({ channel: 'gauges' }).tell.write(at)
    for (const at of upTo(5)) ledger.with({ monotonic: true }).tell.write(10 + at)
    heal()
    await env.connected(['a', 'b'])
    await env.until('all came', () => a.node.stats().delivery?.pending === 0)
    await env.run(50)
    assert.sameMembers(await env.complete(made.ask.entries()), ['first', 4, 14])
  })
})

promise('Monotonic messages', 'The newest of each goes out when there is room', () => {
  inSimulation('and once in a send window where the way stays congested', async (env) => {
    const [a, b] = await env.pair({
      connections: { laneLowWaterBytes: 8_192, laneHighWaterBytes: 32_768 },
      delivery: { monotonic: { sendWindowMs: 500 } },
    })
    env.sim.link('a', 'b', { bytesPerMs: 20 })
    const flood = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    const made = b.node.spawn(Radar)
    const radar = a.node.ref(Radar, String(made))
    for (const at of upTo(30)) {
      for (let n = 0; n < 10; n++) flood.tell.write(at, new Uint8Array(4_000))
      radar.tell.move('x', at)
      await env.run(200)
    }
    await env.run(100_000)
    const seen = (await env.complete(made.ask.seen())).map(([, at]) => at)
    assert.strictEqual(seen.at(-1), 29)
    assert.isAtLeast(seen.length, 8)
    assert.isAbove(superseded(a), 5)
  })
})

promise('Monotonic messages', 'Asks are never replaced', () => {
  everywhere('neither are tells while nothing is in the way', async (env) => {
    const [a, b] = await env.pair()
    const made = b.node.spawn(Radar)
    const radar = a.node.ref(Radar, String(made))
    for (const at of upTo(50)) radar.tell.move('x', at)
    await env.complete(Promise.all(upTo(5).map((at) => radar.ask.count('asked', at))))
    const heal = env.partition('a', 'b')
    await env.until('they lose each other', () => !a.node.isUp('b') && !b.node.isUp('a'))
    const asked = Promise.all(
      upTo(5).map((at) => radar.with({ timeoutMs: 60_000 }).ask.count('asked', 5 + at)),
    ).catch(() => undefined)
    heal()
    await env.connected(['a', 'b'])
    await env.complete(asked)
    const seen = await env.complete(made.ask.seen())
    assert.lengthOf(
      seen.filter(([key]) => key === 'x'),
      50,
    )
    assert.strictEqual(superseded(a), 0)
    assert.isAtLeast(seen.filter(([key]) => key === 'asked').length, 5)
  })
})
