import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import {
  type ActorRef,
  actor,
  child,
  oneForOne,
  type Relocate,
  Supervisor,
} from '../../src/index.js'
import { scripted } from '../overlay/scripted-overlay.js'
import { Ledger, Observer } from '../promises/actors.js'
import { outcomeOf } from '../promises/environment.js'
import { seeds } from '../seeds.js'
import { FarTown, seven } from './far-town.js'

/** Places one child. */
@actor('differences/keeper')
class Keeper extends Supervisor<{ readonly on: string; readonly relocate: Relocate }> {
  override readonly strategy = oneForOne({ maxRestarts: 5, withinMs: 5_000 })
  override children() {
    return [child('placed', Ledger, { ...this.args, name: 'placed' })]
  }
  status(): string {
    return this.whichChildren()[0]?.status ?? 'none'
  }
}

const node = (town: FarTown, name: string) => town.subject(name).node

/** A ledger on a node, and it as `a` names it. */
function ledgerOn(town: FarTown, name: string): [ActorRef<Ledger>, ActorRef<Ledger>] {
  const home = node(town, name).spawn(Ledger, undefined, { name: 'ledger' })
  return [home, node(town, 'a').lookup(Ledger, 'ledger', { on: name })]
}

/** What stands in the first column of the table in docs/overlays.md, and a test of it. */
const ROWS: Readonly<Record<string, (town: FarTown) => Promise<void>>> = {
  members: async (town) => {
    await town.line(seven)
    await town.complete(ledgerOn(town, 'g')[1].ask.size())
    assert.deepEqual(town.subject('a').members(), ['a', 'b'])
    assert.isTrue(node(town, 'a').isUp('g'))
  },
  'unknown names': async (town) => {
    await town.line(seven)
    const nobody = node(town, 'a').lookup(Ledger, 'ledger', { on: 'nobody' })
    const from = town.now()
    const error = await town.failure(nobody.ask.size())
    assert.deepInclude(error, { code: 'ERR_NO_ROUTE', retryable: true })
    assert.approximately(town.now() - from, 2_000, 50)
  },
  join: async (town) => {
    const graph = { a: [], b: ['a'] }
    await town.start('a', { overlay: scripted(graph) })
    const b = await town.start('b', { overlay: scripted(graph) })
    await town.complete(b.node.join(town.subject('a').address))
    assert.isTrue(b.node.isUp('a'))
  },
  nodeUp: async (town) => {
    await town.line(seven)
    assert.isFalse(node(town, 'a').isUp('g'))
    const [, ledger] = ledgerOn(town, 'g')
    await town.complete(ledger.ask.size())
    assert.lengthOf(town.subject('a').heard('nodeUp', 'g'), 1)
    assert.lengthOf(town.subject('g').heard('nodeUp', 'a'), 1)
  },
  nodeDown: async (town) => {
    await town.line(seven)
    const [, ledger] = ledgerOn(town, 'g')
    await town.complete(ledger.ask.size())
    const from = town.now()
    await town.crash('g')
    await town.until('both are given up', () => {
      const down = (at: string) => town.subject(at).heard('nodeDown', 'g').length > 0
      return down('a') && down('f')
    })
    const near = town.subject('f').when('nodeDown', 'g') - town.subject('f').when('peerDown', 'g')
    assert.approximately(near, 2_000, 2)
    const far = town.subject('a').when('nodeDown', 'g') - from
    assert.isAbove(far, 3_300)
    assert.isBelow(far, 6_700)
  },
  silence: async (town) => {
    await town.line(seven)
    const [, ledger] = ledgerOn(town, 'g')
    const [, watched] = ledgerOn(town, 'f')
    node(town, 'a').spawn(Observer).tell.follow(watched)
    await town.complete(ledger.ask.size())
    await town.run(90_000)
    assert.isFalse(node(town, 'a').isUp('g'))
    assert.isTrue(node(town, 'a').isUp('f'))
    assert.deepEqual(town.subject('a').heard('nodeDown'), [])
    assert.equal(await town.complete(ledger.ask.size()), 0)
    assert.lengthOf(town.subject('a').heard('nodeUp', 'g'), 2)
  },
  return: async (town) => {
    await town.line(seven)
    const [, ledger] = ledgerOn(town, 'g')
    await town.complete(ledger.ask.size())
    const heal = town.partition(['a', 'b'], ['c', 'd', 'e', 'f', 'g'])
    await town.run(200_000)
    heal()
    await town.run(5_000)
    assert.equal(await town.complete(outcomeOf(ledger.ask.size())), 'ERR_NODE_DOWN')
    await town.run(5_000)
    assert.equal(await town.complete(outcomeOf(ledger.ask.size())), 'answered')
  },
  goodbye: async (town) => {
    await town.line(seven)
    const [, ledger] = ledgerOn(town, 'g')
    await town.complete(ledger.ask.size())
    const from = town.now()
    await town.complete(node(town, 'g').stop())
    town.subject('g').crashed = true
    await town.until('a hears', () => town.subject('a').heard('nodeDown', 'g').length > 0)
    assert.isBelow(town.now() - from, 1_000)
  },
  order: async (town) => {
    await town.ring(seven, { channels: { sure: { reliable: true } } })
    const [home, ledger] = ledgerOn(town, 'd')
    const sure = ledger.with({ channel: 'sure' })
    for (let at = 0; at < 40; at++) {
      sure.tell.write(at)
      await town.run(100)
      if (at === 10) town.sim.crash('c', { silent: true })
    }
    town.subject('c').crashed = true
    await town.run(30_000)
    const all = Array.from({ length: 40 }, (_, at) => at)
    assert.deepEqual(await town.complete(home.ask.entries()), all)
  },
  loss: async (town) => {
    await town.line(seven)
    const [, ledger] = ledgerOn(town, 'd')
    await town.complete(ledger.ask.size())
    const pending = outcomeOf(ledger.with({ timeoutMs: 20_000 }).ask.never())
    town.sim.crash('c', { silent: true })
    town.subject('c').crashed = true
    ledger.tell.write('into the silence')
    await town.run(3_100)
    assert.deepEqual(town.subject('a').letters, [], 'nothing is said of it')
    assert.equal(await town.complete(outcomeOf(ledger.ask.size())), 'ERR_NO_ROUTE', 'comes back')
    assert.isAbove(node(town, 'a').stats().relay?.returned ?? 0, 0)
    assert.equal(await town.complete(pending), 'ERR_NODE_DOWN')
  },
  'a node that started anew': async (town) => {
    await town.line(seven)
    const [, ledger] = ledgerOn(town, 'd')
    await town.complete(ledger.ask.size())
    const searches = () => node(town, 'a').stats().routes?.searches ?? 0
    const before = searches()
    await town.crash('d')
    await town.start('d')
    const both = ['c', 'e'].map((name) => town.subject(name))
    await town.until('it is back', () => both.every((at) => at.heard('nodeUp', 'd').length > 1))
    const from = town.now()
    // A search that began while it was away finds the new start by itself: nothing is sent to the one before.
    if (searches() > before || town.subject('a').heard('nodeDown', 'd').length > 0) return
    assert.isTrue(ledger.tell.write('for the one before'))
    const outcome = outcomeOf(ledger.with({ timeoutMs: 20_000 }).ask.size())
    assert.equal(await town.complete(outcome), 'ERR_NODE_DOWN')
    assert.isBelow(town.now() - from, 200)
    await town.run(100)
    assert.deepEqual(town.subject('a').reasons(), ['ERR_NODE_DOWN'])
    assert.lengthOf(town.subject('a').heard('nodeDown', 'd'), 1)
    assert.isAbove(node(town, 'd').stats().relay?.refused ?? 0, 0)
    node(town, 'd').spawn(Ledger, undefined, { name: 'ledger' })
    assert.equal(await town.complete(ledger.ask.size()), 0)
  },
  'no way right now': async (town) => {
    await town.line(seven)
    const [, ledger] = ledgerOn(town, 'g')
    await town.complete(ledger.ask.size())
    await town.crash('b')
    await town.run(100)
    const from = town.now()
    assert.isTrue(ledger.tell.write('waits'))
    await town.until('it is a dead letter', () => town.subject('a').letters.length > 0)
    assert.deepEqual(town.subject('a').reasons(), ['ERR_NO_ROUTE'])
    assert.isBelow(town.now() - from, 2_100)
  },
  'back-pressure': async (town) => {
    const connections = { laneMaxBytes: 2_000_000, laneHighWaterBytes: 100_000 }
    const more = { laneLowWaterBytes: 50_000 }
    await town.line(seven, { connections: { ...connections, ...more } })
    const [home, ledger] = ledgerOn(town, 'g')
    await town.complete(ledger.ask.size())
    const told = Array.from({ length: 60 }, () => ledger.tell.write(1, new Uint8Array(50_000)))
    const slow = told.indexOf(false)
    const dead = town.subject('a').reasons()
    assert.isAbove(slow, 0)
    assert.deepEqual(new Set(dead), new Set(['ERR_LANE_FULL']))
    assert.isBelow(slow, told.length - dead.length, 'false above the mark, while it is accepted')
    assert.isFalse(told.at(-1))
    const from = town.now()
    await town.complete(ledger.ready())
    assert.isAbove(town.now(), from, 'not before the lane has room')
    assert.isTrue(ledger.tell.write(1, new Uint8Array(50_000)))
    await town.run(2_000)
    assert.equal(await town.complete(home.ask.size()), told.length - dead.length + 1)
  },
  channels: async (town) => {
    await town.line(seven, { channels: { bulk: {} } })
    const [, ledger] = ledgerOn(town, 'g')
    await town.complete(ledger.ask.size())
    const framesOf = (name: string) =>
      node(town, 'a')
        .stats()
        .transport.lanes.find((lane) => lane.channel === name)?.framesOut ?? 0
    const before = framesOf('bulk')
    const bulk = ledger.with({ channel: 'bulk' })
    for (let at = 0; at < 50; at++) bulk.tell.write(at)
    await town.complete(bulk.ask.size())
    assert.equal(framesOf('bulk'), before)
    assert.isAbove(framesOf('membership'), 50)
  },
  hops: async (town) => {
    const names = Array.from({ length: 34 }, (_, at) => `n${String(at).padStart(2, '0')}`)
    await town.line(names)
    for (const name of ['n32', 'n33']) node(town, name).spawn(Ledger, undefined, { name: 'ledger' })
    const at = (on: string) => node(town, 'n00').lookup(Ledger, 'ledger', { on })
    assert.equal(await town.complete(outcomeOf(at('n32').ask.size())), 'answered')
    assert.equal(await town.complete(outcomeOf(at('n33').ask.size())), 'ERR_NO_ROUTE')
  },
  "`relocate: 'majority'`": async (town) => {
    await town.ring(seven, { remoteSpawn: [Ledger] })
    const keeper = node(town, 'a').spawn(Keeper, { on: 'd', relocate: 'majority' })
    await town.run(3_000)
    assert.equal(await town.complete(keeper.ask.status()), 'running')
    await town.crash('d')
    await town.run(20_000)
    assert.equal(await town.complete(keeper.ask.status()), 'waiting')
  },
  "a supervisor's node that left": async (town) => {
    await town.line(seven, { remoteSpawn: [Ledger], orphanAfterMs: 20_000 })
    node(town, 'a').spawn(Keeper, { on: 'd', relocate: 'never' })
    await town.run(3_000)
    assert.equal(node(town, 'd').stats().remote.hosted, 1)
    await town.crash('a')
    await town.run(15_000)
    assert.lengthOf(town.subject('d').heard('nodeDown', 'a'), 1)
    assert.equal(node(town, 'd').stats().remote.hosted, 1)
    await town.run(15_000)
    assert.equal(node(town, 'd').stats().remote.hosted, 0)
  },
  'monotonic messages': async (town) => {
    await town.line(seven)
    const [home, ledger] = ledgerOn(town, 'g')
    await town.complete(ledger.ask.size())
    const latest = ledger.with({ monotonic: true })
    const heal = town.partition(['a'], ['b'])
    await town.run(3_200)
    for (let at = 0; at < 100; at++) latest.tell.write(at)
    await town.run(3_000)
    assert.isAtLeast(node(town, 'a').stats().delivery?.superseded ?? 0, 98)
    assert.deepEqual(town.subject('a').reasons(), ['ERR_NO_ROUTE'])
    await town.until('g is given up', () => town.subject('a').heard('nodeDown', 'g').length > 0)
    heal()
    await town.until('they meet', () => node(town, 'a').isUp('g'), 120_000)
    latest.tell.write('last')
    await town.run(2_000)
    assert.deepEqual((await town.complete(home.ask.entries())).at(-1), 'last')
  },
  trust: async (town) => {
    await town.line(seven)
    await town.complete(ledgerOn(town, 'g')[1].ask.size())
    const cookie = 'another'
    const stranger = await town.start('x', { cookie, overlay: scripted({ x: ['a'] }) })
    await town.run(5_000)
    assert.isFalse(stranger.node.isUp('a'), 'without the cookie nobody is believed anything')
  },
}

describe('what differs where there is no direct connection', () => {
  const page = readFileSync(new URL('../../docs/overlays.md', import.meta.url), 'utf8')
  const section = page.slice(page.indexOf('## What differs where there is no direct connection'))
  const rows = [...section.matchAll(/^\| ([^|]+?) \| (?!all connected|---)/gm)].map(
    ([, name]) => name,
  )

  it('has a test for every row of the table, and no other', () => {
    assert.deepEqual(
      rows.filter((row) => row !== '---'),
      Object.keys(ROWS),
    )
  })

  for (const [row, body] of Object.entries(ROWS)) {
    for (const seed of seeds(1)) {
      it(`${row} [SEED=${seed}]`, async () => {
        const town = new FarTown(seed)
        await body(town)
        await town.close()
      })
    }
  }
})
