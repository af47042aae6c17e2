import { type Band, bandsOf, columnsOf, type FaultBar, faultBarsOf } from './bands.js'
import { type Bar, barsOf } from './bars.js'
import { type Label, labelsOf } from './labels.js'
import { type Lane, type Lanes, lanesOf } from './lanes.js'
import { isNoted, ROW, type Row, type Rows, rowsOf } from './rows.js'
import type { NoteKind, Story } from './story.js'
import { isShown, type View } from './view.js'

/** Where everything stands, in pixels: what a drawing needs, and what a pointer looks for. */
export interface Layout {
  readonly width: number
  readonly height: number
  /** Left and right of the lanes with their labels. */
  readonly left: number
  readonly right: number
  /** Where times end. */
  readonly timeX: number
  readonly lanes: readonly DrawnLane[]
  readonly rows: readonly Row[]
  /** The middle of each step's row, or where it would stand. */
  readonly stepY: readonly number[]
  readonly dots: readonly Dot[]
  readonly arrows: readonly Arrow[]
  readonly labels: readonly Label[]
  readonly bands: readonly Band[]
  readonly faultBars: readonly FaultBar[]
  readonly bars: readonly Bar[]
  /** Where the lanes end. */
  readonly end: number
  /** Messages that are not shown. */
  readonly hidden: number
}

export interface DrawnLane extends Lane {
  /** Where its node first starts. */
  readonly begins: number
}

export interface Dot {
  readonly step: number
  readonly x: number
  readonly y: number
  readonly kind: 'step' | NoteKind
}

/** A message's way, from the edge of one dot to that of another. */
export interface Arrow {
  readonly message: number
  /** The step that it ends in. Absent: it never arrives. */
  readonly to?: number
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
  /** Arrives, is taken out by a fault, or comes to no end in the trace. */
  readonly kind: 'arrives' | 'lost' | 'open'
  readonly twice?: true
  readonly changed?: true
}

/** A dot's radius and the air around it. */
const TRIM = 7
const BELOW = 46

/** A pure function: the same story in the same view has the same geometry. */
export function layoutOf(story: Story, view: View): Layout {
  const rows = rowsOf(story, view)
  const columns = columnsOf(story.spans)
  const lanes = lanesOf(story, view, Math.max(0, ...columns.map((column) => column + 1)))
  const { bars, right } = barsOf(story, rows, lanes)
  return {
    width: right,
    height: rows.end + BELOW,
    left: lanes.left,
    right: lanes.right,
    timeX: lanes.timeX,
    lanes: lanes.list.map((lane) => ({ ...lane, begins: beginOf(story, rows, lane.node) })),
    rows: rows.list,
    stepY: rows.y,
    dots: dotsOf(story, view, rows, lanes),
    arrows: arrowsOf(story, view, rows, lanes),
    labels: labelsOf(story, view, rows, lanes),
    bands: bandsOf(story, rows, lanes),
    faultBars: faultBarsOf(story.spans, columns, rows, lanes),
    bars,
    end: rows.end,
    hidden: story.messages.filter((message) => !isShown(message, story, view)).length,
  }
}

function beginOf({ steps }: Story, { y }: Rows, node: number): number {
  const at = steps.findIndex((step) => {
    return step.node === node && step.notes?.some(({ kind }) => kind === 'start')
  })
  return at === -1 ? 0 : (y[at] as number)
}

function dotsOf(story: Story, view: View, rows: Rows, lanes: Lanes): Dot[] {
  const losing = new Set(
    story.messages.flatMap(({ ends }) => ends.flatMap(({ step, lost }) => (lost ? [step] : []))),
  )
  const sending = new Set(story.messages.map(({ sent }) => sent))
  return rows.list.flatMap(({ step: at, y, fold }) => {
    const step = story.steps[at]
    const lane = step === undefined || fold ? undefined : lanes.ofStep(step)
    if (step === undefined || lane === undefined) return []
    const marked = step.notes?.find((note) => isNoted(note, view) && note.kind !== 'choice')
    // A message that a fault takes out on its way in is no event of the node.
    if (losing.has(at) && marked === undefined && !sending.has(at)) return []
    const { x } = lanes.list[lane] as Lane
    return [{ step: at, x, y, kind: marked?.kind ?? 'step' }]
  })
}

function arrowsOf(story: Story, view: View, rows: Rows, lanes: Lanes): Arrow[] {
  const arrows: Arrow[] = []
  for (const [at, message] of story.messages.entries()) {
    const { sent, ends, from, to, twice, changed } = message
    if (sent === undefined || !isShown(message, story, view)) continue
    const x1 = laneX(lanes, story, sent, from)
    const y1 = rows.y[sent] as number
    const flags = { ...(twice && { twice }), ...(changed && { changed }) }
    const seen = (step: number): boolean => rows.shown[sent] === true || rows.shown[step] === true
    for (const { step, lost } of ends) {
      if (!seen(step)) continue
      const x = laneX(lanes, story, step, to)
      // A fault at the sender takes it out at once, one at the receiver where it would arrive.
      const share = !lost ? 1 : step === sent ? 0.45 : 0.86
      const y = step === sent ? y1 + ROW * 0.7 : (rows.y[step] as number)
      const x2 = x1 + (x - x1) * share
      const ways = { message: at, ...(lost ? {} : { to: step }), ...flags }
      arrows.push({ ...ways, kind: lost ? 'lost' : 'arrives', ...trimmed(x1, y1, x2, y, !lost) })
    }
    if (ends.length === 0 && rows.shown[sent]) {
      const x2 = x1 + (laneX(lanes, story, undefined, to) - x1) * 0.45
      const y2 = y1 + ROW * 0.8
      arrows.push({ message: at, ...flags, kind: 'open', ...trimmed(x1, y1, x2, y2, false) })
    }
  }
  return arrows
}

function laneX(lanes: Lanes, story: Story, at: number | undefined, node: number): number {
  const step = at === undefined ? undefined : story.steps[at]
  const actor = step?.node === node ? step.actor : undefined
  return (lanes.list[lanes.of(node, actor)] as Lane).x
}

type Line = Pick<Arrow, 'x1' | 'y1' | 'x2' | 'y2'>

/** Shorter by a dot at its beginning, and at its end too. */
function trimmed(x1: number, y1: number, x2: number, y2: number, atEnd: boolean): Line {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1
  const dx = ((x2 - x1) / length) * TRIM
  const dy = ((y2 - y1) / length) * TRIM
  const end = atEnd ? { x2: tenth(x2 - dx), y2: tenth(y2 - dy) } : { x2: tenth(x2), y2: tenth(y2) }
  return { x1: tenth(x1 + dx), y1: tenth(y1 + dy), ...end }
}

const tenth = (value: number): number => Math.round(value * 10) / 10
