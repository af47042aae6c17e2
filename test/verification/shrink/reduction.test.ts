import { assert } from 'chai'
import { parseFault, printFault } from '../../../src/fault/fault-text.js'
import { weaker, withoutNode } from '../../../src/verification/shrink/fault-ladder.js'
import { reduce } from '../../../src/verification/shrink/reduction.js'

const NODES = ['n1', 'n2', 'n3']

describe('reduction', () => {
  /** What is left of so many items when these are needed, and how many trials it took. */
  async function reduced(size: number, needed: readonly number[]) {
    let items = Array.from({ length: size }, (_, at) => at)
    let trials = 0
    await reduce(
      () => items.length,
      async (from, to) => {
        trials++
        const left = [...items.slice(0, from), ...items.slice(to)]
        const fails = needed.every((item) => left.includes(item))
        if (fails) items = left
        return fails
      },
    )
    return { items, trials }
  }

  for (const needed of [[], [0], [99], [50], [3, 4], [0, 50, 99], [10, 30, 50, 70, 90]]) {
    it(`finds ${needed.join(', ') || 'that nothing is needed'} of a hundred`, async () => {
      const { items, trials } = await reduced(100, needed)
      assert.deepEqual(items, needed)
      assert.isAtMost(trials, 20 + 20 * needed.length)
    })
  }

  it('has nothing to do with nothing', async () => {
    assert.deepEqual(await reduced(0, []), { items: [], trials: 0 })
  })
})

describe('a weaker fault', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['partition { n1 } { n2 n3 }', ['partition { n1 } { n2 }', 'partition { n1 } { n3 }']],
    ['partition { n1 } { n2 }', []],
    ['crash n2', ['pause n2']],
    ['crash n2 lose-unsynced', ['pause n2', 'crash n2']],
    ['omit_send n1 * 30%', ['omit_send n1 *', 'omit_send n1 n2 30%', 'omit_send n1 n3 30%']],
    ['omit_send n1 n2', []],
    ['egress_delay n2 n1 50ms', ['egress_delay n2 n1 1ms', 'egress_delay n2 n1 10ms']],
    ['duplicate n1 n2 10%', ['duplicate n1 n2']],
    ['byzantine n2 corrupt 5%', ['byzantine n2 bitflip 5%', 'byzantine n2 corrupt']],
    ['clock n2 jump -500ms', [1, 10, 100].map((ms) => `clock n2 jump -${ms}ms`)],
    ['store n1 full', ['store n1 slow']],
    ['omit n1>n2:add#1', []],
  ]
  for (const [text, expected] of table) {
    it(`than ${text}: ${expected.join(', or ') || 'none'}`, () => {
      const found = weaker(parseFault(text), NODES).map(printFault)
      assert.deepEqual(
        found,
        expected.map((one) => printFault(parseFault(one))),
      )
    })
  }

  const without: readonly (readonly [string, string | undefined])[] = [
    ['partition { n1 } { n2 n3 }', 'partition { n1 } { n2 }'],
    ['partition { n3 } { n1 n2 }', undefined],
    ['crash n3', undefined],
    ['crash n1 after n3>n1:add#1', undefined],
    ['omit n1>n3:add#1', undefined],
    ['egress_delay n1 n3 5ms', undefined],
    ['pause n1', 'pause n1'],
    ['heal', 'heal'],
  ]
  for (const [text, expected] of without) {
    it(`${text} without n3: ${expected ?? 'nothing'}`, () => {
      const left = withoutNode(parseFault(text), 'n3')
      assert.equal(left && printFault(left), expected && printFault(parseFault(expected)))
    })
  }
})
