import { BAR_WIDTH, type Bar, HALF_ROW, shortened } from './bars.js'
import type { Label } from './labels.js'
import type { Arrow, Dot, DrawnLane, Layout } from './layout.js'
import { GAP, ROW, type Row } from './rows.js'
import type { Story } from './story.js'
import { durationText, timeText } from './times.js'

export const HEAD_HEIGHT = 46

/** A text as it may stand in markup. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] as string)

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** The names of the lanes, which stand above. */
export function drawnHead({ lanes, width, bars, right, timeX }: Layout): string {
  const names = lanes.map(({ x, label, detail, actor }) => {
    const name = `<text class="${actor === undefined ? 'node' : 'actor'}" x="${x}" y="20">${escaped(shortened(label, 16))}</text>`
    const below = detail === undefined ? '' : shortened(detail, 18)
    return `${name}<text class="detail" x="${x}" y="36">${escaped(below)}</text>`
  })
  const clients = bars.length === 0 ? '' : `<text class="column" x="${right}" y="20">clients</text>`
  const time = `<text class="column end" x="${timeX}" y="20">ms</text>`
  const line = `<path class="rule" d="M0 ${HEAD_HEIGHT - 0.5}H${width}"/>`
  return [time, ...names, clients, line].join('')
}

/** All below the names. */
export function drawnBody(story: Story, layout: Layout): string {
  const parts = {
    bands: layout.bands.map(({ kind, group, x, y, width, height }) => {
      const side = group === undefined ? '' : ` side${group % 3}`
      return `<rect class="${kind}${side}" x="${x}" y="${y}" width="${width}" height="${height}"/>`
    }),
    failing: layout.bars.flatMap((bar) => (bar.failing ? [failingRow(bar)] : [])),
    rows: layout.rows.map((row, at) => drawnRow(row, layout.rows[at - 1], layout)),
    lanes: layout.lanes.map((lane) => drawnLane(lane, layout)),
    faults: layout.faultBars.map(
      ({ x, y, height }) =>
        `<rect class="lasting" x="${x}" y="${y}" width="4" height="${height}" rx="2"/>`,
    ),
    bars: layout.bars.map((bar) => drawnBar(bar)),
    arrows: layout.arrows.map(drawnArrow),
    dots: layout.dots.map(drawnDot),
    labels: layout.labels.map(drawnLabel),
    folds: layout.rows.map((row) => drawnFold(row, story, layout)),
    ending: [drawnEnd(story, layout)],
  }
  return Object.entries(parts)
    .map(([name, drawn]) => `<g class="${name}">${drawn.join('')}</g>`)
    .join('')
}

function drawnRow({ y, t, gapUs }: Row, before: Row | undefined, layout: Layout): string {
  const { left, right, timeX } = layout
  const time =
    before?.t === t && !before.fold
      ? ''
      : `<text class="time" x="${timeX}" y="${y + 4}">${timeText(t)}</text>`
  if (gapUs === undefined) return time
  const at = y - ROW / 2 - GAP / 2
  const passed = `<text class="gap" x="${timeX}" y="${at + 4}">+${durationText(gapUs)}</text>`
  return `<path class="passing" d="M${left} ${at}H${right}"/>${passed}${time}`
}

function drawnLane({ x, begins, actor }: DrawnLane, { end }: Layout): string {
  const before = begins > 0 ? `<path class="lane before" d="M${x} 0V${begins}"/>` : ''
  const kind = actor === undefined ? 'lane' : 'lane own'
  return `${before}<path class="${kind}" d="M${x} ${begins}V${end}"/>`
}

function drawnArrow(arrow: Arrow): string {
  const { message, kind, twice, changed, x1, y1, x2, y2 } = arrow
  const classes = ['arrow', kind, ...(twice ? ['twice'] : []), ...(changed ? ['changed'] : [])]
  const length = Math.hypot(x2 - x1, y2 - y1) || 1
  const dx = (x2 - x1) / length
  const dy = (y2 - y1) / length
  const shifted = (by: number): string =>
    `M${point(x1 - dy * by, y1 + dx * by)}L${point(x2 - dy * by, y2 + dx * by)}`
  const way = twice ? shifted(2) + shifted(-2) : shifted(0)
  // The tip, as two strokes that meet.
  const tip = `M${point(x2 - dx * 8 - dy * 4, y2 - dy * 8 + dx * 4)}L${point(x2, y2)}L${point(x2 - dx * 8 + dy * 4, y2 - dy * 8 - dx * 4)}`
  const drawn = `<path class="${classes.join(' ')}" data-message="${message}" d="${way}${kind === 'arrives' ? tip : ''}"/>`
  if (kind === 'lost') {
    const cross = `M${point(x2 - 5, y2 - 5)}L${point(x2 + 5, y2 + 5)}M${point(x2 + 5, y2 - 5)}L${point(x2 - 5, y2 + 5)}`
    return `${drawn}<path class="cross" data-message="${message}" d="${cross}"/>`
  }
  if (kind !== 'open') return drawn
  return `${drawn}<circle class="nowhere" data-message="${message}" cx="${x2}" cy="${y2}" r="3.5"/>`
}

