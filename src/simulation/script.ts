import type { Fault } from '../fault/fault.js'
import type { Plain } from './op.js'

/** What a step of a script does. */
export type ScriptAct =
  | {
      readonly type: 'op'
      readonly client: string
      readonly node: string
      readonly name: string
      readonly args: readonly Plain[]
      /** Nobody waits for it: it was under way at the end of the run that it is from. */
      readonly open?: boolean
    }
  | { readonly type: 'join'; readonly node: string; readonly contact: string }
  | { readonly type: 'leave'; readonly node: string }
  | { readonly type: 'fault'; readonly fault: Fault; readonly ends: boolean }

export interface ScriptStep {
  readonly act: ScriptAct
  /** It waits for the returns of these steps, by their indices. Absent: of all before it. */
  readonly after?: readonly number[]
  /** It lets so many virtual microseconds go by after these have returned and the step before it has begun. Default 0. */
  readonly waitUs?: number
  /** It begins no earlier than that, in virtual microseconds since the workload began. Default 0. */
  readonly atUs?: number
}

/**
 * What clients do and what befalls the nodes, in place of a scenario's workload and its fault model. Steps begin
 * in their order; each waits for its time and for the returns of others.
 */
export interface Script {
  /** Those that there are. Default: all of the scenario. */
  readonly nodes?: readonly string[]
  readonly steps: readonly ScriptStep[]
}

/** The same without some steps, by their indices: who waited for one of these waits for what it had waited for. */
export function withoutSteps(script: Script, dropped: ReadonlySet<number>): Script {
  const places = new Map<number, number>()
  const waits: (ReadonlySet<number> | undefined)[] = []
  const steps: ScriptStep[] = []
  for (const [index, step] of script.steps.entries()) {
    const after = step.after && awaited(step.after, dropped, waits)
    waits.push(after)
    if (dropped.has(index)) continue
    const left = after && [...after].flatMap((at) => places.get(at) ?? [])
    places.set(index, steps.length)
    steps.push({ ...step, ...(left && { after: left }) })
  }
  return { ...script, steps }
}

function awaited(
  after: readonly number[],
  dropped: ReadonlySet<number>,
  waits: readonly (ReadonlySet<number> | undefined)[],
): ReadonlySet<number> {
  const left = new Set<number>()
  for (const at of after) {
    if (!dropped.has(at)) left.add(at)
    else for (const one of waits[at] ?? allBefore(at, dropped)) left.add(one)
  }
  return left
}

function* allBefore(at: number, dropped: ReadonlySet<number>): Generator<number> {
  for (let one = 0; one < at; one++) if (!dropped.has(one)) yield one
}
