import type { NodeOptions } from '../../src/index.js'
import { GATED, type Gate } from '../../src/peer/gate.js'
import type { Simulated } from './simulated.js'
import type { Subject } from './subject.js'

/** Nodes that all know each other, each with the gate that every frame of it crosses. */
export async function gatedCluster(
  env: Simulated,
  names: readonly string[],
  options: Partial<NodeOptions> = {},
): Promise<{ subjects: Subject[]; gates: Gate[] }> {
  const subjects = await env.cluster(names, options)
  return { subjects, gates: subjects.map(({ node }) => node[GATED].gate) }
}
