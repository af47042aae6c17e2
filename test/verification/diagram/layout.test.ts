import { assert } from 'chai'
import { type Arrow, type Layout, layoutOf } from '../../../src/verification/diagram/layout.js'
import { GAP, ROW } from '../../../src/verification/diagram/rows.js'
import { storyOf } from '../../../src/verification/diagram/story-reader.js'
import { targetAt } from '../../../src/verification/diagram/target.js'
import { durationText, timeText } from '../../../src/verification/diagram/times.js'
import { firstView, type View } from '../../../src/verification/diagram/view.js'
import { type BuiltTrace, builtTrace, type Given, passed, starts } from './trace-builder.js'

function laidOut(
  lines: readonly Given[],
  view: Partial<View> = {},
  options: BuiltTrace = {},
): Layout {
  const story = storyOf(builtTrace(lines, options))
  return layoutOf(story, { ...firstView(story), ...view })
}

const SEND: Given = { k: 'send', n: 'n1', id: 'n1>n2:a#1', ch: 'default', d: [1] }

/** From which lane's middle to which, as shares of the way from lane to lane, and over how many rows. */
function wayOf({ kind, x1, y1, x2, y2 }: Arrow, { lanes }: Layout): string {
  const [first, second] = lanes as [Layout['lanes'][number], Layout['lanes'][number]]
  const lane = (x: number): string => ((x - first.x) / (second.x - first.x)).toFixed(1)
  return `${kind} ${lane(x1)}>${lane(x2)} ${((y2 - y1) / ROW).toFixed(0)}`
}

const ARROWS: readonly (readonly [string, readonly Given[], readonly string[]])[] = [
  ['to the next lane and the next row', passed('n1>n2:a#1', 0), ['arrives 0.0>1.0 1']],
  ['over a lane', passed('n1>n3:a#1', 0), ['arrives 0.0>2.0 1']],
  ['to the left', passed('n2>n1:a#1', 0), ['arrives 1.0>0.0 1']],
  [
    'two rows down where another step is between',
    [SEND, { k: 'note', id: 'x' }, { k: 'deliver', n: 'n2', id: SEND.id, c: 0 }],
    ['arrives 0.0>1.0 2'],
  ],
  [
    'not as far as its lane where a fault takes it out there',
    [SEND, { k: 'drop', n: 'n2', id: SEND.id, c: 0 }],
    ['lost 0.0>0.9 1'],
  ],
  [
    'not half as far where a fault takes it out at once',
    [
      { k: 'drop', n: 'n1', id: SEND.id, step: 1 },
      { ...SEND, step: 1 },
    ],
    ['lost 0.0>0.4 1'],
  ],
  ['not half as far where it never arrives', [SEND], ['open 0.0>0.4 1']],
  [
    'to each of its arrivals',
    [SEND, { k: 'deliver', n: 'n2', c: 0 }, { k: 'deliver', n: 'n2', c: 0 }],
    ['arrives 0.0>1.0 1', 'arrives 0.0>1.0 2'],
  ],
]

