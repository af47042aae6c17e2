import { assert } from 'chai'
import fc from 'fast-check'
import { TroupeError } from '../../src/base/errors.js'
import type { Fault } from '../../src/fault/fault.js'
import { checkFault, VERBS } from '../../src/fault/fault-shape.js'
import { parseFault, parseFaults, printFault } from '../../src/fault/fault-text.js'
import { anyFault } from './fault-arbitraries.js'

const commit = { from: 'n1', to: 'n3', name: 'commit', ordinal: 1 }

/** Every line of the grammar: what is written, what it means, how it is printed when not as written. */
const LINES: readonly [text: string, fault: Fault, printed?: string][] = [
  [
    'fault partition { n1 } { n2 n3 }',
    { verb: 'partition', groups: [['n1'], ['n2', 'n3']], oneway: false },
  ],
  [
    'fault partition { n1 } { n2 } oneway',
    { verb: 'partition', groups: [['n1'], ['n2']], oneway: true },
  ],
  [
    'partition {n1}{n2}   {n3} # three islands',
    { verb: 'partition', groups: [['n1'], ['n2'], ['n3']], oneway: false },
    'fault partition { n1 } { n2 } { n3 }',
  ],
  ['fault heal', { verb: 'heal' }],
  ['fault crash n2', { verb: 'crash', node: 'n2', loseUnsynced: false }],
  [
    'fault crash n2 after n1>n3:commit#1 lose-unsynced',
    { verb: 'crash', node: 'n2', after: commit, loseUnsynced: true },
  ],
  ['fault restart n2', { verb: 'restart', node: 'n2', loseUnsynced: false }],
  ['fault restart n2 lose-unsynced', { verb: 'restart', node: 'n2', loseUnsynced: true }],
  ['fault pause n2', { verb: 'pause', node: 'n2' }],
  ['fault resume n2', { verb: 'resume', node: 'n2' }],
  [
    'fault egress_delay n2 n1',
    { verb: 'egress_delay', node: 'n2', peer: 'n1', ms: 100 },
    'fault egress_delay n2 n1 100ms',
  ],
  [
    'fault egress_delay n2 n1 20',
    { verb: 'egress_delay', node: 'n2', peer: 'n1', ms: 20 },
    'fault egress_delay n2 n1 20ms',
  ],
  [
    'fault ingress_delay n2 * 1.5s',
    { verb: 'ingress_delay', node: 'n2', peer: '*', ms: 1_500 },
    'fault ingress_delay n2 * 1500ms',
  ],
  [
    'fault ingress_delay n2 n1 300us',
    { verb: 'ingress_delay', node: 'n2', peer: 'n1', ms: 0.3 },
    'fault ingress_delay n2 n1 0.3ms',
  ],
  ['fault omit n1>n3:commit#1', { verb: 'omit', message: commit }],
  ['fault omit n1>n3:commit', { verb: 'omit', message: { from: 'n1', to: 'n3', name: 'commit' } }],
  ['fault omit_send n1 n3', { verb: 'omit_send', node: 'n1', peer: 'n3', percent: 100 }],
  ['fault omit_send n1 * 30%', { verb: 'omit_send', node: 'n1', peer: '*', percent: 30 }],
  [
    'fault omit_receive n3 n1 12.5%',
    { verb: 'omit_receive', node: 'n3', peer: 'n1', percent: 12.5 },
  ],
  ['fault omit_all n3', { verb: 'omit_all', node: 'n3', percent: 100 }],
  ['fault duplicate n1>n3:commit#1', { verb: 'duplicate', what: commit, percent: 100 }],
  [
    'fault duplicate * n2 0.001%',
    { verb: 'duplicate', what: { from: '*', to: 'n2' }, percent: 0.001 },
  ],
  [
    'fault reorder n1 n2',
    { verb: 'reorder', from: 'n1', to: 'n2', windowMs: 10 },
    'fault reorder n1 n2 10ms',
  ],
  [
    'fault byzantine n2 bitflip',
    { verb: 'byzantine', node: 'n2', how: 'bitflip', where: 'wire', percent: 100 },
  ],
  [
    'fault byzantine n2 corrupt store 5%',
    { verb: 'byzantine', node: 'n2', how: 'corrupt', where: 'store', percent: 5 },
  ],
  [
    'fault byzantine n2 stale',
    { verb: 'byzantine', node: 'n2', how: 'stale', where: 'wire', percent: 100 },
  ],
  [
    'fault byzantine n2 stale wire 30%',
    { verb: 'byzantine', node: 'n2', how: 'stale', where: 'wire', percent: 30 },
    'fault byzantine n2 stale 30%',
  ],
  [
    'fault byzantine n2 lie 3',
    { verb: 'user', name: 'lie', args: ['n2', 3] },
    'fault user lie n2 3',
  ],
  ['fault connection n1 n2 reset', { verb: 'connection', a: 'n1', b: 'n2', how: 'reset' }],
  [
    'fault clock n2 offset +500ms',
    { verb: 'clock', node: 'n2', how: 'offset', amount: 500 },
    'fault clock n2 offset 500ms',
  ],
  ['fault clock n2 drift 200ppm', { verb: 'clock', node: 'n2', how: 'drift', amount: 200 }],
  [
    'fault clock n2 jump -3s',
    { verb: 'clock', node: 'n2', how: 'jump', amount: -3_000 },
    'fault clock n2 jump -3000ms',
  ],
  ['fault store n2 torn', { verb: 'store', node: 'n2', how: 'torn' }],
  ['fault resolve_all', { verb: 'resolve_all' }],
  [
    'fault user jam "two words" -1.5 true x \t',
    { verb: 'user', name: 'jam', args: ['two words', -1.5, true, 'x'] },
    'fault user jam "two words" -1.5 true x',
  ],
]

