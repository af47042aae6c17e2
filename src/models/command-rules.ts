import { TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import { CheckFailed, type Outcome, type Plain, type Verification } from '../simulation/index.js'
import { shortText, valueText } from '../verification/history/value-text.js'
import type { AnyCommand } from './command.js'

/** Why a result does not fit a model. */
export interface Misfit {
  readonly text: string
  /** What the model expects, where it says so. */
  readonly expected?: { readonly value: Plain }
  /** What was thrown. */
  readonly cause?: unknown
}

/**
 * What commands say of models, asked with care: each model that they give is asked for twice, and one that was changed in
 * place is noticed. All errors of code ERR_BAD_MODEL come from here or from a step.
 */
export class CommandRules<M> {
  readonly commands: Readonly<Record<string, AnyCommand<M>>>
  readonly initial: M
  readonly #textOf: (model: M) => string

  constructor(
    commands: Readonly<Record<string, AnyCommand<M>>>,
    initial: M,
    textOf: (model: M) => string,
  ) {
    this.commands = commands
    this.initial = initial
    this.#textOf = textOf
  }

  /** A text that models share exactly when they are equal. */
  textOf(model: M): string {
    const text: unknown = this.#textOf(model)
    if (typeof text === 'string') return text
    throw badModel(`text of a model must be a string, got ${show(text)}`)
  }

  /** Whether an unknown outcome may show later. */
  changes(name: string): boolean {
    const { next, unknown } = this.command(name)
    return next !== undefined || unknown !== undefined
  }

  command(name: string): AnyCommand<M> {
    return this.commands[name] as AnyCommand<M>
  }

  may(name: string, model: M, args: readonly Plain[]): boolean {
    const command = this.command(name)
    if (command.pre === undefined) return true
    const answer: unknown = this.#unchanged('pre', name, model, args, undefined, () =>
      command.pre?.(model, args),
    )
    if (typeof answer === 'boolean') return answer
    throw badModel(`pre of ${name} must give true or false, got ${show(answer)}`)
  }

  next(name: string, model: M, args: readonly Plain[], result: Plain): M {
    const command = this.command(name)
    if (command.next === undefined) return model
    const ask = (): M => command.next?.(model, args, result) as M
    return this.#twice('next', name, model, args, result, ask)
  }

  /** The models that may hold once a command of unknown outcome has been done. */
  unknown(name: string, model: M, args: readonly Plain[]): readonly M[] {
    const command = this.command(name)
    if (command.unknown === undefined) return [this.next(name, model, args, undefined)]
    const read = (): readonly M[] => {
      const models: unknown = command.unknown?.(model, args)
      if (Array.isArray(models)) return models
      throw badModel(`unknown of ${name} must give an array of models, got ${show(models)}`)
    }
    return this.#twice('unknown', name, model, args, undefined, read, (models) =>
      models.map((one) => this.textOf(one)).join(' or '),
    )
  }

  /** Undefined: it fits. */
  misfit(name: string, model: M, args: readonly Plain[], result: Plain): Misfit | undefined {
    const command = this.command(name)
    if (command.expects !== undefined) {
      const expects = (): Misfit | undefined => {
        const value = command.expects?.(model, args)
        if (valueText(value) === valueText(result)) return undefined
        return { text: `the model expects ${shortText(value)}`, expected: { value } }
      }
      const misfit = this.#judged('expects', name, model, args, result, expects)
      if (misfit !== undefined) return misfit
    }
    if (command.post === undefined) return undefined
    return this.#judged('post', name, model, args, result, () =>
      misfitOf('post', name, command.post?.(model, args, result)),
    )
  }

  /** Undefined: it may be refused. */
  misfitOfRefusal(
    name: string,
    model: M,
    args: readonly Plain[],
    outcome: Outcome,
  ): Misfit | undefined {
    const command = this.command(name)
    if (command.refused === undefined || outcome.code === 'ERR_NODE_DOWN') return undefined
    return this.#judged('refused', name, model, args, outcome.code, () =>
      misfitOf('refused', name, command.refused?.(model, args, outcome)),
    )
  }

  /** A judgement; what it throws is its reason. */
  #judged(
    what: string,
    name: string,
    model: M,
    args: readonly Plain[],
    result: Plain,
    judge: () => Misfit | undefined,
  ): Misfit | undefined {
    let misfit: Misfit | undefined
    this.#unchanged(what, name, model, args, result, () => {
      try {
        misfit = judge()
      } catch (cause) {
        if (isBadModel(cause)) throw cause
        misfit = { text: `${what} of ${name} threw ${errorText(cause)}`, cause }
      }
    })
    return misfit
  }

  #twice<T>(
    what: string,
    name: string,
    model: M,
    args: readonly Plain[],
    result: Plain,
    ask: () => T,
    textOf: (given: T) => string = (given) => this.textOf(given as unknown as M),
  ): T {
    const [given, again] = [0, 1].map(() =>
      this.#unchanged(what, name, model, args, result, ask),
    ) as [T, T]
    if (isThenable(given)) {
      throw badModel(`${what} of ${name} must give its answer at once, not a promise`)
    }
    const [first, second] = [textOf(given), textOf(again)]
    if (first === second) return given
    const step = stepText(what, name, this.textOf(model), args, result)
    throw badModel(`${step} gave ${first}, and asked again ${second}`)
  }

  /** What it gives; for a model that is the same before and after. */
  #unchanged<T>(
    what: string,
    name: string,
    model: M,
    args: readonly Plain[],
    result: Plain,
    ask: () => T,
  ): T {
    const before = this.textOf(model)
    let given: T
    try {
      given = ask()
    } catch (error) {
      if (isBadModel(error)) throw error
      throw new CheckFailed('model', `${what} of ${name} threw ${errorText(error)}`, error, name)
    }
    const after = this.textOf(model)
    if (before === after) return given
    const step = stepText(what, name, before, args, result)
    throw badModel(`${step} changed that model in place, to ${after}: give a new one`)
  }
}

export const badModel = (detail: string): TroupeError => new TroupeError('ERR_BAD_MODEL', detail)

export const isBadModel = (error: unknown): error is TroupeError =>
  error instanceof TroupeError && error.code === 'ERR_BAD_MODEL'

const errorText = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)

const isThenable = (value: unknown): boolean =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function'

function stepText(
  what: string,
  name: string,
  model: string,
  args: readonly Plain[],
  result: Plain,
): string {
  const given = result === undefined ? '' : ` and result ${shortText(result)}`
  return `${what} of ${name}, for model ${model} with arguments ${shortText(args)}${given},`
}

function misfitOf(what: string, name: string, answer: Verification): Misfit | undefined {
  if (answer === true || answer === undefined) return undefined
  if (answer === false) return { text: `${what} of ${name} does not hold` }
  if (typeof answer === 'string') return { text: answer }
  throw badModel(
    `${what} of ${name} must give true, false, a text or nothing, got ${isThenable(answer) ? 'a promise' : show(answer)}`,
  )
}
