import { seededRandom } from '../base/random.js'
import type { BroadcastFactory } from '../broadcast/broadcast.js'
import { BroadcastLayer } from './broadcast-layer.js'
import { histogram, type Spread, spread } from './overlay-graph.js'
import { OverlayTown, type OverlayTownOptions } from './overlay-town.js'
import type { Detection } from './protocol-connections.js'
import type { ProtocolNode } from './protocol-node.js'
import type { Traffic } from './traffic.js'
import { type BroadcastOutcome, ViewGossip } from './view-gossip.js'

export interface OverlayRunOptions extends OverlayTownOptions {
  /** Cycles after all have joined; traffic is counted over them. */
  readonly cycles: number
  /** Nodes that die in each cycle, and as many new ones join. Default 0. */
  readonly churn?: number
  /** Broadcasts in the stable overlay, one after the other. Default 0. */
  readonly broadcasts?: number
  /** By which protocol. Default: gossip to the whole view. */
  readonly protocol?: BroadcastFactory
  /** All from one node, or each from a random one. Default `one`. */
  readonly senders?: 'one' | 'many'
  /** Share of nodes to kill after that. */
  readonly fail?: number
  /** Broadcasts right after the failure, for `reliability`. Default 1,000. */
  readonly burst?: number
  /** Gossip goes to so many random neighbours. Default 0: to all but the sender. */
  readonly fanout?: number
  /** How survivors learn of the dead. Default `closed`. */
  readonly detection?: Detection
  /** The cost of a connection, for `meanLinkCost`. */
  readonly cost?: (from: ProtocolNode, to: ProtocolNode) => number
}

/** Shares from 0 to 1. */
export interface LongLinkShare {
  /** Of the overlay's own messages over the cycles. */
  messages: number
  /** Of all payloads of the broadcasts in the stable overlay. */
  payloads?: number
}

/** What came of a run. Keys are those of `npm run sim -- overlay --json`. */
export interface OverlayRunResult {
  nodes: number
  meanShortestPath: number
  /** Along arcs in their direction only, as is `directedClustering`. */
  meanDirectedPath: number
  directedClustering: number
  clustering: number
  /** Weakly connected. */
  components: number
  strongComponents: number
  asymmetricLinks: number
  /** How many nodes have a view of each size. */
  degreeHistogram: Record<string, number>
  inDegreeHistogram: Record<string, number>
  inDegree: Spread
  meanOutView: number
  meanPassive: number
  meanConnections: number
  messagesPerNodeCycle: number
  bytesPerNodeCycle: number
  dialsPerNodeCycle: number
  /** Of what was sent, the share between nodes that are far from each other. With `far` only. */
  longLinkShare?: LongLinkShare
  badMessages: number
  events: number
  rmr?: number[]
  lastHop?: number[]
  payloads?: number[]
  control?: number[]
  /** Share of nodes that each broadcast reached. */
  delivered?: number[]
  meanLinkCost?: number[]
  reliability?: number
  /** Reliability of each broadcast of the burst, in order. */
  reliabilities?: number[]
  survivorsInLargest?: number
  survivorsInLargestAtOnce?: number
  /** null: not within `HEAL_CYCLES_MAX`. */
  healCycles?: number | null
}

/** What is done, and how far: for a line of progress. */
export type Progress = (what: string, done: number, of: number) => void

/** From one broadcast to the next in the stable overlay. */
const BROADCAST_MS = 500
/** Broadcasts by which reliability is measured before the failure, and in each cycle after. */
const PROBES = 10
/** The level before counts as reached again when so much is missing. */
const TOLERANCE = 0.001
export const HEAL_CYCLES_MAX = 200
/** After a failure broadcasts follow each other so fast that no cycle passes, as in the papers. */
const BURST_PACE = 0.001

/** Assembles an overlay, lets cycles pass, and measures it. The same options give the same result. */
export function runOverlay(
  options: OverlayRunOptions,
  progress: Progress = () => {},
): OverlayRunResult {
  const town = new OverlayTown(options)
  town.assemble((done) => progress('joins', done, options.nodes))
  const costs = passCycles(town, options, progress)
  const result = picture(town, options)
  if (options.far !== undefined) result.longLinkShare = { messages: farShare(town.network.traffic) }
  if (options.cost !== undefined) result.meanLinkCost = costs
  if (options.broadcasts) broadcasts(town, options, progress, result)
  if (options.fail !== undefined)
    Object.assign(result, failure(town, options, options.fail, progress))
  result.badMessages = total(town.network.badMessages)
  result.events = town.network.events
  return result
}

function passCycles(town: OverlayTown, options: OverlayRunOptions, progress: Progress): number[] {
  const { cycles, churn = 0, cost } = options
  const costs = cost === undefined ? [] : [meanCost(town, cost)]
  town.network.traffic.clear()
  for (let i = 0; i < cycles; i++) {
    town.cycle(churn)
    if (cost !== undefined) costs.push(meanCost(town, cost))
    progress('cycles', i + 1, cycles)
  }
  return costs
}

function meanCost(town: OverlayTown, cost: NonNullable<OverlayRunOptions['cost']>): number {
  let sum = 0
  let links = 0
  for (const node of town.network.alive()) {
    for (const id of node.neighbours()) {
      sum += cost(node, town.network.nodes[id] as ProtocolNode)
      links++
    }
  }
  return links === 0 ? 0 : sum / links
}

