import { seededRandom } from '../base/random.js'
import type { BroadcastFactory } from '../broadcast/broadcast.js'
import { BroadcastLayer } from './broadcast-layer.js'
import { heartbeatBytes } from './heartbeat-bytes.js'
import { type Aftermath, aftermath } from './overlay-aftermath.js'
import { histogram, type Spread, spread } from './overlay-graph.js'
import { OverlayTown, type OverlayTownOptions } from './overlay-town.js'
import type { Detection } from './protocol-connections.js'
import type { ProtocolNode } from './protocol-node.js'
import { Senders, type SendersOption } from './senders.js'
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
  /** All from one node, each from a random one, or from so many nodes in turn. Default `one`. */
  readonly senders?: SendersOption
  /** Share of nodes to kill after that. */
  readonly fail?: number
  /**
   * Broadcasts by `protocol` after the failure, one in each cycle, the first at once; they take the place
   * of the burst. Default 0.
   */
  readonly after?: number
  /** Broadcasts right after the failure, for `reliability`. Default 1,000. */
  readonly burst?: number
  /** Gossip goes to so many random neighbours. Default 0: to all but the sender. */
  readonly fanout?: number
  /** How survivors learn of the dead. Default `closed`. */
  readonly detection?: Detection
  /** The cost of a connection, for `meanLinkCost`. */
  readonly cost?: (from: ProtocolNode, to: ProtocolNode) => number
  /** Is shown the overlay when the cycles are over, before broadcasts and failures. */
  readonly look?: (town: OverlayTown) => void
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
  /** Of the failure detector over the connections that stand; by arithmetic, not part of `bytesPerNodeCycle`. */
  heartbeatBytesPerNodeCycle: number
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
  /** Of the broadcasts after a failure, one in each cycle. */
  afterFailure?: Aftermath['afterFailure']
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
/**
 * The next of them is sent when nothing of the last is under way, and a round trip after it at the earliest:
 * in no time at all any number of senders without neighbours would get their turn.
 */
const BURST_GAP_MS = 20

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
  options.look?.(town)
  const { broadcasts: count = 0, protocol, after = 0, fail } = options
  const layered = protocol !== undefined && count + after > 0
  const layer = layered ? new BroadcastLayer(town.network, protocol, options.seed) : undefined
  const senders = new Senders(town.network, town.random, options.senders)
  if (count > 0) {
    const far = result.longLinkShare
    Object.assign(result, broadcasts(town, layer, senders, options, progress, far))
  }
  if (fail !== undefined && after > 0 && layer !== undefined) {
    const level = mean(result.delivered?.slice(-PROBES) ?? [1]) - TOLERANCE
    town.network.detection = options.detection ?? 'closed'
    Object.assign(result, aftermath(town, layer, { share: fail, after, senders, level }, progress))
  } else if (fail !== undefined) {
    town.network.layer = undefined
    Object.assign(result, failure(town, options, fail, progress))
  }
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
  const meanConnections = mean(alive.map((node) => network.connections(node)))
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
    meanConnections,
    messagesPerNodeCycle: perNodeCycle(traffic.messages + traffic.releases),
    bytesPerNodeCycle: perNodeCycle(traffic.bytes),
    heartbeatBytesPerNodeCycle: meanConnections * heartbeatBytes(town.cycleMs),
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
  layer: BroadcastLayer | undefined,
  senders: Senders,
  options: OverlayRunOptions,
  progress: Progress,
  far: LongLinkShare | undefined,
): Pick<OverlayRunResult, 'rmr' | 'lastHop' | 'payloads' | 'control' | 'delivered'> {
  const { broadcasts: count = 0, fanout } = options
  const { network, random } = town
  const gossip = new ViewGossip(network, random, fanout)
  const alive = network.alive()
  const outcomes: BroadcastOutcome[] = []
  for (let i = 0; i < count; i++) {
    const origin = senders.next()
    outcomes.push(layer?.broadcast(origin, BROADCAST_MS) ?? gossip.broadcast(origin))
    progress('broadcasts', i + 1, count)
  }
  if (far !== undefined) far.payloads = farPayloads(outcomes)
  return {
    rmr: outcomes.map(({ payloads, reached }) => payloads / Math.max(1, reached - 1) - 1),
    lastHop: outcomes.map((outcome) => outcome.lastHop),
    payloads: outcomes.map((outcome) => outcome.payloads),
    control: outcomes.map((outcome) => outcome.control),
    delivered: outcomes.map(({ reached }) => reached / alive.length),
  }
}

/** Of all payloads of these broadcasts. */
function farPayloads(outcomes: readonly BroadcastOutcome[]): number {
  let far = 0
  let all = 0
  for (const outcome of outcomes) {
    far += outcome.farPayloads
    all += outcome.payloads
  }
  return far / Math.max(1, all)
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
      const nextMs = network.nowMs + BURST_GAP_MS * BURST_PACE
      const { reached } = gossip.broadcast(random.pick(alive))
      if (network.nowMs < nextMs) network.run(nextMs - network.nowMs)
      return reached / alive.length
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
