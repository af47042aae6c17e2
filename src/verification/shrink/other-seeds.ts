import type { Fault } from '../../fault/fault.js'
import { type ScriptStep, withoutSteps } from '../../simulation/index.js'
import { type Case, isOp } from './case.js'
import { reduce } from './reduction.js'
import type { Trials } from './trials.js'

/** Seeds that are tried for one candidate; fewer where there are many. */
const SEEDS = 16
const SEEDS_OF_MANY = 6
const MANY_OPERATIONS = 8

/**
 * Which messages a fault hits may be drawn, and which bit of them: from the seed and the message's number. Without an
 * operation that draw is another, so a few seeds are tried.
 */
export class OtherSeeds {
  /** Cases for which they were. */
  readonly #searched = new Set<string>()

  /** All messages in the place of a share, first of all: it leaves less to chance. */
  async surer(trials: Trials): Promise<void> {
    await this.find(trials, trials.present.case)
  }

  /** Takes the case, or a surer one, with another seed. */
  async find(trials: Trials, candidate: Case): Promise<boolean> {
    return isDrawn(candidate) && this.#found(trials, withSurer(candidate))
  }

  /** Takes out operations, several or one, with another seed. */
  async draw(trials: Trials): Promise<void> {
    const ops = (): number[] => {
      const { script } = trials.present.case
      return script?.steps.flatMap((step, at) => (isOp(step) ? [at] : [])) ?? []
    }
    if (!isDrawn(trials.present.case)) return
    await reduce(
      () => ops().length,
      async (from, to) => {
        const { case: present } = trials.present
        const dropped = new Set(ops().slice(from, to))
        if (present.script === undefined || dropped.size === ops().length) return false
        const left = { ...present, script: withoutSteps(present.script, dropped) }
        return (await this.find(trials, left)) || (dropped.size === 1 && this.#found(trials, left))
      },
    )
    await this.find(trials, trials.present.case)
  }

  async #found(trials: Trials, candidate: Case): Promise<boolean> {
    const key = JSON.stringify([candidate.script, candidate.faults])
    if (this.#searched.has(key)) return false
    this.#searched.add(key)
    const many = (candidate.script?.steps.length ?? 0) > MANY_OPERATIONS
    const length = many ? SEEDS_OF_MANY : SEEDS
    const seeds = [candidate.seed, ...Array.from({ length }, (_, at) => `${at + 1}`)]
    for (const seed of seeds) if (await trials.takeExact({ ...candidate, seed })) return true
    return false
  }
}

/** Which messages it hits, or how, follows from draws. */
function isDrawnFault(fault: Fault): boolean {
  return (
    fault.verb === 'byzantine' ||
    fault.verb === 'reorder' ||
    ('percent' in fault && fault.percent !== 100)
  )
}

const isDrawn = ({ script, faults }: Case): boolean =>
  faults.some(({ fault }) => isDrawnFault(fault)) ||
  script?.steps.some(({ act }) => act.type === 'fault' && isDrawnFault(act.fault)) === true

/** It hits all messages; any wrong bit becomes one of the arguments. */
function surer(fault: Fault): Fault {
  const sure = 'percent' in fault ? { ...fault, percent: 100 } : fault
  return sure.verb === 'byzantine' && sure.how === 'corrupt' ? { ...sure, how: 'bitflip' } : sure
}

function withSurer({ script, faults, ...rest }: Case): Case {
  const step = (one: ScriptStep): ScriptStep =>
    one.act.type === 'fault' ? { ...one, act: { ...one.act, fault: surer(one.act.fault) } } : one
  return {
    ...rest,
    script: script && { ...script, steps: script.steps.map(step) },
    faults: faults.map((line) => ({ ...line, fault: surer(line.fault) })),
  }
}
