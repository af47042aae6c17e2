import { canDrainNow, drainLater, drainNow, macrotask } from '../world/real/drain.js'
import { catchStrays } from '../world/real/strays.js'
import type { Agenda, SimEvent } from './agenda.js'
import { guardSlot, takeStep } from './guards/slot.js'
import type { WaitLedger } from './sim-waits.js'
import { describe, errorText, type FailureKind, SimulationFailure } from './simulation-failure.js'

/** After so many events the process may do something else, such as end a test that takes too long. */
const EVENTS_A_TURN = 4096

/** So many events without time moving are a loop that will not end. */
const EVENTS_AN_INSTANT = 1_000_000

export interface Limits {
  readonly maxEvents: number
  readonly maxVirtualMs: number
  readonly maxSendsAnEvent: number
}

export type BeforeEvent = (event: SimEvent) => void

/** Takes one event after the other, each to quiescence. */
export class Runner {
  readonly #agenda: Agenda
  readonly #seed: string
  readonly #drain: 'fast' | 'portable' | undefined
  readonly #limits: Limits
  readonly #maxUs: number
  readonly #hooks = new Set<BeforeEvent>()
  #before: BeforeEvent | undefined
  readonly #waits: WaitLedger | undefined
  #current: SimEvent | undefined
  #failure: SimulationFailure | undefined
  #running = false
  #instantUs = 0
  #instantEvents = 0
  events = 0

  constructor(
    agenda: Agenda,
    seed: string,
    drain: 'fast' | 'portable' | undefined,
    limits: Limits,
    waits: WaitLedger | undefined,
  ) {
    this.#agenda = agenda
    this.#seed = seed
    this.#drain = drain
    this.#limits = limits
    this.#maxUs = usOf(limits.maxVirtualMs)
    agenda.maxSends = limits.maxSendsAnEvent
    this.#waits = waits
  }

  /** Calls `hook` before every event; the function returned ends that. */
  beforeEvent(hook: BeforeEvent): () => void {
    const own: BeforeEvent = (event) => hook(event)
    this.#hooks.add(own)
    this.#compose()
    return () => {
      this.#hooks.delete(own)
      this.#compose()
    }
  }

  #compose(): void {
    const hooks = [...this.#hooks]
    const all: BeforeEvent = (event) => {
      for (const hook of hooks) hook(event)
    }
    this.#before = hooks.length <= 1 ? hooks[0] : all
  }

  /** Something in the simulated programs broke: the run ends here. The first failure counts. */
  fail(error: unknown): void {
    const where = `${errorText(error)} (in ${describe(this.#current)})`
    this.#failure ??=
      error instanceof SimulationFailure ? error : this.failure('error', where, error)
  }

  failure(kind: FailureKind, what: string, cause?: unknown): SimulationFailure {
    const atMs = this.#agenda.nowUs / 1000
    return new SimulationFailure(kind, what, this.#seed, atMs, this.events, cause)
  }

  /** Runs until `done`, for at most `ms` of virtual time; gives whether it was done. */
  drive(done: () => boolean, ms: number): Promise<boolean> {
    if (this.#running) {
      throw new Error('this simulation is running already: one run, complete or settle at a time')
    }
    if (!(ms >= 0)) throw new RangeError(`virtual time cannot move by ${ms} ms`)
    this.#running = true
    const untilUs = this.#agenda.nowUs + usOf(ms)
    const release = catchStrays((error) => this.fail(error))
    const unwatch = this.#waits?.begin()
    return new Promise((resolve, reject) => {
      const finish = (reached: boolean): void => {
        this.#running = false
        this.#agenda.running = 0
        release()
        unwatch?.()
        if (this.#failure === undefined) resolve(reached)
        else reject(this.#failure)
      }
      const turn = (): void => {
        const fast = this.#drain !== 'portable' && canDrainNow()
        for (let left = fast ? EVENTS_A_TURN : 1; left > 0; left--) {
          const reached = this.#advance(done, untilUs)
          if (reached !== undefined) {
            finish(reached)
            return
          }
          if (fast) drainOr(turn)
        }
        if (fast) this.#stepEnded()
        if (fast) macrotask(turn)
        else drainLater(turn)
      }
      macrotask(turn)
    })
  }

  /** One event, if there is one; else, or after a failure, whether the end was reached. */
  #advance(done: () => boolean, untilUs: number): boolean | undefined {
    this.#stepEnded()
    if (this.#failure !== undefined) return false
    try {
      const escaped = this.#waits?.check()
      if (escaped !== undefined) throw escaped
      const { maxSendsAnEvent, maxVirtualMs } = this.#limits
      if (this.#agenda.sends > maxSendsAnEvent) {
        const where = describe(this.#current)
        throw this.failure('sends', `more than ${maxSendsAnEvent} sends in one event (${where})`)
      }
      if (done()) return true
      const event = this.#agenda.take(Math.min(untilUs, this.#maxUs))
      if (event !== undefined) this.#step(event)
      else if (untilUs <= this.#maxUs) {
        this.#agenda.nowUs = untilUs
        return false
      } else {
        this.#agenda.nowUs = this.#maxUs
        throw this.failure('time', `virtual time is over after ${maxVirtualMs} ms`)
      }
    } catch (error) {
      this.fail(error)
    }
    return undefined
  }

  #stepEnded(): void {
    guardSlot.host = undefined
    this.#agenda.stepping = false
  }

  #step(event: SimEvent): void {
    const agenda = this.#agenda
    const { life, run } = event
    if (life?.host.paused) {
      life.host.aside.push(event)
      return
    }
    const { maxEvents } = this.#limits
    if (this.events >= maxEvents) throw this.failure('events', `${maxEvents} events have run`)
    if (event.at !== this.#instantUs) this.#instantEvents = 0
    this.#instantUs = event.at
    if (++this.#instantEvents > EVENTS_AN_INSTANT) {
      const what = `virtual time stands still: ${EVENTS_AN_INSTANT} events at one instant`
      throw this.failure('standstill', what)
    }
    event.run = undefined
    this.#current = event
    event.index = agenda.running = ++this.events
    agenda.sends = 0
    this.#before?.(event)
    agenda.hash.text(event.kind)
    agenda.hash.number(agenda.nowUs)
    agenda.hash.text(life?.name ?? '')
    agenda.hash.text(event.label)
    takeStep()
    guardSlot.host = life?.guarded
    agenda.stepping = true
    run?.()
  }
}

const usOf = (ms: number): number => Math.ceil(Math.min(ms, 2 ** 42) * 1000)

/**
 * What a nextTick callback throws has to leave this macrotask as it would without a simulation, or
 * Node finds its stack of async contexts damaged. It comes back as a stray; the run goes on to end in
 * `turn`.
 */
function drainOr(turn: () => void): void {
  let drained = false
  try {
    drainNow()
    drained = true
  } finally {
    if (!drained) macrotask(turn)
  }
}
