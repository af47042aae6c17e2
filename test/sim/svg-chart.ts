/** One set of points of a chart. */
export interface Series {
  readonly label: string
  readonly points: readonly (readonly [x: number, y: number])[]
  /** Published figures are drawn dashed. */
  readonly published?: boolean
  readonly kind: 'bars' | 'line' | 'dots'
}

export interface Chart {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly series: readonly Series[]
  /** The y axis begins here. Default 0. */
  readonly yMin?: number
  /** Ends of the axes; by default the largest values. */
  readonly xMax?: number
  readonly xMin?: number
  readonly yMax?: number
  /** Ticks of the y axis are shares: written as percent. */
  readonly percent?: boolean
  readonly xPercent?: boolean
}

const WIDTH = 420
/** Room for LEGEND_ROWS entries of a legend; more make the picture higher. */
const HEIGHT = 330
const LEGEND_ROWS = 3
const LEGEND_ROW = 16
const LEFT = 64
const TOP = 44
const PLOT_WIDTH = 336
const PLOT_HEIGHT = 190
const OURS = ['#1f6fb2', '#2a8f5b', '#8a4fb0', '#3d3d3d']
const PUBLISHED = ['#d9601a', '#b0862a', '#b04f6a']

/** Charts side by side, as one SVG document. */
export function svgDocument(title: string, charts: readonly Chart[]): string {
  const width = charts.length * WIDTH + 16
  const most = Math.max(...charts.map((chart) => chart.series.length))
  const height = HEIGHT + 36 + LEGEND_ROW * Math.max(0, most - LEGEND_ROWS)
  const panels = charts.map((chart, i) => panel(chart, 8 + i * WIDTH, 32))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="16" y="24" font-size="16" font-weight="bold">${plain(title)}</text>`,
    ...panels,
    '</svg>',
    '',
  ].join('\n')
}

function panel(chart: Chart, left: number, top: number): string {
  const scale = new Scale(chart)
  const colours = colourOf(chart.series)
  const shapes = chart.series.map((series) => shape(series, scale, colours.get(series) as string))
  return [
    `<g transform="translate(${left} ${top})">`,
    `<text x="${LEFT}" y="${TOP - 16}" font-size="13" font-weight="bold">${plain(chart.title)}</text>`,
    ...axes(chart, scale),
    ...shapes,
    ...legend(chart.series, colours),
    '</g>',
  ].join('\n')
}

/** From values to places. */
class Scale {
  readonly xs: readonly number[]
  readonly ys: readonly number[]

  constructor({ series, xMin, xMax, yMin = 0, yMax }: Chart) {
    const points = series.flatMap((one) => one.points)
    const x = points.map((point) => point[0])
    const bars = series.some((one) => one.kind === 'bars')
    const first = xMin ?? (bars ? Math.min(...x) - 1 : 0)
    const last = xMax ?? Math.max(first + 1, ...x) + (bars ? 1 : 0)
    const marks = ticks(first, last, true)
    this.xs = bars ? marks.filter(Number.isInteger) : marks
    this.ys = ticks(yMin, yMax ?? Math.max(yMin + 1e-9, ...points.map((point) => point[1])), false)
  }

  x(value: number): number {
    const [least = 0, most = 1] = [this.xs[0], this.xs.at(-1)]
    return round(LEFT + ((value - least) / (most - least)) * PLOT_WIDTH)
  }

  y(value: number): number {
    const [least = 0, most = 1] = [this.ys[0], this.ys.at(-1)]
    const share = Math.max(0, (value - least) / (most - least))
    return round(TOP + PLOT_HEIGHT * (1 - share))
  }
}

/** Round figures from the first to the last value, both of which lie within them. */
export function ticks(least: number, most: number, exact: boolean): number[] {
  const raw = (most - least) / 5
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw - 1e-12) as number
  const first = exact ? least : Math.floor(least / step + 1e-9) * step
  const list: number[] = [first]
  const from = Math.floor(first / step + 1e-9) + 1
  for (let i = from; i * step < most - 1e-9; i++) list.push(Number((i * step).toPrecision(12)))
  const end = exact ? most : Math.ceil(most / step - 1e-9) * step
  list.push(Number(end.toPrecision(12)))
  return list
}

function axes(chart: Chart, scale: Scale): string[] {
  const bottom = TOP + PLOT_HEIGHT
  const lines = scale.ys.flatMap((value) => {
    const y = scale.y(value)
    const text = chart.percent ? `${short(100 * value)} %` : short(value)
    return [
      `<line x1="${LEFT}" x2="${LEFT + PLOT_WIDTH}" y1="${y}" y2="${y}" stroke="#dddddd"/>`,
      `<text x="${LEFT - 6}" y="${y + 4}" text-anchor="end" fill="#444444">${text}</text>`,
    ]
  })
  const marks = spaced(scale).map((value) => {
    const text = chart.xPercent ? `${short(100 * value)} %` : short(value)
    return `<text x="${scale.x(value)}" y="${bottom + 16}" text-anchor="middle" fill="#444444">${text}</text>`
  })
  const middle = TOP + PLOT_HEIGHT / 2
  return [
    ...lines,
    ...marks,
    `<line x1="${LEFT}" x2="${LEFT + PLOT_WIDTH}" y1="${bottom}" y2="${bottom}" stroke="#444444"/>`,
    `<text x="${LEFT + PLOT_WIDTH / 2}" y="${bottom + 34}" text-anchor="middle">${plain(chart.x)}</text>`,
    `<text x="14" y="${middle}" text-anchor="middle" transform="rotate(-90 14 ${middle})">${plain(chart.y)}</text>`,
  ]
}

/** Ticks of the x axis that do not run into each other. */
function spaced(scale: Scale): number[] {
  const kept: number[] = []
  for (const value of scale.xs) {
    const before = kept.at(-1)
    if (before === undefined || scale.x(value) - scale.x(before) >= 28) kept.push(value)
  }
  return kept
}

function shape(series: Series, scale: Scale, colour: string): string {
  const at = series.points.map(([x, y]) => [scale.x(x), scale.y(y)] as const)
  if (series.kind === 'bars') return bars(series, scale, colour)
  const dots = at.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3.5" fill="${colour}"/>`)
  if (series.kind === 'dots') return dots.join('\n')
  const dash = series.published ? ' stroke-dasharray="6 4"' : ''
  const line = `<polyline fill="none" stroke="${colour}" stroke-width="2"${dash} points="${at.map((point) => point.join(',')).join(' ')}"/>`
  return at.length <= 12 ? [line, ...dots].join('\n') : line
}

