import { seededRandom } from '../../src/base/random.js'

export type Point = readonly [x: number, y: number]

const ROUNDS = 400
/** Above this share of all pairs that are linked a circle shows more than forces do. */
const DENSE = 0.6
/** Pull towards the middle, so that what is not linked to the rest stays in the picture. */
const GRAVITY = 0.05

/**
 * Places for the nodes of a graph, from 0 to 1 both ways: linked nodes draw near, all others keep apart
 * (Fruchterman and Reingold, 1991). By + − × ÷ and roots alone, which are the same to the last bit on every
 * machine. A graph in which nearly all are linked is a circle.
 */
export function layout(links: readonly (readonly number[])[], seed: string): Point[] {
  const nodes = links.length
  const arcs = links.reduce((sum, list) => sum + list.length, 0)
  if (arcs >= DENSE * nodes * (nodes - 1)) return circle(nodes)
  const random = seededRandom(`${seed}/layout`)
  const xs = Float64Array.from({ length: nodes }, () => random.float() - 0.5)
  const ys = Float64Array.from({ length: nodes }, () => random.float() - 0.5)
  const apart = Math.sqrt(1 / nodes)
  for (let round = 0; round < ROUNDS; round++) {
    const most = 0.1 * (1 - round / ROUNDS) + 0.001
    step(links, xs, ys, apart, most)
  }
  return fitted(xs, ys)
}

function step(
  links: readonly (readonly number[])[],
  xs: Float64Array,
  ys: Float64Array,
  apart: number,
  most: number,
): void {
  const fx = xs.map((x) => -GRAVITY * x)
  const fy = ys.map((y) => -GRAVITY * y)
  /** Positive strength draws a and b together. */
  const pull = (a: number, b: number, strength: (distance: number) => number): void => {
    const dx = at(xs, b) - at(xs, a)
    const dy = at(ys, b) - at(ys, a)
    const distance = Math.sqrt(dx * dx + dy * dy) + 1e-6
    const force = strength(distance) / distance
    fx[a] = at(fx, a) + dx * force
    fy[a] = at(fy, a) + dy * force
    fx[b] = at(fx, b) - dx * force
    fy[b] = at(fy, b) - dy * force
  }
  for (let a = 0; a < links.length; a++) {
    for (let b = 0; b < a; b++) pull(a, b, (distance) => (-apart * apart) / distance)
    for (const b of links[a] ?? []) pull(a, b, (distance) => (0.5 * distance * distance) / apart)
  }
  for (let i = 0; i < links.length; i++) {
    const length = Math.sqrt(at(fx, i) * at(fx, i) + at(fy, i) * at(fy, i)) + 1e-9
    const scale = Math.min(length, most) / length
    xs[i] = at(xs, i) + at(fx, i) * scale
    ys[i] = at(ys, i) + at(fy, i) * scale
  }
}

const at = (values: Float64Array, index: number): number => values[index] as number

/** Both ways by the same measure, the longer one from 0 to 1. */
function fitted(xs: Float64Array, ys: Float64Array): Point[] {
  const [left, right] = [Math.min(...xs), Math.max(...xs)]
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)]
  const size = Math.max(right - left, bottom - top, 1e-9)
  const [dx, dy] = [(1 - (right - left) / size) / 2, (1 - (bottom - top) / size) / 2]
  return Array.from(xs, (x, i): Point => [(x - left) / size + dx, (at(ys, i) - top) / size + dy])
}

function circle(nodes: number): Point[] {
  return Array.from({ length: nodes }, (_, i): Point => {
    const angle = (2 * Math.PI * i) / nodes
    return [0.5 + 0.5 * Math.sin(angle), 0.5 - 0.5 * Math.cos(angle)]
  })
}
