import type { OverlayRunResult } from '../../src/simulation/overlay-run.js'
import type { SendersOption } from '../../src/simulation/senders.js'
import { FLOOD_RMR, PLUMTREE, publishedFigures } from './published-figures.js'
import { type Chart, type Series, svgDocument } from './svg-chart.js'

export interface PlottedRuns {
  readonly overlay: string
  readonly title: string
  readonly protocol: string
  readonly senders: SendersOption
  /** One run for each share of nodes that failed; all are equal up to the failure. */
  readonly runs: readonly { readonly fail: number | undefined; readonly result: OverlayRunResult }[]
}

/** Degrees, delivery hops, redundancy and reliability of an overlay beside what the papers report. */
export function overlayPlot(plotted: PlottedRuns, origin: string): string {
  const result = plotted.runs[0]?.result
  if (result === undefined) throw new RangeError('there is nothing to plot')
  const charts = [degrees(plotted.overlay, result)]
  if (result.lastHop?.length) charts.push(hops(plotted, result), redundancy(plotted, result))
  if (result.afterFailure !== undefined) charts.push(...afterFailure(plotted))
  else if (result.reliability !== undefined) charts.push(reliability(plotted))
  return svgDocument(plotted.title, charts, origin)
}

/** A line for each share of nodes that failed. */
function afterFailure({ runs, protocol }: PlottedRuns): Chart[] {
  const each = (key: 'delivered' | 'rmr'): Series[] =>
    runs.map(({ fail = 0, result }) => ({
      label: `${Math.round(100 * fail)} % failed`,
      points: (result.afterFailure?.[key] ?? []).map((value, cycle) => [cycle, value]),
      kind: 'line',
    }))
  const x = 'cycles since the failure'
  return [
    {
      title: `Reached by ${protocol} after a failure`,
      ...{ x, y: 'share of the survivors', series: each('delivered'), percent: true, yMax: 1 },
    },
    {
      title: 'Redundancy after the failure',
      ...{ x, y: 'payloads / (nodes reached − 1) − 1', series: each('rmr') },
    },
  ]
}

function degrees(overlay: string, result: OverlayRunResult): Chart {
  const shares = Object.entries(result.inDegreeHistogram).map(
    ([degree, nodes]) => [Number(degree), nodes / result.nodes] as const,
  )
  const series: Series[] = [{ label: 'measured', points: shares, kind: 'bars' }]
  const published = publishedFigures(overlay)?.inDegree
  if (published !== undefined) {
    const top = Math.max(...shares.map(([, share]) => share))
    series.push({
      label: `published for 10,000 nodes: ${published}`,
      points: [
        [published, 0],
        [published, top],
      ],
      kind: 'line',
      published: true,
    })
  }
  return { title: 'In-degrees', x: 'in-degree', y: 'share of nodes', series, percent: true }
}

const numbered = (values: readonly number[]): [number, number][] =>
  values.map((value, i) => [i + 1, value])

const level = (label: string, value: number, count: number): Series => ({
  label: `published for 10,000 nodes: ${label}`,
  points: [
    [1, value],
    [Math.max(2, count), value],
  ],
  kind: 'line',
  published: true,
})

const sendersText = (senders: SendersOption): string =>
  senders === 'many' ? 'random nodes' : senders === 'one' ? 'one node' : `${senders} nodes in turn`

function hops({ overlay, protocol, senders }: PlottedRuns, result: OverlayRunResult): Chart {
  const values = result.lastHop ?? []
  const series: Series[] = [
    {
      label: `measured, ${protocol} from ${sendersText(senders)}`,
      points: numbered(values),
      kind: 'line',
    },
  ]
  const published =
    protocol === 'plumtree'
      ? PLUMTREE.lastHop[senders === 'one' ? 'one' : 'many']
      : overlay === 'hyparview' || protocol === 'gossip'
        ? publishedFigures(overlay)?.lastHop // to the whole view, or to as many as in the paper
        : undefined
  if (published !== undefined) series.push(level(String(published), published, values.length))
  return {
    title: 'Hops to the last delivery',
    x: 'broadcast',
    y: 'hops',
    series,
    xMin: 1,
    whole: true,
  }
}

function redundancy({ overlay, protocol }: PlottedRuns, result: OverlayRunResult): Chart {
  const values = result.rmr ?? []
  const series: Series[] = [
    { label: `measured, ${protocol}`, points: numbered(values), kind: 'line' },
  ]
  if (overlay === 'hyparview' && protocol === 'plumtree') {
    const [first, second, third] = PLUMTREE.rmr
    series.push({
      label: 'published for 10,000 nodes: 2, 0.9, 0 …',
      points: [
        [1, first],
        [2, second],
        [3, third],
        [Math.max(4, values.length), third],
      ],
      kind: 'line',
      published: true,
    })
  } else if (overlay === 'hyparview')
    series.push(level(String(FLOOD_RMR), FLOOD_RMR, values.length))
  return {
    title: 'Relative message redundancy',
    x: 'broadcast',
    y: 'payloads / (nodes − 1) − 1',
    series,
    xMin: 1,
  }
}

function reliability({ overlay, runs }: PlottedRuns): Chart {
  const points = runs.flatMap(({ fail, result }): [number, number][] =>
    fail === undefined || result.reliability === undefined ? [] : [[fail, result.reliability]],
  )
  points.sort((a, b) => a[0] - b[0])
  const series: Series[] = [{ label: 'measured', points, kind: 'line' }]
  const published = publishedFigures(overlay)?.reliability
  if (published !== undefined) {
    series.push({
      label: 'published for 10,000 nodes',
      points: published,
      kind: 'line',
      published: true,
    })
  }
  return {
    title: 'Reliability right after a failure',
    x: 'share of nodes that failed at once',
    y: 'survivors reached by a broadcast',
    series,
    percent: true,
    xPercent: true,
    xMax: 1,
    yMax: 1,
  }
}
