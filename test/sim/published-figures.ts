/** What the papers report for 10,000 nodes, to stand beside what a run gives. */
export interface PublishedFigures {
  readonly paper: string
  readonly clustering?: number
  readonly meanShortestPath?: number
  /** In-degree of nearly all nodes, or their mean. */
  readonly inDegree?: number
  /** Hops to the last delivery by gossip. */
  readonly lastHop?: number
  /** Reliability of broadcasts right after a share of the nodes failed. */
  readonly reliability?: readonly (readonly [failed: number, reliability: number])[]
}

const HYPARVIEW_PAPER = 'Leitão, Pereira, Rodrigues: HyParView, DSN 2007'

const PUBLISHED: Readonly<Record<string, PublishedFigures>> = {
  hyparview: {
    paper: HYPARVIEW_PAPER,
    clustering: 0.00092,
    meanShortestPath: 6.38542,
    inDegree: 5,
    lastHop: 9,
    reliability: [
      [0.1, 1],
      [0.8, 1],
      [0.9, 0.997],
      [0.95, 0.9],
    ],
  },
  cyclon: {
    paper: HYPARVIEW_PAPER,
    clustering: 0.006836,
    meanShortestPath: 2.60426,
    inDegree: 35,
    lastHop: 10.6,
  },
  scampv1: {
    paper: HYPARVIEW_PAPER,
    clustering: 0.022476,
    meanShortestPath: 3.35398,
    inDegree: 34,
    lastHop: 14.1,
  },
}

/** Of an overlay by its name on the command line. */
export function publishedFigures(overlay: string): PublishedFigures | undefined {
  return PUBLISHED[overlay === 'scampv2' ? 'scampv1' : overlay]
}

/** Plumtree over HyParView (Leitão, Pereira, Rodrigues: Epidemic Broadcast Trees, SRDS 2007). */
export const PLUMTREE = {
  /** Of the first, the second and the third broadcast; the rest cost what the third does. */
  rmr: [2, 0.9, 0],
  lastHop: { one: 10, many: 17 },
} as const

/** Relative message redundancy of flooding a HyParView of degree 5. */
export const FLOOD_RMR = 3
