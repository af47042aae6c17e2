import { assert } from 'chai'
import {
  CONSISTENCIES,
  type Consistency,
  casRegister,
  checkHistory,
  eventText,
  fifoQueue,
  kv,
  register,
} from '../../../src/verification/index.js'
import { told } from './told-history.js'

const SESSION = ['session'] as const

/** What each history is not; all else it is. Processes do one operation after another, and none at a time. */
const EXAMPLES: readonly [name: string, history: string, not: readonly Consistency[]][] = [
  ['a value is read after it was written', 'a w x 1; b r x 1', []],
  ['nothing happens', '', []],
  [
    'an old value is read (Lamport: sequential, not atomic)',
    'a w x 1; b r x null; b r x 1',
    ['linearizable'],
  ],
  [
    'store buffering (Dekker)',
    'a w x 1; b w y 1; a r y null; b r x null',
    ['linearizable', 'sequential', 'eventual'],
  ],
  [
    'independent reads of independent writes',
    'a w x 1; b w y 1; c r x 1; c r y null; d r y 1; d r x null',
    ['linearizable', 'sequential', 'eventual'],
  ],
  [
    'message passing that overtakes',
    'a w x 1; a w y 1; b r y 1; b r x null',
    ['linearizable', 'sequential', 'causal+', 'causal', 'monotonic-writes', ...SESSION, 'eventual'],
  ],
  [
    'a cause that is not seen (write to read causality)',
    'a w x 1; b r x 1; b w y 1; c r y 1; c r x null',
    [
      'linearizable',
      'sequential',
      'causal+',
      'causal',
      'writes-follow-reads',
      ...SESSION,
      'eventual',
    ],
  ],
  [
    'own writes that are not read',
    'a w x 1; a r x null',
    ['linearizable', 'sequential', 'causal+', 'causal', 'read-your-writes', ...SESSION, 'eventual'],
  ],
  [
    'an own write that is older than another one',
    'a w x 1; b w x 2; b r x 1; a r x 1',
    ['linearizable'],
  ],
  [
    'reads that go back to nothing',
    'a w x 1; b r x 1; b r x null; b r x 1',
    ['linearizable', 'sequential', 'causal+', 'causal', 'monotonic-reads', ...SESSION],
  ],
  [
    'reads that go back in the order of a session (coherence of reads)',
    'a w x 1; a w x 2; b r x 2; b r x 1; b r x 2',
    ['linearizable', 'sequential', 'causal+', 'causal', 'monotonic-reads', ...SESSION],
  ],
  [
    'a write that is seen before the one that it follows',
    'a w x 1; b r x 1; b w x 2; c r x 2; c r x 1; c r x 2',
    ['linearizable', 'sequential', 'causal+', 'causal', 'monotonic-reads', ...SESSION],
  ],
  [
    'two that see writes in different orders',
    'a w x 1; b w x 2; c r x 1; d r x 2; c r x 2; d r x 1',
    ['linearizable', 'sequential', 'causal+', 'monotonic-reads', ...SESSION, 'eventual'],
  ],
  [
    'two that only see the write of the other (Bouajjani et al., figure 2a)',
    'a w x 1; b w x 2; a r x 2; b r x 1',
    ['linearizable', 'sequential', 'causal+', 'read-your-writes', ...SESSION, 'eventual'],
  ],
  [
    'causal convergence without causal memory (figure 2b)',
    'a w z 1; a w x 1; a w y 1; b w x 2; b r z null; b r y 1; b r x 2; b r z 1',
    ['linearizable', 'sequential'],
  ],
  [
    'causal, but neither convergent nor a causal memory (figure 2c)',
    'a w x 1; b w x 2; b r x 1; b r x 2',
    ['linearizable', 'sequential', 'causal+', ...SESSION],
  ],
  [
    'causal in any way, and not sequential (figure 2d)',
    'a w x 1; b w x 2; a r y null; b r y null; a w y 1; b w y 2; a r x 1; b r x 2; c r x 2; c r y 2',
    ['linearizable', 'sequential', 'eventual'],
  ],
  [
    'not causal (figure 2e): none of the guarantees alone says so',
    'a w x 1; a w y 1; b r y 1; b w x 2; c r x 2; c r x 1',
    ['linearizable', 'sequential', 'causal+', 'causal', ...SESSION],
  ],
  ['a value that nobody wrote', 'a w x 1; b r x 7', CONSISTENCIES],
  [
    'two that read what the other will write',
    'a r x 1; b r y 1; a w y 1; b w x 1',
    CONSISTENCIES.filter((one) => one !== 'eventual'),
  ],
  [
    'replicas that do not agree in the end',
    'a w x 1; b w x 2; c r x 1; d r x 2',
    ['linearizable', 'eventual'],
  ],
]

