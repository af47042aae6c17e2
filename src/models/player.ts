import type { AsyncCommand } from 'fast-check'
import { show } from '../base/options.js'
import { printFault } from '../fault/index.js'
import {
  CheckFailed,
  type Client,
  type Driver,
  type Op,
  type Outcome,
  type Plain,
} from '../simulation/index.js'
import { toPlain } from '../simulation/plain.js'
import { shortText, valueText } from '../verification/history/value-text.js'
import { badModel, type CommandRules, type Misfit } from './command-rules.js'
import type { FaultLedger } from './fault-ledger.js'
import { PossibleModels } from './possible-models.js'
import type { Step } from './script.js'

/** A command whose result no model allows. */
export interface Refuted {
  readonly name: string
  readonly node: string
  readonly misfit: Misfit
}

/** A wait of a run, for its counterexample. */
export interface Wait {
  readonly atUs: number
  readonly ms: number
}

/** What the sequences of one run share. */
export interface Stage<M> {
  readonly rules: CommandRules<M>
  readonly ledger: FaultLedger
  readonly driver: Driver
  readonly waits: Wait[]
  /** Every client has come to its end: nothing is left that faults could befall. */
  over: boolean
  refuted: Refuted | undefined
}

/** Does the steps of one sequence, in so far as they may be done, and writes down those that were. */
export class Player<M> {
  readonly stage: Stage<M>
  readonly client: Client
  readonly ran: Step[] = []
  /** The one client's models. Of several clients each has a guess of its own, which decides nothing but `pre`. */
  readonly #possible: PossibleModels<M> | undefined
  #guess: M

  constructor(stage: Stage<M>, client: Client, judged: boolean) {
    this.stage = stage
    this.client = client
    this.#guess = stage.rules.initial
    if (judged) this.#possible = new PossibleModels(stage.rules)
  }

  /** Too many outcomes are unknown to say anything. */
  get undecided(): boolean {
    return this.#possible?.undecided ?? false
  }

  may(step: Step): boolean {
    const { rules, ledger, over } = this.stage
    switch (step.type) {
      case 'call':
        try {
          if (this.#possible !== undefined) return this.#possible.may(step.name, step.args)
          return rules.may(step.name, this.#guess, step.args)
        } catch (error) {
          this.ran.push(step) // to be asked again, it must be there
          throw error
        }
      case 'fault':
        return !over && ledger.mayBegin(step.fault)
      case 'end':
        return !over && ledger.mayEnd(step.which)
      case 'wait':
        return !over
    }
  }

  /** @returns what was done and what came of it */
  async perform(step: Step): Promise<string> {
    const { ledger, driver, waits } = this.stage
    switch (step.type) {
      case 'call':
        this.ran.push(step)
        return this.#call(step)
      case 'fault':
        this.ran.push(step)
        ledger.begin(step.fault)
        driver.fault(step.fault)
        return printFault(step.fault)
      case 'end': {
        const { text, fault, ends } = ledger.end(step.which)
        this.ran.push({ type: 'end', which: text })
        if (ends) driver.endFault(fault)
        else driver.fault(fault)
        return `end of ${text}`
      }
      case 'wait':
        this.ran.push(step)
        waits.push({ atUs: Math.round(this.client.nowMs * 1000), ms: step.ms })
        await this.client.sleep(step.ms)
        return `wait ${step.ms}`
    }
  }

  async #call({ name, node, args }: Step & { readonly type: 'call' }): Promise<string> {
    if (!isPlain(args)) {
      throw badModel(`arb of ${name} must give a tuple of plain values, got ${show(args)}`)
    }
    const { rules } = this.stage
    const outcome = await this.#outcome(name, node, args)
    if (this.#possible === undefined) {
      if (outcome.status === 'ok') {
        this.#guess = rules.next(name, this.#guess, args, outcome.value)
      }
    } else {
      const misfit = this.#possible.take(name, args, outcome)
      if (misfit !== undefined) throw this.#refute({ name, node, misfit }, args, outcome)
    }
    return `${node} ${name} ${shortText(args)} → ${outcomeText(outcome)}`
  }

  async #outcome(name: string, node: string, args: readonly Plain[]): Promise<Outcome> {
    const { run } = this.stage.rules.command(name)
    if (run === undefined) return this.client.callOn(node, name, ...args)
    let outcome: unknown
    try {
      outcome = await this.stage.rules.command(name).run?.(this.client, args, node)
    } catch (error) {
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      throw new CheckFailed('model', `run of ${name} threw ${text}`, error, name)
    }
    const status = (outcome as Outcome | null | undefined)?.status
    if (status === 'ok' || status === 'fail' || status === 'info') return outcome as Outcome
    throw badModel(`run of ${name} must give an outcome, as client.call does, got ${show(outcome)}`)
  }

  #refute(refuted: Refuted, args: readonly Plain[], outcome: Outcome): CheckFailed {
    this.stage.refuted = refuted
    const { name, node, misfit } = refuted
    const text = misfitText({ name, node, args }, outcome, misfit)
    return new CheckFailed('model', text, misfit.cause, name)
  }
}

/** What no model allows, for people. */
export function misfitText(
  { name, node, args }: Pick<Op, 'name' | 'node' | 'args'>,
  outcome: Outcome,
  misfit: Misfit,
): string {
  const words = [name, ...args.map(shortText)].join(' ')
  return `${words} on ${node} gave ${outcomeText(outcome)}: ${misfit.text}`
}

/** A step as a command of fast-check. Its text is what it was when it was done, and never made anew. */
export class StepCommand<M> implements AsyncCommand<Player<M>, Client> {
  readonly step: Step
  #text: string | undefined

  constructor(step: Step) {
    this.step = step
  }

  check(player: Player<M>): boolean {
    return player.may(this.step)
  }

  async run(player: Player<M>): Promise<void> {
    this.#text = await player.perform(this.step)
  }

  toString(): string {
    return this.#text ?? this.step.type
  }
}

function outcomeText({ status, value, code }: Outcome): string {
  if (status === 'ok') return value === undefined ? 'ok' : shortText(value)
  return `${status === 'fail' ? 'a refusal' : 'no answer'} (${code})`
}

/** What a text can hold and give back. */
function isPlain(args: unknown): args is readonly Plain[] {
  return Array.isArray(args) && args.every((arg) => valueText(toPlain(arg)) === jsonText(arg))
}

function jsonText(value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value)
    return text === undefined ? 'null' : valueText(JSON.parse(text) as Plain)
  } catch {
    return undefined
  }
}
