import { assert } from 'chai'
import {
  Actor,
  actor,
  clientServer,
  codeOf,
  type Node,
  silentLogger,
  startNode,
} from '../../src/index.js'
import { Simulation } from '../../src/simulation/simulation.js'
import { seeds } from '../seeds.js'

@actor('client-server-test/echo')
class Echo extends Actor {
  back(text: string): string {
    return `${this.node.name}: ${text}`
  }
}

/** Servers s0, s1, …, and clients c0, c1, … attached to them, each with an actor `echo`. */
async function cluster(sim: Simulation, servers: number, clients: number) {
  const nodes = new Map<string, Node>()
  const start = async (name: string, role: 'client' | 'server'): Promise<void> => {
    const node = await startNode({
      name,
      listen: { host: name, port: 9_000 },
      cookie: 'c',
      overlay: clientServer({ role }),
      logger: silentLogger,
      world: sim.world(name),
    })
    node.spawn(Echo, undefined, { name: 'echo' })
    nodes.set(name, node)
    if (name !== 's0') await node.join('s0:9000')
  }
  for (let i = 0; i < servers; i++) await sim.complete(start(`s${i}`, 'server'))
  for (let i = 0; i < clients; i++) await sim.complete(start(`c${i}`, 'client'))
  await sim.runUntil(() => [...nodes.values()].every((one) => one.members().length === nodes.size))
  return nodes
}

const node = (nodes: Map<string, Node>, name: string): Node => nodes.get(name) as Node

/** What `to` answers to `from`, or the code of the error. */
const asked = (nodes: Map<string, Node>, from: string, to: string): Promise<unknown> =>
  node(nodes, from)
    .lookup(Echo, 'echo', { on: to })
    .with({ timeoutMs: 500 })
    .ask.back(from)
    .catch((error: unknown) => codeOf(error))

/** Nodes that a node has connections to. */
const connectedTo = (node: Node): string[] =>
  node
    .stats()
    .transport.lanes.filter((lane) => lane.connected)
    .map((lane) => lane.peer)

/** The server that a client is attached to. */
const serverOf = (nodes: Map<string, Node>, client: string): string =>
  connectedTo(node(nodes, client)).find((name) => name.startsWith('s')) ?? ''

describe('clients and servers', () => {
  for (const seed of seeds(3)) {
    it(`a client reaches another through their servers, also when its own died [SEED=${seed}]`, async () => {
      const sim = new Simulation({ seed })
      const nodes = await cluster(sim, 3, 4)
      for (const to of ['c1', 'c2', 'c3', 's0', 's1', 's2']) {
        assert.equal(await sim.complete(asked(nodes, 'c0', to)), `${to}: c0`)
      }
      assert.notInclude(connectedTo(node(nodes, 'c0')), 'c1', 'clients have no connection')

      const dead = serverOf(nodes, 'c0')
      sim.crash(dead)
      nodes.delete(dead)
      const crashedMs = sim.nowMs
      let answer: unknown
      while (answer !== 'c0: c1' && sim.nowMs < crashedMs + 10_000) {
        answer = await sim.complete(asked(nodes, 'c1', 'c0'))
        if (answer !== 'c0: c1') await sim.run(10)
      }
      assert.equal(answer, 'c0: c1')
      assert.isBelow(sim.nowMs - crashedMs, 2_000)
      for (const to of nodes.keys()) {
        assert.equal(await sim.complete(asked(nodes, 'c0', to)), `${to}: c0`)
      }
    })
  }

  it('servers search who is lost among servers: no client can pass a search on', async () => {
    const sim = new Simulation({ seed: 1 })
    const nodes = await cluster(sim, 3, 8)
    const routes = (name: string) => node(nodes, name).stats().routes
    sim.crash('c3')
    nodes.delete('c3')
    await sim.run(10_000)
    const of = (role: string) => [...nodes.keys()].filter((name) => name.startsWith(role))
    const searches = of('s').reduce((sum, name) => sum + (routes(name)?.searches ?? 0), 0)
    const floods = of('s').reduce((sum, name) => sum + (routes(name)?.flooded ?? 0), 0)
    assert.isAbove(searches, 0)
    assert.isAbove(floods, 0)
    for (const name of of('c')) {
      assert.deepInclude(routes(name), { flooded: 0, limited: 0, dropped: 0 }, name)
    }
  })
})
