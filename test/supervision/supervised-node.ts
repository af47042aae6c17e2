import type { Actor, ArgsOf } from '../../src/actor/actor.js'
import { ActorSystem } from '../../src/actor/actor-system.js'
import type { ExitReason } from '../../src/actor/exit-reason.js'
import { noOutbound } from '../../src/actor/outbound.js'
import type { ActorRef, AnyRef } from '../../src/actor/ref.js'
import { newIncarnation } from '../../src/base/identity.js'
import type { Logger } from '../../src/base/logger.js'
import { seededRandom } from '../../src/base/random.js'
import { type RootFailed, Supervision } from '../../src/supervision/supervision.js'
import type { Clock, Timer } from '../../src/world/clock.js'

/** A clock that moves by hand. */
export class ManualClock implements Clock {
  #nowMs = 0
  #timers: { atMs: number; run: () => void }[] = []

  now(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((one) => one !== timer)
      },
    }
  }

  get pending(): number {
    return this.#timers.length
  }

  /** Runs the next timer that is due by then; false when there is none. */
  runNext(untilMs: number): boolean {
    let next = this.#timers[0]
    for (const timer of this.#timers) if (next && timer.atMs < next.atMs) next = timer
    if (!next || next.atMs > untilMs) return false
    this.#timers = this.#timers.filter((one) => one !== next)
    this.#nowMs = Math.max(this.#nowMs, next.atMs)
    next.run()
    return true
  }

  moveTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms)
  }
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

interface Entry {
  readonly level: string
  readonly message: string
  readonly child?: string
  readonly reason?: string
}

/** What was logged, as `level message child`. */
export class LogBook implements Logger {
  readonly lines: string[] = []
  readonly entries: Entry[] = []
  debug = (): void => {}
  info = (fields: object, message: string): void => this.#note('info', fields, message)
  warn = (fields: object, message: string): void => this.#note('warn', fields, message)
  error = (fields: object, message: string): void => this.#note('error', fields, message)

  #note(level: string, fields: object, message: string): void {
    const entry: Entry = { ...fields, level, message }
    this.entries.push(entry)
    this.lines.push(`${level} ${message} ${entry.child ?? ''}`.trim())
  }
}

/** Actors and supervision of one node in virtual time. */
export class SupervisedNode {
  readonly clock = new ManualClock()
  readonly log = new LogBook()
  readonly rootsFailed: RootFailed[] = []
  readonly supervision: Supervision
  readonly system: ActorSystem

  constructor(name = 'a') {
    const incarnation = newIncarnation(1, new Uint8Array(5).fill(name.charCodeAt(0)))
    this.supervision = new Supervision({
      self: { node: name, incarnation },
      log: this.log,
      onRootFailed: (failed) => this.rootsFailed.push(failed),
    })
    this.system = new ActorSystem({
      world: {
        clock: this.clock,
        turn: {
          micro: queueMicrotask,
          immediate: (run) => void setImmediate(run),
          workedMs: () => 0,
        },
        random: seededRandom(1),
      },
      nodeName: name,
      incarnation,
      outbound: noOutbound,
      bonds: this.supervision,
      log: this.log,
    })
  }

  spawn<A extends Actor<unknown>>(actorClass: new () => A, args?: ArgsOf<A>): ActorRef<A> {
    return this.system.spawn(actorClass, args).ref as unknown as ActorRef<A>
  }

  /** Spawns and waits until it runs, or has ended. */
  async up<A extends Actor<unknown>>(
    actorClass: new () => A,
    args?: ArgsOf<A>,
  ): Promise<ActorRef<A>> {
    const ref = this.spawn(actorClass, args)
    await this.settle()
    return ref
  }

  /** Lets everything happen that needs no time to pass. */
  async settle(): Promise<void> {
    await this.advance(0)
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.clock.now() + ms
    let quiet = 0
    while (quiet < 3) {
      await turns()
      if (this.clock.runNext(untilMs)) quiet = 0
      else quiet++
    }
    this.clock.moveTo(untilMs)
  }

  alive(ref: AnyRef): boolean {
    const state = this.system.cellOf(ref)?.state
    return state === 'running' || state === 'starting'
  }

  incarnation(ref: AnyRef): number | undefined {
    return this.system.cellOf(ref)?.incarnation
  }

  /** Ends an actor from outside, and lets everything follow. */
  async end(ref: AnyRef, reason: ExitReason): Promise<void> {
    if (reason.type === 'killed') this.system.cellOf(ref)?.kill()
    else void this.system.stop(ref, reason)
    await this.settle()
  }
}
