import { assert } from 'chai'
import { layout, type Point } from './graph-layout.js'

const ring = (nodes: number): number[][] =>
  Array.from({ length: nodes }, (_, i) => [(i + 1) % nodes, (i + nodes - 1) % nodes])

const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1])

describe('the layout of a graph', () => {
  it('fills a square of side 1, and is the same for the same seed', () => {
    const points = layout(ring(12), '1')
    for (const axis of [0, 1] as const) {
      const values = points.map((point) => point[axis])
      assert.isAtLeast(Math.min(...values), -1e-9)
      assert.isAtMost(Math.max(...values), 1 + 1e-9)
    }
    assert.deepEqual(layout(ring(12), '1'), points)
    assert.notDeepEqual(layout(ring(12), '2'), points)
  })

  it('draws linked nodes near, and keeps the others apart', () => {
    const points = layout(ring(16), '1')
    const near = points.map((point, i) => distance(point, points[(i + 1) % 16] as Point))
    const far = points.map((point, i) => distance(point, points[(i + 8) % 16] as Point))
    assert.isBelow(Math.max(...near), Math.min(...far))
  })

  it('is a circle where all are linked', () => {
    const all = Array.from({ length: 9 }, (_, i) =>
      [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((j) => j !== i),
    )
    for (const point of layout(all, '1'))
      assert.approximately(distance(point, [0.5, 0.5]), 0.5, 1e-9)
  })
})
