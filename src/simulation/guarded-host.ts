import { check, oneOf } from '../base/options.js'
import type { Random } from '../base/random.js'
import type { Timer } from '../world/clock.js'
import type { Waits } from '../world/waits.js'
import type { World } from '../world/world.js'
import type { Agenda } from './agenda.js'
import { GUARD_KINDS, type GuardedHost, type GuardKind, type GuardPolicy } from './guards/slot.js'
import type { Life } from './sim-host.js'

/** One policy for all kinds, or one each; kinds that are not named are virtualised. */
export type GuardOptions = GuardPolicy | Partial<Readonly<Record<GuardKind, GuardPolicy>>>

export type GuardPolicies = Readonly<Record<GuardKind, GuardPolicy>>

const isPolicy = oneOf('virtualize', 'forbid', 'off')

export const isGuardOptions = check<GuardOptions>(
  `'virtualize', 'forbid' or 'off', or an object of these by kind (${GUARD_KINDS.join(', ')})`,
  (value) =>
    isPolicy.test(value) ||
    (typeof value === 'object' &&
      value !== null &&
      Object.entries(value).every(
        ([kind, policy]) => GUARD_KINDS.includes(kind as GuardKind) && isPolicy.test(policy),
      )),
)

export function policiesOf(options: GuardOptions): GuardPolicies {
  const policies = {} as Record<GuardKind, GuardPolicy>
  for (const kind of GUARD_KINDS) {
    policies[kind] = typeof options === 'string' ? options : (options[kind] ?? 'virtualize')
  }
  return policies
}

/** A global that code of simulated nodes used, and that the simulated world did in its place. */
export interface GuardWarning {
  /** `Date.now`, `setTimeout` and the like. */
  readonly name: string
  readonly count: number
  /** The host and the place of the first use. */
  readonly host: string
  readonly at: string | undefined
}

/** Uses of globals in one simulation. */
export class GuardLog {
  readonly #uses = new Map<string, { count: number; host: string; at: string | undefined }>()

  used(host: string, name: string, site: () => string | undefined): void {
    const use = this.#uses.get(name)
    if (use === undefined) this.#uses.set(name, { count: 1, host, at: site() })
    else use.count++
  }

  get warnings(): GuardWarning[] {
    return [...this.#uses].map(([name, use]) => ({ name, ...use }))
  }
}

/** The world of one incarnation as the guards use it in place of the globals. */
export class SimGuardedHost implements GuardedHost {
  readonly name: string
  readonly policies: GuardPolicies
  readonly #life: Life
  readonly #agenda: Agenda
  readonly #clock: World['clock']
  readonly #waits: Waits | undefined
  readonly #own: Random
  #drawn: Random | undefined
  readonly #log: GuardLog
  readonly #fail: (error: unknown) => void

  constructor(
    life: Life,
    agenda: Agenda,
    world: World,
    own: Random,
    policies: GuardPolicies,
    log: GuardLog,
    fail: (error: unknown) => void,
  ) {
    this.name = life.name
    this.policies = policies
    this.#life = life
    this.#agenda = agenda
    this.#clock = world.clock
    this.#waits = world.waits
    this.#own = own
    this.#log = log
    this.#fail = fail
  }

  nowMs(): number {
    return this.#clock.now()
  }

  wallMs(): number {
    return this.#clock.wallMs()
  }

  float(): number {
    return this.#random.float()
  }

  u32(): number {
    return this.#random.u32()
  }

  /** A stream of its own, made for the few programs that draw from a global. */
  get #random(): Random {
    this.#drawn ??= this.#own.fork('guards')
    return this.#drawn
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#awaited((fire) => this.#clock.after(delayMs, fire), run)
  }

  every(intervalMs: number, run: () => void): Timer {
    const close = this.#waits?.open(true)
    let timer: Timer
    const arm = (): void => {
      timer = this.#clock.after(intervalMs, () => {
        arm()
        run()
      })
    }
    arm()
    return {
      cancel: () => {
        close?.()
        timer.cancel()
      },
    }
  }

  immediate(run: () => void): Timer {
    return this.#awaited((fire) => {
      if (!this.#life.alive) return { cancel() {} }
      const event = this.#agenda.schedule(0, 'immediate', this.#life, this.name, fire)
      return { cancel: () => this.#agenda.cancel(event) }
    }, run)
  }

  #awaited(arm: (fire: () => void) => Timer, run: () => void): Timer {
    const close = this.#waits?.open()
    const timer = arm(() => {
      close?.()
      run()
    })
    return {
      cancel: () => {
        close?.()
        timer.cancel()
      },
    }
  }

  used(name: string, site: () => string | undefined): void {
    this.#log.used(this.name, name, site)
  }

  refused(error: Error): void {
    this.#fail(error)
  }
}
