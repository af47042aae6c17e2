import { assert } from 'chai'
import {
  FaultModel,
  type FaultModelOptions,
  kindOf,
  printCounterexample,
  type Result,
  report,
  type Scenario,
  simulate,
} from '../../src/simulation/index.js'
import { seeds } from '../seeds.js'

export const NAMES = ['n1', 'n2', 'n3'] as const

const OFTEN: Omit<FaultModelOptions, 'weights'> = { everyMs: [50, 500], lastMs: [50, 6_000] }

/** What machines and a network over TCP do to nodes that stay alive. */
export const tcp = new FaultModel({
  weights: { partition: 2, oneway: 1, pause: 1, delay: 1, reset: 2 },
  ...OFTEN,
})

/** The same, and programs that end and start anew. */
export const crashes = new FaultModel({ weights: { crash: 1, powerLoss: 1 }, ...OFTEN })

/** What no network over TCP does: messages that are lost. */
export const losses = new FaultModel({
  weights: { omitSend: 1, omitReceive: 1 },
  loss: 0.05,
  ...OFTEN,
})

/** Messages that come twice, and overtake each other. */
export const doubles = new FaultModel({
  weights: { duplicate: 1, reorder: 1 },
  duplication: 0.05,
  ...OFTEN,
})

/** Disks that are slow, fail, or are full. */
export const disks = new FaultModel({ weights: { store: 1 }, ...OFTEN })

export const all = tcp.plus(crashes).plus(losses).plus(doubles)

/** Far above what one takes, for machines that are busy. */
const TIMEOUT_MS = 60_000
/** Runs that are wanted before a share of them says something. */
const RUNS_MIN = 20
const COMPLETED_MIN = 0.9

/**
 * A promise of docs/semantics.md in a simulation that is broken in all ways of its model, over seeds. Each
 * run has a scenario of its own. Replay one with `SEED=n npx mocha -g 'the title'`.
 */
export function underFaults(
  heading: string,
  words: string,
  scenario: () => Scenario,
  /** Seeds that have found something once. */
  kept: readonly number[] = [],
): void {
  describe(`under faults: ${heading}: ${words}`, () => {
    const results: Result[] = []
    for (const seed of new Set([...seeds(RUNS_MIN), ...kept])) {
      it(`holds [SEED=${seed}]`, async () => {
        const result = await simulate(scenario(), { seed })
        results.push(result)
        if (result.verdict !== 'ok')
          assert.fail(`${report(result)}\n${printCounterexample(result)}`)
      }).timeout(TIMEOUT_MS)
    }

    it('is tried in earnest: every kind of fault happened, and work was done', function () {
      if (results.length < RUNS_MIN) {
        console.warn(`    skipped: ${results.length} runs say nothing of shares; ${RUNS_MIN} do`)
        this.skip()
      }
      const begun = results.flatMap(({ faults }) => faults.filter(({ ends }) => !ends))
      const happened = new Set<string | undefined>(begun.map(({ fault }) => kindOf(fault)))
      const { faults: model, checks = [] } = scenario()
      const { weights, loss, duplication } = (model ?? all).options
      for (const kind of Object.keys(weights)) {
        assert.isTrue(happened.has(kind), `${kind} never happened`)
      }
      const chosen = (what: string) =>
        results.some(({ tape }) => Object.keys(tape).some((label) => label.startsWith(what)))
      if (loss > 0) assert.isTrue(chosen('drop '), 'no message was lost')
      if (duplication > 0) assert.isTrue(chosen('duplicate '), 'no message came twice')
      for (const { name, type } of checks) {
        if (type !== 'sometimes') continue
        assert.isTrue(
          results.some(({ sometimes }) => (sometimes[name] ?? 0) > 0),
          `never: ${name}`,
        )
      }
      const worked = results.filter(({ history }) => history.some(({ status }) => status === 'ok'))
      assert.isAtLeast(worked.length / results.length, COMPLETED_MIN, 'too little was done')
    })
  })
}

/** The same scenario without what keeps the promise: some seed shows that it is missed. */
export function isMissed(title: string, scenario: () => Scenario, check: string): void {
  it(`a test that can fail: ${title}`, async () => {
    for (let seed = 1; seed <= RUNS_MIN; seed++) {
      const result = await simulate(scenario(), { seed })
      if (result.verdict === 'ok') continue
      assert.strictEqual(result.check, check, report(result))
      return
    }
    assert.fail(`${RUNS_MIN} seeds have found nothing`)
  }).timeout(TIMEOUT_MS)
}
