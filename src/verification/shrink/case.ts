import {
  type FaultLine,
  type Result,
  type Script,
  type ScriptAct,
  type ScriptStep,
  type Tape,
  withoutSteps,
} from '../../simulation/index.js'

/** All that a run follows from besides its scenario. */
export interface Case {
  readonly seed: string
  /** Undefined: the scenario's own workload, with `faults`. */
  readonly script: Script | undefined
  /** At their times; those of a script are steps of it. */
  readonly faults: readonly FaultLine[]
  readonly tape: Tape
}

/** A case that may fail as the present one does. */
export interface Candidate extends Case {
  /** For each operation of the script, in order, which of the present one's it is. Absent: the same. */
  readonly origin?: readonly number[]
  /** Of the messages that came early, by identity, those that still may. Absent: all. */
  readonly early?: ReadonlySet<number>
}

/** A case and the run that shows that it fails. */
export interface Present {
  readonly case: Case
  readonly result: Result
}

export type OpAct = Extract<ScriptAct, { type: 'op' }>
export type FaultAct = Extract<ScriptAct, { type: 'fault' }>

export const isOp = ({ act }: ScriptStep): boolean => act.type === 'op'

/** The same case for comparison. */
export const caseKey = ({ seed, script, faults, tape }: Case): string =>
  JSON.stringify([seed, script, faults.map(({ atUs, fault, ends }) => [atUs, fault, ends]), tape])

/** The same operations with nothing that goes wrong, and messages in the order in which they are sent. */
export function plain({ seed, script }: Case): Case {
  const faults = script?.steps.flatMap(({ act }, at) => (act.type === 'fault' ? [at] : []))
  const left = script && withoutSteps(script, new Set(faults))
  return { seed, script: left, faults: [], tape: {} }
}

/** For each operation that is left when those steps are dropped, which one it was. */
export function originWithout({ steps }: Script, dropped: ReadonlySet<number>): number[] {
  const origin: number[] = []
  let op = 0
  for (const [index, step] of steps.entries()) {
    if (!isOp(step)) continue
    if (!dropped.has(index)) origin.push(op)
    op++
  }
  return origin
}

/** Operations (by their indices in the history) that are dropped with those steps. */
export function opsAt({ steps }: Script, indices: ReadonlySet<number>): ReadonlySet<number> {
  const ops = new Set<number>()
  let op = 0
  for (const [index, step] of steps.entries()) {
    if (!isOp(step)) continue
    if (indices.has(index)) ops.add(op)
    op++
  }
  return ops
}

/** The script with its steps in another order, or with others: each new step, and which one it was. */
export function arranged(
  script: Script,
  order: readonly { readonly step: ScriptStep; readonly from: number | undefined }[],
): Script {
  const places = new Map<number, number>()
  for (const [place, { from }] of order.entries()) if (from !== undefined) places.set(from, place)
  const steps = order.map(({ step }, place) => {
    if (step.after === undefined) return step
    const after = step.after.flatMap((at) => places.get(at) ?? []).filter((at) => at < place)
    return { ...step, after }
  })
  return { ...script, steps }
}
