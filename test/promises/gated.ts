import { silentLogger } from '../../src/index.js'
import { buildHouse } from '../../src/node/house.js'
import { Node } from '../../src/node/node.js'
import { type NodeOptions, readNodeOptions } from '../../src/node/node-options.js'
import type { Gate } from '../../src/peer/gate.js'
import { FaultyWorld } from './faulty-world.js'
import type { Simulated } from './simulated.js'
import { Subject } from './subject.js'

/** A simulated node, and the gate that every frame of it crosses. */
export async function startGated(
  env: Simulated,
  name: string,
  options: Partial<NodeOptions> = {},
): Promise<{ subject: Subject; gate: Gate }> {
  const faulty = new FaultyWorld(env.sim.world(name))
  const read = readNodeOptions({
    name,
    listen: { host: name, port: 9_000 },
    cookie: 'open sesame',
    timing: env.timing,
    ...options,
    world: faulty.world,
  })
  const house = await env.complete(buildHouse(faulty.world, silentLogger, read, () => {}))
  const node = new Node(house)
  house.system.node = node
  await env.complete(house.cluster.start())
  const subject = new Subject(node, options, faulty, () => env.now())
  env.subjects.set(name, subject)
  return { subject, gate: house.peers.gate }
}

/** Nodes that all know each other, with their gates by name. */
export async function gatedCluster(
  env: Simulated,
  names: readonly string[],
  options: Partial<NodeOptions> = {},
): Promise<{ subjects: Subject[]; gates: Gate[] }> {
  const subjects: Subject[] = []
  const gates: Gate[] = []
  for (const name of names) {
    const { subject, gate } = await startGated(env, name, options)
    const [first] = subjects
    if (first !== undefined) await env.complete(subject.node.join(first.address))
    subjects.push(subject)
    gates.push(gate)
  }
  await env.connected(names)
  return { subjects, gates }
}
