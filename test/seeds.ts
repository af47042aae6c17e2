/**
 * Seeds of the tests that draw. `npm test` runs few of each; `SEEDS=100` runs a hundred, `FIRST_SEED=301` with
 * it those from there on, as `npm run soak` does. `SEED=7` runs that one: a failing test names it.
 */
const { SEED, SEEDS, FIRST_SEED = '1' } = process.env

export const firstSeed = Number(FIRST_SEED)

/** The seeds of one test: by default `few` of them, and those that have `found` something once. */
export function seeds(few: number, found: readonly number[] = []): (number | string)[] {
  if (SEED !== undefined) return [SEED]
  const drawn = Array.from({ length: Number(SEEDS ?? few) }, (_, at) => firstSeed + at)
  return SEEDS === undefined ? [...new Set([...drawn, ...found])] : drawn
}

/** For a property that is tried many times in one test: how often, and what its draws follow from. */
export function draws(
  few: number,
  seed: number,
): { readonly numRuns: number; readonly seed: number } {
  const numRuns = Math.max(few, Number(SEEDS ?? 0))
  return { numRuns, seed: SEED === undefined ? seed + firstSeed - 1 : Number(SEED) }
}
