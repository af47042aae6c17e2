import type { Tape } from '../simulation/index.js'
import { reduce } from '../verification/shrink/reduction.js'
import type { Trial } from './trial.js'

/** The same steps with other answers to the run's choices; undefined where that fails in no such way, or may not be tried any more. */
export type Retry = (tape: Tape) => Promise<Trial | undefined>

/**
 * The run with as few choices as possible that are not the ordinary ones (a message lost, one that overtakes another): takes
 * them out in halves, then in smaller and smaller parts, until none can be spared.
 */
export async function withSmallerTape(trial: Trial, retry: Retry): Promise<Trial> {
  let smallest = trial
  const entries = (): [string, number][] => Object.entries(smallest.result.tape)
  await reduce(
    () => entries().length,
    async (from, to) => {
      const rest = entries().filter((_, at) => at < from || at >= to)
      const found = await retry(Object.fromEntries(rest))
      if (found === undefined || Object.keys(found.result.tape).length >= entries().length) {
        return false
      }
      smallest = found
      return true
    },
  )
  return smallest
}

/** The same choices about the messages before: `drop n1>n2:reply#3` becomes `#2`, as it is with a step less. */
export function earlier(tape: Tape): Tape {
  const before = (_: string, ordinal: string): string => `#${Math.max(1, Number(ordinal) - 1)}`
  return Object.fromEntries(
    Object.entries(tape).map(([label, pick]) => [label.replace(/#(\d+)/g, before), pick]),
  )
}