const REGISTER = register()

describe('consistencies of registers', () => {
  for (const [name, text, not] of EXAMPLES) {
    const history = told(REGISTER, text)
    for (const consistency of CONSISTENCIES) {
      const wrong = not.includes(consistency)
      it(`${name}: ${wrong ? 'not ' : ''}${consistency}`, () => {
        const { verdict, violation } = checkHistory(history, { model: REGISTER, consistency })
        assert.equal(verdict, wrong ? 'violation' : 'ok', violation?.detail)
        if (wrong) assert.isNotEmpty(violation?.events.map(eventText))
      })
    }
  }

  it('a put and a get of kv are a write and a read', () => {
    const model = kv()
    const history = told(model, 'a put x "1"; a put y "1"; b get y "1"; b get x ""')
    assert.equal(checkHistory(history, { model, consistency: 'causal' }).verdict, 'violation')
    assert.equal(checkHistory(history, { model, consistency: 'monotonic-reads' }).verdict, 'ok')
  })

  it('a cas that was done reads and writes', () => {
    const model = casRegister()
    const right = told(model, 'a w x 1; b cas x [1,2]; c r x 2; c r x 2')
    const wrong = told(model, 'a w x 1; b cas x [1,2]; c r x 2; c r x 1')
    assert.equal(checkHistory(right, { model, consistency: 'causal+' }).verdict, 'ok')
    assert.equal(checkHistory(wrong, { model, consistency: 'causal+' }).verdict, 'violation')
    const writes = told(model, 'a w x 1; b r x 1; b cas x [1,2]; c r x 2; c r x null')
    for (const [history, verdict] of [
      [wrong, 'ok'],
      [writes, 'violation'],
    ] as const) {
      const consistency = 'writes-follow-reads'
      assert.equal(checkHistory(history, { model, consistency }).verdict, verdict)
    }
  })

  it('a write of which nobody knows may have been done, and comes after what its process did', () => {
    const seen = told(REGISTER, 'a w x 1; a: w y 1; a?; b r y 1; b r x 1')
    const early = told(REGISTER, 'a w x 1; a: w y 1; a?; b r y 1; b r x null')
    for (const consistency of ['sequential', 'causal+', 'causal'] as const) {
      assert.equal(checkHistory(seen, { model: REGISTER, consistency }).verdict, 'ok')
      assert.equal(checkHistory(early, { model: REGISTER, consistency }).verdict, 'violation')
    }
  })

  it('a write that failed was not done', () => {
    const history = told(REGISTER, 'a: w x 1; a!; b r x 1')
    for (const consistency of CONSISTENCIES) {
      assert.equal(checkHistory(history, { model: REGISTER, consistency }).verdict, 'violation')
    }
  })

  it('names the events of a circle, and what is wrong with them', () => {
    const history = told(REGISTER, 'z w x 0; z r x 0; a w x 1; b w x 2; a r x 2; b r x 1')
    const found = checkHistory(history, { model: REGISTER, consistency: 'causal+' }).violation
    assert.equal(found?.key, 'x')
    assert.match(String(found?.detail), /^in a circle, each is seen before the next: /)
    assert.sameMembers(found?.events.map(({ process }) => process) ?? [], [
      ...['a', 'a', 'b', 'b', 'a', 'a', 'b', 'b'],
    ])
  })

  for (const [what, text, message] of [
    ['writes a value twice', 'a w x 1; b w x 1', /1 is written twice/],
    ['writes what is there at first', 'a w x null', /null is written, which is there at first/],
  ] as const) {
    it(`says that it cannot tell who read whose write where one ${what}`, () => {
      const history = told(REGISTER, text)
      for (const consistency of ['causal', 'causal+', 'session', 'monotonic-reads'] as const) {
        assert.throws(() => checkHistory(history, { model: REGISTER, consistency }), message)
      }
      assert.equal(
        checkHistory(history, { model: REGISTER, consistency: 'sequential' }).verdict,
        'ok',
      )
    })
  }

  it('says of a queue, and of appends, that they are no registers', () => {
    for (const [model, text] of [
      [fifoQueue(), 'a enq q 1'],
      [kv(), 'a append x "1"'],
    ] as const) {
      const history = told(model, text)
      assert.throws(
        () => checkHistory(history, { model, consistency: 'causal' }),
        /is neither a read nor a write \(ERR_BAD_HISTORY\)/,
      )
    }
  })

  it('refuses a consistency that it does not know', () => {
    assert.throws(
      () =>
        checkHistory(told(REGISTER, ''), { model: REGISTER, consistency: 'strong' as Consistency }),
      /"strong" is no consistency; there are: linearizable, sequential.* \(ERR_BAD_OPTION\)/,
    )
  })
})

