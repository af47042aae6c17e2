import type { OverlayTown } from '../../src/simulation/overlay-town.js'
import type { UnitTorus } from '../../src/simulation/unit-torus.js'
import { countIn, graphDrawing } from './graph-drawing.js'
import { type Chart, svgDocument } from './svg-chart.js'

/** Larger ones are nothing to look at. */
export const GRAPH_NODES_MAX = 300

/** The views of the live nodes, by their place in the list of them. */
export function viewsOf(town: OverlayTown): number[][] {
  const alive = town.network.alive()
  const places = new Map(alive.map((node, place) => [node.id, place]))
  return alive.map((node) => [...node.neighbours()].flatMap((id) => places.get(id) ?? []))
}

export interface PlottedGraph {
  readonly title: string
  readonly views: readonly (readonly number[])[]
  readonly names: readonly string[]
  /** Nodes are drawn at their places there. */
  readonly torus: UnitTorus | undefined
  readonly seed: string
  readonly origin: string
}

/** The graph of a small overlay, the in-degrees of its nodes, and how far they are from each other. */
export function graphPlot({ title, views, names, torus, seed, origin }: PlottedGraph): string {
  const places = torus && { places: names.map((name) => torus.place(name)) }
  const charts = [degrees(views), distances(views)]
  return svgDocument(title, [graphDrawing({ views, seed, ...places }), ...charts], origin)
}

function degrees(views: readonly (readonly number[])[]): Chart {
  const points = shares(countIn(views))
  return {
    title: 'In how many views a node is',
    x: 'in-degree',
    y: 'share of nodes',
    series: [{ label: `mean ${mean(points)}`, points, kind: 'bars' }],
    percent: true,
  }
}

/** Links are used both ways, as the papers do. */
function distances(views: readonly (readonly number[])[]): Chart {
  const both = views.map((view) => new Set(view))
  for (const [a, view] of views.entries()) for (const b of view) both[b]?.add(a)
  const hops = both.flatMap((_, from) => hopsFrom(from, both))
  const points = shares(hops)
  return {
    title: 'Hops between two nodes',
    x: 'hops, by the shortest way',
    y: 'share of pairs',
    series: [{ label: `mean ${mean(points)}`, points, kind: 'bars' }],
    percent: true,
  }
}

/** To every other node that is reached. */
function hopsFrom(from: number, links: readonly ReadonlySet<number>[]): number[] {
  const hops = new Map([[from, 0]])
  for (const [node, count] of hops) {
    for (const next of links[node] ?? []) if (!hops.has(next)) hops.set(next, count + 1)
  }
  return [...hops.values()].slice(1)
}

function shares(values: readonly number[]): [number, number][] {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts]
    .sort((a, b) => a[0] - b[0])
    .map(([value, count]) => [value, count / values.length])
}

const mean = (points: readonly (readonly [number, number])[]): string =>
  points.reduce((sum, [value, share]) => sum + value * share, 0).toPrecision(3)
