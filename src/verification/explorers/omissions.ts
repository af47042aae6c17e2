import { badOption, integer, oneOf, readOptions } from '../../base/options.js'
import type { Scenario } from '../../simulation/index.js'
import type { ExplorerFactory } from '../explorer.js'
import { DynamicOmissions } from './dynamic-omissions.js'
import { isPrune, type PruneRule, rulesOf } from './prune-rules.js'
import { renamingOf } from './renaming.js'
import { StaticOmissions } from './static-omissions.js'

export interface OmissionsOptions {
  /** Messages that are lost in one run, at most. Default 2; Infinity: all there are. */
  readonly max?: number
  /**
   * `dynamic` (default): messages of every run are decided, also those that come of a loss (retransmissions, the
   * way to an abort). `static`: all subsets of the messages of the run without faults, 2^k of them.
   */
  readonly mode?: 'dynamic' | 'static'
  /**
   * Nodes that crash in one run, at most, and stay down: each before any message it would send, so also in the
   * middle of a step that sends several. Each counts as one of `max`. Only for `dynamic`. Default 0.
   */
  readonly crashes?: number
  /**
   * Runs that are left out because they could only end like others; `Explorer.skippedBy` counts them.
   *
   * - `same-run`: the same losses count, so it is the same run, event for event.
   * - `lineage`: what is lost in addition is noticed by nobody but its receiver, which is known from other runs to
   *   do the same without it. Not where a check or the workload looks into the receiver (`View.actors`, `nodes`).
   * - `equivalent`: a node's last message is lost and then it crashes; it is tried as a crash before that message.
   *   Takes it that nobody can tell when within a step's messages the node ended.
   * - `symmetry`: the set is another one with nodes renamed that the scenario says are `interchangeable`. Sets with
   *   crashes are not renamed: where there are crashes, only sets of `max` losses are. Failures are found up to renaming.
   *
   * `true` (default): `same-run`. `false`: none.
   */
  readonly prune?: boolean | readonly PruneRule[]
}

const FIELDS = {
  max: { fallback: 2, check: integerOrInfinity() },
  mode: { fallback: 'dynamic', check: oneOf('dynamic', 'static') },
  crashes: { fallback: 0, check: integer(0) },
  prune: { fallback: true, check: isPrune },
}

function integerOrInfinity() {
  const whole = integer(0)
  return {
    text: `${whole.text} or Infinity`,
    test: (v: unknown) => v === Number.POSITIVE_INFINITY || whole.test(v),
  }
}

/**
 * Loses messages of actors, exhaustively: every set of at most `max` of them (what nodes send for themselves is never lost).
 * Needs level `messages`. Ends when all are tried: then the scenario holds within these bounds.
 *
 * @throws TroupeError ERR_BAD_OPTION, also from `create` where `symmetry` is wanted of a scenario that names no
 *   interchangeable nodes, or so many that they have more than 720 orders
 */
export function omissions(options: OmissionsOptions = {}): ExplorerFactory {
  const read = readOptions<OmissionsOptions>('omissions', FIELDS as never, options)
  const { max = 2, mode = 'dynamic', prune = true, crashes = 0 } = read
  if (mode === 'static' && crashes > 0) {
    throw badOption('omissions.crashes', "0 with mode 'static'", crashes)
  }
  const rules = rulesOf(prune)
  return {
    name: mode === 'static' ? 'omissions(static)' : `omissions(${max})`,
    seeded: false,
    create: (scenario: Scenario, plan) => {
      const renaming = rules.has('symmetry') ? renamingOf(scenario) : undefined
      return mode === 'static'
        ? new StaticOmissions(scenario, plan, max, rules, renaming)
        : new DynamicOmissions(scenario, plan, max, crashes, rules, renaming)
    },
  }
}
