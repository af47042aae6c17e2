import { codeOf } from '../../base/errors.js'
import {
  type ChoiceSource,
  type Result,
  type Scenario,
  type Script,
  type SimulateOptions,
  simulate,
  type Trace,
} from '../../simulation/index.js'
import { nodesOf } from '../../simulation/scenario.js'
import { type Candidate, type Case, caseKey, isOp, type Present, plain } from './case.js'
import { GuidedOrder, type Identities, type OrderRecord, RecordingOrder } from './guided-order.js'
import { isFaultLabel } from './shrunk.js'

/** A candidate may take so many times the events of the run that failed, and so many at least. */
const EVENTS_TIMES = 4
const EVENTS_LEAST = 20_000

export interface TrialBounds {
  readonly executions: number
  /** When time is over, by the clock of `nowMs`. */
  readonly endMs: number
  readonly nowMs: () => number
  /** After every run. */
  readonly ran: () => void
}

/** How operations go where nothing goes wrong. */
interface Alone {
  readonly fails: boolean
  /** It is known of each whether it was done. */
  readonly answered: boolean
}

/** Tries candidates, and keeps the last that failed as the first run did. */
export class Trials {
  executions = 0
  readonly #scenario: Scenario
  readonly #signature: string | undefined
  readonly #bounds: TrialBounds
  readonly #identities: Identities = new Map()
  /** Candidates that did not fail so. */
  readonly #refused = new Set<string>()
  /** How operations go by themselves, by their cases. */
  readonly #plain = new Map<string, Alone>()
  /** How those of the first script do. */
  #expected: Alone | undefined
  /** All of the scenario. */
  readonly nodes: readonly string[]
  /** What clients did in the run that failed; undefined while that is unknown. */
  first: Script | undefined
  #present: Present
  /** Which of all cases that were taken it is. */
  #number = 0
  #taken = 0
  #record: OrderRecord | undefined
  #trace: Trace | undefined

  constructor(scenario: Scenario, present: Present, bounds: TrialBounds) {
    this.#scenario = lean(scenario, present.result)
    this.#signature = present.result.signature
    this.nodes = nodesOf(scenario)
    this.#present = present
    this.#bounds = bounds
  }

  get present(): Present {
    return this.#present
  }

  /** Another for every candidate that was taken. */
  get number(): number {
    return this.#number
  }

  /** Goes back to a case that was the present one. */
  restore(present: Present, number: number): void {
    this.#become(present, number)
  }

  get ended(): 'executions' | 'seconds' | undefined {
    const { executions, endMs, nowMs } = this.#bounds
    if (this.executions >= executions) return 'executions'
    return nowMs() >= endMs ? 'seconds' : undefined
  }

  /**
   * From now on a case is taken only if its operations alone, with nothing that goes wrong, go as well as those of the
   * present one: where these do not fail, and all are answered. What fails by itself is another failure, though it may
   * look the same.
   */
  async expectSound(): Promise<void> {
    const { case: present } = this.#present
    this.#expected = present.script && (await this.#alone(present))
  }

