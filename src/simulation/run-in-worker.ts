import { check, durationMs, isText, readOptions } from '../base/options.js'
import { WatchedWorker } from '../world/real/watched-worker.js'
import { siblingOf } from './determinism.js'

export interface WorkerRunOptions {
  /** The name by which the module exports the run: `(seed) => Promise<unknown>`. Default: `run`. */
  readonly export?: string
  /** Real time without a step of a simulation after which a run counts as stuck, in ms; a seed's start and end count as steps, and loading has a minute. Default: 10,000. */
  readonly stallMs?: number
  /**
   * Modules that the thread loads first, in order: `troupe/guards`, one that registers a loader for
   * TypeScript. What `--import` gave this process does not reach the thread on every Node.js.
   */
  readonly imports?: readonly (string | URL)[]
}

/** How the run of one seed came out. */
export interface SeedOutcome {
  readonly seed: number | string
  /** `stuck`: it took no step for `stallMs` and was killed, or its thread ended. */
  readonly verdict: 'done' | 'failed' | 'stuck'
  /** What it gave, where that can be copied between threads. */
  readonly value?: unknown
  /** What it failed with, or why it was killed. */
  readonly reason?: string
}

/** From the thread. */
export type SeedAnswer = Omit<SeedOutcome, 'verdict'> & { readonly verdict: 'done' | 'failed' }

const FIELDS = {
  export: { fallback: 'run', check: isText },
  stallMs: { fallback: 10_000, check: durationMs(1) },
  imports: {
    fallback: [],
    check: check<readonly (string | URL)[]>('an array of modules', (value) => Array.isArray(value)),
  },
}

/**
 * Runs seeds one after the other in a thread, which is watched from this one: a loop of promises that
 * never ends cannot be stopped from inside. The thread of a seed that is stuck is killed, and the next
 * seed begins in a new one.
 *
 * @param module the module that exports the run: a `file:` URL
 * @throws TroupeError ERR_BAD_OPTION
 */
export async function runInWorker(
  module: string | URL,
  seeds: readonly (number | string)[],
  options?: WorkerRunOptions,
): Promise<SeedOutcome[]> {
  const read = readOptions<WorkerRunOptions>('runInWorker', FIELDS, options)
  const { export: name = 'run', stallMs = 10_000, imports = [] } = read
  const thread = { module: String(module), name, stallMs, imports: imports.map(String) }
  const outcomes: SeedOutcome[] = []
  while (outcomes.length < seeds.length) {
    outcomes.push(...(await batch(thread, seeds.slice(outcomes.length))))
  }
  return outcomes
}

interface Thread {
  readonly module: string
  readonly name: string
  readonly stallMs: number
  readonly imports: readonly string[]
}

/** Runs seeds until all are done or one is stuck. */
function batch(thread: Thread, seeds: readonly (number | string)[]): Promise<SeedOutcome[]> {
  const { module, name, stallMs, imports } = thread
  const main = siblingOf('worker-main')
  return new Promise((resolve) => {
    const outcomes: SeedOutcome[] = []
    const worker = new WatchedWorker(main, imports, { module, name }, stallMs, {
      onMessage(message) {
        outcomes.push(message as SeedAnswer)
        const next = seeds[outcomes.length]
        if (next !== undefined) worker.send(next)
        else void worker.close().then(() => resolve(outcomes))
      },
      onEnd(stalled, error) {
        const seed = seeds[outcomes.length] as number | string
        const reason = stalled
          ? `no step within ${stallMs} ms after step ${worker.steps} [SEED=${seed}]`
          : `its thread ended: ${String(error)} [SEED=${seed}]`
        resolve([...outcomes, { seed, verdict: 'stuck', reason }])
      },
    })
    worker.send(seeds[0])
  })
}
