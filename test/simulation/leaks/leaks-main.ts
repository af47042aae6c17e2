/** Run with the guards loaded first: says of every leak, in a line of JSON, how it is met. */
import { codeOf } from '../../../src/index.js'
import {
  EscapedWaitError,
  NondeterminismError,
  SimulationFailure,
  verifyDeterminism,
} from '../../../src/simulation/index.js'
import { CATALOGUE, type LeakRun, type Met, run } from './catalogue.js'

const MODULE = new URL('./catalogue.ts', import.meta.url)

async function meet(name: string, elsewhere: boolean): Promise<{ met: Met; detail: string }> {
  let last: LeakRun | undefined
  try {
    await verifyDeterminism(
      async (seed, trace) => {
        last = await run(seed, trace)
        return last
      },
      { seeds: [name], ...(elsewhere && { otherProcess: { module: MODULE } }) },
    )
  } catch (error) {
    const detail = String((error as Error).message)
    if (error instanceof NondeterminismError) {
      return { met: error.where === 'another process' ? 'other process' : 'second run', detail }
    }
    if (!(error instanceof SimulationFailure)) throw error
    if (error.cause instanceof EscapedWaitError) return { met: 'escaped wait', detail }
    if (codeOf(error.cause) === 'ERR_GUARDED') return { met: 'forbidden', detail }
    throw error
  }
  const [warning] = last?.sim.warnings ?? []
  if (warning === undefined) return { met: 'not met', detail: 'same in all runs' }
  return { met: 'virtualised', detail: `${warning.name} at ${warning.at}` }
}

const say = (name: string, result: object): void => {
  process.stdout.write(`${JSON.stringify({ name, ...result })}\n`)
}

const unmet: string[] = []
for (const { name } of CATALOGUE) {
  const result = await meet(name, false)
  if (result.met === 'not met') unmet.push(name)
  else say(name, result)
}
for (const name of unmet) say(name, await meet(name, true))
