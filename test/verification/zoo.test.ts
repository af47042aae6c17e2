import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import { printCounterexample, runCounterexample } from '../../src/simulation/index.js'
import { type CampaignCounts, type Failure, runCampaign } from '../../src/verification/index.js'
import { firstSeed, seeds } from '../seeds.js'
import { PAGE, writtenTable, zooTable } from './zoo-page.js'
import { type Exhibit, ZOO } from './zoo-table.js'

/** Runs in which a mistake must be found; most take fewer than ten. */
const HUNT = 6_000
/** Seeds of a correct form; `npm run soak` runs a thousand of each and more. */
const TRIALS = seeds(40)

interface Walked {
  readonly counts: CampaignCounts
  readonly failure: Failure | undefined
}

/** Runs until something fails, or so many runs. */
async function walk({ scenario, using }: Exhibit, base: number, executions: number) {
  const plan = { seedBase: base, shard: { index: 0, of: 1 } }
  const explorers = using.map((factory) => factory.create(scenario, plan))
  let failure: Failure | undefined
  const counts = await runCampaign(
    scenario,
    explorers,
    { executions },
    {
      failed(one) {
        failure = one
        return 'stop'
      },
    },
    () => performance.now(),
  )
  return { counts, failure } satisfies Walked
}

const textOf = ({ explorer, result }: Failure): string =>
  `${explorer}: ${result.error?.message}\n${printCounterexample(result)}\nagain: SEED=${result.seed}`

describe('the zoo of protocols', function () {
  this.timeout(60_000)

  for (const { protocol, correct, flaws, bugs } of ZOO) {
    describe(protocol, () => {
      it('is never blamed in its correct form', async () => {
        const base = Number(TRIALS[0])
        const { counts, failure } = await walk(correct, base, TRIALS.length * correct.using.length)
        assert.isUndefined(failure, failure && textOf(failure))
        assert.equal(counts.undecided, 0)
        assert.isAtLeast(counts.completed, 0.9 * counts.executions)
      }).timeout(60_000 + 60 * TRIALS.length)

      for (const [flaw, exhibit] of Object.entries(flaws)) {
        it(`has a known flaw, which is found: ${flaw}`, async () => {
          const { failure } = await walk(exhibit, firstSeed, HUNT)
          assert.isDefined(failure)
        })
      }

      for (const [bug, exhibit] of Object.entries(bugs)) {
        it(`is caught with the mistake "${bug}", in a run that replays`, async () => {
          const { failure } = await walk(exhibit, firstSeed, HUNT)
          if (failure === undefined) assert.fail(`not found in ${HUNT} runs`)
          const text = printCounterexample(failure.result)
          const { outcome } = await runCounterexample(text, exhibit.scenario)
          assert.include(['asRecorded', 'sameFailure'], outcome)
        })
      }
    })
  }

  it('has thirty mistakes in ten protocols', () => {
    assert.isAtLeast(ZOO.length, 10)
    assert.isAtLeast(ZOO.flatMap(({ bugs }) => Object.keys(bugs)).length, 30)
  })

  it('stands in the documentation', () => {
    assert.equal(writtenTable(readFileSync(PAGE, 'utf8')), zooTable())
  })
})
