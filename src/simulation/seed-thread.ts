import { WatchedWorker } from '../world/real/watched-worker.js'
import type { CxOptions } from './cx-run.js'
import { type OtherProcess, siblingOf } from './determinism.js'
import type { ReplayOptions } from './replay.js'

/** What a thread runs, and how. */
export interface ThreadPlan {
  /** The module, a `file:` URL. */
  readonly module: string
  /** What it exports: a run, or a scenario. */
  readonly name: string
  readonly stallMs: number
  readonly imports: readonly string[]
  /** What is to be done with the scenario; without it there is a run. */
  readonly task?: ScenarioTask
}

/** What a thread does with a scenario. */
export type ScenarioTask = {
  /** How many nodes, in place of its own. */
  readonly nodes?: number
} & (
  | {
      readonly type: 'simulate'
      readonly trace: 'none' | 'memory'
      /** Every so many seeds the live heap is measured; 0: never. */
      readonly heapEvery: number
    }
  | { readonly type: 'replay'; readonly text: string; readonly options: ReplayOptions }
  | { readonly type: 'counterexample'; readonly text: string; readonly options: CxOptions }
  | { readonly type: 'verify'; readonly otherProcess?: OtherProcess }
)

/** What became of one seed. */
export interface SeedAnswer {
  readonly seed: number | string
  readonly verdict: 'done' | 'failed' | 'stuck'
  readonly value?: unknown
  readonly reason?: string
  /** Of the error, where it has one. */
  readonly code?: string
  readonly heapBytes?: number
}

/** A thread that takes one seed after another; it is killed when it takes no step, and is gone then. */
class SeedThread {
  readonly #worker: WatchedWorker
  #asked: { readonly seed: number | string; settle(answer: SeedAnswer): void } | undefined
  #gone = false

  constructor({ module, name, stallMs, imports, task }: ThreadPlan) {
    const data = { module, name, task }
    this.#worker = new WatchedWorker(siblingOf('worker-main'), imports, data, stallMs, {
      onMessage: (message) => this.#answer(message as SeedAnswer),
      onEnd: (stalled, error) => {
        this.#gone = true
        const { seed = '' } = this.#asked ?? {}
        const reason = stalled
          ? `no step within ${stallMs} ms after step ${this.#worker.steps} [SEED=${seed}]`
          : `its thread ended: ${String(error)} [SEED=${seed}]`
        this.#answer({ seed, verdict: 'stuck', reason })
      },
    })
  }

  get gone(): boolean {
    return this.#gone
  }

  outcomeOf(seed: number | string): Promise<SeedAnswer> {
    return new Promise((settle) => {
      this.#asked = { seed, settle }
      this.#worker.send(seed)
    })
  }

  close(): Promise<void> {
    return this.#worker.close()
  }

  #answer(answer: SeedAnswer): void {
    const asked = this.#asked
    this.#asked = undefined
    asked?.settle(answer)
  }
}

/** Runs seeds one after the other in a thread, and in a new one where the last was killed. */
export async function* answersOf(
  plan: ThreadPlan,
  seeds: Iterable<number | string>,
): AsyncGenerator<SeedAnswer, void> {
  let thread: SeedThread | undefined
  try {
    for (const seed of seeds) {
      if (thread === undefined || thread.gone) thread = new SeedThread(plan)
      yield await thread.outcomeOf(seed)
    }
  } finally {
    await thread?.close()
  }
}