/** What is wrong, the column, and what the error expects. */
const BROKEN: readonly [text: string, column: number, expected: RegExp][] = [
  ['', 1, /^one of partition, heal/],
  ['fault', 6, /^one of partition, heal/],
  ['fault explode n1', 7, /^one of partition, heal/],
  ['fault partition n1 n2', 17, /^'\{' and the nodes of a group$/],
  ['fault partition { n1 }', 23, /^'\{' and the nodes of a group$/],
  ['fault partition { } { n2 }', 19, /^a node name$/],
  ['fault partition { n1 } { n2', 28, /^a node name or '\}'$/],
  ['fault partition { n1 n2 } { n3 n1 }', 32, /^a node that is in no group yet$/],
  ['fault partition { n1 n1 } { n2 }', 22, /^a node that is in no group yet$/],
  ['fault partition { a } { b } { c } oneway', 35, /^the end of the fault: only two groups/],
  ['fault heal n1', 12, /^the end of the fault$/],
  ['fault crash', 12, /^a node name$/],
  ['fault crash *', 13, /^a node name$/],
  ['fault crash n2 after', 21, /^a message such as/],
  ['fault crash n2 after n1:commit', 22, /^a message such as/],
  ['fault crash n2 lose', 16, /^the end of the fault$/],
  ['fault egress_delay n2 n1 -5ms', 26, /^a duration up to/],
  ['fault egress_delay n2 n1 5 ms', 28, /^the end of the fault$/],
  ['fault egress_delay n2 n1 5years', 26, /^a duration up to/],
  ['fault egress_delay n2 n1 0.0001ms', 26, /^a duration up to/],
  ['fault egress_delay n2 n1 3000000000', 26, /^a duration up to/],
  ['fault omit n1>n3:commit#0', 12, /^a message such as/],
  ['fault omit n1', 12, /^a message such as/],
  ['fault omit_send n1 n3 0%', 23, /^a share from/],
  ['fault omit_send n1 n3 101%', 23, /^a share from/],
  ['fault omit_send n1 n3 30', 23, /^a share from/],
  ['fault duplicate', 16, /^a message such as n1>n2:add#1 or two nodes$/],
  ['fault duplicate n1', 19, /^a node name or '\*'$/],
  ['fault reorder n1', 17, /^a node name or '\*'$/],
  ['fault byzantine n2', 19, /^'bitflip' or 'corrupt' or 'stale'$/],
  ['fault byzantine n2 stale store', 26, /^a share from/],
  ['fault byzantine n2 stale 3', 26, /^a share from/],
  ['fault byzantine n2 bitflip disk', 28, /^a share from/],
  ['fault connection n1 n2', 23, /^'reset'$/],
  ['fault connection n1 n2 close', 24, /^'reset'$/],
  ['fault clock n2 drift 5ms', 22, /rate such as 200ppm$/],
  ['fault clock n2 offset', 22, /^a time such as/],
  ['fault store n2 burnt', 16, /^'slow' or 'fail' or 'torn' or 'full'$/],
  ['fault user 7up', 12, /^the name of a fault$/],
  ['fault user jam "open', 16, /^a text in double quotes/],
  ['fault user jam {', 16, /^an argument or the end$/],
  ['fault crash "n2"', 13, /^a node name$/],
]

function refusal(run: () => unknown): TroupeError {
  try {
    run()
  } catch (error) {
    assert.instanceOf(error, TroupeError)
    assert.equal(error.code, 'ERR_BAD_FAULT')
    return error
  }
  return assert.fail('it was not refused')
}

describe('the text of a fault', () => {
  for (const [text, fault, printed = text] of LINES) {
    it(`reads, prints and reads again: ${text}`, () => {
      const read = parseFault(text)
      assert.deepEqual(read, fault)
      checkFault(read)
      assert.equal(printFault(read), printed)
      assert.deepEqual(parseFault(printed), fault)
    })
  }

  it('has a line in that table for every verb', () => {
    const seen = new Set<string>(LINES.map(([, fault]) => fault.verb))
    assert.deepEqual([...seen].sort(), [...VERBS].sort())
  })

  it('says the same fault again after printing, whatever the fault', () => {
    fc.assert(
      fc.property(anyFault, (fault) => {
        checkFault(fault)
        const text = printFault(fault)
        const read = parseFault(text)
        assert.deepEqual(read, fault)
        assert.equal(printFault(read), text)
      }),
      { numRuns: 2_000 },
    )
  })

  for (const [text, column, expected] of BROKEN) {
    it(`refuses ${JSON.stringify(text)} at column ${column}`, () => {
      const error = refusal(() => parseFault(text, { file: 'x.cx', line: 7 }))
      const data = error.data as { file: string; line: number; column: number; expected: string }
      assert.deepInclude(data, { file: 'x.cx', line: 7, column })
      assert.match(data.expected, expected)
      assert.include(error.message, `x.cx:7:${column}: expected ${data.expected}, got `)
    })
  }

  it('counts columns from where the fault stands in its line', () => {
    const error = refusal(() => parseFault('crash *', { line: 3, column: 11 }))
    assert.match(error.message, /^line 3, column 17: expected a node name, got "\*"/)
  })

  it('refuses any text with a place or reads it, and throws nothing else', () => {
    const words = fc.constantFrom('fault', '{', '}', 'n1', '*', '5ms', '"', '#', '\\', ...VERBS)
    const line = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 8 }).map((all) => all.join(' ')),
    )
    fc.assert(
      fc.property(line, (text) => {
        try {
          checkFault(parseFault(text))
        } catch (error) {
          assert.equal((error as TroupeError).code, 'ERR_BAD_FAULT')
          assert.hasAllKeys((error as TroupeError).data, ['line', 'column', 'expected'])
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('of several lines skips the empty ones and comments, and names the line of an error', () => {
    const text = '# a split\n\nfault partition { a } { b }\r\n  fault heal # over\n'
    assert.deepEqual(
      parseFaults(text).map(({ verb }) => verb),
      ['partition', 'heal'],
    )
    const error = refusal(() => parseFaults(`${text}fault crash`, { file: 'split.cx' }))
    assert.match(error.message, /^split\.cx:5:12: expected a node name, got the end of the line/)
  })
})

describe('a fault as data', () => {
  const table: [fault: unknown, message: RegExp][] = [
    [7, /^a fault must be an object or a text, got 7/],
    [{}, /^fault\.verb must be one of/],
    [{ verb: 'toString' }, /^fault\.verb must be one of/],
    [{ verb: 'pause' }, /^pause\.node must be a node name, got undefined/],
    [{ verb: 'pause', node: 'a', why: 1 }, /^pause\.why is no part of that fault/],
    [{ verb: 'partition', groups: [['a', 'b'], ['b']], oneway: false }, /no node in two of them/],
    [{ verb: 'partition', groups: [['a']], oneway: false }, /two or more groups/],
    [{ verb: 'partition', groups: [['a'], ['b'], ['c']], oneway: true }, /must be two groups/],
    [{ verb: 'omit_all', node: 'a', percent: 0 }, /^omit_all\.percent must be a share/],
    [{ verb: 'omit', message: { from: 'a', to: 'b', name: '' } }, /^omit\.message must be/],
    [{ verb: 'user', name: 'x', args: [Number.NaN] }, /^user\.args must be/],
    [{ verb: 'egress_delay', node: 'a', peer: 'b', ms: -1 }, /^egress_delay\.ms must be/],
    [{ verb: 'clock', node: 'a', how: 'drift', amount: 1e9 }, /^clock\.amount must be/],
  ]
  for (const [fault, message] of table) {
    it(`is refused: ${JSON.stringify(fault)}`, () => {
      assert.match(refusal(() => checkFault(fault)).message, message)
    })
  }
})
