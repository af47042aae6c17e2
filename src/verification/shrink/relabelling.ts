import type { Fault } from '../../fault/fault.js'
import { isLabel, labelText, type MessageLabel } from '../../fault/fault.js'
import type { ScriptStep, Tape } from '../../simulation/index.js'
import { type Lineage, readLabel } from './lineage.js'
import { isFaultLabel } from './shrunk.js'

/** True where a step is about a single message, by its number. */
export const isNumbered = ({ act }: ScriptStep): boolean =>
  act.type === 'fault' && labelOf(act.fault)?.ordinal !== undefined

/** Renames messages as a run without some operations numbers them. */
export class Relabelling {
  readonly #lineage: Lineage
  readonly #dropped: ReadonlySet<number>

  constructor(lineage: Lineage, dropped: ReadonlySet<number>) {
    this.#lineage = lineage
    this.#dropped = dropped
  }

  tape(tape: Tape): Tape {
    const renamed: Record<string, number> = {}
    for (const [label, pick] of Object.entries(tape)) {
      const name = this.#choice(label)
      if (name !== undefined) renamed[name] = pick
    }
    return renamed
  }

  /** A fault about a message that is not there any more stays as it is: it goes with the faults. */
  step(step: ScriptStep): ScriptStep {
    if (step.act.type !== 'fault') return step
    const { fault } = step.act
    const label = labelOf(fault)
    const named = label && this.#lineage.labelWithout(label, this.#dropped)
    return named === undefined
      ? step
      : { ...step, act: { ...step.act, fault: about(fault, named) } }
  }

  #choice(label: string): string | undefined {
    if (!isFaultLabel(label)) return label
    const [, before = '', text = ''] = /^(.* )(\S+)$/.exec(label) ?? []
    const message = readLabel(text)
    if (message === undefined) return label
    const named = this.#lineage.labelWithout(message, this.#dropped)
    return named && `${before}${labelText(named)}`
  }
}

function labelOf(fault: Fault): MessageLabel | undefined {
  switch (fault.verb) {
    case 'omit':
      return fault.message
    case 'crash':
      return fault.after
    case 'duplicate':
      return isLabel(fault.what) ? fault.what : undefined
    default:
      return undefined
  }
}

function about(fault: Fault, label: MessageLabel): Fault {
  switch (fault.verb) {
    case 'omit':
      return { ...fault, message: label }
    case 'crash':
      return { ...fault, after: label }
    case 'duplicate':
      return { ...fault, what: label }
    default:
      return fault
  }
}
