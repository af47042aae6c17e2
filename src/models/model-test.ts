import { loadFastCheck } from './fast-check-package.js'
import { type Arguments, type ModelTestOptions, readPlan } from './model-options.js'
import type { ModelReport } from './model-report.js'
import { Search } from './search.js'

/**
 * Tries commands on a system, in simulated worlds, and holds what they give against a model: draws sequences of commands
 * with fast-check, mixes faults in, runs each sequence as a simulated client, and makes the first run that fails smaller.
 * The same seed gives the same report. Works under any test runner: it is just a promise.
 *
 *     const { ok, report } = await modelTest({ scenario, model: {}, commands: { write, read }, faults: faultModels.partitions() })
 *     assert.ok(ok, report())
 *
 * A failure is a report, not a rejection.
 *
 * @throws TroupeError ERR_BAD_OPTION, ERR_BAD_SCENARIO; ERR_BAD_MODEL for a model or a command that contradicts itself;
 *   ERR_PACKAGE_MISSING without the package `fast-check`
 */
export async function modelTest<M, const A extends Arguments>(
  options: ModelTestOptions<M, A>,
): Promise<ModelReport> {
  const fc = await loadFastCheck()
  return new Search(fc, readPlan(fc, options)).run()
}
