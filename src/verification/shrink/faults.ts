import type { Fault } from '../../fault/fault.js'
import { printFault } from '../../fault/fault-text.js'
import { type Tape, withoutSteps } from '../../simulation/index.js'
import type { Case } from './case.js'
import { weaker } from './fault-ladder.js'
import { readLabel } from './lineage.js'
import { lostTo } from './lost-messages.js'
import { reduce } from './reduction.js'
import { isFaultLabel, isTrouble } from './shrunk.js'
import type { Trials } from './trials.js'

/** A fault of a case, and where it stands: among the steps of its script, or among its faults. */
interface Slot {
  readonly at: number
  readonly fault: Fault
  readonly ends: boolean
}

/** What begins, with what ends it; or a choice that is a fault. */
interface Unit {
  readonly begins?: Slot
  readonly end?: Slot
  readonly label?: string
}

/** Takes out faults with their ends, then ends alone. */
export async function dropFaults(trials: Trials): Promise<void> {
  const present = (): Case => trials.present.case
  await reduce(
    () => unitsOf(present()).length,
    (from, to) => trials.take(withoutUnits(present(), unitsOf(present()).slice(from, to))),
  )
  await reduce(
    () => endsOf(present()).length,
    (from, to) => trials.take(withoutSlots(present(), endsOf(present()).slice(from, to))),
  )
}

/** Puts a weaker fault in the place of each. */
export async function weakenFaults(trials: Trials): Promise<void> {
  for (let index = 0; ; index++) {
    // as far down as it goes
    for (;;) {
      const unit = unitsOf(trials.present.case)[index]
      if (unit === undefined) return
      if (!(await weakenOne(trials, unit))) break
    }
  }
}

async function weakenOne(trials: Trials, { begins, end }: Unit): Promise<boolean> {
  if (begins === undefined) return false
  const { case: present, result } = trials.present
  const place = slotsOf(present).findIndex(({ at }) => at === begins.at)
  for (const message of await lostTo(
    trials,
    place,
    end && slotsOf(present).findIndex(({ at }) => at === end.at),
  )) {
    const omit = withFault(present, begins, { verb: 'omit', message })
    if (await trials.take(end ? withoutSlots(omit, [end]) : omit)) return true
  }
  for (const fault of weaker(begins.fault, result.nodes)) {
    const { case: now } = trials.present
    if (await trials.take(withEnd(withFault(now, begins, fault), end, fault))) return true
  }
  return false
}

/** A fault that its end names by its text needs another end, and a pause one of its own. */
function withEnd(to: Case, end: Slot | undefined, fault: Fault): Case {
  if (end === undefined) return to
  if (end.ends) return withFault(to, end, fault)
  if (fault.verb === 'pause') return withFault(to, end, { verb: 'resume', node: fault.node })
  return to
}

/** Messages that choices lose or double become faults that a reader sees among the operations. */
export async function spellChoices(trials: Trials): Promise<void> {
  const labels = (): string[] => Object.keys(trials.present.case.tape).filter(isSpelt)
  await reduce(
    () => labels().length,
    (from, to) => trials.take(spelt(trials.present.case, labels().slice(from, to))),
  )
}

const isSpelt = (label: string): boolean => /^(drop|duplicate) \S+#\d+$/.test(label)

function spelt({ script, faults, tape, ...rest }: Case, labels: readonly string[]): Case {
  const spelled = labels.flatMap((label): Fault[] => {
    const [verb = '', text = ''] = label.split(' ')
    const message = readLabel(text)
    if (message === undefined) return []
    if (verb === 'drop') return [{ verb: 'omit', message }]
    return [{ verb: 'duplicate', what: message, percent: 100 }]
  })
  const left = withoutLabels(tape, labels)
  if (script === undefined) {
    const lines = spelled.map((fault) => ({ atUs: 0, fault, ends: false, by: 'schedule' as const }))
    return { ...rest, script, faults: [...lines, ...faults], tape: left }
  }
  const steps = [
    ...spelled.map((fault) => ({ act: { type: 'fault' as const, fault, ends: false } })),
    ...script.steps.map((step) => ({
      ...step,
      ...(step.after && { after: step.after.map((at) => at + spelled.length) }),
    })),
  ]
  return { ...rest, script: { ...script, steps }, faults, tape: left }
}

function unitsOf(of: Case): Unit[] {
  const slots = slotsOf(of)
  const claimed = new Set<Slot>()
  const units = slots.filter(isTrouble).map((begins): Unit => {
    const end = slots.find(
      (slot) => slot.at > begins.at && !claimed.has(slot) && isEnd(slot, begins),
    )
    if (end !== undefined) claimed.add(end)
    return { begins, ...(end && { end }) }
  })
  const labels = Object.keys(of.tape).filter(isFaultLabel)
  return [...units, ...labels.map((label) => ({ label }))]
}

function isEnd({ fault, ends }: Slot, { fault: begun }: Slot): boolean {
  if (ends) return printFault(fault) === printFault(begun)
  switch (fault.verb) {
    case 'heal':
      return begun.verb === 'partition'
    case 'restart':
      return begun.verb === 'crash' && begun.node === fault.node
    case 'resume':
      return begun.verb === 'pause' && begun.node === fault.node
    default:
      return false
  }
}

const endsOf = (of: Case): Slot[] => slotsOf(of).filter((slot) => !isTrouble(slot))

function slotsOf({ script, faults }: Case): Slot[] {
  if (script === undefined) return faults.map(({ fault, ends }, at) => ({ at, fault, ends }))
  return script.steps.flatMap(({ act }, at) =>
    act.type === 'fault' ? [{ at, fault: act.fault, ends: act.ends }] : [],
  )
}

function withoutUnits(of: Case, units: readonly Unit[]): Case {
  const slots = units.flatMap(({ begins, end }) =>
    [begins, end].filter((slot) => slot !== undefined),
  )
  const labels = units.flatMap(({ label }) => label ?? [])
  return { ...withoutSlots(of, slots), tape: withoutLabels(of.tape, labels) }
}

function withoutSlots(of: Case, slots: readonly Slot[]): Case {
  const gone = new Set(slots.map(({ at }) => at))
  if (of.script !== undefined) return { ...of, script: withoutSteps(of.script, gone) }
  return { ...of, faults: of.faults.filter((_, at) => !gone.has(at)) }
}

function withFault(of: Case, { at }: Slot, fault: Fault): Case {
  if (of.script === undefined) {
    return {
      ...of,
      faults: of.faults.map((line, index) => (index === at ? { ...line, fault } : line)),
    }
  }
  const steps = of.script.steps.map((step, index) =>
    index === at && step.act.type === 'fault' ? { ...step, act: { ...step.act, fault } } : step,
  )
  return { ...of, script: { ...of.script, steps } }
}

function withoutLabels(tape: Tape, labels: readonly string[]): Tape {
  const gone = new Set(labels)
  return Object.fromEntries(Object.entries(tape).filter(([label]) => !gone.has(label)))
}
