import { type Fault, printFault } from '../fault/index.js'
import { FAULTY_KINDS } from '../simulation/fault-model.js'
import { type FaultModel, kindOf } from '../simulation/index.js'

/** What ends a fault: the `end` of a rule, or a fault that undoes it. */
export interface Ending {
  /** Of the fault that is ended. */
  readonly text: string
  readonly fault: Fault
  readonly ends: boolean
}

interface AtWork extends Ending {
  /** The node that is faulty meanwhile. */
  readonly node: string | undefined
}

/** The faults at work in a run, so that they keep to their model. */
export class FaultLedger {
  readonly #model: FaultModel
  readonly #nodes: number
  readonly #kinds: ReadonlySet<string> | undefined
  readonly #endings: AtWork[] = []
  readonly #faulty = new Set<string>()
  #begun = 0

  /** @param kinds those that this run may meet, as `drawnAs` says; undefined: all that is asked for, whatever the model says */
  constructor(model: FaultModel, nodes: number, kinds: ReadonlySet<string> | undefined) {
    this.#model = model
    this.#nodes = nodes
    this.#kinds = kinds
  }

  mayBegin(fault: Fault): boolean {
    if (this.#kinds === undefined) return true
    const { most, faulty } = this.#model.options
    if (!this.#kinds.has(drawnAs(fault)) || this.#begun >= most) return false
    const text = printFault(fault)
    if (this.#endings.some((one) => one.text === text)) return false
    if (fault.verb === 'partition') return !this.#endings.some((one) => one.fault.verb === 'heal')
    const node = nodeOf(fault)
    if (node === undefined) return true
    return !this.#faulty.has(node) && this.#faulty.size < Math.min(faulty, this.#nodes)
  }

  begin(fault: Fault): void {
    this.#begun++
    const node = nodeOf(fault)
    if (node !== undefined) this.#faulty.add(node)
    const ending = this.#endingOf(fault)
    if (ending !== undefined) this.#endings.push({ text: printFault(fault), node, ...ending })
  }

  /** Something is at work that can be ended. */
  get open(): boolean {
    return this.#endings.length > 0
  }

  /** Whether that can be ended. */
  mayEnd(which: number | string): boolean {
    return typeof which === 'number' ? this.open : this.#endings.some(({ text }) => text === which)
  }

  /** Takes it out, and gives what ends it. */
  end(which: number | string): Ending {
    const at =
      typeof which === 'number'
        ? which % this.#endings.length
        : this.#endings.findIndex(({ text }) => text === which)
    const [ending] = this.#endings.splice(at, 1) as [AtWork]
    if (ending.node !== undefined) this.#faulty.delete(ending.node)
    return ending
  }

  #endingOf(fault: Fault): Omit<Ending, 'text'> | undefined {
    switch (fault.verb) {
      case 'partition':
        return { fault: { verb: 'heal' }, ends: false }
      case 'crash': {
        if (!this.#model.options.recover) return undefined
        return { fault: { verb: 'restart', node: fault.node, loseUnsynced: false }, ends: false }
      }
      case 'pause':
        return { fault: { verb: 'resume', node: fault.node }, ends: false }
      case 'connection':
      case 'clock':
        return undefined
      default:
        return { fault, ends: true }
    }
  }
}

/** By which a run leaves it out: its kind, or the name of a user's own. */
export const drawnAs = (fault: Fault): string =>
  fault.verb === 'user' ? `user ${fault.name}` : (kindOf(fault) ?? fault.verb)

/** The node that it makes faulty. */
function nodeOf(fault: Fault): string | undefined {
  const kind = kindOf(fault)
  return kind !== undefined && FAULTY_KINDS.has(kind) && 'node' in fault ? fault.node : undefined
}
