import { assert } from 'chai'
import type { Random } from '../../src/base/random.js'
import { hyparview } from '../../src/overlay/hyparview.js'
import { wire } from '../../src/overlay/hyparview-message.js'
import type { Member, Overlay, OverlayFactory } from '../../src/overlay/overlay.js'
import { xbotWire } from '../../src/overlay/xbot-message.js'
import { seeds } from '../seeds.js'
import { addressOf, CoreNetwork, incarnationFor } from './core-network.js'
import { OverlayBench } from './overlay-bench.js'

const ACTIVE = 4
const PASSIVE = 8
const NODES = 12

interface Picture {
  readonly active: string[]
  readonly passive: string[]
  readonly lost: string[]
  readonly asking: string[]
  readonly contacts: string[]
}

/** What holds after every step, whatever came in. */
function check(self: string, overlay: Overlay): void {
  const { active, passive, lost, asking, contacts } = overlay.snapshot() as unknown as Picture
  const both = [...active, ...passive]
  assert.equal(new Set(both).size, both.length, `${self}: ${active} | ${passive}`)
  assert.notInclude([...both, ...lost, ...asking], self)
  assert.isAtMost(active.length, ACTIVE)
  assert.isAtMost(passive.length, PASSIVE)
  assert.isAtMost(lost.length, 16)
  assert.isAtMost(asking.length, 2 * ACTIVE)
  assert.isAtMost(contacts.length, 64)
  assert.deepEqual(overlay.neighbours(), active)
  for (const name of active) assert.equal(overlay.nextHop(name), name)
  for (const name of passive) assert.isUndefined(overlay.nextHop(name))
  for (const name of asking) assert.notInclude(active, name)
}

/** Cores that are looked at after each of their steps. */
class Watched {
  steps = 0

  factory(): OverlayFactory {
    const oracle = (a: Member, b: Member): number =>
      Math.abs(Number(a.name.slice(1)) - Number(b.name.slice(1)))
    const inner = hyparview({
      activeSize: ACTIVE,
      passiveSize: PASSIVE,
      shuffleMs: 2_000,
      xbot: { oracle },
    })
    return {
      name: inner.name,
      create: (self, random) => {
        const overlay = inner.create(self, random)
        const step = overlay.step.bind(overlay)
        overlay.step = (event) => {
          const effects = step(event)
          this.steps++
          check(self.name, overlay)
          return effects
        }
        return overlay
      },
    }
  }
}

/** Somebody from nowhere, of another start of a node that runs, or just who is there. */
function anybody(net: CoreNetwork, random: Random): Member {
  const { member } = random.pick([...net.nodes.values()])
  const draw = random.int(10)
  if (draw < 6) return member
  const generation = random.int(200)
  const other = { ...member, incarnation: incarnationFor(50_000 + generation), generation }
  if (draw < 8) return other
  const name = `x${random.int(100)}`
  return { ...other, name, addresses: [addressOf(name)] }
}

function forged(net: CoreNetwork, random: Random): unknown {
  const one = (): Member => anybody(net, random)
  const list = (): Member[] => Array.from({ length: random.int(10) }, one)
  const ttl = random.pick([0, 1, 3, 6, 7, 1_000, 2 ** 40, -1, 0.5])
  const flag = random.int(2) === 0
  const id = random.int(5)
  const costs = { old: random.int(20), candidate: random.int(20) }
  const bodies: (() => unknown)[] = [
    wire.join,
    () => wire.forwardJoin(one(), ttl),
    () => wire.neighbor(flag),
    () => wire.reply(flag),
    () => wire.disconnect(random.int(8) === 0, list()),
    () => wire.shuffle(one(), list(), ttl),
    () => wire.shuffleReply(list()),
    () => xbotWire.optimization(id, one(), costs),
    () => xbotWire.optimizationReply(id, flag, random.int(2) === 0),
    () => xbotWire.replace(id, one().name, one(), costs),
    () => xbotWire.replaceReply(id, flag),
    () => xbotWire.switch(id, one().name),
    () => xbotWire.switchReply(id, flag),
    xbotWire.disconnectWait,
    () => [random.int(30), flag, id],
  ]
  return random.pick(bodies)()
}

function act(net: CoreNetwork, names: readonly string[], factory: OverlayFactory): void {
  const { random } = net
  const name = random.pick(names)
  const draw = random.int(100)
  if (draw < 80) {
    if (net.node(name).alive) net.inject(name, anybody(net, random), forged(net, random))
  } else if (draw < 84) {
    const { persisted } = net.node(name)
    net.start(name, factory, random.int(2) === 0 ? persisted : undefined)
    net.join(name, random.pick(names))
  } else if (draw < 86) {
    if (net.alive().length > 4) net.crash(name, draw === 84)
  } else if (draw < 88) net.leave(name, random.pick(names))
  else if (draw < 90) net.partition(names.slice(0, 5), names.slice(5))
  else if (draw < 95) net.heal()
  else if (net.node(name).alive) net.join(name, random.pick(names))
  net.run(random.int(300))
}

describe('hyparview under churn and forged messages', () => {
  // 6: believed a start of a peer that another peer made up. 41: joined through a node that had left.
  for (const seed of seeds(1, [6, 41])) {
    it(`keeps its views whole in 10,000 steps, and becomes one again [SEED=${seed}]`, () => {
      const watched = new Watched()
      const factory = watched.factory()
      const bench = new OverlayBench(() => factory, {
        settleMs: 60_000,
        joins: true,
        removesOthers: false,
        rejoins: true,
        persists: true,
        stores: true,
        symmetric: true,
        seeds: [seed],
        nodes: NODES,
      })
      const net = new CoreNetwork({ seed, lossRate: 0.03, duplicateRate: 0.1 })
      const names = bench.names(NODES)
      for (const name of names) {
        net.start(name, factory)
        if (name !== names[0]) net.join(name, names[0] as string)
      }
      while (watched.steps < 10_000) act(net, names, factory)
      net.heal()
      for (const name of names) {
        if (!net.node(name).alive) net.start(name, factory)
        if (name !== names[0]) net.join(name, names[0] as string)
      }
      bench.settle(net)
      bench.settle(net)
      bench.assertConverged(net, names)
    }).timeout(30_000)
  }
})