function picture(town: OverlayTown, { cycles, seed }: OverlayRunOptions): OverlayRunResult {
  const { network } = town
  const alive = network.alive()
  const graph = town.graph()
  const random = seededRandom(`${seed}/sample`)
  const inDegrees = graph.inDegrees()
  const outDegrees = graph.outDegrees()
  const perNodeCycle = (count: number): number => count / alive.length / Math.max(1, cycles)
  const { traffic } = network
  return {
    nodes: alive.length,
    meanShortestPath: graph.meanShortestPath(random),
    clustering: graph.clustering(random),
    meanDirectedPath: graph.meanDirectedPath(random),
    directedClustering: graph.directedClustering(random),
    components: graph.components().length,
    strongComponents: graph.strongComponents().length,
    asymmetricLinks: graph.asymmetricArcs(),
    degreeHistogram: histogram(outDegrees),
    inDegreeHistogram: histogram(inDegrees),
    inDegree: spread(inDegrees),
    meanOutView: spread(outDegrees).mean,
    meanPassive: mean(alive.map(passiveOf)),
    meanConnections: mean(alive.map((node) => network.connections(node))),
    messagesPerNodeCycle: perNodeCycle(traffic.messages + traffic.releases),
    bytesPerNodeCycle: perNodeCycle(traffic.bytes),
    dialsPerNodeCycle: perNodeCycle(traffic.dials),
    badMessages: 0,
    events: 0,
  }
}

/** `snapshot().passive` is a list, or a number of nodes, where an overlay has a passive view. */
function passiveOf(node: ProtocolNode): number {
  const { passive } = node.overlay.snapshot()
  return Array.isArray(passive) ? passive.length : typeof passive === 'number' ? passive : 0
}

function broadcasts(
  town: OverlayTown,
  options: OverlayRunOptions,
  progress: Progress,
  result: OverlayRunResult,
): void {
  const { broadcasts: count = 0, protocol, senders = 'one', seed, fanout } = options
  const { network, random } = town
  const layer = protocol && new BroadcastLayer(network, protocol, seed)
  const gossip = new ViewGossip(network, random, fanout)
  const alive = network.alive()
  const one = random.pick(alive)
  const outcomes: BroadcastOutcome[] = []
  for (let i = 0; i < count; i++) {
    const origin = senders === 'one' ? one : random.pick(alive)
    outcomes.push(layer?.broadcast(origin, BROADCAST_MS) ?? gossip.broadcast(origin))
    progress('broadcasts', i + 1, count)
  }
  network.layer = undefined
  result.rmr = outcomes.map(({ payloads, reached }) => payloads / Math.max(1, reached - 1) - 1)
  result.lastHop = outcomes.map((outcome) => outcome.lastHop)
  result.payloads = outcomes.map((outcome) => outcome.payloads)
  result.control = outcomes.map((outcome) => outcome.control)
  result.delivered = outcomes.map(({ reached }) => reached / alive.length)
  if (result.longLinkShare === undefined) return
  const sum = (count: (outcome: BroadcastOutcome) => number): number =>
    outcomes.reduce((so, outcome) => so + count(outcome), 0)
  const far = sum((outcome) => outcome.farPayloads)
  result.longLinkShare.payloads =
    far /
    Math.max(
      1,
      sum((outcome) => outcome.payloads),
    )
}

const farShare = ({ farMessages, messages }: Traffic): number => farMessages / Math.max(1, messages)

function failure(
  town: OverlayTown,
  options: OverlayRunOptions,
  share: number,
  progress: Progress,
): Partial<OverlayRunResult> {
  const { burst = 1_000, fanout, detection = 'closed' } = options
  const { network, random } = town
  const gossip = new ViewGossip(network, random, fanout)
  const reach = (count: number, alive: readonly ProtocolNode[], what?: string): number[] =>
    Array.from({ length: count }, (_, i) => {
      if (what !== undefined) progress(what, i + 1, count)
      return gossip.broadcast(random.pick(alive)).reached / alive.length
    })
  network.pace = BURST_PACE
  network.detection = detection
  const before = mean(reach(PROBES, network.alive()))
  const survivors = town.fail(share)
  const largest = (): number => (town.graph().components()[0] ?? 0) / Math.max(1, survivors.length)
  const survivorsInLargestAtOnce = largest()
  if (survivors.length === 0) {
    return { reliability: 0, survivorsInLargest: 0, survivorsInLargestAtOnce, healCycles: null }
  }
  const reliabilities = reach(burst, survivors, 'broadcasts after the failure')
  const survivorsInLargest = largest()
  let cycles = 0
  while (mean(reach(PROBES, survivors)) < before - TOLERANCE && cycles < HEAL_CYCLES_MAX) {
    network.pace = 1
    town.cycle()
    network.pace = BURST_PACE
    cycles++
    progress('cycles after the failure', cycles, HEAL_CYCLES_MAX)
  }
  network.pace = 1
  return {
    reliability: mean(reliabilities),
    reliabilities,
    survivorsInLargest,
    survivorsInLargestAtOnce,
    healCycles: cycles < HEAL_CYCLES_MAX ? cycles : null,
  }
}

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0)

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
