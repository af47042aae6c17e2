import { printFault } from '../fault/fault-text.js'
import type { CxLine } from './cx-line.js'
import { parseLine, printEvent } from './cx-text.js'
import type { Script, ScriptAct, ScriptStep } from './script.js'

/** A step as a counterexample file has it, in JSON. */
export interface StepText {
  /** Its line, without a result. */
  readonly do: string
  /** Default `c`. */
  readonly client?: string
  readonly after?: readonly number[]
  readonly waitUs?: number
  readonly atUs?: number
  readonly open?: true
}

export interface ScriptText {
  readonly nodes?: readonly string[]
  readonly steps: readonly StepText[]
}

const CLIENT = 'c'

export function scriptText({ nodes, steps }: Script): ScriptText {
  return { ...(nodes && { nodes }), steps: steps.map(stepText) }
}

function stepText({ act, after, waitUs, atUs }: ScriptStep): StepText {
  const { client = CLIENT, open = false } = act.type === 'op' ? act : {}
  return {
    do: actText(act),
    ...(client !== CLIENT && { client }),
    ...(open && { open }),
    ...(after && { after }),
    ...(waitUs !== undefined && { waitUs }),
    ...(atUs !== undefined && { atUs }),
  }
}

export function actText(act: ScriptAct): string {
  if (act.type !== 'fault') return printEvent(act)
  const text = printFault(act.fault)
  return act.ends ? text.replace(/^fault/, 'end') : text
}

export const SCRIPT_RULE = '{ nodes, steps }, each step { do, client, after, waitUs, atUs, open }'

/** @throws CxSyntax, or TroupeError ERR_BAD_FAULT, for a line that is none; undefined for what is no script at all */
export function readScript(value: unknown, file: string, at: number): Script | undefined {
  if (!isScriptText(value)) return undefined
  const { nodes, steps } = value
  const read = steps.map((step) => readStep(step, file, at))
  if (read.includes(undefined)) return undefined
  return { ...(nodes && { nodes }), steps: read as ScriptStep[] }
}

function readStep(step: StepText, file: string, at: number): ScriptStep | undefined {
  const { after, waitUs, atUs, client = CLIENT, open = false } = step
  const ends = /^(fault|end)\s/.test(step.do)
  const act = actOf(parseLine(ends ? step.do : `${step.do} : OK`, file, at), client, open)
  return (
    act && {
      act,
      ...(after && { after }),
      ...(waitUs !== undefined && { waitUs }),
      ...(atUs !== undefined && { atUs }),
    }
  )
}

function actOf(line: CxLine, client: string, open: boolean): ScriptAct | undefined {
  switch (line.type) {
    case 'op': {
      const { node, name, args } = line
      return { type: 'op', client, node, name, args, ...(open && { open }) }
    }
    case 'join':
      return { type: 'join', node: line.node, contact: line.contact }
    case 'leave':
      return { type: 'leave', node: line.node }
    case 'fault':
      return { type: 'fault', fault: line.fault, ends: line.ends }
    default:
      return undefined
  }
}

type Unread = Readonly<Record<string, unknown>>

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => typeof one === 'string')

const isOptional = (value: unknown, test: (value: unknown) => boolean): boolean =>
  value === undefined || test(value)

function isScriptText(value: unknown): value is ScriptText {
  if (typeof value !== 'object' || value === null) return false
  const { nodes, steps } = value as Unread
  return isOptional(nodes, isTexts) && Array.isArray(steps) && steps.every(isStepText)
}

function isStepText(value: unknown, index: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { do: text, client, after, waitUs, atUs, open } = value as Unread
  const isEarlier = (at: unknown): boolean => Number.isInteger(at) && Number(at) < index
  return (
    typeof text === 'string' &&
    isOptional(client, (name) => typeof name === 'string') &&
    isOptional(after, (list) => Array.isArray(list) && list.every(isEarlier)) &&
    [waitUs, atUs].every((us) => isOptional(us, (time) => Number.isFinite(time))) &&
    isOptional(open, (is) => typeof is === 'boolean')
  )
}
