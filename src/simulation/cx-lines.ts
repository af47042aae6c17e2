import { CheckFailed } from './check.js'
import type { CxLine, CxResult } from './cx-line.js'
import type { Op, Plain } from './op.js'
import type { Result } from './result.js'
import type { Script, ScriptAct } from './script.js'

/** What lines say beside the run. */
export interface LineNotes {
  /** Waits of the workload. */
  readonly waits?: readonly { readonly atUs: number; readonly ms: number }[]
  /** What a model expected of the last operation, where it was told something else. */
  readonly expected?: { readonly value: Plain }
}

/** What happened in a run, as lines of a counterexample, in the order in which it began. */
export function linesOf(result: Result, notes: LineNotes = {}): CxLine[] {
  const { script } = result
  return script === undefined ? happened(result, notes) : played(result, script)
}

function happened(result: Result, { waits = [], expected }: LineNotes): CxLine[] {
  const { membership, faults, history, workloadUs } = result
  const rows: { atUs: number; place: number; line: CxLine }[] = []
  for (const { atUs, order = 0, line } of membership) rows.push({ atUs, place: order - 0.5, line })
  for (const { atUs, order = 0, fault, ends } of faults) {
    const line: CxLine = { type: 'fault', fault, ends }
    rows.push({ atUs: workloadUs + atUs, place: order - 0.5, line })
  }
  const last = expected && { op: history.length - 1, expected }
  for (const op of history) {
    rows.push({ atUs: op.calledUs, place: op.callOrder, line: opLine(op, result, last) })
  }
  // what is done at the time of a wait was done before it
  for (const { atUs, ms } of waits)
    rows.push({ atUs, place: Number.MAX_VALUE, line: { type: 'wait', ms } })
  rows.sort((a, b) => a.atUs - b.atUs || a.place - b.place)
  return rows.map(({ line }) => line)
}

/** How the nodes came together, then the script's steps as far as they have begun. */
function played(result: Result, { nodes, steps }: Script): CxLine[] {
  const { membership, history, workloadUs } = result
  const lines: CxLine[] = nodes === undefined ? [] : [{ type: 'nodes', names: nodes }]
  for (const { order, line } of membership) if (order === undefined) lines.push(line)
  let ops = 0
  let readyUs = 0
  for (const { act, waitUs = 0, atUs = 0 } of steps) {
    const op = act.type === 'op' ? history[ops++] : undefined
    if (act.type === 'op' && op === undefined) break
    const ms = Math.ceil(Math.max(waitUs, atUs - readyUs) / 1000)
    if (ms > 0) lines.push({ type: 'wait', ms })
    readyUs = Math.max(readyUs, atUs)
    if (op !== undefined) {
      lines.push(opLine(op, result))
      readyUs = Math.max(readyUs, (op.returnedUs ?? op.calledUs) - workloadUs)
    } else if (act.type !== 'op') lines.push(lineOf(act))
  }
  return lines
}

const lineOf = (act: Exclude<ScriptAct, { type: 'op' }>): CxLine =>
  act.type === 'fault' ? act : { ...act, result: { type: 'ok' } }

interface Expectation {
  readonly op: number | undefined
  readonly expected: { readonly value: Plain } | undefined
}

function opLine(op: Op, { error }: Result, said?: Expectation): CxLine {
  const { index, node, name, args, status, value } = op
  const blamed = error instanceof CheckFailed && status === 'ok' ? error : undefined
  const known = said ?? blamed
  const differs = known?.op === index && known.expected !== undefined
  const result: CxResult = differs
    ? { type: 'mismatch', expected: known.expected.value, seen: value }
    : resultOf(op)
  return { type: 'op', node, name, args, result }
}

/** How an operation ended. */
export function resultOf({ status, value, code }: Pick<Op, 'status' | 'value' | 'code'>): CxResult {
  switch (status) {
    case 'ok':
      return value === undefined ? { type: 'ok' } : { type: 'value', value }
    case 'fail':
      return { type: 'fail', code }
    case 'info':
      if (code === 'TIMEOUT' || code === 'ERR_ASK_TIMEOUT') return { type: 'timeout' }
      return { type: 'maybe', code: code ?? 'UNKNOWN' }
    case 'open':
      return { type: 'open' }
  }
}
