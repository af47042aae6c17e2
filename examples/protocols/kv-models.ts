/**
 * Models of a key-value store that a tester might have in mind, each with an assumption that does not hold: what a
 * search finds is a counterexample to the assumption.
 */
import {
  check,
  type FaultModel,
  faultModels,
  type Op,
  type Plain,
  type Scenario,
  type Verification,
} from 'troupe/simulation'
import { quorumKv } from './quorum-kv.js'

const OPERATIONS = 20
const KEYS = ['x', 'y']

/** What a model believes, and a store that does not keep to it. */
export interface WrongModel {
  readonly assumes: string
  readonly scenario: Scenario
}

/** One client on the first of three nodes writes and reads. */
const believed = (
  assumes: string,
  faults: FaultModel,
  holds: (history: readonly Op[]) => Verification,
): WrongModel => ({
  assumes,
  scenario: {
    ...quorumKv(3, { oneWriter: true }),
    async workload(w) {
      for (let value = 1; value <= OPERATIONS; value++) {
        const key = w.pick(KEYS)
        await (w.flip() ? w.call('write', key, value) : w.call('read', key))
        await w.sleep(w.int(500))
      }
    },
    faults: faults.with({ swarm: false, everyMs: [100, 1_000], lastMs: [1_000, 4_000] }),
    checks: [check.history(assumes, holds)],
  },
})

/** What a read gave and the model does not expect, when it takes those writes for done. */
function unexpected(
  history: readonly Op[],
  held: Map<Plain, Plain>,
  isDone: (write: Op) => boolean,
): Verification {
  for (const op of history) {
    const [key, value] = op.args
    if (op.name === 'write') {
      if (isDone(op)) held.set(key, value)
    } else if (typeof op.value === 'number' && held.has(key)) {
      const expected = held.get(key)
      if (op.value !== expected) {
        const why = `${key} was read as ${op.value}, the model has ${expected}`
        return { why, op, expected: { value: expected } }
      }
    }
  }
  return undefined
}

const partitions = faultModels.partitions().with({ weights: { partition: 1 } })
const wrongBits = faultModels.byzantine().with({ weights: { bitflip: 1 } })

/** Enough nodes can always be reached. */
export const alwaysAnswered = believed('every write is answered', partitions, (history) =>
  history.every(({ name, status }) => name !== 'write' || status === 'ok'),
)

/** A write that was not acknowledged has not happened. */
export const allOrNothing = believed('all or nothing', partitions, (history) => {
  const nothing = new Map<Plain, Plain>(KEYS.map((key) => [key, null]))
  return unexpected(history, nothing, ({ status }) => status === 'ok')
})

/** What arrives is what was sent. */
export const honestNodes = believed('nodes are honest', wrongBits, (history) =>
  unexpected(history, new Map(), ({ status }) => status === 'ok'),
)

export default alwaysAnswered.scenario
