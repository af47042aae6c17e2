import type { Ledger } from './budget.js'
import type { HistoryOp } from './history.js'
import type { AnyModel, Model } from './model.js'
import { valueText } from './value-text.js'

/** What `next` gives for an operation that cannot be in that state. */
export const IMPOSSIBLE = -1

/** By estimate: what an entry of a map costs, with its key. */
const ENTRY_BYTES = 60

/**
 * The states of a model and the kinds of operations on it, by small numbers. Operations are of one kind when nothing
 * but their time and client sets them apart. The initial state is 0.
 */
export class StateTable {
  readonly #model: Model<unknown>
  readonly #ledger: Ledger
  readonly #states: unknown[] = []
  readonly #names = new Map<string, number>()
  readonly #kinds: HistoryOp[] = []
  readonly #kindNames = new Map<string, number>()
  readonly #next: Map<number, number>[] = []

  constructor(model: AnyModel, ledger: Ledger) {
    this.#model = model
    this.#ledger = ledger
    this.#nameOf(model.initial)
  }

  /** The number of its kind. */
  kindOf(op: HistoryOp): number {
    const { f, key, value, result, status } = op
    const outcome = status === 'ok' ? valueText(result) : '?'
    const text = `${f} ${JSON.stringify(key)} ${valueText(value)} ${outcome}`
    const known = this.#kindNames.get(text)
    if (known !== undefined) return known
    const kind = this.#kinds.push(op) - 1
    this.#kindNames.set(text, kind)
    this.#ledger.keep(4 * ENTRY_BYTES + 2 * text.length)
    this.#next.push(new Map())
    return kind
  }

  /** The state after an operation of that kind, or IMPOSSIBLE. */
  next(state: number, kind: number): number {
    const after = this.#next[kind] as Map<number, number>
    const known = after.get(state)
    if (known !== undefined) return known
    const next = this.#model.step(this.#states[state], this.#kinds[kind] as HistoryOp)
    const name = next === undefined ? IMPOSSIBLE : this.#nameOf(next)
    after.set(state, name)
    this.#ledger.keep(ENTRY_BYTES)
    return name
  }

  /** An operation of that kind. */
  opOf(kind: number): HistoryOp {
    return this.#kinds[kind] as HistoryOp
  }

  stateOf(name: number): unknown {
    return this.#states[name]
  }

  textOf(name: number): string {
    const state = this.#states[name]
    return this.#model.text?.(state) ?? JSON.stringify(state) ?? 'undefined'
  }

  #nameOf(state: unknown): number {
    const text = this.#model.text?.(state) ?? JSON.stringify(state) ?? 'undefined'
    const known = this.#names.get(text)
    if (known !== undefined) return known
    const name = this.#states.push(state) - 1
    this.#names.set(text, name)
    this.#ledger.keep(ENTRY_BYTES + 2 * text.length)
    return name
  }
}
