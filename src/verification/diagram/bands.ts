import { faultBarX, type Lane, type Lanes } from './lanes.js'
import type { Rows } from './rows.js'
import type { Span, Story } from './story.js'

/** A stretch of time behind lanes. */
export interface Band {
  readonly kind: 'partition' | 'down' | 'pause' | 'wall'
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** Which side of a partition. */
  readonly group?: number
  readonly span: number
}

/** A fault that lasts, as a line beside the lanes. */
export interface FaultBar {
  readonly span: number
  readonly x: number
  readonly y: number
  readonly height: number
}

const DOWN_WIDTH = 20
const WALL_WIDTH = 8

export function bandsOf(story: Story, rows: Rows, lanes: Lanes): Band[] {
  return story.spans.flatMap((span, at) => {
    if (span.kind === 'fault') return []
    const { y, height } = extent(span, rows)
    if (span.kind === 'partition') return partition(span, at, lanes, y, height)
    return lanes.list
      .filter(({ node }) => span.nodes.includes(node))
      .map(({ x }) => ({
        kind: span.kind as 'down' | 'pause',
        x: x - DOWN_WIDTH / 2,
        y,
        width: DOWN_WIDTH,
        height,
        span: at,
      }))
  })
}

/** Each side in its colour, and a wall between neighbours that do not hear each other. */
function partition(span: Span, at: number, lanes: Lanes, y: number, height: number): Band[] {
  const groupOf = ({ node }: Lane): number | undefined => span.groups?.[span.nodes.indexOf(node)]
  return lanes.list.flatMap((lane, index) => {
    const group = groupOf(lane)
    if (group === undefined) return []
    const width = lanes.spacing
    const side: Band = {
      kind: 'partition',
      x: lane.x - width / 2,
      y,
      width,
      height,
      group,
      span: at,
    }
    const next = lanes.list[index + 1]
    const other = next && groupOf(next)
    if (other === undefined || other === group) return [side]
    const x = lane.x + width / 2 - WALL_WIDTH / 2
    return [side, { kind: 'wall', x, y, width: WALL_WIDTH, height, span: at }]
  })
}

/** Lasting faults side by side: each span's column; -1 for spans that are bands. */
export function columnsOf(spans: readonly Span[]): number[] {
  const ends: number[] = []
  return spans.map(({ kind, from, to = Number.POSITIVE_INFINITY }) => {
    if (kind !== 'fault') return -1
    const free = ends.findIndex((end) => end <= from)
    const column = free === -1 ? ends.length : free
    ends[column] = to
    return column
  })
}

export function faultBarsOf(
  spans: readonly Span[],
  columns: readonly number[],
  rows: Rows,
  lanes: Lanes,
): FaultBar[] {
  return spans.flatMap((span, at) => {
    const column = columns[at] as number
    return column < 0 ? [] : [{ span: at, x: faultBarX(lanes, column), ...extent(span, rows) }]
  })
}

function extent({ from, to }: Span, rows: Rows): { readonly y: number; readonly height: number } {
  const y = rows.y[from] as number
  return { y, height: Math.max(2, (to === undefined ? rows.end : (rows.y[to] as number)) - y) }
}
