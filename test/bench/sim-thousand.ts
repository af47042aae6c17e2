/**
 * A thousand full nodes in one process, in a ring of static members, joined: how many of 100,000
 * messages between neighbours' actors a second, all time included from the first node's start?
 * Baseline: a bare loop of as many encoded events.
 */
import type { ActorRef } from '../../src/actor/ref.js'
import type { Node } from '../../src/node/node.js'
import { staticMembers } from '../../src/overlay/static-members.js'
import { Simulation } from '../../src/simulation/simulation.js'
import { bareExecution, PORT, SimCounter, simNode } from './sim-execution.js'

const NODES = 1_000
const MESSAGES = 100_000
const EACH = MESSAGES / NODES

const nameOf = (i: number): string => `n${(i + NODES) % NODES}`

const start = performance.now()
const cpuStart = process.cpuUsage()
const sim = new Simulation({ seed: 1 })
const nodes: Node[] = []
const starting: Promise<Node>[] = []
for (let i = 0; i < NODES; i++) {
  const ring = staticMembers([`${nameOf(i - 1)}:${PORT}`, `${nameOf(i + 1)}:${PORT}`])
  starting.push(simNode(sim, nameOf(i), ring))
}
nodes.push(...(await sim.complete(Promise.all(starting))))
for (const node of nodes) node.spawn(SimCounter, undefined, { name: 'counter' })
const isJoined = (node: Node, i: number): boolean =>
  node.isUp(nameOf(i - 1)) && node.isUp(nameOf(i + 1))
let joined = 0
await sim.runUntil(
  () => {
    while (joined < NODES && isJoined(nodes[joined] as Node, joined)) joined++
    return joined === NODES
  },
  60_000,
  'the ring',
)
const joinedMs = performance.now() - start

async function work(node: Node, i: number): Promise<void> {
  const refs = [i - 1, i + 1].map((at) => node.lookup(SimCounter, 'counter', { on: nameOf(at) }))
  for (let sent = 0; sent < EACH; sent += 4) {
    const ref = refs[(sent / 4) % 2] as ActorRef<SimCounter>
    ref.tell.add(1)
    ref.tell.add(1)
    await ref.ask.value()
  }
}
await sim.complete(Promise.all(nodes.map(work)))
const seconds = (performance.now() - start) / 1_000
const { user, system } = process.cpuUsage(cpuStart)
const rssMb = process.memoryUsage.rss() / 2 ** 20

const bareStart = performance.now()
bareExecution(NODES, MESSAGES)
const bareSeconds = (performance.now() - bareStart) / 1_000

const line = {
  bench: 'sim-thousand',
  value: MESSAGES / seconds,
  unit: 'messages/s',
  baseline: MESSAGES / bareSeconds,
  ratio: bareSeconds / seconds,
  seconds,
  cpuSeconds: (user + system) / 1e6,
  joinedSeconds: joinedMs / 1_000,
  rssMb: Math.max(rssMb, process.resourceUsage().maxRSS / 1024),
  events: sim.events,
  virtualMs: sim.nowMs,
}
console.log(JSON.stringify(line))
process.exit(0)
