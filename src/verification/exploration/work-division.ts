import type { ShrinkBudget } from './desk.js'
import type { NamedExplorer } from './explorer-names.js'
import type { ScenarioSource } from './scenario-source.js'
import type { ShareExplorer } from './share.js'

export interface ExplorationPlan {
  readonly explorers: readonly NamedExplorer[]
  readonly executions: number | undefined
  readonly seconds: number | undefined
  readonly seedBase: number
  readonly shard: { readonly index: number; readonly of: number }
  readonly workers: number
  readonly stopAtFirst: boolean
  readonly verify: number
  /** Bounds for making counterexamples smaller; undefined: they stay as they were found. */
  readonly shrink: ShrinkBudget | undefined
  readonly changed: Pick<ScenarioSource, 'nodes' | 'level'>
}

/** What one thread is given. `executions`: of its own; absent: no bound, or those of a pool. */
export interface Share {
  readonly explorers: readonly ShareExplorer[]
  readonly executions: number | undefined
}

/** Nobody knows beforehand which part of a search that ends has how much to do. */
const isPooled = ({ explorers, workers }: ExplorationPlan): boolean =>
  workers > 1 && explorers.every(({ factory }) => !factory.seeded)

/** Runs that threads take from one heap, where their shares are not fixed; undefined: no such heap. */
export function poolOf(plan: ExplorationPlan): Int32Array | undefined {
  if (plan.executions === undefined || !isPooled(plan)) return undefined
  const pool = new Int32Array(new SharedArrayBuffer(4))
  pool[0] = plan.executions
  return pool
}

/**
 * The work of a campaign by threads. Seeds are dealt out in turns, and their runs are fixed numbers, so that a
 * campaign makes the same runs however quick its threads are; all lie in the range that is this shard's.
 */
export function sharesOf(plan: ExplorationPlan): Share[] {
  const { executions, workers } = plan
  return Array.from({ length: workers }, (_, at) => ({
    explorers: plan.explorers.map((_, index) => explorerOf(plan, index, at)),
    executions:
      executions === undefined || isPooled(plan)
        ? undefined
        : Math.floor(executions / workers) + (at < executions % workers ? 1 : 0),
  }))
}

function explorerOf(plan: ExplorationPlan, index: number, at: number): ShareExplorer {
  const { seedBase, shard, workers } = plan
  const { text, factory } = plan.explorers[index] as NamedExplorer
  if (factory.seeded) {
    return { index, text, seedBase: firstSeed(plan), shard: { index: at, of: workers } }
  }
  const slice = { index: shard.index * workers + at, of: shard.of * workers }
  return { index, text, seedBase, shard: slice }
}

/** Where the seeds of this shard begin. */
export const firstSeed = ({ seedBase, shard, executions = 0 }: ExplorationPlan): number =>
  seedBase + shard.index * executions
