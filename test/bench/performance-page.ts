import { type Chart, type Series, svgDocument } from '../sim/svg-chart.js'

/** A line that `npm run bench -- NAME --json` prints, medians and all. */
export interface BenchLine {
  readonly bench: string
  readonly value: number
  readonly unit: string
  readonly baseline: number
  readonly ratio: number
  readonly min: number
  readonly max: number
  readonly runs: number
  readonly node?: string
  readonly cpus?: number
  /** Programs that wanted to run, on average, in the minute before its last run ended. */
  readonly load?: number
  readonly rivals?: Readonly<Record<string, number>>
  readonly cells?: readonly Readonly<Record<string, unknown>>[]
  readonly [more: string]: unknown
}

export type BenchLines = ReadonlyMap<string, BenchLine>

/** What may stand in a marker: `<!-- bench KIND NAME… -->`, up to `<!-- /bench -->`, is written anew. */
const BLOCK = /(<!-- bench (\w+)((?: [\w-]+)*) -->\n)[\s\S]*?(<!-- \/bench -->)/g

const KINDS: Readonly<Record<string, (lines: readonly BenchLine[]) => string>> = {
  figures,
  rivals: beside,
  cells,
  bars,
  paper,
}

/** The page with its tables from those lines. What stands outside of the markers stays. */
export function performancePage(page: string, lines: BenchLines): string {
  return page.replace(BLOCK, (_, begin: string, kind: string, names: string, end: string) => {
    const draw = KINDS[kind]
    if (draw === undefined) throw new RangeError(`the page asks for a table of kind ${kind}`)
    const found = names
      .trim()
      .split(' ')
      .flatMap((name) => lines.get(name) ?? [])
    return `${begin}${found.length === 0 ? 'Not measured yet.\n' : draw(found)}${end}`
  })
}

