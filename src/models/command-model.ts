import { check as rule } from '../base/options.js'
import type { Check, Plain } from '../simulation/index.js'
import { linearizable } from '../verification/history/client-history.js'
import type { HistoryOp } from '../verification/history/history.js'
import type { Model, OperationRule } from '../verification/history/model.js'
import type { CommandRules } from './command-rules.js'

const ANYTHING: OperationRule = {
  takes: rule<Plain>('anything', () => true),
  gives: 'anything',
}

/** What several clients saw is linearizable, by the model of the commands. */
export function linearizableBy<M>(rules: CommandRules<M>): Check {
  return linearizable(new CommandModel(rules), {
    describe: ({ name, args }) =>
      Object.hasOwn(rules.commands, name) ? { f: name, value: args } : undefined,
  })
}

/** The model of the commands, as one object for the checkers of histories. */
class CommandModel<M> implements Model<M> {
  readonly name = 'model'
  readonly operations: Readonly<Record<string, OperationRule>>
  readonly initial: M
  readonly #rules: CommandRules<M>

  constructor(rules: CommandRules<M>) {
    this.#rules = rules
    this.initial = rules.initial
    const names = Object.keys(rules.commands)
    this.operations = Object.fromEntries(names.map((name) => [name, ANYTHING]))
  }

  text(state: M): string {
    return this.#rules.textOf(state)
  }

  step(state: M, { f, value, result, status }: HistoryOp): M | undefined {
    const args = value as readonly Plain[]
    if (status === 'info') return this.#rules.next(f, state, args, undefined)
    if (this.#rules.misfit(f, state, args, result) !== undefined) return undefined
    return this.#rules.next(f, state, args, result)
  }

  isRead({ f }: HistoryOp): boolean {
    return !this.#rules.changes(f)
  }
}
