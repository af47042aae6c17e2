/**
 * `npm run soak [-- --seconds N] [--seeds N] [--out DIR] [--json]`: every suite that draws from seeds runs with
 * 1,000 of them (`--seeds`), on all cores, a part of the seeds of every suite before the next part of any; then
 * random seeds of the soak scenario over full nodes. With `--seconds` all ends after that time, of which the
 * scenario gets the last quarter, and it says how far it came.
 * Ends with 0 when all held, 1 when something did not, 3 for wrong use.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type Failure, SoakPlan } from './soak-plan.js'
import { SoakProcess } from './soak-process.js'

const USAGE = 'usage: npm run soak [-- --seconds N] [--seeds N] [--out DIR] [--json]'
/** How long the scenario runs where no time is given, in s. */
const SCENARIO_SECONDS = 300

interface Given {
  readonly seconds: number | undefined
  readonly seeds: number
  readonly out: string
  readonly json: boolean
}

function given(argv: readonly string[]): Given {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seconds: { type: 'string' },
      seeds: { type: 'string', default: '1000' },
      out: { type: 'string', default: 'counterexamples' },
      json: { type: 'boolean', default: false },
    },
  })
  const whole = (name: string, text: string): number => {
    if (!/^[1-9]\d*$/.test(text))
      throw new Error(`--${name} must be a whole number from 1, got ${text}`)
    return Number(text)
  }
  return {
    ...values,
    seconds: values.seconds === undefined ? undefined : whole('seconds', values.seconds),
    seeds: whole('seeds', values.seeds),
  }
}

async function soak({ seconds, seeds, out, json }: Given): Promise<number> {
  const began = performance.now()
  const elapsed = (): number => (performance.now() - began) / 1000
  const scenarioSeconds = seconds === undefined ? SCENARIO_SECONDS : Math.max(1, seconds / 4)
  const suitesEnd = seconds === undefined ? Number.POSITIVE_INFINITY : seconds - scenarioSeconds
  const plan = new SoakPlan(seeds)
  const failures: Failure[] = []
  const progress = (): void => {
    if (!process.stderr.isTTY) return
    const { done, all } = plan
    process.stderr.write(
      `\r${done} of ${all} parts, ${failures.length} failed, ${Math.round(elapsed())} s `,
    )
  }
  const say = (failure: Failure): void => {
    failures.push(failure)
    console.error(`\nfailed: ${failure.title}\n  ${failure.message}\n  again: ${failure.again}`)
  }
  const lane = async (): Promise<void> => {
    for (let part = plan.next(); part !== undefined; part = plan.next()) {
      const left = suitesEnd - elapsed()
      if (left <= 0) return
      const found = await SoakProcess.suite(part, left)
      if (found === 'cut off') return
      plan.ended(part)
      for (const failure of found) say(failure)
      progress()
    }
  }
  const lanes = Array.from({ length: availableParallelism() }, (_, at) => at)
  await Promise.all(lanes.map(lane))
  const base = Date.now() % 1_000_000
  const campaigns = await Promise.all(
    lanes.map((at) => SoakProcess.scenario(`${base}.${at}`, scenarioSeconds, out)),
  )
  if (process.stderr.isTTY) process.stderr.write('\n')
  const executions = campaigns.reduce((sum, one) => sum + one.executions, 0)
  const failed = campaigns.reduce((sum, one) => sum + one.failed, 0)
  const bad = campaigns.some(({ verdict }) => verdict !== 'ok')
  const result = {
    suites: plan.suites,
    seeds: plan.seedsDone,
    seedsWanted: seeds,
    parts: plan.done,
    partsWanted: plan.all,
    failures: failures.length,
    executions,
    executionsFailed: failed,
    verdict: failures.length > 0 || bad ? 'fail' : 'ok',
    seconds: Math.round(elapsed()),
  }
  if (json) console.log(JSON.stringify(result))
  else {
    const far = plan.done < plan.all ? `${plan.done} of ${plan.all} parts in time, ` : ''
    console.log(
      `${plan.suites} suites: ${far}${plan.seedsDone} seeds of each or more, ${failures.length} failures`,
    )
    console.log(`soak scenario: ${executions} executions, ${failed} failed`)
    console.log(`${result.verdict} after ${result.seconds} s`)
  }
  return result.verdict === 'ok' ? 0 : 1
}

let wanted: Given | undefined
try {
  wanted = given(process.argv.slice(2))
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`)
  process.exitCode = 3
}
if (wanted !== undefined) process.exitCode = await soak(wanted)
