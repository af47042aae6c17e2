import type { Actor } from '../actor/actor.js'
import type { AnyRef } from '../actor/ref.js'
import { messageOf } from '../base/errors.js'
import type { Node } from '../node/node.js'
import type { Op, Plain } from './op.js'

/** A living actor, seen from outside: for checks, which may look where no message is. */
export interface LivingActor<A> {
  readonly node: string
  readonly ref: AnyRef
  /** The instance itself. Looking is fine; do not call its methods. */
  readonly actor: A
}

/** What checks see of a run. */
export interface View {
  /** Nodes that run now, by name. */
  readonly nodes: ReadonlyMap<string, Node>
  /** Operations so far. */
  readonly history: readonly Op[]
  readonly nowMs: number
  /** Living actors of that class (not of its subclasses) on all running nodes. */
  actors<A extends Actor<unknown>>(actorClass: abstract new () => A): LivingActor<A>[]
}

/** Why something does not hold, and the operation that shows it: diagrams have it in red. */
export interface Blame {
  readonly why: string
  readonly op: Op
  /** What a model of the system expected of that operation, where it knows: counterexamples have it in the line. */
  readonly expected?: { readonly value: Plain }
}

/** False, a text, or a text with an operation: it does not hold, and why. True or nothing: it holds. */
export type Verification = boolean | string | Blame | undefined

export type Check =
  /** Asked after every event while nodes run. */
  | {
      readonly type: 'always'
      readonly name: string
      holds(view: View): Verification
      /** Asked after every so many events. Default 1. */
      readonly every: number
    }
  /** Asked again and again after the settle phase has begun: faults are over, crashed nodes are back. */
  | {
      readonly type: 'eventually'
      readonly name: string
      holds(view: View): Verification
      readonly withinMs: number
    }
  /** Asked once, of the history, when all has ended. */
  | { readonly type: 'history'; readonly name: string; holds(history: readonly Op[]): Verification }
  /** Something that some run should reach: see `Driver.reached`. Never fails a run. */
  | { readonly type: 'sometimes'; readonly name: string }

/** What must hold. A check that throws fails the run with what it threw. */
export const check = {
  /** Must hold after every event (or every `every` events). Keep it quick. */
  always(
    name: string,
    holds: (view: View) => Verification,
    options: { readonly every?: number } = {},
  ): Check {
    return { type: 'always', name, holds, every: options.every ?? 1 }
  },

  /** Must come to hold within `withinMs` (default 30,000) of virtual time once faults have ended. */
  eventually(
    name: string,
    holds: (view: View) => Verification,
    options: { readonly withinMs?: number } = {},
  ): Check {
    return { type: 'eventually', name, holds, withinMs: options.withinMs ?? 30_000 }
  },

  /** Must hold for what clients saw. */
  history(name: string, holds: (history: readonly Op[]) => Verification): Check {
    return { type: 'history', name, holds }
  },

  /** A situation that tests are meant to reach; `Result.sometimes` counts how often this run did. */
  sometimes(name: string): Check {
    return { type: 'sometimes', name }
  },
} as const

/** A check that did not hold. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed'
  readonly check: string
  /** Which of several things that the check looks at: a part of the failure's signature. */
  readonly part: string | undefined
  /** The index of the client's operation that shows it. */
  readonly op: number | undefined
  /** What was expected of that operation. */
  readonly expected: { readonly value: Plain } | undefined

  constructor(
    name: string,
    detail: string | undefined,
    cause?: unknown,
    part?: string,
    op?: number,
    expected?: { readonly value: Plain },
  ) {
    super(detail === undefined ? `${name} does not hold` : `${name}: ${detail}`, { cause })
    this.check = name
    this.part = part
    this.op = op
    this.expected = expected
  }
}

/** Asks a check; what it throws is its failure. */
export function verify(name: string, ask: () => Verification): CheckFailed | undefined {
  try {
    const answer = ask()
    if (answer === true || answer === undefined) return undefined
    if (typeof answer === 'object') {
      const { why, op, expected } = answer
      return new CheckFailed(name, why, undefined, undefined, op.index, expected)
    }
    return new CheckFailed(name, typeof answer === 'string' ? answer : undefined)
  } catch (error) {
    if (error instanceof CheckFailed && error.check === name) return error
    return new CheckFailed(name, messageOf(error), error)
  }
}