/** SVG documents by file name; of what was not measured there is none. */
export function performancePictures(lines: BenchLines): Map<string, string> {
  const pictures = new Map<string, string>()
  const draw = (file: string, title: string, charts: readonly Chart[]): void => {
    if (charts.length > 0)
      pictures.set(
        file,
        svgDocument(title, charts, 'npm run bench -- NAME --md docs/performance.md'),
      )
  }
  const bars = (names: readonly string[]): Chart[] =>
    names.flatMap((name) => {
      const line = lines.get(name)
      return line?.rivals === undefined ? [] : [barChart(line)]
    })
  draw('local.svg', 'One node', bars(['local-tell', 'local-ask', 'ping-pong', 'ring', 'big']))
  draw('remote.svg', 'Two processes', bars(['remote-tell', 'remote-ask', 'echo-512k', 'echo-8m']))
  const experiment = lines.get('paper')
  if (experiment !== undefined) {
    draw('paper.svg', 'Two nodes, a message and its answer', paperCharts(experiment))
  }
  return pictures
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('')

function figures(lines: readonly BenchLine[]): string {
  const rows = lines.map((line) => [
    `\`${line.bench}\``,
    `${short(line.value)} ${line.unit}`,
    short(line.baseline),
    `**${line.ratio.toFixed(2)}** (${line.min.toFixed(2)}..${line.max.toFixed(2)})`,
    more(line),
    how(line),
  ])
  return table(['bench', 'troupe', 'baseline', 'ratio (least..greatest)', 'more', 'measured'], rows)
}

const KNOWN = new Set(
  'bench value unit baseline ratio min max runs node cpus load rivals skipped cells sink'.split(
    ' ',
  ),
)

function more(line: BenchLine): string {
  return Object.entries(line)
    .filter(([key, value]) => !KNOWN.has(key) && typeof value === 'number')
    .map(([key, value]) => `${key} ${short(value as number)}`)
    .join(', ')
}

function how({ runs, node, load }: BenchLine): string {
  const times = `${runs} run${runs === 1 ? '' : 's'}`
  return [times, node, load === undefined ? undefined : `load ${load.toFixed(0)}`]
    .filter((part) => part !== undefined)
    .join(', ')
}

/** Each rival, and how many times it goes into ours. */
function beside(measured: readonly BenchLine[]): string {
  const lines = measured.filter(({ rivals }) => rivals !== undefined)
  const names = [...new Set(lines.flatMap(({ rivals = {} }) => Object.keys(rivals)))]
  const rows = lines.map((line) => {
    const those = names.map((name) => {
      const value = line.rivals?.[name]
      return value === undefined ? '' : `${short(value)} (${factor(line.value / value)})`
    })
    return [`\`${line.bench}\`, ${line.unit}`, `**${short(line.value)}**`, ...those]
  })
  return table(['bench', 'troupe', ...names.map((name) => `${name} (troupe is)`)], rows)
}

function cells(lines: readonly BenchLine[]): string {
  return lines
    .map(({ bench, unit, cells: all = [] }) => {
      const flat = all.map(({ rivals = {}, skipped: _skipped, ...own }) => ({
        ...own,
        ...(rivals as object),
      }))
      const keys = [...new Set(flat.flatMap((cell) => Object.keys(cell)))]
      const rows = flat.map((cell) =>
        keys.map((key) => written((cell as Record<string, unknown>)[key])),
      )
      return `\`${bench}\`, ${unit}:\n\n${table(keys, rows)}`
    })
    .join('\n')
}

/** Each figure beside its bar and what is published. */
function bars(lines: readonly BenchLine[]): string {
  const rows = lines.flatMap(({ bench, cells: all = [] }) =>
    all.map(({ figure, value, least, most, published = '', kept }) => {
      const bounds = [
        least === undefined || least === most ? [] : [`>= ${short(Number(least))}`],
        most === undefined || least === most ? [] : [`<= ${short(Number(most))}`],
        least === undefined || least !== most ? [] : [short(Number(least))],
      ].flat()
      const verdict = kept === false ? ' **missed**' : ''
      const measured = short(Number(value))
      return [`\`${bench}\``, `${figure}`, measured, bounds.join(', ') + verdict, `${published}`]
    }),
  )
  return table(['bench', 'figure', 'measured', 'bar', 'published'], rows)
}

interface PaperCell {
  readonly rttMs: number
  readonly bytes: number
  readonly actors: number
  readonly [key: string]: number | null | undefined
}

/** Keys of a cell, and how they are called. */
const CARRIERS: readonly (readonly [key: string, label: string, ours: boolean])[] = [
  ['ours1', 'troupe, 1 connection', true],
  ['ours16', 'troupe, 16 connections', true],
  ['affinity', 'troupe, 16 with affinity', true],
  ['bare1', 'bare sockets, 1', false],
  ['bare16', 'bare sockets, 16', false],
  ['erlang', 'Distributed Erlang', false],
]

/**
 * Factors over Distributed Erlang that were published for Partisan (talk and project site), 128 actors on
 * each side.
 */
const PUBLISHED: Readonly<Record<string, number>> = {
  '1 524288 128': 1.9,
  '20 524288 128': 13.4,
  '1 8388608 128': 3.7,
}

const paperCells = (line: BenchLine): readonly PaperCell[] =>
  (line.cells ?? []) as readonly PaperCell[]

function paper([line]: readonly BenchLine[]): string {
  if (line === undefined) return ''
  const head = ['round trip, size, actors', ...CARRIERS.map(([, label]) => label)]
  head.push('troupe / bare, 16', 'troupe / Erlang', 'published for Partisan / Erlang')
  const rows = paperCells(line).map((cell) => {
    const { rttMs, bytes, actors, ours16, affinity, bare16, factor: over } = cell
    const published = PUBLISHED[`${rttMs} ${bytes} ${actors}`]
    const best = Math.max(ours16 ?? 0, affinity ?? 0)
    return [
      `${rttMs} ms, ${sizeOf(bytes)}, ${actors}`,
      ...CARRIERS.map(([key]) => written(cell[key])),
      bare16 ? (best / bare16).toFixed(2) : '',
      over ? factor(over) : '',
      published === undefined ? '' : factor(published),
    ]
  })
  return `${table(head, rows)}\nEchoes a second; ${how(line)}.\n`
}

function paperCharts(line: BenchLine): Chart[] {
  const groups = new Map<string, PaperCell[]>()
  for (const cell of paperCells(line)) {
    const title = `${sizeOf(cell.bytes)}, ${cell.rttMs} ms`
    groups.set(title, [...(groups.get(title) ?? []), cell])
  }
  return [...groups].map(([title, group]) => ({
    title,
    x: 'actors on each side',
    y: 'answers a second',
    series: CARRIERS.flatMap(([key, label, ours]): Series[] => {
      const points = group.flatMap((cell): [number, number][] => {
        const value = cell[key]
        return typeof value === 'number' ? [[cell.actors, value]] : []
      })
      return points.length === 0 ? [] : [{ label, points, kind: 'line', published: !ours }]
    }),
  }))
}

function barChart({ bench, unit, value, baseline, rivals = {} }: BenchLine): Chart {
  const all: [string, number, boolean][] = [
    ['troupe', value, false],
    ['baseline, no framework', baseline, true],
  ]
  const others = Object.entries(rivals).sort(([, a], [, b]) => b - a)
  for (const [name, one] of others) all.push([name, one, true])
  const series = all.map(
    ([label, height, published], i): Series => ({
      label: `${i + 1}: ${label}, ${short(height)}`,
      points: [[i + 1, height]],
      kind: 'bars',
      published,
    }),
  )
  return { title: bench, x: '', y: unit, series }
}

const sizeOf = (bytes: number): string =>
  bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MB` : `${bytes / 1024} KB`

const factor = (value: number): string => `${value >= 10 ? value.toFixed(0) : value.toFixed(1)} ×`

const written = (value: unknown): string =>
  typeof value === 'number' ? short(value) : value === undefined || value === null ? '' : `${value}`

/** Three digits or so. */
function short(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}
