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

/** One body in a simulation, over some seeds. Replay one with `SEED=n npx mocha -g 'the title'`. */
export function inSimulation(
  title: string,
  body: (env: Simulated) => Promise<void>,
  few = 3,
): void {
  for (const seed of seeds(few)) {
    it(`${title} [SEED=${seed}]`, () => within(new Simulated(seed), body))
  }
}

/** One body on real sockets. */
export function onSockets(title: string, body: (env: Real) => Promise<void>): void {
  it(`${title} [TCP]`, () => within(new Real(), body)).timeout(20_000)
}

/** One body in a simulation over some seeds, and on real sockets. */
export function everywhere(
  title: string,
  body: (env: Environment) => Promise<void>,
  few = 3,
): void {
  inSimulation(title, body, few)
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
