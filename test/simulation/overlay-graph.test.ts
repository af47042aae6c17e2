import { assert } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { histogram, OverlayGraph, spread } from '../../src/simulation/overlay-graph.js'

type Views = readonly (readonly number[])[]

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

const ring = (n: number): Views => range(n).map((i) => [(i + 1) % n, (i + n - 1) % n])
const oneWayRing = (n: number): Views => range(n).map((i) => [(i + 1) % n])
const complete = (n: number): Views => range(n).map((i) => range(n).filter((j) => j !== i))
const star = (n: number): Views => [range(n).slice(1), ...range(n - 1).map(() => [0])]
const line = (n: number): Views =>
  range(n).map((i) => [i - 1, i + 1].filter((j) => j >= 0 && j < n))

/** Nodes in rows of `side`, each linked to those beside, above and below. */
const grid = (side: number): Views =>
  range(side * side).map((i) => {
    const x = i % side
    const links = [x > 0 ? i - 1 : -1, x < side - 1 ? i + 1 : -1, i - side, i + side]
    return links.filter((j) => j >= 0 && j < side * side)
  })

const apart = (a: Views, b: Views): Views => [
  ...a,
  ...b.map((view) => view.map((j) => j + a.length)),
]

interface Known {
  readonly views: Views
  readonly path: number
  readonly clustering: number
  readonly components: readonly number[]
  readonly strong: readonly number[]
  readonly asymmetric: number
}

/** Two triangles that share node 2: 8 of the 10 pairs of nodes 0,1 | 3,4 and 2. */
const bowTie: Views = [
  [1, 2],
  [0, 2],
  [0, 1, 3, 4],
  [2, 4],
  [2, 3],
]

const symmetric = (views: Views, path: number, clustering: number, components: number[]): Known => {
  return { views, path, clustering, components, strong: components, asymmetric: 0 }
}

const KNOWN: Readonly<Record<string, Known>> = {
  'no node': symmetric([], 0, 0, []),
  'one node': symmetric([[]], 0, 0, [1]),
  'two nodes without a link': symmetric([[], []], 0, 0, [1, 1]),
  'a pair': symmetric([[1], [0]], 1, 0, [2]),
  // from each node two at 1, 2, 3, 4 hops and one at 5: 25 hops to 9 others
  'a ring of ten': symmetric(ring(10), 25 / 9, 0, [10]),
  'a ring of three': symmetric(ring(3), 1, 1, [3]),
  'a complete graph of six': symmetric(complete(6), 1, 1, [6]),
  // the centre has 4 at 1; each of 4 leaves 1 at 1 and 3 at 2: 4 + 4 × 7 = 32 hops over 20 pairs
  'a star of five': symmetric(star(5), 32 / 20, 0, [5]),
  // 3 pairs at 1, 2 at 2, 1 at 3
  'a line of four': symmetric(line(4), (3 + 4 + 3) / 6, 0, [4]),
  // mean distance in a grid of 3 × 3 is 2 × side / 3 = 2
  'a grid of three by three': symmetric(grid(3), 2, 0, [9]),
  // 6 pairs at 1 and 4 at 2; four corners at 1, the middle with 2 of 6
  'two triangles with a common corner': symmetric(bowTie, 14 / 10, (4 + 1 / 3) / 5, [5]),
  'a ring of five beside a complete graph of four': symmetric(
    apart(complete(4), ring(5)),
    1.5, // of the ring
    4 / 9,
    [5, 4],
  ),
  'a ring of five in one direction': {
    views: oneWayRing(5),
    path: 1.5,
    clustering: 0,
    components: [5],
    strong: [5],
    asymmetric: 5,
  },
  'a line in one direction': {
    views: [[1], [2], []],
    path: 4 / 3,
    clustering: 0,
    components: [3],
    strong: [1, 1, 1],
    asymmetric: 2,
  },
  'two rings and an arc from one to the other': {
    views: apart(oneWayRing(3), oneWayRing(4)).map((view, i) => (i === 0 ? [...view, 3] : view)),
    path: (3 + (4 * 1 + 2 * 2) + 3 * (1 + 2 + 2 + 3) + 2 * 4) / 21,
    clustering: Number.NaN,
    components: [7],
    strong: [4, 3],
    asymmetric: 8,
  },
}

describe('graphs of overlays', () => {
  for (const [name, known] of Object.entries(KNOWN)) {
    it(`are measured: ${name}`, () => {
      const graph = new OverlayGraph(known.views)
      const random = seededRandom(1)
      assert.deepEqual(graph.components(), [...known.components])
      assert.deepEqual(graph.strongComponents(), [...known.strong])
      assert.equal(graph.asymmetricArcs(), known.asymmetric)
      if (!Number.isNaN(known.clustering)) {
        assert.approximately(graph.clustering(random), known.clustering, 1e-12)
      }
      if (known.path !== undefined) {
        assert.approximately(graph.meanShortestPath(random), known.path, 1e-12)
      }
    })
  }

  it('count degrees both ways', () => {
    const graph = new OverlayGraph([[1, 2], [2], [], [2]])
    assert.deepEqual([...graph.outDegrees()], [2, 1, 0, 1])
    assert.deepEqual([...graph.inDegrees()], [0, 1, 3, 0])
    assert.equal(graph.arcs, 4)
    assert.deepEqual(histogram(graph.outDegrees()), { 0: 1, 1: 2, 2: 1 })
    assert.deepEqual(spread(graph.inDegrees()), { mean: 1, sd: Math.sqrt(1.5), min: 0, max: 3 })
    assert.deepEqual(spread(new Int32Array(0)), { mean: 0, sd: 0, min: 0, max: 0 })
  })

  it('have longer paths where arcs are used in their direction only', () => {
    const paths = (views: Views) => {
      const graph = new OverlayGraph(views)
      return [graph.meanShortestPath(seededRandom(1)), graph.meanDirectedPath(seededRandom(1))]
    }
    assert.deepEqual(paths(oneWayRing(6)), [1.8, 3])
    assert.deepEqual(paths(ring(6)), [1.8, 1.8])
    assert.deepEqual(paths([[1], [], [1]]), [4 / 3, 1]) // of pairs that reach each other
    assert.deepEqual(paths([[], []]), [0, 0])
    const triangle = new OverlayGraph([[1, 2], [2], []])
    assert.equal(triangle.clustering(seededRandom(1)), 1)
    assert.closeTo(triangle.directedClustering(seededRandom(1)), 1 / 2 / 3, 1e-12)
  })

  it('of random views have the paths and the clustering of random graphs', () => {
    const n = 1_000
    const random = seededRandom('graph')
    const nodes = range(n)
    const views = nodes.map((i) =>
      random
        .sample(nodes, 9)
        .filter((j) => j !== i)
        .slice(0, 8),
    )
    const graph = new OverlayGraph(views)
    assert.approximately(graph.clustering(random), 16 / n, 0.003)
    assert.approximately(graph.meanShortestPath(random), 2.8, 0.1)
    assert.deepEqual(graph.components(), [n])
    assert.deepEqual(graph.strongComponents()[0], n)
  })
})
