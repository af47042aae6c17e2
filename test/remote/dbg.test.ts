import { assert } from 'chai'
import fc from 'fast-check'
import { Actor } from '../../src/actor/actor.js'
import type { Down, Exit } from '../../src/actor/bonds.js'
import { actor } from '../../src/actor/decorators.js'
import type { AnyRef } from '../../src/actor/ref.js'
import { parseAddress } from '../../src/actor/ref-address.js'
import { seededRandom } from '../../src/base/random.js'
import { RemoteCluster, type RemoteNode } from './remote-cluster.js'

@actor('signals/target')
class Target extends Actor {
  crash(): never {
    throw new Error('crashed')
  }

  crashWith(): never {
    throw Object.assign(new Error('odd'), { data: () => {} })
  }
}

/** Keeps what it hears outside of itself, so that it can be read after its end. */
@actor('signals/watcher')
class Watcher extends Actor<{ readonly downs: Down[]; readonly exits: Exit[] }> {
  protected override trapExits = true

  follow(ref: AnyRef): void {
    this.watch(ref)
  }

  unfollow(ref: AnyRef): void {
    this.unwatch(ref)
  }

  tie(ref: AnyRef): void {
    this.link(ref)
  }

  override onDown(down: Down): void {
    this.args.downs.push(down)
  }

  override onExit(exit: Exit): void {
    this.args.exits.push(exit)
  }
}

const seen = (from: RemoteNode, ref: AnyRef): AnyRef =>
  from.system.refAt(parseAddress(String(ref)))

function watcherOn(node: RemoteNode) {
  const downs: Down[] = []
  const exits: Exit[] = []
  const cell = node.system.spawn(Watcher, { downs, exits })
  const types = () => downs.map(({ reason }) => reason.type)
  return { cell, downs, exits, types }
}

/** Three nodes, random watches, kills, losses and failure reports; at the end all targets are dead. */
export async function exactlyOnce(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const names = ['a', 'b', 'c']
  const cluster = new RemoteCluster(names, {}, seed)
  const { net } = cluster
  net.lose = (f) => { const l = random.int(5) === 0; const e=f.envelope; if (e.kind===6) { const [m,y,s2,k,by]=e.args as any; console.log(Math.round(cluster.sim.nowMs), f.from+'>'+f.to, l?'LOST':'', 'mine',m,'yours',y,'seq',s2,'ack',k, by? JSON.stringify(cluster.node(f.from).codec.decodeValue(by)).slice(0,80):'') } ; return l }
  const targets = Array.from({ length: 8 }, () => {
    const node = cluster.node(random.pick(names))
    return node.system.spawn(Target)
  })
  const watches: { downs: Down[]; id: string }[] = []
  for (let step = 0; step < 40; step++) {
    const [x, y] = random.sample(names, 2) as [string, string]
    const what = random.int(12)
    if (what < 6) {
      const target = random.pick(targets)
      const node = cluster.node(random.pick(names))
      const { cell, downs } = watcherOn(node)
      await cluster.run(1)
      const ref = seen(node, target.ref)
      node.supervision.watch(cell, ref)
      await cluster.run(1)
      if (downs.length === 0) node.supervision.watch(cell, ref)
      watches.push({ downs, id: String(ref) })
    } else if (what < 8) random.pick(targets).kill()
    else if (what === 8) { console.log(Math.round(cluster.sim.nowMs),'DOWN', x, y); net.down(x, y) }
    else if (what === 9) { console.log(Math.round(cluster.sim.nowMs),'UP',x,y); net.up(x, y) }
    else if (what === 10) { console.log('CUT',x,y); net.cut(x, y) }
    else { console.log('HEAL',x,y); net.heal(x, y)}
    await cluster.run(random.int(1_500))
  }
  for (const target of targets) target.kill()
  for (const x of names) for (const y of names) if (x < y) net.heal(x, y)
  console.log('=== end phase', cluster.sim.nowMs); { const old = net.lose; net.lose = (f) => { old(f); return false } }
  for (const x of names) for (const y of names) if (x < y) net.up(x, y)
  await cluster.run(15_000)
  for (const { downs, id } of watches) {
    assert.equal(downs.length, 1, `Downs of ${id}: ${downs.map((down) => down.reason.type)}`)
  }
  for (const node of cluster.nodes.values()) {
    assert.deepEqual(node.supervision.counts, { watches: 0, links: 0 })
  }
}

it('dbg', async () => { await exactlyOnce(-176636531) })
