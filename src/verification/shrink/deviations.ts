import { reduce } from './reduction.js'
import { countsOf, isFaultLabel } from './shrunk.js'
import { isOrdered, type Trials } from './trials.js'

/** Lets messages come in their turn that need not come early: all of them, halves, single ones. */
export async function dropDeviations(trials: Trials): Promise<void> {
  if (!trials.ofMessages || !isOrdered(trials.present.case)) return
  const { case: first } = trials.present
  const unordered = Object.entries(first.tape).filter(([label]) => isFaultLabel(label))
  const tape = Object.fromEntries(unordered)
  if (await trials.take({ ...first, tape, early: new Set() })) return
  let early = await trials.early()
  await reduce(
    () => early.length,
    async (from, to) => {
      const { case: present, result } = trials.present
      const kept = new Set([...early.slice(0, from), ...early.slice(to)])
      const { deviations } = countsOf(result)
      const fewer = await trials.take(
        { ...present, early: kept },
        (run) => countsOf(run).deviations < deviations,
      )
      if (fewer) early = await trials.early()
      return fewer
    },
  )
}
