import { type ExitReason, KILLED, NORMAL, SHUTDOWN } from '../../src/actor/exit-reason.js'
import type { MembersView, Place } from '../../src/supervision/relocation.js'
import { oneForOne, type Strategy } from '../../src/supervision/strategies.js'
import { SupervisorCore } from '../../src/supervision/supervisor-core.js'
import type {
  CoreSpec,
  SupervisorEffect,
  SupervisorEvent,
} from '../../src/supervision/supervisor-event.js'

export type Event = SupervisorEvent<CoreSpec>
export type Effect = SupervisorEffect<CoreSpec>

export const CRASH: ExitReason = { type: 'error', error: new Error('crash') }
export { KILLED, NORMAL, SHUTDOWN }

export const spec = (id: string, about: Partial<CoreSpec> = {}): CoreSpec => ({
  id,
  restart: 'permanent',
  shutdownMs: 5_000,
  significant: false,
  type: 'worker',
  on: undefined,
  relocate: 'afterDown',
  ...about,
})

export const place = (node: string, incarnation = '1'): Place => ({ node, incarnation })

export const view = (...nodes: string[]): MembersView => ({
  self: place('me'),
  reachable: [place('me'), ...nodes.map((node) => place(node))].sort((a, b) =>
    a.node < b.node ? -1 : 1,
  ),
  total: nodes.length + 1,
})

/** Drives a core by hand: events by short calls, effects as short texts. */
export class CoreScript {
  readonly core: SupervisorCore<CoreSpec>
  nowMs = 0

  constructor(strategy: Strategy = oneForOne(), specs: CoreSpec[] = [], members = view()) {
    this.core = new SupervisorCore(strategy, specs, members)
  }

  do(event: Event): string[] {
    return this.core.step(event, this.nowMs).filter(isAct).map(showEffect)
  }

  /** Starts the supervisor, every child at once and well. */
  up(): this {
    this.settle({ type: 'start' })
    return this
  }

  /** Answers starts and stops at once and well, until nothing is left to do. Returns all effects. */
  settle(event: Event, refuse: (id: string) => boolean = () => false): string[] {
    const shown: string[] = []
    const events: Event[] = [event]
    for (let next = events.shift(); next; next = events.shift()) {
      for (const effect of this.core.step(next, this.nowMs)) {
        if (isAct(effect)) shown.push(showEffect(effect))
        const answer = answerTo(effect, refuse)
        if (answer) events.push(answer)
      }
    }
    return shown
  }

  started(id: string): string[] {
    return this.do({ type: 'childStarted', id, run: this.run(id) })
  }

  startFailed(id: string, lost = false): string[] {
    return this.do({ type: 'childStartFailed', id, run: this.run(id), error: CRASH, lost })
  }

  stopped(id: string, lost = false): string[] {
    return this.do({ type: 'childStopped', id, run: this.run(id), lost })
  }

  ended(id: string, reason: ExitReason = CRASH): string[] {
    return this.do({ type: 'childEnded', id, run: this.run(id), reason })
  }

  tryAgain(id: string): string[] {
    return this.do({ type: 'tryAgain', id, run: this.run(id) })
  }

  run(id: string): number {
    return this.core.child(id)?.run ?? 0
  }

  /** `a:running b:stopped`. */
  get children(): string {
    return [...this.core.children()].map((child) => `${child.id}:${child.status}`).join(' ')
  }
}

export function answerTo(effect: Effect, refuse: (id: string) => boolean): Event | undefined {
  switch (effect.type) {
    case 'start':
    case 'restart': {
      const { id, run } = effect
      if (refuse(id)) return { type: 'childStartFailed', id, run, error: new Error('refused') }
      return { type: 'childStarted', id, run }
    }
    case 'stop':
      return { type: 'childStopped', id: effect.id, run: effect.run }
    case 'tryAgain':
      return { type: 'tryAgain', id: effect.id, run: effect.run }
    default:
      return undefined
  }
}

const isAct = (effect: Effect): boolean => effect.type !== 'log'

const at = (where: Place | undefined): string => (where ? `@${where.node}` : '')

export function showEffect(effect: Effect): string {
  switch (effect.type) {
    case 'start':
    case 'restart':
      return `${effect.type} ${effect.id}${at(effect.place)}`
    case 'stop':
      return `${effect.hold ? 'hold' : 'stop'} ${effect.id}${at(effect.place)}`
    case 'finish':
      return `finish ${effect.id}${at(effect.place)}`
    case 'abandon':
      return `abandon ${effect.copy.id}${at(effect.copy.place)}`
    case 'adopt':
      return `adopt ${effect.id}${at(effect.place)}`
    case 'forget':
    case 'tryAgain':
    case 'startFailed':
      return `${effect.type} ${effect.id}`
    case 'reply':
      return `reply ${effect.call} ${effect.error?.code ?? 'ok'}`
    case 'end': {
      const { reason } = effect
      const detail = reason.type === 'shutdown' ? (reason.detail as { code?: string }) : undefined
      return `end ${detail?.code ?? reason.type}`
    }
    case 'log':
      return `log ${effect.entry.event}`
    default:
      return effect.type
  }
}
