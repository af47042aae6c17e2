import { overlayTitle } from './overlays-by-name.js'
import { type Chart, type Series, svgDocument } from './svg-chart.js'

/** What of a line of `npm run sim -- overlay --json` is drawn. */
export interface TrafficLine {
  readonly overlay: string
  readonly nodes: number
  readonly bytesPerNodeCycle: number
  readonly heartbeatBytesPerNodeCycle: number
  readonly meanConnections: number
}

/**
 * A hundred million ends of connections: 1.5 hours and 18 GB, in a process with `--max-old-space-size=18000`. Not run
 * again with the others: its line is kept.
 */
export const LARGEST_MESH = '--overlay full-mesh --nodes 10000 --cycles 3 --option membersMax=20000'

/** The runs behind docs/pictures/traffic.svg, the smallest first. */
export const TRAFFIC_RUNS: readonly string[] = [
  ...[100, 200, 400, 1_000].map((nodes) => `--overlay full-mesh --nodes ${nodes} --cycles 6`),
  LARGEST_MESH,
  ...[100, 400, 1_000].map((nodes) => `--overlay static --nodes ${nodes} --cycles 6`),
  ...[100, 300, 1_000, 3_000, 10_000].map(
    (nodes) => `--overlay hyparview --nodes ${nodes} --cycles 10`,
  ),
]

const CYCLE_SECONDS = 10
/** The same connections: its dots lie on the line of the full mesh. */
const STATIC = 'static'

const perSecond = ({ bytesPerNodeCycle, heartbeatBytesPerNodeCycle }: TrafficLine): number =>
  (bytesPerNodeCycle + heartbeatBytesPerNodeCycle) / CYCLE_SECONDS

/** Bytes a node sends in a second while nobody says anything, by the size of the cluster. */
export function trafficPlot(lines: readonly TrafficLine[]): string {
  const overlays = [...new Set(lines.map(({ overlay }) => overlay))]
  const of = (overlay: string): TrafficLine[] =>
    lines.filter((line) => line.overlay === overlay).sort((a, b) => a.nodes - b.nodes)
  const series = overlays.map(
    (overlay): Series => ({
      label: `${overlayTitle(overlay)}, simulated`,
      points: of(overlay).map((line) => [line.nodes, perSecond(line)]),
      kind: overlay === STATIC ? 'dots' : 'line',
    }),
  )
  const chart: Chart = {
    title: 'Steady traffic of a node, heartbeats included',
    x: 'nodes in the cluster',
    y: 'bytes sent in a second',
    series,
    logarithmic: true,
  }
  const sizes = lines.map(({ overlay, nodes }) => `${overlay} ${nodes}`).join(', ')
  return svgDocument('Steady traffic', [chart], `npm run sim -- traffic: ${sizes}`)
}
