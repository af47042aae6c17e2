/** The thread of `runInWorker`, `simulateInWorker` and their like: takes a seed, gives its outcome. */
import { codeOf } from '../base/errors.js'
import { unreachable } from '../base/unreachable.js'
import { macrotask } from '../world/real/drain.js'
import { liveBytes } from '../world/real/live-heap.js'
import { onWork, report, workerGift } from '../world/real/watched-worker.js'
import { runCounterexample } from './cx-run.js'
import { verifyDeterminism } from './determinism.js'
import { exported, exportedScenario } from './exported-run.js'
import { guardSlot } from './guards/slot.js'
import { toPlain } from './plain.js'
import { replay } from './replay.js'
import type { Result } from './result.js'
import type { ScenarioTask, SeedAnswer } from './seed-thread.js'
import { simulate } from './simulate.js'
import { errorText } from './simulation-failure.js'

const { progress } = workerGift
const module = String(workerGift['module'])
const name = String(workerGift['name'])
const task = workerGift['task'] as ScenarioTask | undefined
guardSlot.progress = progress

async function outcomeOf(seed: number | string): Promise<SeedAnswer> {
  try {
    if (task !== undefined) {
      const value = await done(seed, task)
      return { seed, verdict: 'done', value, ...(await heapNow()) }
    }
    const run = await exported(module, name)
    return { seed, verdict: 'done', value: await run(seed, () => {}) }
  } catch (error) {
    const code = codeOf(error)
    return {
      seed,
      verdict: 'failed',
      reason: errorText(error),
      ...(code !== undefined && { code }),
    }
  }
}

let runs = 0

/** Every so many runs what lives on when they are over; the last one's frames have to go first. */
async function heapNow(): Promise<{ readonly heapBytes?: number }> {
  if (task?.type !== 'simulate' || task.heapEvery === 0) return {}
  if (++runs % task.heapEvery !== 0) return {}
  await new Promise<void>((resolve) => macrotask(resolve))
  return { heapBytes: liveBytes() }
}

/** What a task gives, as it can be copied to another thread. */
async function done(seed: number | string, task: ScenarioTask): Promise<unknown> {
  const own = await exportedScenario(module, name)
  const scenario = task.nodes === undefined ? own : { ...own, nodes: task.nodes }
  switch (task.type) {
    case 'simulate':
      return portable(await simulate(scenario, { seed, trace: task.trace }))
    case 'replay': {
      const replayed = await replay(task.text, scenario, task.options)
      return { ...replayed, result: portable(replayed.result) }
    }
    case 'counterexample': {
      const run = await runCounterexample(task.text, scenario, task.options)
      return { ...run, result: portable(run.result) }
    }
    case 'verify': {
      const { otherProcess } = task
      await verifyDeterminism(scenario, { seeds: [seed], ...(otherProcess && { otherProcess }) })
      return undefined
    }
    default:
      return unreachable(task)
  }
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
await (task === undefined ? exported(module, name) : exportedScenario(module, name)).catch(
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
