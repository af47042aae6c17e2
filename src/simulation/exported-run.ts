import { TroupeError } from '../base/errors.js'
import type { SeededRun } from './determinism.js'
import type { Scenario } from './scenario.js'
import { isScenario, runOf } from './scenario-run.js'

/** A run that a module exports, or that of a scenario. @throws TroupeError ERR_BAD_OPTION when it does not */
export async function exported(module: string, name: string): Promise<SeededRun> {
  const found = await exportOf(module, name)
  if (typeof found === 'function') return found as SeededRun
  if (isScenario(found)) return runOf(found)
  throw missing(module, 'function and no scenario', name)
}

/** @throws TroupeError ERR_BAD_OPTION where the module exports none by that name */
export async function exportedScenario(module: string, name: string): Promise<Scenario> {
  const found = await exportOf(module, name)
  if (isScenario(found)) return found
  throw missing(module, 'scenario', name)
}

const exportOf = async (module: string, name: string): Promise<unknown> =>
  ((await import(module)) as Record<string, unknown>)[name]

const missing = (module: string, what: string, name: string): TroupeError =>
  new TroupeError('ERR_BAD_OPTION', `${module} exports no ${what} by the name '${name}'`)
