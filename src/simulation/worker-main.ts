/** The thread of `runInWorker`: takes a seed, gives its outcome. */
import { onWork, report, workerGift } from '../world/real/watched-worker.js'
import { exported } from './exported-run.js'
import { guardSlot } from './guards/slot.js'
import type { SeedAnswer } from './run-in-worker.js'
import { messageOf } from './simulation-failure.js'

const { progress, module, name } = workerGift
guardSlot.progress = progress

async function outcomeOf(seed: number | string): Promise<SeedAnswer> {
  try {
    const run = await exported(String(module), String(name))
    return { seed, verdict: 'done', value: await run(seed, () => {}) }
  } catch (error) {
    return { seed, verdict: 'failed', reason: messageOf(error) }
  }
}

// what it fails with is told with the first seed
await exported(String(module), String(name)).catch(() => undefined)
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
