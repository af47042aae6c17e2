import type { Outcome, Plain } from '../simulation/index.js'
import type { CommandRules, Misfit } from './command-rules.js'

/** More models than this at once, and nobody knows any more. */
const POSSIBLE_MAX = 2_048

/** A command of unknown outcome: it may take effect at any time after its call, or never. */
interface Pending {
  readonly name: string
  readonly args: readonly Plain[]
}

/** A model that may hold now. */
interface Possible<M> {
  readonly model: M
  /** The places in `#pending` of what has not been done in it, in order. */
  readonly left: readonly number[]
}

/**
 * The models that a sequence of commands leaves possible: one, as long as every outcome is known. What a command gave
 * rules out those that it does not fit; when none is left the system does what no model does.
 */
export class PossibleModels<M> {
  readonly #rules: CommandRules<M>
  readonly #pending: Pending[] = []
  #possible: readonly Possible<M>[]
  #tooMany = false

  constructor(rules: CommandRules<M>) {
    this.#rules = rules
    this.#possible = [{ model: rules.initial, left: [] }]
  }

  /** Too many outcomes are unknown: from there on everything is taken as possible. */
  get undecided(): boolean {
    return this.#tooMany
  }

  may(name: string, args: readonly Plain[]): boolean {
    return this.#possible.every(({ model }) => this.#rules.may(name, model, args))
  }

  /** The outcome of a command; a misfit when no model allows it. */
  take(name: string, args: readonly Plain[], outcome: Outcome): Misfit | undefined {
    if (this.#tooMany) return undefined
    const { status, value } = outcome
    if (status === 'ok') {
      return this.#keep(
        (model) => this.#rules.misfit(name, model, args, value),
        (model) => this.#rules.next(name, model, args, value),
      )
    }
    if (status === 'fail') {
      return this.#keep(
        (model) => this.#rules.misfitOfRefusal(name, model, args, outcome),
        (model) => model,
      )
    }
    if (this.#rules.changes(name)) this.#unknown({ name, args })
    return undefined
  }

  #keep(misfitOf: (model: M) => Misfit | undefined, next: (model: M) => M): Misfit | undefined {
    const misfits: Misfit[] = []
    const kept: Possible<M>[] = []
    for (const { model, left } of this.#possible) {
      const misfit = misfitOf(model)
      if (misfit !== undefined) misfits.push(misfit)
      else kept.push({ model: next(model), left })
    }
    if (kept.length === 0) return oneOf(misfits)
    this.#set(kept)
    return undefined
  }

  #unknown(pending: Pending): void {
    const at = this.#pending.push(pending) - 1
    this.#set(this.#possible.map(({ model, left }) => ({ model, left: [...left, at] })))
  }

  /** These, and what they become when something of unknown outcome is done now. */
  #set(possible: readonly Possible<M>[]): void {
    const known = new Map<string, Possible<M>>()
    const found: Possible<M>[] = []
    const add = (one: Possible<M>): void => {
      const key = `${one.left.join()} ${this.#rules.textOf(one.model)}`
      if (known.has(key)) return
      known.set(key, one)
      found.push(one)
    }
    for (const one of possible) add(one)
    // what is added on the way has its turn too
    for (const { model, left } of found) {
      for (const at of left) {
        const { name, args } = this.#pending[at] as Pending
        const rest = left.filter((other) => other !== at)
        for (const after of this.#rules.unknown(name, model, args)) {
          add({ model: after, left: rest })
        }
      }
      if (found.length <= POSSIBLE_MAX) continue
      this.#tooMany = true
      return
    }
    this.#possible = found
  }
}

/** What several models say, each once. */
function oneOf(misfits: readonly Misfit[]): Misfit {
  const texts = [...new Set(misfits.map(({ text }) => text))]
  if (texts.length === 1) return misfits[0] as Misfit
  const cause = misfits.find((misfit) => misfit.cause !== undefined)?.cause
  const text = `no model that is possible by then allows it: ${texts.slice(0, 4).join('; or ')}`
  return cause === undefined ? { text } : { text, cause }
}
