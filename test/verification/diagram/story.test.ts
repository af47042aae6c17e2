import { assert } from 'chai'
import impatient from '../../../examples/scenarios/impatient.js'
import { startNode } from '../../../src/index.js'
import { parseTrace, printTrace, recordTrace, simulate } from '../../../src/simulation/index.js'
import { Causality } from '../../../src/verification/diagram/causality.js'
import type { Message, Story } from '../../../src/verification/diagram/story.js'
import { storyOf } from '../../../src/verification/diagram/story-reader.js'
import { linearizable, register } from '../../../src/verification/index.js'
import { builtTrace, type Given, passed, starts } from './trace-builder.js'

const told = (lines: readonly Given[]): Story => storyOf(builtTrace(lines))

/** How a message ends: where it arrives, `!` where it is lost. */
const endsOf = ({ ends, twice, changed }: Message): string =>
  [
    ...ends.map(({ step, lost }) => `${lost ? '!' : ''}${step}`),
    ...(twice ? ['twice'] : []),
    ...(changed ? ['changed'] : []),
  ].join(' ')

const SEND: Given = { k: 'send', n: 'n1', id: 'n1>n2:a#1', ch: 'default', d: [1] }
const ARRIVE: Given = { k: 'deliver', n: 'n2', id: 'n1>n2:a#1', ch: 'default', c: 0 }

const MESSAGES: readonly (readonly [string, readonly Given[], string])[] = [
  ['a message that arrives', [SEND, ARRIVE], '1'],
  ['one that never does', [SEND], ''],
  ['one that is lost at its receiver', [SEND, { k: 'drop', n: 'n2', id: 'n1>n2:a#1', c: 0 }], '!1'],
  [
    'one that is lost at its sender',
    [
      { k: 'drop', n: 'n1', id: 'n1>n2:a#1', step: 1 },
      { ...SEND, step: 1 },
    ],
    '!0',
  ],
  ['one that comes twice', [SEND, ARRIVE, ARRIVE], '1 2 twice'],
  [
    'one that is doubled at its sender',
    [
      { k: 'duplicate', n: 'n1', id: 'n1>n2:a#1', step: 1 },
      { ...SEND, step: 1 },
      { ...ARRIVE, c: 1 },
    ],
    '1 twice',
  ],
  [
    'one that leaves with a wrong bit',
    [
      { k: 'corrupt', n: 'n1', id: 'n1>n2:a#1', step: 1 },
      { ...SEND, step: 1 },
      { ...ARRIVE, c: 1 },
    ],
    '1 changed',
  ],
  [
    'one that is lost at a receiver that does not know its sending',
    [SEND, { k: 'drop', n: 'n2', id: 'n1>n2:a#1' }],
    '!1',
  ],
]

const SPANS: readonly (readonly [string, readonly Given[], readonly string[]])[] = [
  [
    'a partition that heals',
    [
      { k: 'fault', id: 'fault partition { n1 } { n2 n3 }' },
      { k: 'fault', id: 'fault heal' },
    ],
    ['partition 0-1 n0 n1 n2 (0 1 1)'],
  ],
  [
    'a partition until all is resolved',
    [
      { k: 'fault', id: 'fault partition { n1 } { n2 n3 } oneway' },
      { k: 'end-fault', id: 'fault resolve_all' },
    ],
    ['partition 0-1 n0 n1 n2 (0 1 1)'],
  ],
  [
    'down time until the next start',
    [
      { k: 'crash', n: 'n2' },
      { k: 'start', n: 'n2', d: { restarts: 1 } },
    ],
    ['down 0-1 n1'],
  ],
  ['down time to the end', [{ k: 'crash', n: 'n2' }], ['down 0- n1']],
  [
    'a pause that a crash ends',
    [
      { k: 'fault', id: 'fault pause n1' },
      { k: 'crash', n: 'n1' },
    ],
    ['pause 0-1 n0', 'down 1- n0'],
  ],
  [
    'a rule that ends by itself',
    [
      { k: 'fault', id: 'fault omit_send n1 n3' },
      { k: 'fault', id: 'fault duplicate n2 n3 50%' },
      { k: 'end-fault', id: 'fault omit_send n1 n3' },
    ],
    ['fault 0-2 n0 n2', 'fault 1- n1 n2'],
  ],
  ['nothing that lasts', [{ k: 'fault', id: 'fault omit n1>n2:a#1' }], []],
  ['a fault that nobody knows', [{ k: 'fault', id: 'a fault of the future' }], []],
]

