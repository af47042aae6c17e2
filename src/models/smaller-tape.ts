import type { Tape } from '../simulation/index.js'
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
  for (let size = entries().length; size >= 1; ) {
    let spared = false
    for (let at = 0; at < entries().length; ) {
      const rest = entries().filter((_, place) => place < at || place >= at + size)
      const found = await retry(Object.fromEntries(rest))
      if (found !== undefined && Object.keys(found.result.tape).length < entries().length) {
        smallest = found
        spared = true
      } else at += size
    }
    if (size === 1 && !spared) break
    size = size === 1 ? 1 : Math.ceil(Math.min(size, entries().length) / 2)
  }
  return smallest
}

/** The same choices about the messages before: `drop n1>n2:reply#3` becomes `#2`, as it is with a step less. */
export function earlier(tape: Tape): Tape {
  const before = (_: string, ordinal: string): string => `#${Math.max(1, Number(ordinal) - 1)}`
  return Object.fromEntries(
    Object.entries(tape).map(([label, pick]) => [label.replace(/#(\d+)/g, before), pick]),
  )
}
