/**
 * Seeds for a test that draws: 1 to `count`, or the one in the environment. A failing test has its
 * seed in its name; run it alone with `SEED=7 npx mocha 'test/overlay/**' -g 'SEED=7'`.
 */
export function seeds(count: number): number[] {
  const env: { SEED?: string; SEEDS?: string } = process.env
  const one = env.SEED
  if (one !== undefined) return [Number(one)]
  const times = Number(env.SEEDS ?? 1)
  return Array.from({ length: count * times }, (_, i) => i + 1)
}