function bars({ points }: Series, scale: Scale, colour: string): string {
  const unit = scale.x(1) - scale.x(0)
  const width = round(Math.min(28, Math.max(1, 0.8 * unit)))
  return points
    .map(([x, y]) => {
      const top = scale.y(y)
      const height = round(TOP + PLOT_HEIGHT - top)
      return `<rect x="${round(scale.x(x) - width / 2)}" y="${top}" width="${width}" height="${height}" fill="${colour}"/>`
    })
    .join('\n')
}

function legend(series: readonly Series[], colours: ReadonlyMap<Series, string>): string[] {
  const top = TOP + PLOT_HEIGHT + 52
  return series.flatMap((one, i) => {
    const y = top + i * LEGEND_ROW
    const colour = colours.get(one) as string
    const dash = one.published ? ' stroke-dasharray="6 4"' : ''
    const width = one.kind === 'bars' ? 9 : 2
    return [
      `<line x1="${LEFT}" x2="${LEFT + 22}" y1="${y - 4}" y2="${y - 4}" stroke="${colour}" stroke-width="${width}"${dash}/>`,
      `<text x="${LEFT + 30}" y="${y}">${plain(one.label)}</text>`,
    ]
  })
}

function colourOf(series: readonly Series[]): Map<Series, string> {
  const colours = new Map<Series, string>()
  let ours = 0
  let published = 0
  for (const one of series) {
    const colour = one.published ? PUBLISHED[published++] : OURS[ours++]
    colours.set(one, colour ?? '#777777')
  }
  return colours
}

const round = (value: number): number => Math.round(10 * value) / 10

const short = (value: number): string => String(Number(value.toPrecision(4)))

const plain = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
