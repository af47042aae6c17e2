import { assert } from 'chai'
import { seededRandom } from '../../../src/base/random.js'
import {
  CONSISTENCIES,
  type Consistency,
  checkHistory,
  eventText,
  type History,
  type HistoryOp,
  register,
} from '../../../src/verification/index.js'
import { seeds } from '../../seeds.js'
import { makeHistory } from './made-history.js'

const ROUNDS = 300
const MODEL = register()

/** What is so is also what comes after it. */
const IMPLIES: readonly [Consistency, Consistency][] = [
  ['linearizable', 'sequential'],
  ['linearizable', 'eventual'],
  ['sequential', 'causal+'],
  ['causal+', 'causal'],
  ['causal+', 'session'],
  ['session', 'read-your-writes'],
  ['session', 'monotonic-reads'],
  ['session', 'monotonic-writes'],
  ['session', 'writes-follow-reads'],
]

/** Small histories in which each value is written once. */
function* histories(seed: number | string): Generator<History> {
  const random = seededRandom(`weak ${seed}`)
  for (let round = 0; round < ROUNDS; round++) {
    yield makeHistory(MODEL, random, {
      operations: 3 + random.int(6),
      keys: 1 + random.int(2),
      processes: 2 + random.int(3),
      info: random.pick([0, 0, 0.2]),
      values: Number.POSITIVE_INFINITY,
      wrong: random.pick([0.2, 0.5, 1]) * 0.9,
    })
  }
}

const shown = (history: History): string => history.events.map(eventText).join('\n')

/** All orders of some operations. */
function* orders(ops: readonly HistoryOp[]): Generator<readonly HistoryOp[]> {
  if (ops.length === 0) yield []
  for (const first of ops) {
    for (const rest of orders(ops.filter((op) => op !== first))) yield [first, ...rest]
  }
}

/** Reads and writes by their definition. */
class Plainly {
  readonly reads: readonly HistoryOp[]
  readonly writes: readonly HistoryOp[]

  constructor({ ops }: History) {
    const read = new Set(ops.filter(({ f }) => f === 'read').map(({ result }) => result))
    this.reads = ops.filter(({ f, status }) => f === 'read' && status === 'ok')
    this.writes = ops.filter(
      ({ f, status, value }) => f === 'write' && (status === 'ok' || read.has(value)),
    )
  }

  /** Undefined: what is there at first. */
  writerOf({ key, result }: HistoryOp): HistoryOp | undefined {
    return this.writes.find((write) => write.key === key && write.value === result)
  }

  /** Each read saw a write, or nothing. */
  get founded(): boolean {
    return this.reads.every((op) => op.result === null || this.writerOf(op) !== undefined)
  }

  inSession(first: HistoryOp, second: HistoryOp): boolean {
    return first.process === second.process && first.returnedAt < second.calledAt
  }

  /** Everything that comes before, by sessions and reads. */
  past(op: HistoryOp): Set<HistoryOp> {
    const past = new Set<HistoryOp>()
    const todo = [op]
    for (const one of todo) {
      const writer = one.f === 'read' ? this.writerOf(one) : undefined
      for (const other of [...this.reads, ...this.writes]) {
        if (past.has(other) || !(this.inSession(other, one) || other === writer)) continue
        past.add(other)
        todo.push(other)
      }
    }
    return past
  }

  /** One order of all writes, which sessions and reads agree with, and of which each read sees the last of its past. */
  get causallyConvergent(): boolean {
    const all = [...this.reads, ...this.writes]
    const pasts = new Map(all.map((op) => [op, this.past(op)]))
    if (!this.founded || all.some((op) => pasts.get(op)?.has(op))) return false
    for (const order of orders(this.writes)) {
      const follows = order.every((write, at) =>
        order.slice(at + 1).every((later) => !pasts.get(write)?.has(later)),
      )
      if (!follows) continue
      const explains = this.reads.every((read) => {
        const seen = order.filter((write) => write.key === read.key && pasts.get(read)?.has(write))
        return seen[seen.length - 1] === this.writerOf(read)
      })
      if (explains) return true
    }
    return false
  }

  /** An order of all writes that keeps those of each session, in which what `older` must not be newer is not. */
  hasVersions(older: (read: HistoryOp) => readonly (HistoryOp | undefined)[]): boolean {
    if (!this.founded) return false
    for (const order of orders(this.writes)) {
      const place = (op: HistoryOp | undefined): number =>
        op === undefined ? -1 : order.indexOf(op)
      const kept = order.every((write, at) =>
        order.slice(at + 1).every((later) => !this.inSession(later, write)),
      )
      if (!kept) continue
      const right = this.reads.every((read) =>
        older(read).every((one) => place(one) <= place(this.writerOf(read))),
      )
      if (right) return true
    }
    return false
  }

  get readsItsWrites(): boolean {
    return this.hasVersions((read) =>
      this.writes.filter((write) => write.key === read.key && this.inSession(write, read)),
    )
  }

  get readsForward(): boolean {
    return this.hasVersions((read) =>
      this.reads
        .filter((one) => one.key === read.key && this.inSession(one, read))
        .map((one) => this.writerOf(one)),
    )
  }
}

describe('weak consistencies, held against their definitions', function () {
  this.timeout(60_000)

  for (const seed of seeds(3)) {
    it(`what is strong is also what is weaker [SEED=${seed}]`, () => {
      const held = new Map<Consistency, number>()
      for (const history of histories(seed)) {
        const is = new Map(
          CONSISTENCIES.map((consistency) => [
            consistency,
            checkHistory(history, { model: MODEL, consistency }).verdict === 'ok',
          ]),
        )
        for (const [one, right] of is) held.set(one, (held.get(one) ?? 0) + (right ? 1 : 0))
        for (const [strong, weak] of IMPLIES) {
          if (is.get(strong))
            assert.isTrue(is.get(weak), `${strong}, not ${weak}:\n${shown(history)}`)
        }
      }
      for (const [one, count] of held)
        assert.isTrue(count > 5 && count < ROUNDS - 5, `${one} ${count}`)
    })

    for (const [consistency, is] of [
      ['causal+', (history) => new Plainly(history).causallyConvergent],
      ['read-your-writes', (history) => new Plainly(history).readsItsWrites],
      ['monotonic-reads', (history) => new Plainly(history).readsForward],
    ] satisfies [Consistency, (history: History) => boolean][]) {
      it(`${consistency} is what it is by definition [SEED=${seed}]`, () => {
        for (const history of histories(seed)) {
          // reads of what is only written later are no matter of versions
          const cyclic = checkHistory(history, { model: MODEL, consistency: 'causal' }).violation
          if (consistency !== 'causal+' && /^in a circle/.test(cyclic?.detail ?? '')) continue
          const { verdict } = checkHistory(history, { model: MODEL, consistency })
          assert.equal(verdict, is(history) ? 'ok' : 'violation', shown(history))
        }
      })
    }
  }
})