  async #isSound(wanted: Case): Promise<boolean> {
    const expected = this.#expected
    if (expected === undefined) return true
    const { fails, answered } = await this.#alone(wanted)
    if (expected.answered && !answered) return false
    return fails ? expected.fails && wanted.script?.steps.some(isOp) === true : true
  }

  async #alone(wanted: Case): Promise<Alone> {
    const alone = plain(wanted)
    const key = caseKey(alone)
    let found = this.#plain.get(key)
    if (found === undefined) {
      const { verdict, history } = await this.#run(alone, {})
      const answered = history.every(({ status }) => status === 'ok' || status === 'fail')
      found = { fails: verdict === 'fail', answered }
      this.#plain.set(key, found)
    }
    return found
  }

  get ofMessages(): boolean {
    return this.#scenario.level === 'messages'
  }

  /** A trace of the present run. */
  async trace(): Promise<Trace> {
    if (this.#trace === undefined) {
      const { trace } = await this.#run(this.#present.case, { trace: 'memory' })
      this.#trace = trace as Trace
    }
    return this.#trace
  }

  /** Takes the candidate for the present case if it fails in the same way, and `accepts` its run. */
  async take(
    candidate: Candidate,
    accepts: (result: Result) => boolean = () => true,
  ): Promise<boolean> {
    if (this.ended !== undefined) return false
    const guided = this.ofMessages && Object.keys(candidate.tape).length > 0
    const { origin, early } = candidate
    const key = [
      caseKey(candidate),
      guided && `${this.#number} ${origin} ${early && [...early]}`,
    ].join('\n')
    if (this.#refused.has(key)) return false
    const taken = guided ? await this.#guided(candidate) : await this.#exact(candidate)
    if (taken === undefined || !accepts(taken.result)) {
      this.#refused.add(key)
      return false
    }
    this.#adopt(taken)
    return true
  }

  /** Takes the candidate if it fails in the same way with its tape to the letter. */
  async takeExact(candidate: Case): Promise<boolean> {
    if (this.ended !== undefined || this.#refused.has(caseKey(candidate))) return false
    const taken = await this.#exact(candidate)
    if (taken !== undefined) this.#adopt(taken)
    else this.#refused.add(caseKey(candidate))
    return taken !== undefined
  }

  /** Takes the candidate if it fails in the same way with choices that are answered so. */
  async takeOrder(candidate: Case, choices: ChoiceSource): Promise<boolean> {
    if (this.ended !== undefined) return false
    const result = await this.#attempt(candidate, { choices })
    const taken = result && (await this.#exact({ ...candidate, tape: result.tape }))
    if (taken !== undefined) this.#adopt(taken)
    return taken !== undefined
  }

  #adopt(taken: Present): void {
    this.#become(taken, ++this.#taken)
  }

  #become(present: Present, number: number): void {
    this.#present = present
    this.#number = number
    this.#record = undefined
    this.#trace = undefined
  }

  /** A run of the case with its tape, to the letter: as a counterexample file repeats it. */
  async #exact(wanted: Case): Promise<Present | undefined> {
    for (let { tape } = wanted; ; ) {
      const result = await this.#attempt({ ...wanted, tape })
      if (result === undefined) return undefined
      const same = Object.keys(result.tape).length === Object.keys(tape).length
      tape = result.tape
      const { seed, script } = wanted
      const faults = script === undefined ? wanted.faults : []
      if (!same) continue
      const found: Case = { seed, script, faults, tape }
      return (await this.#isSound(found)) ? { case: found, result } : undefined
    }
  }

  /** The same with messages in the order of the present run, as far as they are the same. */
  async #guided(candidate: Candidate): Promise<Present | undefined> {
    const { origin, early } = candidate
    const record = await this.#recorded()
    const choices = new GuidedOrder(record, this.#identities, {
      tape: candidate.tape,
      origin,
      early: early ?? (isOrdered(this.#present.case) ? undefined : NONE),
    })
    const result = await this.#attempt(candidate, { choices })
    return result && this.#exact({ ...candidate, tape: result.tape })
  }

  async #recorded(): Promise<OrderRecord> {
    if (this.#record !== undefined) return this.#record
    const { case: present } = this.#present
    const order = new RecordingOrder(present.tape, this.#identities)
    await this.#run(present, { choices: order })
    this.#record = order
    return order
  }

  /** Messages that came early in the present run, by identity. */
  async early(): Promise<readonly number[]> {
    return (await this.#recorded()).early
  }

  /** The run, if it fails in the same way. */
  async #attempt(wanted: Case, options: SimulateOptions = {}): Promise<Result | undefined> {
    try {
      const result = await this.#run(wanted, options)
      const same = result.verdict === 'fail' && result.signature === this.#signature
      return same ? result : undefined
    } catch (error) {
      // its `start`, for one, may need what was taken out
      if (codeOf(error) === 'ERR_BAD_SCENARIO' || codeOf(error) === 'ERR_BAD_FAULT')
        return undefined
      throw error
    }
  }

  async #run(wanted: Case, options: SimulateOptions): Promise<Result> {
    this.executions++
    const { seed, script, faults, tape } = wanted
    const what = script === undefined ? { faults } : { script }
    const result = await simulate(this.#scenario, { ...options, ...what, seed, tape })
    this.#bounds.ran()
    return result
  }

  /** The present case with the scenario as it was given. */
  async confirmed(scenario: Scenario): Promise<Result> {
    const { seed, script, faults, tape } = this.#present.case
    const what = script === undefined ? { faults } : { script }
    const result = await simulate(scenario, { seed, tape, ...what })
    return result.signature === this.#signature ? result : this.#present.result
  }
}

const NONE: ReadonlySet<number> = new Set()

/** True where a tape says which message comes before which. */
export const isOrdered = ({ tape }: Case): boolean =>
  Object.keys(tape).some((label) => !isFaultLabel(label))

/** Without the watch for escaped waits, which costs a third, unless that is what failed; and not for ever. */
function lean(scenario: Scenario, { check, events }: Result): Scenario {
  const steps = Math.max(EVENTS_LEAST, EVENTS_TIMES * events)
  return {
    ...scenario,
    ...(check !== 'error' && { escapedWaits: 'off' }),
    limits: { ...scenario.limits, steps: Math.min(scenario.limits?.steps ?? steps, steps) },
  }
}
