/** The other process of `verifyDeterminism`. */
import { answerParent } from '../world/real/child-run.js'
import { type RecordRequest, type RunRecord, record } from './determinism.js'
import { exported } from './exported-run.js'

answerParent(async (request) => {
  const { module, name, seeds } = request as RecordRequest
  try {
    const run = await exported(module, name)
    const records: RunRecord[] = []
    for (const seed of seeds) records.push(await record(run, seed))
    return records
  } catch (error) {
    return { error: String(error) }
  }
})
