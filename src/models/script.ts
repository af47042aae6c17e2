import { TroupeError } from '../base/errors.js'
import { type Fault, parseFault, printFault } from '../fault/index.js'
import type { Plain } from '../simulation/index.js'

/** One step of a sequence, as data. */
export type Step =
  | {
      readonly type: 'call'
      readonly name: string
      readonly node: string
      readonly args: readonly Plain[]
    }
  | { readonly type: 'fault'; readonly fault: Fault }
  /** Ends a fault that is at work then: by its turn among them, counted round and round, or by its text. */
  | { readonly type: 'end'; readonly which: number | string }
  | { readonly type: 'wait'; readonly ms: number }

/** What was done in a run: all it takes, beside seed and tape, to do it again. */
export interface Script {
  /** The steps of each client. One client does faults too. */
  readonly clients: readonly (readonly Step[])[]
  /** The steps beside several clients. */
  readonly faults: readonly Step[]
}

/** How many of its steps are of that kind. */
export const count = (script: Script, kind: Step['type']): number =>
  partsOf(script)
    .flat()
    .filter(({ type }) => type === kind).length

/** Its sequences: those of the clients, and the one beside them. */
export const partsOf = ({ clients, faults }: Script): readonly (readonly Step[])[] => [
  ...clients,
  faults,
]

/** Without `size` steps from `at` on in one of its sequences. */
export function drop(script: Script, of: number, at: number, size: number): Script {
  const parts = partsOf(script).map((steps, part) =>
    part === of ? steps.filter((_, place) => place < at || place >= at + size) : steps,
  )
  return { clients: parts.slice(0, -1), faults: parts.at(-1) ?? [] }
}

/** For the machine's lines of a counterexample: `[["write","n1",["x",1]],"fault heal",250]` for each sequence. */
export function toJson({ clients, faults }: Script): unknown {
  const all = (steps: readonly Step[]): unknown[] => steps.map(stepToJson)
  return { clients: clients.map(all), ...(faults.length > 0 && { faults: all(faults) }) }
}

function stepToJson(step: Step): unknown {
  switch (step.type) {
    case 'call':
      return [step.name, step.node, step.args]
    case 'fault':
      return printFault(step.fault)
    case 'end':
      return { end: step.which }
    case 'wait':
      return step.ms
  }
}

/** @throws TroupeError ERR_BAD_COUNTEREXAMPLE naming the step that is none */
export function fromJson(json: unknown, file: string): Script {
  const { clients, faults = [] } = (json ?? {}) as { clients?: unknown; faults?: unknown }
  if (!Array.isArray(clients) || clients.length === 0) {
    throw bad(file, 'its commands have no clients')
  }
  return {
    clients: clients.map((steps) => stepsOf(steps, file)),
    faults: stepsOf(faults, file),
  }
}

function stepsOf(json: unknown, file: string): Step[] {
  if (!Array.isArray(json)) throw bad(file, `its commands: expected an array of steps`)
  return json.map((step: unknown): Step => {
    if (typeof step === 'number' && step >= 0) return { type: 'wait', ms: step }
    if (typeof step === 'string') return { type: 'fault', fault: faultOf(step, file) }
    if (Array.isArray(step)) {
      const [name, node, args] = step as unknown[]
      if (typeof name === 'string' && typeof node === 'string' && Array.isArray(args)) {
        return { type: 'call', name, node, args }
      }
    }
    const which = (step as { end?: unknown } | null)?.end
    if (typeof which === 'string' || Number.isSafeInteger(which)) {
      return { type: 'end', which: which as number | string }
    }
    throw bad(file, `its commands have ${JSON.stringify(step)}, which is no step`)
  })
}

function faultOf(text: string, file: string): Fault {
  try {
    return parseFault(text)
  } catch (cause) {
    throw bad(file, `its commands have ${JSON.stringify(text)}, which is no fault`, cause)
  }
}

const bad = (file: string, detail: string, cause?: unknown): TroupeError =>
  new TroupeError('ERR_BAD_COUNTEREXAMPLE', `${file}: ${detail}`, { cause })
