import type { Script, ScriptStep } from '../../simulation/index.js'
import { arranged, isOp } from './case.js'
import { isTrouble } from './shrunk.js'
import type { Trials } from './trials.js'

const CLIENT = 'c'

/** The same steps one after the other, at once, by one client, in the order in which messages are sent; or as much of that as goes. */
export async function simplifySequence(trials: Trials): Promise<void> {
  const steps = (change: (step: ScriptStep) => ScriptStep): Script | undefined => {
    const { script } = trials.present.case
    return script && { ...script, steps: script.steps.map(change) }
  }
  const attempt = async (script: Script | undefined, plain = false): Promise<boolean> => {
    const { case: present } = trials.present
    if (script === undefined) return false
    const tape = plain ? {} : present.tape
    const isSame = JSON.stringify([script, tape]) === JSON.stringify([present.script, present.tape])
    return !isSame && trials.take({ ...present, script, tape })
  }
  const { script: given } = trials.present.case
  if (given === undefined) return
  if ((await attempt(asOne(given), true)) || (await attempt(asOne(given)))) return
  await attempt(steps((step) => inTurn(atOnce(step))))
  await attempt(steps(atOnce))
  const { length } = trials.present.case.script?.steps ?? []
  const changes = [atOnce, ...WAITS_MS.map(after), inTurn, byOne]
  for (const change of changes) {
    for (let at = 0; at < length; at++) {
      let index = 0
      await attempt(steps((step) => (index++ === at ? change(step) : step)))
    }
  }
}

const WAITS_MS = [1, 10, 100, 1_000, 10_000]

/** A wait in the place of a time or of a longer wait. */
const after =
  (ms: number) =>
  (step: ScriptStep): ScriptStep => {
    const waits = step.atUs !== undefined || (step.waitUs ?? 0) > ms * 1000
    return waits ? { ...atOnce(step), waitUs: ms * 1000 } : step
  }

/** One step after the other, at once, by one client. */
export const asOne = (script: Script): Script => ({
  ...script,
  steps: script.steps.map((step) => byOne(inTurn(atOnce(step)))),
})

const atOnce = ({ atUs: _, waitUs: __, ...step }: ScriptStep): ScriptStep => step
const inTurn = ({ after: _, ...step }: ScriptStep): ScriptStep => step
const byOne = (step: ScriptStep): ScriptStep =>
  step.act.type === 'op' ? { ...step, act: { ...step.act, client: CLIENT } } : step

/** So many places are tried for one fault. */
const PLACES_MAX = 12

/** Lets each fault begin as late, and end as early, as it may. */
export async function moveFaults(trials: Trials): Promise<void> {
  const count = trials.present.case.script?.steps.length ?? 0
  for (let at = count - 1; at >= 0; at--) await moveOne(trials, at, true)
  for (let at = 0; at < count; at++) await moveOne(trials, at, false)
}

async function moveOne(trials: Trials, from: number, later: boolean): Promise<void> {
  const { script } = trials.present.case
  const step = script?.steps[from]
  if (script === undefined || step?.act.type !== 'fault' || isTrouble(step.act) !== later) return
  const ways = later ? script.steps.slice(from + 1) : script.steps.slice(0, from).reverse()
  // past operations only: two faults in another order are not simpler
  const stop = ways.findIndex((other) => !isOp(other))
  const most = Math.min(stop === -1 ? ways.length : stop, PLACES_MAX)
  for (let far = most; far > 0; far--) {
    const to = later ? from + far : from - far
    const order = script.steps.map((one, index) => ({ step: one, from: index }))
    const [moved] = order.splice(from, 1)
    if (moved === undefined) return
    order.splice(to, 0, { step: atOnce(inTurn(moved.step)), from })
    if (await trials.take({ ...trials.present.case, script: arranged(script, order) })) return
  }
}
