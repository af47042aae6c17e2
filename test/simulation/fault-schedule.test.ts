import { assert } from 'chai'
import { printFault } from '../../src/fault/fault-text.js'
import { FAULT_KINDS, FaultModel, faultModels, kindOf } from '../../src/simulation/fault-model.js'
import { type FaultLine, faultSchedule } from '../../src/simulation/fault-schedule.js'
import { nodesIn } from '../../src/simulation/sim-faults.js'
import { seeds } from '../seeds.js'

const NAMES = ['n1', 'n2', 'n3', 'n4', 'n5']
const LINES = 600

/** The first lines of a schedule; fewer when it ends. */
function linesOf(model: FaultModel, seed: number | string, names = NAMES): FaultLine[] {
  const lines: FaultLine[] = []
  for (const line of faultSchedule(model, String(seed), names)) {
    lines.push(line)
    if (lines.length === LINES) break
  }
  return lines
}

const everyKind = (faulty: number): FaultModel =>
  new FaultModel({
    weights: Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 1])),
    faulty,
    swarm: false,
  })

/** Kinds that make a node one of the faulty ones. */
const COUNTED = new Set([
  'crash',
  'powerLoss',
  'pause',
  'omitSend',
  'omitReceive',
  'bitflip',
  'stale',
  'store',
])

describe('the faults of a run', () => {
  for (const faulty of [0, 1, 3]) {
    it(`befall at most ${faulty} nodes at once`, () => {
      for (const seed of seeds(50)) {
        const inTrouble = new Set<string>()
        let most = 0
        for (const { fault, ends } of linesOf(everyKind(faulty), seed)) {
          const [node = ''] = nodesIn(fault)
          if (ends || fault.verb === 'restart' || fault.verb === 'resume') {
            if (fault.verb !== 'duplicate' && fault.verb !== 'reorder') inTrouble.delete(node)
          } else if (COUNTED.has(kindOf(fault) ?? '')) {
            assert.isFalse(
              inTrouble.has(node),
              `${node} twice: ${printFault(fault)} [SEED=${seed}]`,
            )
            inTrouble.add(node)
            most = Math.max(most, inTrouble.size)
          }
        }
        assert.isAtMost(most, faulty, `[SEED=${seed}]`)
        if (faulty > 0) assert.isAbove(most, 0)
      }
    })
  }

  it('come in the order of their times, all kinds of them, and cut the nodes in two disjoint halves', () => {
    for (const seed of seeds(50)) {
      const kinds = new Set<string | undefined>()
      // Any kind may be missing in one run.
      for (const run of [1, 2, 3]) {
        for (const { fault, ends } of linesOf(everyKind(2), `${seed}/${run}`)) {
          if (!ends) kinds.add(kindOf(fault))
        }
      }
      const lines = linesOf(everyKind(2), seed)
      let cut = false
      for (const [at, { atUs, fault, ends }] of lines.entries()) {
        assert.isAtLeast(atUs, lines[at - 1]?.atUs ?? 0)
        if (!ends) kinds.add(kindOf(fault))
        if (fault.verb === 'heal') cut = false
        if (fault.verb !== 'partition') continue
        assert.isFalse(cut, 'one partition at a time')
        cut = true
        assert.sameMembers(fault.groups.flat(), NAMES)
      }
      for (const kind of FAULT_KINDS) assert.isTrue(kinds.has(kind), `${kind} [SEED=${seed}]`)
    }
  })

  it('all end, those of a model that ends too', () => {
    for (const seed of seeds(50)) {
      const lines = linesOf(everyKind(2).with({ most: 30 }), seed)
      const open = new Set<string>()
      for (const { fault, ends } of lines) {
        const text = printFault(fault)
        if (ends) assert.isTrue(open.delete(text), `${text} [SEED=${seed}]`)
        else if (['crash', 'pause'].includes(fault.verb))
          open.add(`${fault.verb} ${nodesIn(fault)}`)
        else if (fault.verb === 'restart') open.delete(`crash ${fault.node}`)
        else if (fault.verb === 'resume') open.delete(`pause ${fault.node}`)
        else if (fault.verb === 'partition') open.add('cut')
        else if (fault.verb === 'heal') open.delete('cut')
        else if (!['clock', 'connection'].includes(fault.verb)) open.add(text)
      }
      assert.deepEqual([...open], [], `[SEED=${seed}]`)
    }
  })

  it('follow from the seed', () => {
    assert.deepEqual(linesOf(everyKind(1), 7), linesOf(everyKind(1), 7))
    assert.notDeepEqual(linesOf(everyKind(1), 7), linesOf(everyKind(1), 8))
  })

  it('leave kinds out where each seed is to be about less', () => {
    const kindsOf = (seed: number): string =>
      [
        ...new Set(
          linesOf(everyKind(2).with({ swarm: true }), seed).map(({ fault }) => kindOf(fault)),
        ),
      ]
        .sort()
        .join()
    const sets = new Set(Array.from({ length: 20 }, (_, at) => kindsOf(at + 1)))
    assert.isAbove(sets.size, 15)
  })

  it('crash so many nodes for good and no more', () => {
    const lines = linesOf(faultModels.crashStop(2), 1)
    assert.deepEqual(
      lines.map(({ fault }) => fault.verb),
      ['crash', 'crash'],
    )
  })

  it('end when nothing can happen any more, whatever the model wishes', () => {
    const models = [
      faultModels.crashStop(1).plus(faultModels.loss(0.1)),
      faultModels.crashStop(1).with({ most: 5 }),
      faultModels.crashRecovery(0),
      faultModels.pauses(0).plus(faultModels.disks(0)),
    ]
    const counts = models.map((model) => linesOf(model, 1).length)
    assert.deepEqual(counts, [1, 1, 0, 0])
    assert.isEmpty(linesOf(faultModels.partitions(), 1, ['alone']))
  })

  it('are those of the user’s own too, with arguments from their lists; each ends before it comes again', () => {
    const own = faultModels.user('jam', ['n1', 'n2'], [3, 5]).plus(faultModels.user('hum'))
    const atWork = new Set<string>()
    const seen = new Set<string>()
    for (const { fault, ends } of linesOf(own.with({ swarm: false }), 1)) {
      const text = printFault(fault)
      assert.match(text, /^fault user (jam n[12] [35]|hum)$/)
      seen.add(text)
      assert.strictEqual(atWork.has(text), ends)
      if (ends) atWork.delete(text)
      else atWork.add(text)
    }
    assert.strictEqual(seen.size, 5)
  })

  it('are refused in a model that names no values for an argument of the user’s own', () => {
    for (const user of [{ jam: { args: [[]] } }, { jam: { weight: -1 } }, { jam: { arg: 1 } }]) {
      const make = (): FaultModel => new FaultModel({ weights: {}, user: user as never })
      assert.throws(make, /faultModel\.user must be \{ weight, args \} by name/)
    }
  })
})