const point = (x: number, y: number): string => `${tenth(x)} ${tenth(y)}`
const tenth = (value: number): number => Math.round(value * 10) / 10

/** A flash, around its middle. */
const BOLT = 'm2 -11l-8 12h5l-2 10 9-13h-5l3-9z'

function drawnDot({ step, x, y, kind }: Dot): string {
  if (kind === 'crash') return `<path class="dot bolt" data-step="${step}" d="M${x} ${y}${BOLT}"/>`
  const hollow = kind === 'start' || kind === 'restart'
  return `<circle class="dot ${kind}" data-step="${step}" cx="${x}" cy="${y}" r="${hollow ? 5 : 4}"/>`
}

function drawnLabel({ step, x, y, side, kind, text, rest }: Label): string {
  const tail = rest === '' ? '' : ` <tspan class="rest">${escaped(rest)}</tspan>`
  const anchor = side === 'left' ? ' end' : ''
  return `<text class="label ${kind}${anchor}" data-step="${step}" x="${x}" y="${y + 4}">${escaped(text)}${tail}</text>`
}

const failingRow = (bar: Bar): string =>
  `<rect class="failing-row" x="0" y="${middleOf(bar) - HALF_ROW}" width="100%" height="${ROW}"/>`

/** Of the row of its call. */
const middleOf = ({ y, height }: Bar): number => (height <= 12 ? y + height / 2 : y)

function drawnBar(bar: Bar): string {
  const { x, y, height, status, failing, labelX, client, text, result, operation } = bar
  const middle = middleOf(bar)
  const classes = `${status}${failing ? ' failing' : ''}`
  const to = x + BAR_WIDTH / 2
  const call = `M${bar.callX} ${middle}H${to}`
  const back = bar.returnX === undefined ? '' : `M${bar.returnX} ${y + height}H${to}`
  return (
    `<path class="lead" d="${call}${back}"/>` +
    `<rect class="bar ${classes}" data-operation="${operation}" x="${x}" y="${y}" width="${BAR_WIDTH}" height="${height}" rx="3"/>` +
    `<text class="operation ${classes}" data-operation="${operation}" x="${labelX}" y="${middle + 4}"><tspan class="client">${escaped(client)}</tspan> ${escaped(text)} <tspan class="result">→ ${escaped(result)}</tspan></text>`
  )
}

function drawnFold({ step, fold, y }: Row, { steps }: Story, { left, right }: Layout): string {
  if (fold === undefined) return ''
  const passed = (steps[fold.last]?.t ?? 0) - (steps[step]?.t ?? 0)
  const text = `${fold.count} quiet steps in ${durationText(passed)}`
  return (
    `<g class="fold" data-fold="${step}"><rect x="${left}" y="${y - 9}" width="${right - left}" height="18" rx="9"/>` +
    `<text x="${(left + right) / 2}" y="${y + 4}">⋯ ${text} ⋯</text></g>`
  )
}

function drawnEnd(story: Story, { end, left, right, lanes }: Layout): string {
  const stops = lanes.map(({ x }) => `M${x - 6} ${end}h12`).join('')
  const kind = VERDICTS[story.verdict] ?? 'undecided'
  const text = shortened(verdictText(story), Math.max(60, Math.floor((right - left) / 6)))
  return (
    `<path class="stop" d="${stops}"/>` +
    `<text class="verdict ${kind}" x="${left + 6}" y="${end + 28}">${escaped(text)}</text>`
  )
}

const VERDICTS: Readonly<Record<string, string>> = { ok: 'good', fail: 'bad', recorded: 'plain' }

/** How it ended, in a line. */
export function verdictText({ verdict, check, error }: Story): string {
  if (verdict === 'ok') return '✓ all checks held'
  if (verdict === 'recorded') return 'recorded from real nodes'
  const [first = ''] = (error ?? check ?? verdict).split('\n')
  return verdict === 'fail' ? `✗ ${first}` : `${verdict}: ${first}`
}
