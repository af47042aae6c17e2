import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  kindOf,
  printCounterexample,
  type Result,
  report,
  type Scenario,
} from '../../src/simulation/index.js'
import { HeapTrend, type HeapVerdict } from './heap-trend.js'
import { NoResult, type ScenarioModule, simulated } from './in-thread.js'

export interface CampaignOptions {
  readonly seconds: number
  /** Ends it earlier. */
  readonly executions?: number
  /** Seeds are `base`/1, `base`/2, … */
  readonly base: string
  /** Where counterexamples go. */
  readonly out: string
  /** Ends at the first failure. */
  readonly stopAtFirst: boolean
  /** How the scenario is called on the command line. */
  readonly name: string
  /** Where a thread finds it. */
  readonly from: ScenarioModule
  say(line: string): void
}

/** What came of many runs of one scenario. */
export interface Campaign {
  readonly scenario: string
  readonly executions: number
  readonly perSecond: number
  readonly failed: number
  /** Of these, killed from outside because they took no step any more. */
  readonly stuck: number
  /** Operations that were done, refused, or of which nobody knows. */
  readonly operations: Readonly<Record<string, number>>
  /** How often each kind of fault happened. */
  readonly faults: Readonly<Record<string, number>>
  /** Kinds that never happened though the model may choose them. */
  readonly unused: readonly string[]
  /** Share of executions in which an operation was done. */
  readonly completed: number
  /** What lives between executions; absent where there were too few of them to tell. */
  readonly heap: HeapVerdict | undefined
  readonly verdict: 'ok' | 'fail'
  readonly seconds: number
}

const COMPLETED_MIN = 0.9
/** Garbage is collected, and the heap measured, once in so many executions. */
const HEAP_EVERY = 4

/** Runs a scenario under one seed after another until the time is over. */
export async function campaign(scenario: Scenario, options: CampaignOptions): Promise<Campaign> {
  const { seconds, executions: most = Number.POSITIVE_INFINITY, base, say } = options
  const began = performance.now()
  const elapsed = (): number => (performance.now() - began) / 1000
  const operations: Record<string, number> = {}
  const faults: Record<string, number> = {}
  const heap = new HeapTrend()
  let [executions, failed, stuck, completed] = [0, 0, 0, 0]
  function* seeds(): Generator<string> {
    while (elapsed() < seconds && executions < most) yield `${base}/${executions + 1}`
  }
  for await (const one of simulated(options.from, seeds(), { heapEvery: HEAP_EVERY })) {
    const { seed, result } = one
    if (one.verdict === 'failed') throw new NoResult(scenario.name, one)
    executions++
    if (result === undefined) {
      failed++
      stuck++
      heap.restart(executions)
      say(
        `${new NoResult(scenario.name, one).message}\n  again: npm run sim -- ${options.name} --seed ${seed}`,
      )
      if (options.stopAtFirst) break
      continue
    }
    if (one.heapBytes !== undefined) heap.take(executions, one.heapBytes)
    for (const { status } of result.history) operations[status] = (operations[status] ?? 0) + 1
    for (const { fault, ends } of result.faults) {
      const kind = ends ? undefined : kindOf(fault)
      if (kind !== undefined) faults[kind] = (faults[kind] ?? 0) + 1
    }
    if (result.history.some(({ status }) => status === 'ok')) completed++
    if (result.verdict !== 'ok') {
      failed++
      keep(result, options)
      if (options.stopAtFirst) break
    }
    if (process.stderr.isTTY) {
      process.stderr.write(
        `\r${executions} executions, ${failed} failed, ${Math.round(elapsed())} s `,
      )
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\n')
  const unused = kindsOf(scenario).filter((kind) => faults[kind] === undefined)
  const share = completed / executions
  const time = elapsed()
  if (unused.length > 0) say(`never happened: ${unused.join(', ')}`)
  if (share < COMPLETED_MIN) say(`only ${Math.round(share * 100)} % of executions did an operation`)
  const memory = heap.verdict
  if (memory?.leaks) {
    const { fromMb, toMb, growthKb } = memory
    say(
      `memory does not return to its base: ${fromMb} MiB, then ${toMb} MiB, ${growthKb} KiB more an execution`,
    )
  }
  return {
    scenario: scenario.name,
    executions,
    perSecond: Math.round((executions / time) * 10) / 10,
    failed,
    stuck,
    operations,
    faults,
    unused,
    completed: Math.round(share * 1000) / 1000,
    heap: memory,
    verdict:
      failed > 0 || unused.length > 0 || share < COMPLETED_MIN || memory?.leaks ? 'fail' : 'ok',
    seconds: Math.round(time * 10) / 10,
  }
}

/** Writes a counterexample down and says how to see it again. */
function keep(result: Result, { out, name, say }: CampaignOptions): void {
  mkdirSync(out, { recursive: true })
  const file = join(out, `${result.scenario}-${result.seed.replace(/[^\w.-]/g, '-')}.cx`)
  writeFileSync(file, printCounterexample(result))
  say(report(result))
  say(`  again: npm run sim -- ${name} --seed ${result.seed}`)
  say(`  or:    npm run sim -- ${name} --replay ${file}`)
}

/** The kinds that a scenario's model may choose. */
function kindsOf({ faults }: Scenario): string[] {
  const weights = Object.entries(faults?.options.weights ?? {})
  return weights.filter(([, weight]) => (weight ?? 0) > 0).map(([kind]) => kind)
}