describe('the layout of a diagram', () => {
  for (const [what, lines, expected] of ARROWS) {
    it(`leads a message ${what}`, () => {
      const layout = laidOut(lines)
      assert.deepEqual(
        layout.arrows.map((arrow) => wayOf(arrow, layout)),
        expected,
      )
    })
  }

  it('has a row below the other for each step, and more between where time passes', () => {
    const times = [0, 1, 2, 3, 4, 50_000].map((t): Given => ({ k: 'note', id: 'x', t }))
    const { rows } = laidOut(times)
    assert.deepEqual(
      rows.map(({ y }, at) => y - (rows[at - 1]?.y ?? 0)),
      [ROW, ROW, ROW, ROW, ROW, ROW + GAP],
    )
    assert.deepEqual(
      rows.map(({ gapUs }) => gapUs),
      [undefined, undefined, undefined, undefined, undefined, 49_996],
    )
  })

  it('folds a long quiet stretch into a row, and shows it when asked to', () => {
    const call: Given = { k: 'op.call', n: 'n1', id: 'c#0', d: ['get'] }
    const quiet = Array.from({ length: 5 }, (_, at) =>
      passed(`n1>n2:tick#${at}`, 1 + 2 * at),
    ).flat()
    const lines = [call, ...quiet, { k: 'note', id: 'x' } as const]
    const { rows, arrows } = laidOut(lines)
    assert.deepEqual(
      rows.map(({ step, fold }) => [step, fold?.count]),
      [
        [0, undefined],
        [1, 10],
        [11, undefined],
      ],
    )
    assert.lengthOf(arrows, 0)
    const open = laidOut(lines, { unfolded: new Set([1]) })
    assert.lengthOf(open.rows, 12)
    assert.lengthOf(open.arrows, 5)
    assert.lengthOf(laidOut(lines, { folds: false }).rows, 12)
    // three are not worth a fold
    assert.lengthOf(laidOut([call, ...quiet.slice(0, 2)]).rows, 3)
  })

  it('shows what nodes send for themselves only when asked to', () => {
    const lines = [...passed('n1>n2:signal#1', 0), ...passed('n1>n2:a#1', 2)]
    assert.lengthOf(laidOut(lines).arrows, 1)
    assert.equal(laidOut(lines).hidden, 1)
    assert.lengthOf(laidOut(lines, { hiddenTags: new Set() }).arrows, 2)
  })

  it('has a lane for each actor beside its node', () => {
    const lines: Given[] = [
      { k: 'deliver', n: 'n2', id: 'n1>n2:a#1', a: 'shop/till:main' },
      { k: 'deliver', n: 'n2', id: 'n1>n2:a#2', a: 'shop/list:7' },
    ]
    const names = (layout: Layout): string[] => layout.lanes.map(({ label }) => label)
    assert.deepEqual(names(laidOut(lines)), ['n1', 'n2', 'n3'])
    const actors = laidOut(lines, { lanes: 'actors' })
    assert.deepEqual(names(actors), ['n1', 'n2', 'main', 'list 7', 'n3'])
    assert.deepEqual(
      actors.dots.map(({ x }) => actors.lanes.findIndex((lane) => lane.x === x)),
      [2, 3],
    )
    const fewer = laidOut(lines, { lanes: 'actors', hiddenActors: new Set([1]) })
    assert.deepEqual(names(fewer), ['n1', 'n2', 'main', 'n3'])
  })

  it('puts a label on the side that its message does not come from', () => {
    const { labels } = laidOut([
      { k: 'deliver', n: 'n2', id: 'n1>n2:a#1' },
      { k: 'deliver', n: 'n2', id: 'n3>n2:b#1' },
    ])
    assert.deepEqual(
      labels.map(({ side, text }) => `${text} ${side}`),
      ['a right', 'b left'],
    )
  })

  it('has the operations of each client in a column, from call to return', () => {
    const { bars, stepAt } = withSteps(
      laidOut(
        [
          { k: 'op.call', n: 'n1', id: 'c.1#0', d: ['get'] },
          { k: 'op.call', n: 'n2', id: 'c.2#1', d: ['get'] },
          { k: 'op.ret', id: 'c.1#0', d: { status: 'ok', value: 1 } },
        ],
        {},
        { end: { verdict: 'fail', op: 1 } },
      ),
    )
    const [first, second] = bars
    assert.deepEqual([first?.y, first?.height], [stepAt(0), stepAt(2) - stepAt(0)])
    assert.equal(second?.status, 'open')
    assert.isAbove(second?.x ?? 0, first?.x ?? 0)
    assert.deepEqual(
      bars.map(({ failing }) => failing),
      [false, true],
    )
  })

  it('keeps lasting faults side by side apart', () => {
    const fault = (id: string): Given => ({ k: 'fault', id: `fault ${id}` })
    const { faultBars } = laidOut([
      fault('omit_send n1 n2'),
      fault('omit_send n1 n3'),
      { k: 'end-fault', id: 'fault omit_send n1 n2' },
      fault('omit_send n2 n3'),
    ])
    const columns = [...new Set(faultBars.map(({ x }) => x))]
    assert.deepEqual(
      faultBars.map(({ x }) => columns.indexOf(x)),
      [0, 1, 0],
    )
  })

  it('finds what a pointer is on', () => {
    const lines: Given[] = [
      ...starts('n1', 'n2'),
      ...passed('n1>n3:a#1', 2),
      { k: 'op.call', n: 'n1', id: 'c#0', d: ['get'] },
    ]
    const layout = laidOut(lines, { folds: false })
    const [first, second] = layout.lanes as [Layout['lanes'][number], Layout['lanes'][number]]
    const [arrow] = layout.arrows as [Arrow]
    const [bar] = layout.bars
    const y = layout.stepY
    const found = (x: number, at: number): string => {
      const target = targetAt(layout, x, at)
      return target === undefined ? 'nothing' : `${target.kind} ${target.at}`
    }
    assert.equal(found(first.x + 3, (y[0] ?? 0) - 3), 'step 0')
    assert.equal(found((arrow.x1 + arrow.x2) / 2, (arrow.y1 + arrow.y2) / 2 + 4), 'message 0')
    assert.equal(found((arrow.x1 + arrow.x2) / 2, (arrow.y1 + arrow.y2) / 2 + 60), 'nothing')
    assert.equal(found(second.x + 30, y[1] ?? 0), 'step 1')
    assert.equal(found((bar?.x ?? 0) + 4, (bar?.y ?? 0) + 4), 'operation 0')
  })

  it('writes times as people read them', () => {
    assert.deepEqual([0, 1_414, 30_001_420, 1e12].map(timeText), [
      '0.000',
      '1.414',
      '30\u202f001.420',
      '1\u202f000\u202f000\u202f000.000',
    ])
    assert.deepEqual([7, 2_040, 28_600_123, 300_000_000].map(durationText), [
      '7 µs',
      '2.04 ms',
      '28.6 s',
      '5 min',
    ])
  })
})

function withSteps(layout: Layout): Layout & { stepAt(step: number): number } {
  return { ...layout, stepAt: (step) => layout.stepY[step] as number }
}
