import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import type { ExitReason } from '../../src/actor/exit-reason.js'
import type { AnyRef } from '../../src/actor/ref.js'
import { type ChildOptions, type ChildSpec, child } from '../../src/supervision/child-spec.js'
import type { Strategy } from '../../src/supervision/strategies.js'
import { Supervisor } from '../../src/supervision/supervisor.js'

/** What a test decides about a probe, shared by all its incarnations. */
export interface Script {
  readonly id: string
  /** `+a` at a start, `-a` at an end, in order; shared by the probes of a test. */
  readonly log: string[]
  /** Asked at each start: an error fails it. */
  readonly start?: () => unknown
  readonly stop?: (reason: ExitReason) => unknown
}

/** A child that does as its script says. */
@actor('test/probe')
export class Probe extends Actor<Script> {
  handled: string[] = []

  override onStart(): Promise<void> | void {
    const { id, log, start } = this.args
    const started = start?.()
    if (started instanceof Promise) return started.then(() => void log.push(`+${id}`))
    log.push(`+${id}`)
  }

  override onStop(reason: ExitReason): void | Promise<void> {
    const { id, log, stop } = this.args
    log.push(`-${id}`)
    return stop?.(reason) as Promise<void> | void
  }

  say(word: string): string[] {
    this.handled.push(word)
    return this.handled
  }

  crash(message = 'crash'): void {
    throw new Error(message)
  }

  finish(reason: ExitReason = { type: 'normal' }): void {
    void this.stop(this.self, reason)
  }

  hang(): Promise<void> {
    return new Promise(() => {})
  }

  async wait(until: Promise<void>): Promise<void> {
    await until
    this.args.log.push(`late ${this.args.id}`)
    this.stop()
  }

  me(): AnyRef {
    return this.self
  }
}

export interface Plan {
  readonly strategy: Strategy
  readonly children: readonly ChildSpec[]
}

/** A supervisor whose strategy and children come with its spawn. */
@actor('test/sup')
export class Sup extends Supervisor<Plan> {
  override readonly strategy = this.args.strategy

  override children(): readonly ChildSpec[] {
    return this.args.children
  }

  crash(): void {
    throw new Error('the supervisor itself')
  }
}

/** Makes probes that share a log. */
export class Probes {
  readonly log: string[] = []

  child(
    id: string,
    options: Omit<ChildOptions, 'args'> = {},
    script: Partial<Script> = {},
  ): ChildSpec {
    return child(id, Probe, { name: id, ...options, args: { id, log: this.log, ...script } })
  }

  sup(id: string, plan: Plan, options: Omit<ChildOptions, 'args'> = {}): ChildSpec {
    return child(id, Sup, { name: id, ...options, args: plan })
  }

  /** What happened since the last look. */
  get happened(): string {
    return this.log.splice(0).join(' ')
  }
}
