import { plumtree } from '../../src/broadcast/plumtree.js'
import { cyclon, hiscamp, hyparview, scampV1, scampV2 } from '../../src/overlay/index.js'
import type { OverlayFactory } from '../../src/overlay/overlay.js'
import {
  type OverlayRunOptions,
  type OverlayRunResult,
  runOverlay,
} from '../../src/simulation/overlay-run.js'
import type { ProtocolNode } from '../../src/simulation/protocol-node.js'
import { UnitTorus } from '../../src/simulation/unit-torus.js'

/** One figure that was measured, and what it has to be. */
export interface Measured {
  readonly figure: string
  readonly value: number
  readonly least?: number
  readonly most?: number
  /** What a paper says of it, for 10,000 nodes. */
  readonly published?: string
}

/** The sizes for which there are bars. */
export type Size = 1_000 | 10_000

/** Figures without bounds are reported. */
export const isKept = ({ value, least, most }: Measured): boolean =>
  value >= (least ?? Number.NEGATIVE_INFINITY) && value <= (most ?? Number.POSITIVE_INFINITY)

export const isBar = ({ least, most }: Measured): boolean =>
  least !== undefined || most !== undefined

const SEED = 1

function run(
  factory: OverlayFactory,
  nodes: number,
  cycles: number,
  more: Partial<OverlayRunOptions> = {},
): OverlayRunResult {
  return runOverlay({ seed: SEED, nodes, cycles, overlay: () => factory, ...more })
}

/** One value for 1,000 nodes, another for 10,000. */
const by = <T>(nodes: Size, small: T, large: T): T => (nodes === 1_000 ? small : large)

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0
}

const exactly = (value: number) => ({ least: value, most: value })

function shareOfFives({ degreeHistogram, nodes }: OverlayRunResult): number {
  return (degreeHistogram['5'] ?? 0) / nodes
}

/** Paths, degrees, and what a burst of broadcasts reaches right after 80 and 90 % of the nodes failed. */
export function hyparviewBars(nodes: Size): Measured[] {
  const cycles = by(nodes, 20, 50)
  const burst = 1_000
  const at80 = run(hyparview(), nodes, cycles, { fail: 0.8, burst })
  const at90 = run(hyparview(), nodes, cycles, { fail: 0.9, burst })
  const path = by(nodes, { least: 4.64, most: 4.8 }, { least: 6.31, most: 6.45 })
  return [
    { figure: 'mean shortest path', value: at80.meanShortestPath, ...path, published: '6.39' },
    { figure: 'components', value: at80.components, ...exactly(1), published: '1' },
    { figure: 'asymmetric links', value: at80.asymmetricLinks, ...exactly(0), published: '0' },
    {
      figure: 'share of nodes of degree 5',
      value: shareOfFives(at80),
      least: by(nodes, 0.98, 0.99),
      published: 'nearly all',
    },
    { figure: 'clustering', value: at80.clustering, published: '0.00092' },
    {
      figure: 'reliability right after 80 % failed',
      value: at80.reliability ?? 0,
      least: 0.995,
      published: 'about 100 %',
    },
    {
      figure: 'reliability right after 90 % failed',
      value: at90.reliability ?? 0,
      least: by(nodes, 0.88, 0.95),
      published: 'about 99.7 %',
    },
  ]
}

/** Views of 35, exchanges of 14, connected to the whole view. */
export function cyclonBars(nodes: Size): Measured[] {
  const factory = cyclon({ view: 35, shuffle: 14, links: 35 })
  const { meanShortestPath, inDegree, clustering, components } = run(
    factory,
    nodes,
    by(nodes, 8, 50),
  )
  // With 1,000 nodes a view of 35 is the whole town in two hops.
  const path = by(nodes, { least: 1.9, most: 2 }, { least: 2.5, most: 3 })
  return [
    { figure: 'mean shortest path', value: meanShortestPath, ...path, published: '2.60' },
    { figure: 'components', value: components, ...exactly(1) },
    { figure: 'mean in-degree', value: inDegree.mean, least: 34, most: 35, published: '35' },
    // Of a random graph it is 5.9: exchanges of the few thousand entries of a small town even out less.
    { figure: 'in-degree, standard deviation', value: inDegree.sd, most: by(nodes, 5.5, 3) },
    { figure: 'clustering', value: clustering, published: '0.0068' },
  ]
}

/** Views without a parameter for the size of the cluster, which grow with it and with c. */
export function scampBars(nodes: Size): Measured[] {
  const random = { contact: 'random' } as const
  const mean = (factory: OverlayFactory, count: number): number =>
    run(factory, count, by(nodes, 1, 10), random).meanOutView
  const near = by(nodes, 27, 38)
  return [
    { title: 'SCAMP 1', make: scampV1 },
    { title: 'SCAMP 2', make: scampV2 },
  ].flatMap(({ title, make }): Measured[] => {
    const value = mean(make({ redundancy: 4 }), nodes)
    const bounds = { least: 0.75 * near, most: 1.25 * near }
    return [
      { figure: `${title}: mean view, c = 4`, value, ...bounds, published: 'about 34' },
      {
        figure: `${title}: that of c = 2, as a share of it`,
        value: mean(make({ redundancy: 2 }), nodes) / value,
        most: 0.9,
      },
      {
        figure: `${title}: that of a quarter of the nodes, as a share of it`,
        value: mean(make({ redundancy: 4 }), nodes / 4) / value,
        most: 0.97,
      },
    ]
  })
}

