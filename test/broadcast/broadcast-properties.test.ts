import { assert } from 'chai'
import { flood } from '../../src/broadcast/flood.js'
import { plumtree } from '../../src/broadcast/plumtree.js'
import { seeds } from '../seeds.js'
import { BroadcastNetwork, type BroadcastNode } from './broadcast-network.js'

const BOUNDS = { keptMax: 60, originsMax: 40, keptBytesMax: 4_000, keepMs: 20_000, repairMs: 500 }
const TREES = { treesMax: 3, missingMax: 20, ownTreeAfter: 1 }

const protocols = {
  plumtree: plumtree({ ...BOUNDS, ...TREES, announceMs: 0 }),
  'plumtree with gathered announcements': plumtree({ ...BOUNDS, ...TREES }),
  flood: flood(BOUNDS),
}

/** Bodies that went over the network, and what damage makes of them. */
class Forger {
  readonly #net: BroadcastNetwork
  readonly #recorded: unknown[] = []

  constructor(net: BroadcastNetwork) {
    this.#net = net
  }

  record(body: unknown): void {
    const at = this.#net.random.int(200)
    if (this.#recorded.length <= at) this.#recorded.push(body)
    else this.#recorded[at] = body
  }

  forge(): unknown {
    const { random } = this.#net
    if (this.#recorded.length === 0) return []
    const body = structuredClone(random.pick(this.#recorded))
    for (let times = random.int(3); times > 0; times--) this.#damage(body)
    return body
  }

  #damage(body: unknown): void {
    const { random } = this.#net
    let list = body as unknown[]
    for (;;) {
      if (!Array.isArray(list) || list.length === 0) return
      const at = random.int(list.length)
      const item = list[at]
      if (Array.isArray(item) && random.int(4) > 0) {
        list = item
        continue
      }
      list[at] = random.pick(this.#junk(item))
      return
    }
  }

  #junk(item: unknown): unknown[] {
    const { random } = this.#net
    const incarnation = random.pick([...this.#net.nodes.values()]).incarnation
    const number = typeof item === 'number' ? item : 0
    return [
      incarnation,
      `01${'ABCDEFGH'.charAt(random.int(8))}${incarnation.slice(3)}`,
      number + 1,
      number - 1,
      random.int(10),
      2 ** 53 - 1,
      -1,
      0.5,
      Number.NaN,
      '',
      null,
      undefined,
      [],
      {},
      true,
      false,
      'x'.repeat(100),
    ]
  }
}

function check(node: BroadcastNode): void {
  const { trees, missing, kept, keptBytes, origins } = node.core.snapshot() as Record<
    string,
    number
  > & { trees?: Record<string, { eager: string[]; lazy: string[] }> }
  assert.isAtMost(kept ?? 0, BOUNDS.keptMax)
  assert.isAtMost(keptBytes ?? 0, BOUNDS.keptBytesMax)
  assert.isAtMost(origins ?? 0, BOUNDS.originsMax)
  assert.sameMembers([...node.core.neighbours()], [...node.links])
  if (trees === undefined) return
  assert.isAtMost(missing ?? 0, TREES.missingMax)
  assert.isAtMost(Object.keys(trees).length, 1 + TREES.treesMax)
  for (const { eager, lazy } of Object.values(trees)) {
    assert.sameMembers([...eager, ...lazy], [...node.links], 'eager and lazy are the neighbours')
  }
  assert.isAtMost(node.timers.size, TREES.missingMax + 3)
}

function assertAtMostOnce(node: BroadcastNode): void {
  const ids = node.delivered.map(({ origin, counter }) => `${origin}/${counter}`)
  assert.equal(new Set(ids).size, ids.length, `${node.name} got something twice`)
}

for (const [title, factory] of Object.entries(protocols)) {
  describe(`broadcast properties: ${title}`, () => {
    for (const seed of seeds(3)) {
      it(`keeps its invariants through churn, loss, duplicates and forged messages [SEED=${seed}]`, () => {
        const net = new BroadcastNetwork(factory, { seed, latencyMs: [1, 50] })
        const { random } = net
        const names = Array.from({ length: 12 }, (_, at) => `n${at}`)
        const forger = new Forger(net)
        const begin = (name: string): void => {
          const node = net.start(name)
          const step = node.core.step.bind(node.core)
          node.core.step = (event) => {
            const effects = step(event)
            for (const effect of effects) if (effect.type === 'send') forger.record(effect.body)
            return effects
          }
          for (const peer of random.sample(names, 3)) {
            if (net.nodes.get(peer)?.alive) net.link(name, peer)
          }
        }
        const ended: BroadcastNode[] = []
        for (const name of names) begin(name)
        net.lossRate = 0.1
        net.duplicateRate = 0.1
        for (let at = 0; at < 1_000; at++) {
          const name = random.pick(names)
          const node = net.node(name)
          const other = random.pick(names)
          const what = random.int(20)
          if (what === 0 && node.alive) {
            net.crash(name)
            ended.push(node)
          } else if (!node.alive) begin(name)
          else if (what < 3 && net.node(other).alive) net.link(name, other)
          else if (what < 5) net.unlink(name, other)
          else if (what < 12) net.broadcast(name, at)
          else net.step(name, { type: 'message', from: other, body: forger.forge() })
          net.run(random.int(40))
          if (at % 10 === 0) for (const one of net.alive()) check(one)
        }
        for (const node of [...net.alive(), ...ended]) assertAtMostOnce(node)
        net.lossRate = 0
        net.duplicateRate = 0
        for (const name of names) if (!net.node(name).alive) begin(name)
        for (const [at, name] of names.entries()) {
          net.link(name, names[(at + 1) % names.length] as string)
        }
        net.run(120_000) // what was forged in a name has aged out
        net.broadcast('n0', 'last')
        net.run(5_000)
        for (const node of net.alive()) {
          assert.lengthOf(node.got('last'), 1, node.name)
          assertAtMostOnce(node)
          check(node)
        }
      })
    }
  })
}
