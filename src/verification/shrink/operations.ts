import { type Script, type ScriptStep, scriptOf, withoutSteps } from '../../simulation/index.js'
import { type Candidate, isOp, opsAt, originWithout } from './case.js'
import { withoutNode } from './fault-ladder.js'
import { Lineage } from './lineage.js'
import { reduce } from './reduction.js'
import { isNumbered, Relabelling } from './relabelling.js'
import { isFaultLabel } from './shrunk.js'
import type { Trials } from './trials.js'

/** Takes out whole nodes, with what is done on them. */
export async function dropNodes(trials: Trials): Promise<void> {
  for (const node of [...trials.present.result.nodes].reverse()) {
    const { script } = trials.present.case
    const left = trials.present.result.nodes.filter((name) => name !== node)
    if (script === undefined || left.length === 0) return
    const on = indicesOf(script, ({ act }) => 'node' in act && act.node === node)
    const gone = indicesOf(script, (step) => withoutNodeIn(step, node) === undefined)
    const without = (step: ScriptStep): ScriptStep => withoutNodeIn(step, node) ?? step
    await takeWithout(trials, new Set([...on, ...gone]), without, left)
  }
}

/** Takes out whole clients. */
export async function dropClients(trials: Trials): Promise<void> {
  const clients = new Set(trials.present.result.history.map(({ client }) => client))
  if (clients.size < 2) return
  for (const client of [...clients].reverse()) {
    const { script } = trials.present.case
    if (script === undefined) return
    const its = indicesOf(script, ({ act }) => act.type === 'op' && act.client === client)
    if (its.size > 0) await takeWithout(trials, its)
  }
}

/** Takes out operations, joins and leaves. */
export async function dropOperations(trials: Trials): Promise<void> {
  const indices = (): number[] => {
    const { script } = trials.present.case
    return script === undefined ? [] : [...indicesOf(script, ({ act }) => act.type !== 'fault')]
  }
  await reduce(
    () => indices().length,
    (from, to) => takeWithout(trials, new Set(indices().slice(from, to))),
  )
}

const indicesOf = ({ steps }: Script, is: (step: ScriptStep) => boolean): Set<number> =>
  new Set(steps.flatMap((step, index) => (is(step) ? [index] : [])))

/** Undefined: the fault is of that node only. */
function withoutNodeIn(step: ScriptStep, node: string): ScriptStep | undefined {
  if (step.act.type !== 'fault') return step
  const fault = withoutNode(step.act.fault, node)
  return fault && { ...step, act: { ...step.act, fault } }
}

/** Tries the present case without those steps, the rest changed by `change`. */
async function takeWithout(
  trials: Trials,
  dropped: ReadonlySet<number>,
  change: (step: ScriptStep) => ScriptStep = (step) => step,
  nodes?: readonly string[],
): Promise<boolean> {
  const { case: present, result } = trials.present
  const { script } = present
  if (script === undefined || trials.ended !== undefined) return false
  const renamed = await relabelling(trials, script, opsAt(script, dropped))
  const tape = trials.ofMessages ? present.tape : (renamed?.tape(present.tape) ?? present.tape)
  for (const base of [pinned(script, trials), script]) {
    const steps = base.steps.map((step) => change(renamed?.step(step) ?? step))
    const left = withoutSteps({ ...base, steps }, dropped)
    const candidate: Candidate = {
      ...present,
      tape,
      script: { ...left, ...(nodes && { nodes }) },
      origin: originWithout(script, dropped),
    }
    if (await trials.take(candidate)) return true
    if (result !== trials.present.result) return false
  }
  return false
}

/** Messages get other numbers: of those that the case names it must be known which they are. */
async function relabelling(
  trials: Trials,
  script: Script,
  dropped: ReadonlySet<number>,
): Promise<Relabelling | undefined> {
  const { case: present, result } = trials.present
  const taped = !trials.ofMessages && Object.keys(present.tape).some(isFaultLabel)
  if (dropped.size === 0 || !(taped || script.steps.some(isNumbered))) return undefined
  return new Relabelling(new Lineage(await trials.trace(), result.workloadUs), dropped)
}

/**
 * The script with the times at which its operations were done, for what happens at certain times would else meet
 * others. Where messages travel one by one they take no time.
 */
function pinned(script: Script, { ofMessages, present }: Trials): Script {
  if (ofMessages || script.steps.every(({ atUs }) => atUs === undefined)) return script
  const timed = scriptOf(present.result, 'all').steps.filter(isOp)
  let op = 0
  const steps = script.steps.map((step) => {
    const atUs = step.atUs ?? (isOp(step) ? timed[op]?.atUs : undefined)
    if (isOp(step)) op++
    return atUs === undefined ? step : { ...step, atUs }
  })
  return { ...script, steps }
}
