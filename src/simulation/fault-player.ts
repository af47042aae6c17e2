import type { Fault } from '../fault/fault.js'
import { parseFault, printFault } from '../fault/fault-text.js'
import type { Clock, Timer } from '../world/clock.js'
import type { FaultLine } from './fault-schedule.js'
import type { SimFaults } from './sim-faults.js'

/** Lets the faults of a schedule happen at their times, and writes down all that happened. */
export class FaultPlayer {
  readonly happened: FaultLine[] = []
  readonly #faults: SimFaults
  readonly #clock: Clock
  readonly #order: () => number
  readonly #note: (line: FaultLine) => void
  #beginUs = 0
  #timer: Timer | undefined

  /** `order` says how many calls and returns of clients there were so far. */
  constructor(
    faults: SimFaults,
    clock: Clock,
    order: () => number,
    note: (line: FaultLine) => void,
  ) {
    this.#faults = faults
    this.#clock = clock
    this.#order = order
    this.#note = note
  }

  /**
   * From now on. One timer at a time, so that a list of the same faults gives the same run as the model
   * that drew them.
   */
  begin(schedule: Iterator<FaultLine, unknown>): void {
    this.#beginUs = this.#nowUs()
    this.#next(schedule)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** The workload's own. @throws TroupeError ERR_BAD_FAULT */
  inject(given: Fault | string, ends: boolean): void {
    const fault = typeof given === 'string' ? parseFault(given) : given
    this.#faults.check(fault)
    if (ends) this.#faults.checkEnd(fault)
    this.#play({ atUs: this.#nowUs() - this.#beginUs, fault, ends, by: 'workload' })
  }

  #next(schedule: Iterator<FaultLine, unknown>): void {
    const { done, value: line } = schedule.next() as IteratorResult<FaultLine, unknown>
    if (done) return
    const waitUs = Math.max(0, this.#beginUs + line.atUs - this.#nowUs())
    this.#timer = this.#clock.after(waitUs / 1000, () => {
      this.#play(line)
      this.#next(schedule)
    })
  }

  #play(line: FaultLine): void {
    this.happened.push({ ...line, order: this.#order() })
    this.#note(line)
    if (line.ends) this.#faults.end(line.fault)
    else this.#faults.inject(line.fault)
  }

  #nowUs(): number {
    return Math.round(this.#clock.now() * 1000)
  }
}

/** A fault of a schedule as text, for traces and counterexamples. */
export interface FaultText {
  readonly atUs: number
  readonly fault: string
  readonly ends: boolean
}

/** What repeats the faults of a run; its workload's own are not among them. */
export function faultTexts(happened: readonly FaultLine[]): FaultText[] {
  return happened
    .filter(({ by }) => by === 'schedule')
    .map(({ atUs, fault, ends }) => ({ atUs, fault: printFault(fault), ends }))
}
