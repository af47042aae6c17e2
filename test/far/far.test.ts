import { assert } from 'chai'
import {
  type ActorRef,
  actor,
  child,
  oneForOne,
  type Relocate,
  Supervisor,
} from '../../src/index.js'
import { Ledger, Observer, Oracle } from '../promises/actors.js'
import { Gossip } from '../promises/delivery-actors.js'
import { outcomeOf } from '../promises/environment.js'
import { seeds } from '../seeds.js'
import { FarTown, seven } from './far-town.js'

function inTown(
  title: string,
  body: (town: FarTown) => Promise<void>,
  few = 2,
  options = {},
  found: readonly number[] = [],
): void {
  const kept = process.env['SEED'] === undefined ? found : []
  for (const seed of new Set([...seeds(few), ...kept])) {
    it(`${title} [SEED=${seed}]`, async () => {
      const town = new FarTown(seed, options)
      await body(town)
      await town.close()
    })
  }
}

/** Places one child. */
@actor('far/keeper')
class Keeper extends Supervisor<{ readonly on: string; readonly relocate: Relocate }> {
  override readonly strategy = oneForOne({ maxRestarts: 5, withinMs: 5_000 })
  override children() {
    return [child('placed', Ledger, { ...this.args, name: 'placed' })]
  }

  placed(): Promise<string> {
    return this.child<Ledger>('placed').with({ timeoutMs: 1_000 }).ask.host()
  }
}

const node = (town: FarTown, name: string) => town.subject(name).node

