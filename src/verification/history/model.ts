import type { Check } from '../../base/options.js'
import type { Plain } from '../../simulation/op.js'
import type { HistoryOp } from './history.js'

/** What calls and returns of one operation may carry. */
export interface OperationRule {
  /** What it takes; a call that takes nothing has no value, or null. */
  readonly takes: Check<Plain> | 'nothing'
  /** What an `ok` says: anything, something by a rule, or the `same` as its call if anything. */
  readonly gives: Check<Plain> | 'anything' | 'same'
}

/** What an operation on a register does, for checks that ask who read what from whom. */
export interface Access {
  readonly reads?: Plain
  readonly writes?: Plain
}

/**
 * A sequential object: what each operation does to its state, one after the other. States are not
 * changed, and equal states have equal texts.
 */
export interface Model<S> {
  readonly name: string
  readonly operations: Readonly<Record<string, OperationRule>>
  /**
   * `apart` (default): each key is an object of its own, and is looked at alone. `together`: one object with all
   * keys, whose `step` looks at `op.key`.
   */
  readonly keys?: 'apart' | 'together'
  /** A call without a key is refused. */
  readonly needsKey?: boolean
  readonly initial: S
  /**
   * The state after it; undefined when it cannot happen in that state, or cannot give what it gave. The
   * result of one with status `info` is not known, and any will do.
   */
  step(state: S, op: HistoryOp): S | undefined
  /** Default: `JSON.stringify`. */
  text?(state: S): string
  /** Whether it leaves every state as it is, in which it can be; then no order is lost if its turn is early. Default: no. */
  isRead?(op: HistoryOp): boolean
  /**
   * Those of `pending` (status `info`) whose effect some of `done` may have seen; the others are taken as never done.
   * Default: all. It must be sound to leave the others out.
   */
  noticeable?(pending: readonly HistoryOp[], done: readonly HistoryOp[]): readonly HistoryOp[]
  /**
   * Looks ahead, to leave wrong ways early: gives a function that says whether a state is past hope just before the
   * event `at`, where `taken` says which of `ops`, by its place, has had its turn although it has not returned. It must
   * never deny hope that is there.
   */
  lookahead?(
    ops: readonly HistoryOp[],
  ): (at: number, state: S, taken: (place: number) => boolean) => boolean
  /** For an object that is read and written as a whole; undefined for an operation that is neither. */
  access?(op: HistoryOp): Access | undefined
  /** With `access`: what is read before anything was written. */
  readonly initialValue?: Plain
  /**
   * A quick and exact answer whether some order of these operations on one object fits clock and model;
   * undefined where it has none, and all orders must be searched.
   */
  decide?(ops: readonly HistoryOp[]): boolean | undefined
}

/** A model of whatever state. */
// biome-ignore lint/suspicious/noExplicitAny: the state is the model's own matter, nobody else looks at it
export type AnyModel = Model<any>
