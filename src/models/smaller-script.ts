import { reduce } from '../verification/shrink/reduction.js'
import { drop, partsOf, type Script } from './script.js'
import type { Trial } from './trial.js'

/** Fewer steps than a run had; undefined where that fails in no such way, or may not be tried any more. */
export type RetryScript = (script: Script, of: Trial) => Promise<Trial | undefined>

/** The run with as few steps as possible: takes them out of its sequences, whole ones first, then in smaller and smaller parts. */
export async function withSmallerScript(trial: Trial, retry: RetryScript): Promise<Trial> {
  let smallest = trial
  for (let of = 0; of < partsOf(trial.script).length; of++) {
    await reduce(
      () => partsOf(smallest.script)[of]?.length ?? 0,
      async (from, to) => {
        const found = await retry(drop(smallest.script, of, from, to - from), smallest)
        if (found !== undefined) smallest = found
        return found !== undefined
      },
    )
  }
  return smallest
}
