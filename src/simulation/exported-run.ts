import { TroupeError } from '../base/errors.js'
import type { SeededRun } from './determinism.js'
import { isScenario, runOf } from './scenario-run.js'

/** A run that a module exports, or that of a scenario. @throws TroupeError ERR_BAD_OPTION when it does not */
export async function exported(module: string, name: string): Promise<SeededRun> {
  const found = ((await import(module)) as Record<string, unknown>)[name]
  if (typeof found === 'function') return found as SeededRun
  if (isScenario(found)) return runOf(found)
  throw new TroupeError(
    'ERR_BAD_OPTION',
    `${module} exports no function and no scenario by the name '${name}'`,
  )
}