describe('the story of a trace', () => {
  for (const [what, lines, expected] of MESSAGES) {
    it(`has ${what}`, () => {
      const { messages } = told(lines)
      assert.deepEqual(messages.map(endsOf), [expected])
    })
  }

  for (const [what, lines, expected] of SPANS) {
    it(`has ${what}`, () => {
      const texts = told(lines).spans.map(({ kind, from, to, nodes, groups }) => {
        const sides = groups === undefined ? '' : ` (${groups.join(' ')})`
        return `${kind} ${from}-${to ?? ''} ${nodes.map((node) => `n${node}`).join(' ')}${sides}`
      })
      assert.deepEqual(texts, expected)
    })
  }

  it('has one step for what a node does in one event, with the choice before it', () => {
    const { steps } = told([
      ...starts('n1'),
      { k: 'choice', id: 'n3 before n2', d: 1 },
      { k: 'deliver', n: 'n1', id: 'n2>n1:a#1', step: 9 },
      { k: 'send', n: 'n1', id: 'n1>n2:b#1', c: 2, step: 9 },
      { k: 'send', n: 'n2', id: 'n2>n1:c#1', step: 9 },
    ])
    assert.deepEqual(
      steps.map(({ first, last, node }) => [first, last, node]),
      [
        [0, 0, 0],
        [1, 3, 0],
        [4, 4, 1],
      ],
    )
    assert.deepEqual(steps[1]?.notes, [{ kind: 'choice', text: 'n3 before n2' }])
  })

  it('knows who was given up by the client alone, and who by its node', () => {
    const { steps, operations } = told([
      { k: 'op.call', n: 'n1', id: 'c#0', d: ['get'] },
      { k: 'op.ret', id: 'c#0', d: { status: 'info', code: 'TIMEOUT' } },
      { k: 'op.call', n: 'n1', id: 'c#1', d: ['get'] },
      { k: 'op.ret', id: 'c#1', d: { status: 'fail', code: 'FULL' } },
      { k: 'op.call', n: 'n1', id: 'c#2', d: ['set', 'x', { y: 1 }] },
    ])
    assert.deepEqual(
      steps.map(({ node }) => node),
      [0, undefined, 0, 0, 0],
    )
    assert.deepEqual(
      operations.map(({ text, status, result }) => [text, status, result]),
      [
        ['get', 'info', 'TIMEOUT'],
        ['get', 'fail', 'FULL'],
        ['set "x" {"y":1}', 'open', 'open'],
      ],
    )
  })

  it('takes what nodes send for themselves for system messages, unless an actor gets one of that name', () => {
    const kinds = (a: string | undefined): (string | undefined)[] =>
      told([
        { k: 'send', n: 'n1', id: 'n1>n2:control#1' },
        { k: 'deliver', n: 'n2', id: 'n1>n2:control#1', c: 0, a },
      ]).tags.map(({ kind }) => kind)
    assert.deepEqual(kinds(undefined), ['system'])
    assert.deepEqual(kinds('panel/control:main'), ['message'])
  })

  it('calls quiet what no operation led to and where nothing went wrong', () => {
    const { steps } = told([
      ...starts('n1', 'n2'),
      ...passed('n1>n2:tick#1', 2),
      { k: 'op.call', n: 'n1', id: 'c#0', d: ['put'] },
      ...passed('n1>n2:put#1', 5, { c: 4 }),
      ...passed('n2>n1:tick#1', 7),
      { k: 'send', n: 'n2', id: 'n2>n1:tick#2' },
    ])
    assert.deepEqual(
      steps.map(({ quiet = false }) => quiet),
      [true, true, true, true, false, false, false, true, true, false],
    )
  })

  it('orders steps by node, by message that arrives and by client', () => {
    const causality = new Causality(
      told([
        { k: 'op.call', n: 'n1', id: 'c#0', d: ['put'] },
        { k: 'send', n: 'n1', id: 'n1>n2:a#1' },
        { k: 'deliver', n: 'n2', id: 'n1>n2:a#1', c: 1 },
        { k: 'send', n: 'n3', id: 'n3>n1:b#1' },
        { k: 'drop', n: 'n1', id: 'n3>n1:b#1', c: 3 },
        { k: 'op.ret', id: 'c#0', d: { status: 'ok' } },
        { k: 'op.call', n: 'n3', id: 'c#1', d: ['put'] },
      ]),
    )
    const { past, future, named } = causality.relativesOf(2)
    assert.deepEqual([[...past].sort(), [...future]], [[0, 1], []])
    assert.deepEqual([...named], [1])
    // the lost message of n3 led to nothing; what the client did before did
    assert.deepEqual([...causality.relativesOf(6).past].sort(), [0, 1, 3, 4, 5])
  })

  it('knows the actor of a delivery, and of an answer the one that had asked', () => {
    const { steps, actors } = told([
      { k: 'deliver', n: 'n1', id: 'n2>n1:go#1', a: 'shop/till:main', step: 1 },
      { k: 'send', n: 'n1', id: 'n1>n2:price#1', c: 0, step: 1 },
      { k: 'deliver', n: 'n2', id: 'n1>n2:price#1', c: 1, a: 'shop/list:7', step: 2 },
      { k: 'send', n: 'n2', id: 'n2>n1:reply#1', c: 2, step: 2 },
      { k: 'deliver', n: 'n1', id: 'n2>n1:reply#1', c: 3, step: 3 },
    ])
    assert.deepEqual(actors, [
      { node: 0, name: 'shop/till:main' },
      { node: 1, name: 'shop/list:7' },
    ])
    assert.deepEqual(
      steps.map(({ actor }) => actor),
      [0, 1, 0],
    )
  })
})