describe('nodes without a connection', () => {
  inTown('answer asks across six hops, by name and by ref', async (town) => {
    await town.line(seven)
    node(town, 'g').spawn(Ledger, undefined, { name: 'ledger' })
    const ledger = node(town, 'a').lookup(Ledger, 'ledger', { on: 'g' })
    assert.equal(await town.complete(ledger.ask.record('first')), 1)
    const found = await town.complete(node(town, 'a').whereis('ledger', { on: 'g' }))
    const byId = found as unknown as ActorRef<Ledger>
    assert.equal(await town.complete(byId.ask.record('second')), 2)
    assert.isTrue(node(town, 'a').isUp('g'))
    assert.deepEqual(town.subject('a').heard('nodeUp', 'g').length, 1)
    assert.deepEqual(await town.complete(byId.ask.entries()), ['first', 'second'])
  })

  inTown('get what was told before they were found, in its order', async (town) => {
    await town.line(seven)
    const home = node(town, 'g').spawn(Ledger, undefined, { name: 'ledger' })
    const ledger = node(town, 'a').lookup(Ledger, 'ledger', { on: 'g' })
    const all = Array.from({ length: 300 }, (_, at) => at)
    for (const at of all) ledger.tell.write(at, at % 50 === 0 ? new Uint8Array(100_000) : undefined)
    await town.run(3_000)
    assert.deepEqual(await town.complete(home.ask.entries()), all)
  })

  inTown('are not found when nobody has the name', async (town) => {
    await town.line(seven)
    const ledger = node(town, 'a').lookup(Ledger, 'ledger', { on: 'nobody' })
    const from = town.now()
    const error = await town.failure(ledger.ask.size())
    assert.equal(error.code, 'ERR_NO_ROUTE')
    assert.isTrue(error.retryable)
    assert.isBelow(town.now() - from, 2_500)
    ledger.tell.write('lost')
    await town.run(3_000)
    assert.deepEqual(town.subject('a').reasons(), ['ERR_NO_ROUTE'])
    const hasty = ledger.with({ timeoutMs: 100 })
    assert.equal(await town.complete(outcomeOf(hasty.ask.size())), 'ERR_ASK_TIMEOUT')
  })

  inTown(
    'take five megabytes over six slow hops, while heartbeats and leases go on',
    async (town) => {
      await town.line(seven)
      node(town, 'g').spawn(Oracle, undefined, { name: 'oracle' })
      const patient = { timeoutMs: 120_000 }
      const oracle = node(town, 'a').lookup(Oracle, 'oracle', { on: 'g' }).with(patient)
      assert.equal(await town.complete(oracle.ask.same('small')), 'small')
      const bytes = Uint8Array.from({ length: 5 * 1024 * 1024 }, (_, at) => at % 251)
      const from = town.now()
      const back = (await town.complete(oracle.ask.same(bytes))) as Uint8Array
      assert.equal(Buffer.compare(back, bytes), 0)
      assert.isAbove(town.now() - from, 12 * 4_000, 'four seconds a hop, more than silenceMs')
      for (const name of seven) {
        assert.deepEqual(town.subject(name).heard('peerDown'), [])
        assert.deepEqual(town.subject(name).heard('nodeDown'), [])
      }
    },
    1,
    { bytesPerMs: 960 },
  )

  inTown('are reached another way when a node in the middle crashes', async (town) => {
    await town.ring(seven)
    node(town, 'd').spawn(Ledger, undefined, { name: 'ledger' })
    const ledger = node(town, 'a').lookup(Ledger, 'ledger', { on: 'd' })
    assert.equal(await town.complete(ledger.ask.record(1)), 1)
    await town.crash('b')
    await town.run(50)
    assert.equal(await town.complete(ledger.ask.record(2)), 2)
    await town.run(10_000)
    assert.equal(await town.complete(ledger.ask.record(3)), 3)
    assert.deepEqual(town.subject('a').heard('nodeDown', 'd'), [])
    assert.lengthOf(town.subject('a').heard('nodeDown', 'b'), 1)
  })

  inTown(
    'get what waits for a connection that is cut another way',
    async (town) => {
      const few = { windowBytes: 200_000 }
      await town.ring(seven, { connections: few })
      const home = node(town, 'b').spawn(Ledger, undefined, { name: 'ledger' })
      const ledger = node(town, 'a').lookup(Ledger, 'ledger', { on: 'b' })
      await town.complete(ledger.ask.size())
      town.partition('a', 'b')
      for (let at = 0; at < 40; at++) ledger.tell.write(at, new Uint8Array(60_000))
      await town.run(8_000)
      const entries = await town.complete(home.ask.entries())
      assert.include(entries, 39)
      assert.deepEqual(
        entries,
        [...entries].sort((x, y) => Number(x) - Number(y)),
      )
      assert.isAtLeast(entries.length + town.subject('a').lost, 40)
      assert.deepEqual(town.subject('a').letters, [])
    },
    2,
    { windowBytes: 64 * 1024 },
  )

  inTown('are reached another way when a node in the middle falls silent', async (town) => {
    await town.ring(seven)
    node(town, 'd').spawn(Ledger, undefined, { name: 'ledger' })
    const ledger = node(town, 'a').lookup(Ledger, 'ledger', { on: 'd' })
    assert.equal(await town.complete(ledger.ask.record(1)), 1)
    town.sim.crash('b', { silent: true })
    town.subject('b').crashed = true
    // What went into the silence is lost without a word: the asker's deadline tells.
    assert.include(
      ['answered', 'ERR_ASK_TIMEOUT'],
      await town.complete(outcomeOf(ledger.ask.record(2))),
    )
    assert.isAtLeast(await town.complete(ledger.ask.record(3)), 2)
    assert.deepEqual(town.subject('a').heard('nodeDown', 'd'), [])
  })

  inTown('that die are told to whoever watches and links, once for each start', async (town) => {
    await town.line(seven)
    const spawn = () => node(town, 'g').spawn(Ledger, undefined, { name: 'ledger' })
    spawn()
    const observer = node(town, 'a').spawn(Observer)
    const named = node(town, 'a').lookup(Ledger, 'ledger', { on: 'g' })
    const byId = await town.complete(node(town, 'a').whereis('ledger', { on: 'g' }))
    assert.isDefined(byId)
    observer.tell.follow(named)
    observer.tell.follow(byId as never)
    observer.tell.tie(byId as never)
    await town.run(5_000)
    assert.deepEqual(await town.complete(observer.ask.heard()), [])
    const diedMs = town.now()
    await town.crash('g')
    await town.until('a gives g up', () => town.subject('a').heard('nodeDown', 'g').length > 0)
    assert.isBelow(town.now() - diedMs, 9_000)
    await town.run(5_000)
    const heard = [...(await town.complete(observer.ask.heard()))].sort()
    assert.deepEqual(heard, ['0 node g went down', '0 node g went down', 'exit node g went down'])
    await town.start('g')
    spawn()
    await town.until(
      'a sees the new start',
      () => town.subject('a').heard('nodeUp', 'g').length > 1,
      120_000,
    )
    await town.run(5_000)
    assert.lengthOf(await town.complete(observer.ask.heard()), 3)
    observer.tell.follow(named)
    await town.run(2_000)
    await town.crash('g')
    await town.run(12_000)
    assert.lengthOf(await town.complete(observer.ask.heard()), 4)
  })

  inTown('that are cut off are down on both sides, and up again when that heals', async (town) => {
    await town.line(seven)
    node(town, 'g').spawn(Ledger, undefined, { name: 'ledger' })
    const observer = node(town, 'a').spawn(Observer)
    const ledger = node(town, 'a').lookup(Ledger, 'ledger', { on: 'g' })
    observer.tell.follow(ledger)
    await town.complete(ledger.ask.size())
    const pending = outcomeOf(ledger.with({ timeoutMs: 60_000 }).ask.never())
    const heal = town.partition(['a', 'b', 'c'], ['d', 'e', 'f', 'g'])
    await town.run(12_000)
    assert.equal(await town.complete(pending), 'ERR_NODE_DOWN')
    for (const [one, other] of [
      ['a', 'g'],
      ['g', 'a'],
    ] as const) {
      assert.lengthOf(town.subject(one).heard('nodeDown', other), 1)
    }
    assert.equal(await town.complete(outcomeOf(ledger.ask.size())), 'ERR_NODE_DOWN')
    heal()
    await town.until(
      'a and g meet again',
      () => node(town, 'a').isUp('g') && node(town, 'g').isUp('a'),
      120_000,
    )
    assert.equal(await town.complete(ledger.ask.size()), 0)
    assert.deepEqual(await town.complete(observer.ask.heard()), ['0 node g went down'])
    assert.lengthOf(town.subject('a').heard('nodeUp', 'g'), 2)
  })

  inTown('take placed children, which go elsewhere when their node dies', async (town) => {
    await town.ring(seven, { remoteSpawn: [Ledger] })
    const keeper = node(town, 'a').spawn(Keeper, { on: 'd', relocate: 'afterDown' })
    await town.run(3_000)
    assert.equal(await town.complete(keeper.ask.placed()), 'd')
    await town.crash('d')
    await town.run(12_000)
    assert.include(['a', 'b', 'g'], await town.complete(keeper.ask.placed()))
  })

  inTown(
    'start actors, stop them, and answer for others',
    async (town) => {
      await town.line(seven, { remoteSpawn: [Oracle] })
      const a = node(town, 'a')
      const e = await town.complete(a.spawnOn('e', Oracle))
      const g = await town.complete(a.spawnOn('g', Oracle))
      assert.equal(await town.complete(e.ask.through(g)), 'from g')
      assert.equal((await town.failure(g.ask.refused(e))).code, 'NO')
      await town.complete(a.stopActor(g))
      assert.equal(await town.complete(outcomeOf(g.ask.same(1))), 'ERR_STOPPED')
    },
    2,
    {},
    [16, 20],
  )

  inTown(
    'get an effect behind its cause with a causal label, and without it maybe not',
    async (town) => {
      await town.line(['b', 'a', 'c'])
      const [a, b, c] = ['a', 'b', 'c'].map((name) => node(town, name).spawn(Gossip)) as [
        ActorRef<Gossip>,
        ActorRef<Gossip>,
        ActorRef<Gossip>,
      ]
      const [second, third] = [b, c].map((ref) => node(town, 'a').ref(Gossip, String(ref))) as [
        ActorRef<Gossip>,
        ActorRef<Gossip>,
      ]
      await town.complete(node(town, 'b').ref(Gossip, String(c)).ask.heard()) // a way is found
      // To c the cause has a lane of its own, the effect shares the one of what is relayed.
      town.sim.link('a', 'c', { latencyMs: [200, 300] })
      const words = Array.from({ length: 40 }, (_, at) => String(at))
      for (const word of words) {
        a.tell.start(second, third, `causal ${word}`)
        a.tell.startPlain(second, third, `plain ${word}`)
        await town.run(1_000)
      }
      await town.run(10_000)
      const heard = await town.complete(c.ask.heard())
      assert.sameMembers(
        heard,
        words.flatMap((word) =>
          ['causal', 'plain'].flatMap((kind) => [
            `${kind} ${word}: cause`,
            `${kind} ${word}: effect`,
          ]),
        ),
      )
      const overtaken = (kind: string) =>
        words.filter(
          (word) =>
            heard.indexOf(`${kind} ${word}: effect`) < heard.indexOf(`${kind} ${word}: cause`),
        )
      assert.deepEqual(overtaken('causal'), [])
      assert.isAbove(overtaken('plain').length, 0)
    },
  )

  inTown('that stop in order are down at once', async (town) => {
    await town.line(seven)
    node(town, 'g').spawn(Ledger, undefined, { name: 'ledger' })
    const ledger = node(town, 'a').lookup(Ledger, 'ledger', { on: 'g' })
    await town.complete(ledger.ask.size())
    const from = town.now()
    await town.complete(node(town, 'g').stop())
    town.subject('g').crashed = true
    await town.until('a hears of it', () => town.subject('a').heard('nodeDown', 'g').length > 0)
    assert.isBelow(town.now() - from, 1_000)
  })

  inTown('are forgotten in silence when nobody has used them for a minute', async (town) => {
    await town.line(seven)
    node(town, 'g').spawn(Ledger, undefined, { name: 'ledger' })
    const ledger = node(town, 'a').lookup(Ledger, 'ledger', { on: 'g' })
    await town.complete(ledger.ask.size())
    await town.run(90_000)
    assert.isFalse(node(town, 'a').isUp('g'))
    assert.deepEqual(town.subject('a').heard('nodeDown', 'g'), [])
    assert.equal(await town.complete(ledger.ask.record('again')), 1)
  })

  inTown(
    'are watched for as long as it takes',
    async (town) => {
      await town.line(seven)
      node(town, 'g').spawn(Ledger, undefined, { name: 'ledger' })
      const observer = node(town, 'a').spawn(Observer)
      observer.tell.follow(node(town, 'a').lookup(Ledger, 'ledger', { on: 'g' }))
      await town.run(200_000)
      assert.isTrue(node(town, 'a').isUp('g'))
      await town.crash('g')
      await town.run(12_000)
      assert.deepEqual(await town.complete(observer.ask.heard()), ['0 node g went down'])
    },
    1,
  )

  inTown('get reliable messages once, over crashes of relays and a cut', async (town) => {
    await town.ring(seven, { channels: { sure: { reliable: true } } })
    const home = node(town, 'd').spawn(Ledger, undefined, { name: 'ledger' })
    const ledger = node(town, 'a').lookup(Ledger, 'ledger', { on: 'd' }).with({ channel: 'sure' })
    ledger.tell.write(0)
    await town.run(2_000)
    town.sim.crash('b', { silent: true })
    town.subject('b').crashed = true
    for (let at = 1; at <= 20; at++) {
      ledger.tell.write(at)
      await town.run(200)
    }
    const heal = town.partition(['a'], ['g'])
    ledger.tell.write(21)
    await town.run(15_000)
    heal()
    await town.run(60_000)
    const all = Array.from({ length: 22 }, (_, at) => at)
    assert.deepEqual(await town.complete(home.ask.entries()), all)
  })
})
