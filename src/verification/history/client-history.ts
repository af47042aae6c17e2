import type { Check } from '../../simulation/check.js'
import { check } from '../../simulation/check.js'
import type { Op, Plain } from '../../simulation/op.js'
import { type Consistency, checkHistory, type HistoryCheckOptions } from './consistency.js'
import { eventText, type History, type HistoryEvent, type HistoryKey } from './history.js'
import { badHistory, HistoryBuilder } from './history-builder.js'
import type { AnyModel } from './model.js'

/** What an operation of a scenario is to a model. */
export interface Described {
  readonly f: string
  readonly key?: HistoryKey
  readonly value?: Plain
  /** What a read gave: null where it found nothing. Default: what the operation gave. */
  readonly result?: Plain
  /** It was done, but says that it changed nothing, such as a `cas` that found another value. */
  readonly refused?: boolean
}

/** Undefined: it is of no matter to this check. */
export type Describe = (op: Op) => Described | undefined

/**
 * The history of a run (`Result.history`) for the checkers. Operations that the scenario calls as the model does need no
 * `describe`: their arguments are key and value, or the value alone; `cas` takes `[key,] from, to`, and gives false where
 * it found something else. What writes give does not matter.
 *
 * @throws TroupeError ERR_BAD_HISTORY for an operation or a value that the model does not know
 */
export function historyOf(
  ops: readonly Op[],
  model: AnyModel,
  describe: Describe = (op) => byArguments(op, model),
): History {
  const builder = new HistoryBuilder(model)
  const events = inOrder(ops)
  const calls = new Map<number, Described & { readonly call: number }>()
  for (const { op, call } of events) {
    if (call) {
      const described = describe(op)
      if (described === undefined) continue
      const { f, key, value } = described
      calls.set(op.index, { ...described, call: builder.invoke(op.client, f, key, value) })
      continue
    }
    const known = calls.get(op.index)
    if (known === undefined || op.status === 'open') continue
    const { call: called, f, refused, result } = known
    const repeats = model.operations[f]?.gives === 'same'
    if (op.status !== 'ok') builder.return(called, op.status, undefined)
    else if (refused) builder.return(called, 'fail', undefined)
    else
      builder.return(called, 'ok', repeats ? undefined : result === undefined ? op.value : result)
  }
  return builder.build()
}

/** A call of an operation, or its return. */
interface OpEvent {
  readonly at: number
  readonly op: Op
  readonly call: boolean
}

function inOrder(ops: readonly Op[]): OpEvent[] {
  const events: OpEvent[] = []
  for (const op of ops) {
    events.push({ at: op.callOrder, op, call: true })
    if (op.returnOrder !== undefined) events.push({ at: op.returnOrder, op, call: false })
  }
  return events.sort((a, b) => a.at - b.at)
}

/** Whose call or return has that place in the history of `historyOf`. */
function operationOf(
  at: number,
  ops: readonly Op[],
  model: AnyModel,
  describe: Describe = (op) => byArguments(op, model),
): Op | undefined {
  const known = inOrder(ops).filter(({ op }) => describe(op) !== undefined)
  return known[at]?.op
}

function byArguments({ name, args, value }: Op, model: AnyModel): Described {
  const rule = Object.hasOwn(model.operations, name) ? model.operations[name] : undefined
  const values = rule === undefined || rule.takes === 'nothing' ? 0 : name === 'cas' ? 2 : 1
  const keys = args.length - values
  if (rule === undefined) return { f: name }
  const [key] = args
  const isKey = typeof key === 'number' || typeof key === 'string'
  if (keys < 0 || keys > 1 || (keys === 1 && !isKey)) {
    throw badHistory(
      undefined,
      `${name}(${args.join()}): which of that is key and value? Say so by describe`,
    )
  }
  const given = args.slice(keys)
  return {
    f: name,
    key: keys === 1 ? (key as HistoryKey) : undefined,
    value: values === 2 ? given : given[0],
    refused: name === 'cas' && value === false,
  }
}

export interface ConsistentOptions extends Omit<HistoryCheckOptions, 'model' | 'budgetMs'> {
  /** Default: the consistency's name. */
  readonly name?: string
  readonly describe?: Describe
  /** What the check says when its budget ends first: default `fail`. */
  readonly undecided?: 'fail' | 'pass'
}

/** Events of a violation that a check's message shows. */
const EVENTS_SHOWN = 12

/**
 * A check for scenarios: what clients saw is what that model allows, in a linearizable way or as `consistency` says. It has no time
 * limit but bounds in states and memory, so that it says the same on any machine.
 */
export function consistent(model: AnyModel, options: ConsistentOptions = {}): Check {
  const { consistency = 'linearizable', name = consistency, undecided = 'fail' } = options
  const { describe, states, memoryBytes } = options
  return check.history(name, (ops) => {
    const history = historyOf(ops, model, describe)
    const verdict = checkHistory(history, {
      model,
      consistency,
      ...(states !== undefined && { states }),
      ...(memoryBytes !== undefined && { memoryBytes }),
    })
    if (verdict.verdict === 'ok') return true
    if (verdict.violation === undefined) return undecided === 'pass' || `${verdict.reason}`
    const { key, detail, events } = verdict.violation
    const shown = events.slice(-EVENTS_SHOWN).map(eventText)
    const left = events.length - shown.length
    const lines = left === 0 ? shown : [`… ${left} events before`, ...shown]
    const where = key === undefined ? '' : `key ${key}: `
    const why = [`${where}${detail}`, ...lines.map((line) => `    ${line}`)].join('\n')
    // calls at the end are only there because they may have been noticed
    const last = events.filter(({ type }) => type === 'ok').at(-1) ?? events.at(-1)
    const op = operationOf(history.events.indexOf(last as HistoryEvent), ops, model, describe)
    return op === undefined ? why : { why, op }
  })
}

/** A check for scenarios: what clients saw is linearizable. */
export const linearizable = (
  model: AnyModel,
  options: Omit<ConsistentOptions, 'consistency'> = {},
): Check => consistent(model, { ...options, consistency: 'linearizable' as Consistency })
