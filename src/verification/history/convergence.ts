import type { Plain } from '../../simulation/op.js'
import type { Budget } from './budget.js'
import { type History, type HistoryKey, type HistoryOp, opText } from './history.js'
import { badHistory } from './history-builder.js'
import type { AnyModel } from './model.js'
import { eventsOf } from './shown-events.js'
import { shortText, valueText } from './value-text.js'
import { byKey, type Finding, type Violation } from './verdict.js'

/**
 * Eventual consistency, as far as a history shows it: when the last write to a key has returned, time must come for all to see one
 * value of it. So the last reads of each process that come after it, key by key, agree, and give what somebody wrote. Who
 * does not read after that says nothing. What nobody knows the end of may take effect at any time: its value may be read beside
 * the one that the others agree on, and where it is no plain write nothing can be said of its key.
 *
 * @throws TroupeError ERR_BAD_HISTORY for a model whose reads do not say what they read
 */
export function findConvergence(history: History, model: AnyModel, budget: Budget): Finding {
  if (model.access === undefined || model.isRead === undefined || model.keys === 'together') {
    const detail = `${model.name} has no reads of a key that could agree in the end`
    throw badHistory(undefined, `${detail}: its operations do not say what they read and write`)
  }
  for (const [key, ops] of byKey(history.ops, false)) {
    if (!budget.step()) return 'unknown'
    const found = diverging(history, model, key, ops)
    if (found !== undefined) return found
  }
  return 'ok'
}

/** What was written to a key. */
interface Writes {
  /** The last to return or, where nobody knows the end, to be called; undefined where there is none. */
  readonly last: HistoryOp | undefined
  readonly settledAt: number
  /** One that was done. */
  readonly acknowledged: HistoryOp | undefined
  /** By their values: one each. */
  readonly byValue: ReadonlyMap<string, HistoryOp>
  /** Values that may yet come. */
  readonly open: ReadonlySet<string>
  /** Something that was done is no plain write, and makes values that nobody wrote. */
  readonly changed: boolean
  /** The same of something that may yet be done. */
  readonly mayChange: boolean
}

function writesOf(ops: readonly HistoryOp[], model: AnyModel): Writes {
  let last: HistoryOp | undefined
  let settledAt = -1
  let acknowledged: HistoryOp | undefined
  let changed = false
  let mayChange = false
  const byValue = new Map<string, HistoryOp>()
  const open = new Set<string>()
  for (const op of ops) {
    if (model.isRead?.(op)) continue
    const written = model.access?.(op)?.writes
    const isDone = op.status === 'ok'
    // one that nobody knows the end of counts by its call
    const at = isDone ? op.returnedAt : op.calledAt
    if (at > settledAt) last = op
    settledAt = Math.max(settledAt, at)
    if (isDone) acknowledged ??= op
    if (written === undefined) {
      if (isDone) changed = true
      else mayChange = true
      continue
    }
    const text = valueText(written)
    if (!isDone) open.add(text)
    if (isDone || !byValue.has(text)) byValue.set(text, op)
  }
  return { last, settledAt, acknowledged, byValue, open, changed, mayChange }
}

function diverging(
  history: History,
  model: AnyModel,
  key: HistoryKey,
  ops: readonly HistoryOp[],
): Violation | undefined {
  const { last, settledAt, acknowledged, byValue, open, changed, mayChange } = writesOf(ops, model)
  if (mayChange) return undefined
  const reads = new Map<number | string, HistoryOp>()
  for (const op of ops) {
    if (op.status !== 'ok' || !model.isRead?.(op) || op.calledAt < settledAt) continue
    reads.set(op.process, op)
  }
  const found = (detail: string, ...shown: (HistoryOp | undefined)[]): Violation => {
    const ops = shown.filter((op) => op !== undefined)
    return { key, events: eventsOf(history, ops), smallest: false, detail }
  }
  const settled = [...reads.values()]
    .map((op) => ({ op, text: readText(model, op) }))
    .filter(({ text }) => !open.has(text))
  const [first, ...others] = settled
  if (first === undefined) return undefined
  const { op, text } = first
  const other = others.find((one) => one.text !== text)
  if (other !== undefined) {
    const detail = `after the last write ${opText(op)}, but ${opText(other.op)}`
    return found(detail, byValue.get(text), byValue.get(other.text), last, op, other.op)
  }
  if (changed || byValue.has(text)) return undefined
  if (text !== valueText(model.initialValue)) {
    return found(`${opText(op)}: nobody has written that`, last, op)
  }
  if (acknowledged === undefined) return undefined
  return found(`${opText(op)}, but something was written`, acknowledged, last, op)
}

/** What a read gave. */
function readText(model: AnyModel, op: HistoryOp): string {
  const reads = model.access?.(op)?.reads
  if (reads !== undefined) return valueText(reads)
  throw badHistory(undefined, `${op.f} of ${model.name} does not say what it reads`)
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
