import { assert } from 'chai'
import type { Scenario } from '../../src/simulation/scenario.js'
import { simulate } from '../../src/simulation/simulate.js'
import { ringOverlay } from './ring-overlay.js'
import { Counter } from './scenarios.js'

const NAMES = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6']

/** A counter on each node, and each asked by the one before it. */
const around = (...rings: readonly (readonly string[])[]): Scenario => ({
  name: 'around',
  nodes: NAMES,
  options: { overlay: ringOverlay(...rings) },
  start: (node) => void node.spawn(Counter, undefined, { name: 'counter' }),
  operations: {
    add: (node) => {
      const on = NAMES[(NAMES.indexOf(node.name) + 1) % NAMES.length] as string
      return node.lookup(Counter, 'counter', { on }).ask.add(1)
    },
  },
  workload: (w) => w.parallel(6, async (client) => void (await client.must('add'))),
  limits: { virtualMs: 20_000 },
})

describe('a scenario over an overlay with partial views', () => {
  it('begins when each node has a neighbour and nobody is apart, though hardly any see each other', async () => {
    const result = await simulate(around(NAMES))
    assert.equal(result.verdict, 'ok', result.error?.message)
    assert.isBelow(result.workloadUs, 1_000_000)
    assert.lengthOf(
      result.history.filter(({ status }) => status === 'ok'),
      6,
    )
  })

  it('does not begin while there are two islands, and says who is apart', async () => {
    const { verdict, error, history } = await simulate(around(NAMES.slice(0, 3), NAMES.slice(3)))
    assert.equal(verdict, 'timeLimit')
    assert.match(String(error?.message), /no way yet from n1 to n4/)
    assert.isEmpty(history)
  })

  it('does not begin while a node has no neighbour', async () => {
    const { verdict, error } = await simulate(around(NAMES.slice(0, 5)))
    assert.equal(verdict, 'timeLimit')
    assert.match(String(error?.message), /no way yet for n6/)
  })
})
