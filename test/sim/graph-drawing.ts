import { layout, type Point } from './graph-layout.js'
import { DRAWING_SIZE, type Drawing, grouped } from './svg-chart.js'

/** A small graph: `views[i]` are the numbers of those that node i is connected to, or knows. */
export interface SmallGraph {
  readonly views: readonly (readonly number[])[]
  /** Where nodes stand on a unit torus; without it they are laid out. */
  readonly places?: readonly Point[]
  readonly seed: string
}

/** What is laid out keeps clear of the border; on a torus there is none. */
const MARGIN = 9
const HALF = DRAWING_SIZE / 2
const LINK = '#5f7f9f'
const LEAST = [178, 208, 236] as const
const MOST = [16, 62, 112] as const

/** Nodes, darker and larger the more views they are in, and links; one that only one end knows of grows thin towards the other. */
export function graphDrawing({ views, places, seed }: SmallGraph): Drawing {
  const torus = places !== undefined
  const margin = torus ? 0 : MARGIN
  const onto = (value: number): number => margin + (DRAWING_SIZE - 2 * margin) * value
  const points = (places ?? layout(views, seed)).map(([x, y]): Point => [onto(x), onto(y)])
  const inDegrees = countIn(views)
  const mutual = (a: number, b: number): boolean => views[b]?.includes(a) ?? false
  const arcs = views.flatMap((view, a) => view.map((b): [number, number] => [a, b]))
  const links = arcs.filter(([a, b]) => a < b || !mutual(a, b))
  const oneSided = links.filter(([a, b]) => !mutual(a, b)).length
  const opacity = fixed(Math.min(0.75, Math.max(0.14, 130 / links.length)))
  return {
    title: 'Who is connected to whom',
    elements: [
      `<clipPath id="square"><rect width="${DRAWING_SIZE}" height="${DRAWING_SIZE}"/></clipPath>`,
      `<rect width="${DRAWING_SIZE}" height="${DRAWING_SIZE}" fill="#f7f9fb" stroke="#dfe5ea"/>`,
      `<g clip-path="url(#square)" stroke="${LINK}" fill="${LINK}" stroke-opacity="${opacity}" fill-opacity="${opacity}">`,
      ...links.flatMap(([a, b]) =>
        segments(points[a] as Point, points[b] as Point, torus).map(([from, to]) =>
          mutual(a, b) ? line(from, to) : wedge(from, to),
        ),
      ),
      '</g>',
      ...dots(points, inDegrees),
    ],
    caption: [
      `${views.length} nodes, ${grouped(links.length)} links; ${knownTo(links.length, oneSided)}`,
      torus
        ? `links of mean length ${meanLength(links, points)}; the sides of the square meet`
        : 'darker and larger: in the views of more nodes',
    ],
  }
}

/** How many have each in their view. */
export function countIn(views: readonly (readonly number[])[]): number[] {
  const counts = views.map(() => 0)
  for (const view of views) for (const id of view) counts[id] = (counts[id] ?? 0) + 1
  return counts
}

function knownTo(links: number, oneSided: number): string {
  if (oneSided === 0) return 'both ends know of each'
  if (oneSided === links) return 'one end knows of each: the thick one'
  return `${grouped(oneSided)} that one end knows of: the thick one`
}

/** On a torus whose side is 1. */
function meanLength(
  links: readonly (readonly [number, number])[],
  points: readonly Point[],
): string {
  const sum = links.reduce((sum, [a, b]) => {
    const [[from, to] = []] = segments(points[a] as Point, points[b] as Point, true)
    return from && to ? sum + length(from, to) : sum
  }, 0)
  return (sum / DRAWING_SIZE / links.length).toFixed(2)
}

const length = (a: Point, b: Point): number =>
  Math.sqrt((b[0] - a[0]) * (b[0] - a[0]) + (b[1] - a[1]) * (b[1] - a[1]))

/** One, or on a torus two that leave the square on one side and come in on the other. */
function segments(a: Point, b: Point, torus: boolean): (readonly [Point, Point])[] {
  if (!torus) return [[a, b]]
  const near = (from: number, to: number): number =>
    to - from > HALF ? to - DRAWING_SIZE : from - to > HALF ? to + DRAWING_SIZE : to
  const outside: Point = [near(a[0], b[0]), near(a[1], b[1])]
  if (outside[0] === b[0] && outside[1] === b[1]) return [[a, b]]
  return [
    [a, outside],
    [[a[0] + b[0] - outside[0], a[1] + b[1] - outside[1]], b],
  ]
}

const fixed = (value: number): string => String(Math.round(100 * value) / 100)

const tenth = (value: number): string => String(Math.round(10 * value) / 10)

function line(a: Point, b: Point): string {
  const [x1, y1, x2, y2] = [...a, ...b].map(tenth)
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`
}

/** From two pixels to nothing. */
function wedge(a: Point, b: Point): string {
  const [x1, y1, x2, y2] = [...a, ...b] as [number, number, number, number]
  const long = length(a, b) || 1
  const [dx, dy] = [(y2 - y1) / long, (x1 - x2) / long]
  const corners = [x1 + dx, y1 + dy, x1 - dx, y1 - dy, x2, y2].map(tenth)
  return `<path stroke="none" d="M${corners[0]} ${corners[1]}L${corners[2]} ${corners[3]}L${corners[4]} ${corners[5]}Z"/>`
}

function dots(points: readonly Point[], inDegrees: readonly number[]): string[] {
  const least = Math.min(...inDegrees)
  const range = Math.max(...inDegrees) - least
  return points.map(([x, y], i) => {
    const share = range === 0 ? 0.6 : ((inDegrees[i] ?? 0) - least) / range
    const parts = LEAST.map((one, k) => Math.round(one + share * ((MOST[k] ?? 0) - one)))
    const radius = tenth(3.2 + 2.6 * share)
    return `<circle cx="${tenth(x)}" cy="${tenth(y)}" r="${radius}" fill="rgb(${parts.join(',')})" stroke="#ffffff" stroke-width="0.8"/>`
  })
}