describe('what a trace has for its diagram', () => {
  it('is the actor of each delivery, what a check said, and whom it blames', async () => {
    const result = await simulate(
      {
        ...impatient,
        faults: undefined as never,
        workload: async (w) => {
          w.fault('omit n1>n2:reply#1')
          await w.callOn('n2', 'add', 1)
          await w.callOn('n3', 'value')
        },
        checks: [
          {
            type: 'history',
            name: 'counted once',
            holds: (history) => {
              const op = history.find(({ value }) => value === 2)
              return op === undefined || { why: `${op.value}, not 1`, op }
            },
          },
        ],
      },
      { seed: 1, trace: 'memory' },
    )
    const trace = result.trace
    assert(trace !== undefined)
    const { check, error, op } = trace.end
    assert.deepEqual([check, error, op], ['counted once', 'counted once: 2, not 1', 1])
    const added = trace.lines.filter(({ k, id }) => k === 'deliver' && id === 'n2>n1:add#1')
    assert.deepEqual(
      added.map(({ a }) => a),
      ['impatient/counter:counter'],
    )
    assert.deepEqual(parseTrace(printTrace(trace)).end, JSON.parse(JSON.stringify(trace.end)))
    assert.deepEqual(
      storyOf(trace).operations.map(({ failing = false }) => failing),
      [false, true],
    )
  })

  it('is the last operation of the smallest prefix that is not linearizable', async () => {
    const read = [1, 1, 0, 1]
    const result = await simulate(
      {
        name: 'old',
        nodes: 1,
        operations: { write: () => null, read: () => read.shift() ?? null },
        async workload(w) {
          await w.call('write', 1)
          for (let i = 0; i < 4; i++) await w.call('read')
        },
        checks: [linearizable(register())],
      },
      { seed: 1, trace: 'memory' },
    )
    assert.equal(result.verdict, 'fail')
    assert.equal(result.trace?.end.op, 3)
  })

  it('is enough of real nodes, too', async () => {
    const node = await startNode({ name: 'solo' })
    const recording = recordTrace('real', [node])
    const story = storyOf(recording.stop())
    await node.stop()
    assert.deepEqual([story.world, story.verdict, story.nodes], ['real', 'recorded', ['solo']])
    assert.equal(story.steps[0]?.notes?.[0]?.kind, 'start')
  })
})
