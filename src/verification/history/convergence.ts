import type { Plain } from '../../simulation/op.js'
import type { Budget } from './budget.js'
import {
  type History,
  type HistoryEvent,
  type HistoryKey,
  type HistoryOp,
  opText,
} from './history.js'
import { badHistory } from './history-builder.js'
import type { AnyModel } from './model.js'
import { shortText, valueText } from './value-text.js'
import { byKey, type Finding, type Violation } from './verdict.js'

/**
 * Eventual consistency, as far as a history shows it: when the last write to a key has returned, time must come for all to see one
 * value of it. So the last reads of each process that come after it, key by key, agree, and give what somebody wrote. Who
 * does not read after that says nothing.
 */
export function findConvergence(history: History, model: AnyModel, _budget: Budget): Finding {
  for (const [key, ops] of byKey(history.ops, model.keys === 'together')) {
    const found = diverging(history, model, key, ops)
    if (found !== undefined) return found
  }
  return 'ok'
}

function diverging(
  history: History,
  model: AnyModel,
  key: HistoryKey,
  ops: readonly HistoryOp[],
): Violation | undefined {
  let settledAt = -1
  let appended = false
  const written = new Set<string>()
  let acknowledged = false
  for (const op of ops) {
    const isRead = model.isRead?.(op)
    const access = model.access?.(op)
    if (isRead === undefined || (model.keys === 'together' && !isRead)) {
      const line = history.events[op.calledAt]?.line
      throw badHistory(line, `${model.name} has no reads that could agree`)
    }
    if (isRead) continue
    if (access?.writes === undefined) appended = true
    else written.add(valueText(access.writes))
    acknowledged ||= op.status === 'ok'
    // one that nobody knows the end of counts by its call
    settledAt = Math.max(settledAt, op.status === 'ok' ? op.returnedAt : op.calledAt)
  }
  const last = new Map<number | string, HistoryOp>()
  for (const op of ops) {
    if (op.status !== 'ok' || !model.isRead?.(op) || op.calledAt < settledAt) continue
    last.set(op.process, op)
  }
  const [first, ...others] = last.values()
  if (first === undefined) return undefined
  const text = resultText(model, first)
  for (const other of others) {
    if (resultText(model, other) === text) continue
    const detail = `after the last write ${opText(first)}, but ${opText(other)}`
    return violation(history, key, [first, other], detail)
  }
  const old = text === valueText(model.initialValue)
  if (appended || written.has(text) || (old && !acknowledged)) return undefined
  const detail = old
    ? `${opText(first)}, but something was written`
    : `${opText(first)}: nobody has written that`
  return violation(history, key, [first], detail)
}

/** What a read gave; nothing is what is there at first. */
const resultText = (model: AnyModel, op: HistoryOp): string =>
  valueText(model.access?.(op)?.reads ?? op.result)

function violation(
  history: History,
  key: HistoryKey,
  ops: readonly HistoryOp[],
  detail: string,
): Violation {
  const at = ops.flatMap(({ calledAt, returnedAt }) => [calledAt, returnedAt]).sort((a, b) => a - b)
  const events = at.map((place) => history.events[place] as HistoryEvent)
  return { key, events, smallest: false, detail }
}

/** What a replica holds, key by key or as a whole. */
export type ReplicaState = Plain

/**
 * For a `check.eventually`: whether all replicas hold the same, and, with `expected`, that. Gives true, or a text that
 * names two that differ.
 */
export function converged(
  replicas: Iterable<readonly [name: string, state: ReplicaState]>,
  expected?: ReplicaState,
): true | string {
  let first: readonly [string, ReplicaState] | undefined
  for (const [name, state] of replicas) {
    if (expected !== undefined && valueText(state) !== valueText(expected)) {
      return `${name} holds ${shortText(state)}, which should be ${shortText(expected)}`
    }
    first ??= [name, state]
    if (valueText(state) === valueText(first[1])) continue
    return `${first[0]} holds ${shortText(first[1])}, but ${name} ${shortText(state)}`
  }
  return true
}

/**
 * Whether a merge of replicas' states is commutative, associative and idempotent on these samples: gives true, or a text with
 * those that break it. All triples are tried; take a dozen samples or so.
 */
export function mergeLaws<S extends Plain>(
  merge: (a: S, b: S) => S,
  samples: readonly S[],
): true | string {
  const same = (a: S, b: S): boolean => valueText(a) === valueText(b)
  const broken = (law: string, ...states: readonly S[]): string =>
    `merge is not ${law}: ${states.map(shortText).join(', ')}`
  for (const a of samples) {
    if (!same(merge(a, a), a)) return broken('idempotent', a)
    for (const b of samples) {
      if (!same(merge(a, b), merge(b, a))) return broken('commutative', a, b)
      for (const c of samples) {
        if (same(merge(merge(a, b), c), merge(a, merge(b, c)))) continue
        return broken('associative', a, b, c)
      }
    }
  }
  return true
}
