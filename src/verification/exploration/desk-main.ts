/** A thread that does tasks with a scenario of a user's module. */
import { codeOf, messageOf } from '../../base/errors.js'
import { guardSlot } from '../../simulation/guards/slot.js'
import { realTerminal } from '../../world/real/real-terminal.js'
import { onWork, report, workerGift } from '../../world/real/watched-worker.js'
import { Desk, type DeskTask } from './desk.js'
import type { DeskSaying } from './desk-thread.js'
import { loadScenario, type ScenarioSource } from './scenario-source.js'

guardSlot.progress = workerGift.progress
const source = workerGift['source'] as ScenarioSource
const say = (saying: DeskSaying): void => report(saying)

let desk: Desk | undefined

const STACK_LINES = Error.stackTraceLimit

async function answer(task: DeskTask): Promise<void> {
  Error.stackTraceLimit = STACK_LINES
  try {
    desk ??= new Desk(await loadScenario(source), realTerminal.nowMs)
    const value = await desk.do(task, (event) => {
      // Nobody reads where an error of a campaign's run was made, and to write it down costs a third of the run.
      if (event.type === 'begins' && !event.verifies) Error.stackTraceLimit = 0
      say({ type: 'event', event })
    })
    say({ type: 'done', value })
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined
    say({ type: 'failed', message: messageOf(error), code: codeOf(error), stack })
  }
}

onWork((task) => void answer(task as DeskTask))