/** Herlihy and Wing, "Linearizability", TOPLAS 1990, and whatever is like it. */
const OBJECTS = {
  queue: fifoQueue(),
  register: register(),
  'cas-register': casRegister(),
  kv: kv(),
}

const LINEAR: readonly [
  model: keyof typeof OBJECTS,
  name: string,
  history: string,
  linearizable: boolean,
  sequential: boolean,
][] = [
  ['queue', 'H1', 'a: enq q 1; b: enq q 2; b=; a=; b: deq q; b= 1; a: deq q; a= 2', true, true],
  ['queue', 'H2', 'a enq q 1; b enq q 2; a deq q 2', false, true],
  ['queue', 'H3', 'a: enq q 1; b: enq q 2; a=; a: deq q; a= 2; b=', true, true],
  ['queue', 'H4', 'a: enq q 1; b: enq q 2; a=; b=; a deq q 2; c deq q 2', false, false],
  [
    'queue',
    'two queues, each of them sequential (3.3)',
    'a enq p 1; b enq q 2; a enq q 1; b enq p 2; a deq p 2; b deq q 1',
    false,
    false,
  ],
  [
    'queue',
    'a dequeue of an empty queue',
    'a deq q null; a enq q 1; b deq q 1; b deq q null',
    true,
    true,
  ],
  ['queue', 'one that is empty too late', 'a enq q 1; b deq q null; b deq q 1', false, true],
  ['queue', 'one that could not be empty', 'a enq q 1; a deq q null', false, false],
  [
    'queue',
    'an open dequeue that took what is missed',
    'a enq q 1; b: deq q; b?; c deq q null',
    true,
    true,
  ],
  [
    'queue',
    'one open dequeue, and two are missed',
    'a enq q 1; a enq q 2; b: deq q; b?; a deq q null',
    false,
    false,
  ],
  [
    'queue',
    'an open enqueue that comes late',
    'a: enq q 1; a?; b enq q 2; b deq q 2; b deq q 1',
    true,
    true,
  ],
  ['register', 'a read while a write is under way, old', 'a: w x 1; b r x null; a=', true, true],
  ['register', 'a read while a write is under way, new', 'a: w x 1; b r x 1; a=', true, true],
  [
    'register',
    'new, then old (regular, not atomic)',
    'a: w x 1; b r x 1; c r x null; a=',
    false,
    true,
  ],
  [
    'register',
    'a write of which nobody knows, seen late',
    'a: w x 1; a?; b w x 2; c r x 2; c r x 1',
    true,
    true,
  ],
  [
    'register',
    'one that is seen, and not any more',
    'a: w x 1; a?; c r x 1; c r x null',
    false,
    false,
  ],
  [
    'register',
    'one that is done twice',
    'a: w x 1; a?; b w x 2; c r x 1; c r x 2; c r x 1',
    false,
    false,
  ],
  ['register', 'a write that is open at the end', 'a: w x 1; b r x 1', true, true],
  [
    'cas-register',
    'two that both win',
    'a w x 0; a: cas x [0,1]; b: cas x [0,2]; a=; b=',
    false,
    false,
  ],
  [
    'cas-register',
    'one after the other',
    'a w x 0; a: cas x [0,1]; b: cas x [1,2]; b=; a=',
    true,
    true,
  ],
  [
    'cas-register',
    'one that failed, and one that nobody knows',
    'a w x 0; a: cas x [0,1]; a!; b: cas x [0,2]; b?; c r x 2',
    true,
    true,
  ],
  [
    'kv',
    'appends in the order that is seen',
    'a: append x "1"; b: append x "2"; a=; b=; c get x "21"',
    true,
    true,
  ],
  ['kv', 'an append that is lost', 'a append x "1"; b append x "2"; c get x "2"', false, true],
  [
    'kv',
    'nothing is the empty string',
    'a get x null; a get x ""; b put x ""; b get x null',
    true,
    true,
  ],
  [
    'kv',
    'a put that replaces',
    'a append x "1"; b: put x "2"; a append x "3"; a get x "23"; b=',
    true,
    true,
  ],
]

describe('linearizable and sequential', () => {
  for (const [name, what, text, linearizable, sequential] of LINEAR) {
    const model = OBJECTS[name]
    it(`${name}, ${what}: ${linearizable ? '' : 'not '}linearizable, ${sequential ? '' : 'not '}sequential`, () => {
      const history = told(model, text)
      const linear = checkHistory(history, { model })
      assert.equal(linear.verdict, linearizable ? 'ok' : 'violation')
      const one = checkHistory(history, { model, consistency: 'sequential' })
      assert.equal(one.verdict, sequential ? 'ok' : 'violation')
    })
  }
})
