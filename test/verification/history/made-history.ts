import type { Random } from '../../../src/base/random.js'
import type { Plain } from '../../../src/simulation/index.js'
import type { History, HistoryOp } from '../../../src/verification/history/history.js'
import { HistoryBuilder } from '../../../src/verification/history/history-builder.js'
import type { AnyModel } from '../../../src/verification/history/model.js'

export interface MadeOptions {
  readonly operations: number
  readonly keys: number
  readonly processes: number
  /** Share of operations whose outcome nobody knows. */
  readonly info: number
  /** Values to write; Infinity: each is written once. */
  readonly values: number
  /** Share of results that are another value, … */
  readonly wrong?: number
  /** … after this share of operations; when `wrong` is 1 exactly one is. */
  readonly wrongAt?: number
  /** Share of operations that fail. Default 0. */
  readonly fail?: number
  /** A process goes on under its name after what nobody knows. Default: as another. */
  readonly goesOn?: boolean
  /** At the end so many processes read each key, of a model that has this operation. Default 0. */
  readonly lastReads?: number
}

interface Running {
  readonly call: number
  readonly f: string
  readonly key: string
  readonly value: Plain
  done: boolean
  failed: boolean
  unknown: boolean
  result: Plain
}

/** A history as a correct object under concurrent clients would give it, but for what is made wrong. */
export function makeHistory(model: AnyModel, random: Random, options: MadeOptions): History {
  const { operations, keys, processes, info, values, wrong = 0, wrongAt = 0, fail = 0 } = options
  const { lastReads = 0, goesOn = false } = options
  const builder = new HistoryBuilder(model)
  const names = Object.keys(model.operations)
  const states = new Map<string, unknown>()
  const written = new Map<string, Plain[]>()
  const running = new Map<number, Running>()
  /** Effects that come after their caller gave up. */
  const late: Running[] = []
  let fresh = 0
  let begun = 0
  let next = processes
  let wronged = false
  const ids = Array.from({ length: processes }, (_, id) => id)

  const value = (key: string): Plain => {
    const number = values === Number.POSITIVE_INFINITY ? fresh++ : random.int(values)
    const one = model.name === 'kv' ? `${number};` : number
    const known = written.get(key) ?? []
    written.set(key, known)
    known.push(one)
    return one
  }
  const begin = (id: number, key = `k${random.int(keys)}`, f = random.pick(names)): void => {
    let given: Plain
    if (f === 'cas') {
      const from =
        random.int(4) === 0 ? random.pick(written.get(key) ?? [0]) : held(states.get(key))
      given = [from, value(key)]
    } else if (model.operations[f]?.takes !== 'nothing') given = value(key)
    const call = builder.invoke(id, f, key, given)
    running.set(id, {
      call,
      f,
      key,
      value: given,
      done: false,
      failed: random.float() < fail,
      unknown: random.float() < info,
      result: undefined,
    })
    begun++
  }
  const effect = (op: Running): void => {
    if (op.done || op.failed) return
    const state = states.get(op.key) ?? model.initial
    op.done = true
    op.result = resultIn(state, op.f)
    const step = model.step(state, {
      process: 0,
      f: op.f,
      key: op.key,
      value: op.value,
      result: op.result,
      status: 'ok',
      calledAt: 0,
      returnedAt: 0,
    } satisfies HistoryOp)
    if (step === undefined) op.failed = true
    else states.set(op.key, step)
  }
  const end = (id: number, op: Running): void => {
    running.delete(id)
    if (op.unknown) {
      builder.return(op.call, 'info', undefined)
      if (!op.done && !op.failed) late.push(op)
      if (!goesOn) ids[ids.indexOf(id)] = next++
      return
    }
    effect(op)
    if (op.failed) builder.return(op.call, 'fail', undefined)
    else {
      const due = begun / operations >= wrongAt
      const lies =
        due && op.result !== undefined && (wrong === 1 ? !wronged : random.float() < wrong)
      if (lies) wronged = true
      const lie = lies
        ? random.pick(written.get(op.key) ?? [model.name === 'kv' ? '0;' : 0])
        : undefined
      builder.return(op.call, 'ok', lies ? (lie as Plain) : op.result)
    }
  }
  while (begun < operations || running.size > 0) {
    const id = random.pick(ids)
    const op = running.get(id)
    if (op === undefined) {
      if (begun < operations) begin(id)
    } else if (random.int(2) === 0) effect(op)
    else end(id, op)
    if (late.length > 0 && random.int(20) === 0) {
      effect(late.splice(random.int(late.length), 1)[0] as Running)
    }
  }
  const read = names.find((name) => name === 'read' || name === 'get')
  for (const id of ids.slice(0, lastReads)) {
    for (let key = 0; key < keys; key++) {
      begin(id, `k${key}`, read)
      end(id, running.get(id) as Running)
    }
    if (late.length > 0) effect(late.pop() as Running)
  }
  return builder.build()
}

const held = (state: unknown): Plain =>
  typeof state === 'string' ? (JSON.parse(state) as Plain) : null

/** What a reading operation gives in that state. */
function resultIn(state: unknown, f: string): Plain {
  if (f === 'read') return JSON.parse(state as string) as Plain
  if (f === 'get') return state as string
  if (f === 'dequeue') {
    const [first] = (state as string).split('\n')
    return first === '' ? null : (JSON.parse(first as string) as Plain)
  }
  return undefined
}
