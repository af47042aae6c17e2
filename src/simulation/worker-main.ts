/** The thread of `runInWorker` and `simulateInWorker`: takes a seed, gives its outcome. */
import { onWork, report, workerGift } from '../world/real/watched-worker.js'
import { exported, exportedScenario } from './exported-run.js'
import { guardSlot } from './guards/slot.js'
import { toPlain } from './plain.js'
import type { Result } from './result.js'
import type { ScenarioPlan, SeedAnswer } from './seed-thread.js'
import { simulate } from './simulate.js'
import { errorText } from './simulation-failure.js'

const { progress } = workerGift
const module = String(workerGift['module'])
const name = String(workerGift['name'])
const plan = workerGift['scenario'] as ScenarioPlan | undefined
guardSlot.progress = progress

async function outcomeOf(seed: number | string): Promise<SeedAnswer> {
  try {
    if (plan !== undefined) return { seed, verdict: 'done', value: await resultOf(seed, plan) }
    const run = await exported(module, name)
    return { seed, verdict: 'done', value: await run(seed, () => {}) }
  } catch (error) {
    return { seed, verdict: 'failed', reason: errorText(error) }
  }
}

async function resultOf(seed: number | string, { nodes, trace }: ScenarioPlan): Promise<Result> {
  const scenario = await exportedScenario(module, name)
  const result = await simulate(nodes === undefined ? scenario : { ...scenario, nodes }, {
    seed,
    trace,
  })
  return portable(result)
}

/** What can be copied to another thread: histories hold whatever operations gave. */
function portable(result: Result): Result {
  const history = result.history.map((op) => {
    const args = op.args.map((arg) => toPlain(arg))
    return { ...op, args, value: toPlain(op.value) }
  })
  const { error } = result
  if (error === undefined) return { ...result, history }
  const copy = new Error(error.message)
  if (error.stack !== undefined) copy.stack = error.stack
  return { ...result, history, error: copy }
}

// what it fails with is told with the first seed
await (plan === undefined ? exported(module, name) : exportedScenario(module, name)).catch(
  () => undefined,
)
onWork((message) => {
  const seed = message as number | string
  void outcomeOf(seed).then((answer) => {
    try {
      report(answer)
    } catch {
      // its value cannot be copied
      report({ seed, verdict: answer.verdict })
    }
  })
})
