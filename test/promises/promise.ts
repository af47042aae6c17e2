import { seeds } from '../seeds.js'
import type { Environment } from './environment.js'
import { Real } from './real.js'
import { Simulated } from './simulated.js'

/**
 * The tests of one promise. `words` stand in docs/semantics.md under `heading`, where they name the
 * line; test/docs/semantics.test.ts sees to it that every line has its promise here.
 */
export function promise(heading: string, words: string, tests: () => void): void {
  describe(`${heading}: ${words}`, tests)
}

/** Another overlay under the same tests: in a simulation, and with one seed each. */
export interface Under {
  readonly title: string
  simulated(seed: number | string): Simulated
  /** Tests that it fails by design, by a part of their title. */
  readonly except?: RegExp
  /** Seeds at which something was found once, by the title of the test. */
  readonly found?: Readonly<Record<string, readonly number[]>>
}

let under: Under | undefined

/** Registers the tests of files of this folder once more, over another overlay. */
export async function overOverlay(other: Under, files: readonly string[]): Promise<void> {
  under = other
  try {
    for (const file of files)
      await import(`./${file}.test.ts?over=${encodeURIComponent(other.title)}`)
  } finally {
    under = undefined
  }
}

/** One body in a simulation, over some seeds, and those at which something was `found` once. Replay one with `SEED=n npx mocha -g 'the title'`. */
export function inSimulation(
  title: string,
  body: (env: Simulated) => Promise<void>,
  few = 3,
  found: readonly number[] = [],
): void {
  const other = under
  if (other?.except?.test(title)) return
  const drawn = seeds(other === undefined ? few : 1)
  const all = other === undefined ? found : (other.found?.[title] ?? [])
  const kept = process.env['SEED'] === undefined ? all : []
  for (const seed of new Set([...drawn, ...kept])) {
    const text = other === undefined ? title : `${title}, over ${other.title}`
    it(`${text} [SEED=${seed}]`, () =>
      within(other === undefined ? new Simulated(seed) : other.simulated(seed), body))
  }
}

/** One body on real sockets. */
export function onSockets(title: string, body: (env: Real) => Promise<void>): void {
  if (under !== undefined) return
  it(`${title} [TCP]`, () => within(new Real(), body)).timeout(20_000)
}

/** One body in a simulation over some seeds, and on real sockets. */
export function everywhere(
  title: string,
  body: (env: Environment) => Promise<void>,
  few = 3,
  found: readonly number[] = [],
): void {
  inSimulation(title, body, few, found)
  onSockets(title, body)
}

async function within<E extends Environment>(
  env: E,
  body: (env: E) => Promise<void>,
): Promise<void> {
  let failed = true
  try {
    await body(env)
    failed = false
  } finally {
    if (failed) await env.close().catch(() => {})
    else await env.close()
  }
}