/** Broadcasts of one node; of a hundred in turn, and after failures, as they come. */
export function plumtreeBars(nodes: Size): Measured[] {
  const protocol = plumtree({ repairMs: 0 })
  const cycles = by(nodes, 10, 50)
  const one = run(hyparview(), nodes, cycles, { protocol, broadcasts: 10 })
  const later = (list: readonly number[] = []): readonly number[] => list.slice(2)
  const hops = by(nodes, { least: 5, most: 8 }, { least: 8, most: 11 })
  const [firstHop, lastHop] = [Math.min, Math.max].map((pick) => pick(...later(one.lastHop)))
  return [
    {
      figure: 'one sender: greatest redundancy from the third broadcast on',
      value: Math.max(...later(one.rmr)),
      most: 0.02,
      published: '0',
    },
    {
      figure: 'one sender: payloads from the third broadcast on, the median',
      value: median(later(one.payloads)),
      ...exactly(nodes - 1),
      published: '9,999',
    },
    { figure: 'one sender: last hop, least', value: firstHop ?? 0, ...hops, published: '8–10' },
    { figure: 'one sender: last hop, most', value: lastHop ?? 0, ...hops, published: '8–10' },
    {
      figure: 'one sender: share of nodes that the least of all broadcasts reached',
      value: Math.min(...(one.delivered ?? [0])),
      least: 1,
    },
  ]
}

/** Reported, not bounded: many senders, and what the first broadcasts after a failure do. */
export function plumtreeReports(nodes: Size): Measured[] {
  const protocol = plumtree({ repairMs: 0 })
  const many = { protocol, broadcasts: by(nodes, 300, 500), senders: 100 }
  const { rmr = [], lastHop = [] } = run(hyparview(), nodes, 30, many)
  const mean = (list: readonly number[]): number =>
    list.reduce((sum, value) => sum + value, 0) / Math.max(1, list.length)
  const parts: Measured[] = [0, 1, 2].flatMap((turn): Measured[] => {
    const from = 100 * turn
    return [
      {
        figure: `100 senders, broadcast ${turn + 1} of each: mean redundancy`,
        value: mean(rmr.slice(from, from + 100)),
        published: '0',
      },
      {
        figure: `100 senders, broadcast ${turn + 1} of each: mean last hop`,
        value: mean(lastHop.slice(from, from + 100)),
        published: '17 optimised, 50–75 plain',
      },
    ]
  })
  for (const [fail, peak] of [
    [0.4, 1.9],
    [0.6, 2.3],
    [0.8, 2.0],
  ] as const) {
    const after = { protocol, broadcasts: 5, fail, after: 6 }
    const { afterFailure, reliability, healCycles } = run(hyparview(), nodes, 30, after)
    const failed = `${100 * fail} % failed`
    parts.push(
      {
        figure: `${failed}: greatest redundancy`,
        value: Math.max(...(afterFailure?.rmr ?? [])),
        published: String(peak),
      },
      { figure: `${failed}: reached by the first broadcast`, value: reliability ?? 0 },
      {
        figure: `${failed}: cycles to heal`,
        value: healCycles ?? Number.POSITIVE_INFINITY,
        published: fail < 0.8 ? '1' : '1–3',
      },
    )
  }
  return parts
}

/** Nodes on a unit torus, cost = distance, the costliest link kept, the sum rule. */
export function xbotBars(nodes: Size): Measured[] {
  const torus = new UnitTorus(SEED)
  const oracle = (a: { name: string }, b: { name: string }) => torus.distance(a.name, b.name)
  const cost = (a: ProtocolNode, b: ProtocolNode) => oracle(a, b)
  const result = run(hyparview({ xbot: { oracle } }), nodes, 50, { cost })
  const costs = result.meanLinkCost ?? []
  return [
    {
      figure: 'mean cost of a link after 50 cycles, as a share of the start',
      value: (costs.at(-1) ?? 1) / (costs[0] ?? 1),
      most: 0.52,
      published: 'well below half',
    },
    {
      figure: 'share of nodes of degree 5',
      value: shareOfFives(result),
      least: by(nodes, 0.98, 0.99),
    },
    { figure: 'mean shortest path', value: result.meanShortestPath, most: by(nodes, 5.5, 7.5) },
    { figure: 'components', value: result.components, ...exactly(1) },
    { figure: 'asymmetric links', value: result.asymmetricLinks, ...exactly(0) },
  ]
}

/** Share of links, which gossip to all of a view uses once each, that are longer than a cluster is wide. */
export function hiscampReports(nodes: number): Measured[] {
  const torus = new UnitTorus(SEED)
  const threshold = 0.2
  const distance = (a: { name: string }, b: { name: string }) => torus.distance(a.name, b.name)
  const shareOfLong = (factory: OverlayFactory): number => {
    const cost = (a: ProtocolNode, b: ProtocolNode) => Number(distance(a, b) > threshold)
    return run(factory, nodes, 5, { cost, contact: 'random' }).meanLinkCost?.at(-1) ?? 1
  }
  return [
    { figure: 'SCAMP 2: share of long links', value: shareOfLong(scampV2({ redundancy: 4 })) },
    {
      figure: 'HiScamp: share of long links',
      value: shareOfLong(hiscamp({ distance, threshold })),
    },
  ]
}
