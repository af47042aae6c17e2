import type { Cell } from '../actor/cell.js'
import type { ExitReason } from '../actor/exit-reason.js'
import type { AnyRef } from '../actor/ref.js'
import { messageOf, TroupeError } from '../base/errors.js'
import { Refusal } from '../base/refusal.js'
import { RingQueue } from '../base/ring-queue.js'
import { unreachable } from '../base/unreachable.js'
import type { Timer } from '../world/clock.js'
import { AwayChildren } from './away-children.js'
import { type CallError, ENDED } from './call-error.js'
import { ChildHost, type HostListener } from './child-host.js'
import type { ChildSpec } from './child-spec.js'
import type { ChildCount, ChildStatus } from './child-table.js'
import type { PlacementListener } from './placement.js'
import type { Place } from './relocation.js'
import type { Strategy } from './strategies.js'
import { Supervision } from './supervision.js'
import { SupervisorCore } from './supervisor-core.js'
import type { LogEntry, SupervisorEffect, SupervisorEvent } from './supervisor-event.js'
import { logEntry } from './supervisor-log.js'

/** One line of `whichChildren`, as OTP's which_children. */
export interface ChildInfo {
  readonly id: string
  /** Absent while no incarnation lives and none is to come behind the same ref. */
  readonly ref?: AnyRef
  readonly type: 'worker' | 'supervisor'
  readonly status: ChildStatus
  /** The node it runs on; absent while it has none. */
  readonly node?: string
}

type Event = SupervisorEvent<ChildSpec>
type Effect = SupervisorEffect<ChildSpec>
/** A management call without its number. */
export type CallRequest =
  | { readonly type: 'startChild'; readonly spec: ChildSpec }
  | { readonly type: 'terminateChild' | 'restartChild' | 'deleteChild'; readonly id: string }

interface Settle<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

/** Runs of one incarnation of a supervisor; the next incarnation's are higher. */
const RUNS_PER_INCARNATION = 2 ** 32
/** How soon children without a place are tried again, besides news of members. */
const PLACE_RETRY_MS = 1_000

/** Performs what the core of one supervisor incarnation says, here and on other nodes. */
export class SupervisorDriver implements HostListener, PlacementListener {
  readonly #cell: Cell
  readonly #supervision: Supervision
  readonly #core: SupervisorCore<ChildSpec>
  readonly #host: ChildHost
  readonly #effects = new RingQueue<Effect>()
  readonly #calls = new Map<number, Settle<void>>()
  readonly #away: AwayChildren
  #lastCall = 0
  #flushDue = false
  #retry: Timer | undefined
  #starting: Settle<void> | undefined
  #ending: Settle<void> | undefined
  #over = false

  constructor(cell: Cell, strategy: Strategy, specs: readonly ChildSpec[]) {
    const { bonds } = cell.system
    if (!(bonds instanceof Supervision)) throw new Error('this actor system has no supervision')
    this.#cell = cell
    this.#supervision = bonds
    this.#host = new ChildHost(cell.system, cell, this)
    this.#away = new AwayChildren(cell, bonds.placements, this)
    const fixed = strategy.type === 'dynamic' ? [] : specs
    const firstRun = cell.incarnation * RUNS_PER_INCARNATION
    this.#core = new SupervisorCore(strategy, fixed, this.#view(), firstRun)
  }

  // What the supervisor asks for

  /** Resolves when all children have started. @throws TroupeError ERR_START_FAILED */
  start(): Promise<void> {
    this.#supervision.drives(this.#cell, this)
    this.#supervision.placements.listen(this.#cell.id, this)
    const done = new Promise<void>((resolve, reject) => {
      this.#starting = { resolve, reject }
      this.#step({ type: 'start' })
    })
    return this.#cell.system.held(done)
  }

  /** Resolves when all children have ended. */
  stop(reason: ExitReason): Promise<void> {
    if (this.#over) return Promise.resolve()
    const done = new Promise<void>((resolve, reject) => {
      this.#ending = { resolve, reject }
      this.#step({ type: 'stopRequested', reason })
    })
    return this.#cell.system.held(done)
  }

  /** Rejects with a `Refusal` that carries one of our codes: a call that fails is no crash of the supervisor. */
  call(request: CallRequest): Promise<void> {
    if (this.#over) return Promise.reject(refusalOf(ENDED))
    const call = ++this.#lastCall
    const done = new Promise<void>((resolve, reject) => {
      this.#calls.set(call, { resolve, reject })
      this.#step({ ...request, call } as Event)
    })
    return this.#cell.system.held(done)
  }

  /** The supervisor's incarnation ended and its children did not: killed, or it threw in onStart or onStop. */
  orphaned(): void {
    if (this.#over) return
    this.#release()
    // a start that is still to come would make an actor without a supervisor
    this.#effects.clear()
    this.#host.killAll()
    this.#away.abandonAll()
  }

  /** The ref a child has now. */
  ref(id: string): AnyRef | undefined {
    return this.#away.ref(id) ?? this.#host.child(id)?.ref
  }

  /** As `ref`, of whatever incarnation the supervisor is at when it is asked. */
  refNow(id: string): AnyRef | undefined {
    return this.#supervision.driver(this.#cell)?.ref(id)
  }

  /** The specification of a child; for a dynamic supervisor's as well. */
  spec(id: string): ChildSpec | undefined {
    return this.#core.child(id)?.spec
  }

  idOf(ref: AnyRef): string | undefined {
    const cell = this.#cell.system.cellOf(ref)
    return cell ? this.#host.idOf(cell) : this.#away.idOf(ref)
  }

  which(): ChildInfo[] {
    const all: ChildInfo[] = []
    for (const { id, spec, status, place } of this.#core.children()) {
      const ref = this.ref(id)
      const node = ref && place ? { node: place.node } : {}
      all.push({ id, type: spec.type, status, ...(ref ? { ref } : {}), ...node })
    }
    return all
  }

  count(): ChildCount {
    return this.#core.count()
  }

  // What the host and other nodes tell

  started(id: string, run: number): void {
    this.#stepSoon({ type: 'childStarted', id, run })
  }

  startFailed(id: string, run: number, error: unknown, lost = false): void {
    this.#stepSoon({ type: 'childStartFailed', id, run, error, lost })
  }

  stopped(id: string, run: number, lost = false): void {
    this.#stepSoon({ type: 'childStopped', id, run, lost })
  }

  ended(id: string, run: number, reason: ExitReason): boolean {
    this.#stepSoon({ type: 'childEnded', id, run, reason })
    return this.#core.child(id)?.held === true
  }

  childEnded(id: string, number: number, reason: ExitReason): void {
    this.#step({ type: 'childEnded', id, run: number, reason })
    const child = this.#core.child(id)
    if (child?.run === number && !child.held) this.#away.forget(id)
  }

  nodeDown(place: Place): void {
    this.#step({ type: 'nodeDown', place })
  }

  nodeUp(place: Place): void {
    this.#step({ type: 'nodeUp', place })
  }

  membersChanged(): void {
    this.#step({ type: 'members', view: this.#view() })
  }

  holds({ node, incarnation }: Place): boolean {
    return [...this.#core.children()].some(
      ({ place }) => place?.node === node && place.incarnation === incarnation,
    )
  }

  /** Nodes for which children wait may be there, and not in view. */
  #seekPlaces(): void {
    const { remote } = this.#supervision.placements
    for (const { spec, status, place, lostFrom } of this.#core.children()) {
      if (status !== 'waiting') continue
      const named = typeof spec.on === 'string' ? spec.on : undefined
      for (const node of new Set([named, (place ?? lostFrom)?.node])) {
        if (node !== undefined) remote.seek(node)
      }
    }
  }

  #view() {
    return this.#supervision.placements.remote.view()
  }

  #step(event: Event): void {
    if (this.#over) return
    this.#feed(event)
    this.#flush()
  }

  /** For news that come in the middle of a child's start or end: acted upon once that is complete. */
  #stepSoon(event: Event): void {
    if (this.#over) return
    this.#feed(event)
    if (this.#flushDue || this.#effects.size === 0) return
    this.#flushDue = true
    void Promise.resolve().then(() => {
      this.#flushDue = false
      this.#flush()
    })
  }

  #feed(event: Event): void {
    const nowMs = this.#cell.system.clock.now()
    for (const effect of this.#core.step(event, nowMs)) this.#effects.push(effect)
  }

  #flush(): void {
    for (let effect = this.#effects.shift(); effect; effect = this.#effects.shift()) {
      this.#perform(effect)
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'start':
        if (effect.place) this.#away.start(effect.id, effect.run, effect.spec, effect.place)
        else this.#host.start(effect.id, effect.run, effect.spec)
        return
      case 'restart':
        if (effect.place) this.#away.restart(effect.id, effect.run, effect.spec, effect.place)
        else this.#host.restart(effect.id, effect.run)
        return
      case 'stop': {
        const { id, run, reason, deadlineMs, hold, place } = effect
        if (place) this.#away.stop(id, run, place, reason, deadlineMs, hold)
        else this.#host.stop(id, run, reason, deadlineMs, hold)
        return
      }
      case 'finish':
        if (effect.place) this.#away.finish(effect.id, effect.run, effect.place, effect.reason)
        else this.#host.finish(effect.id, effect.reason)
        return
      case 'abandon':
        this.#away.abandon(effect.copy)
        return
      case 'adopt':
        return
      case 'forget':
        this.#away.forget(effect.id)
        return
      case 'reply':
        this.#reply(effect.call, effect.error)
        return
      case 'tryAgain': {
        const { id, run } = effect
        this.#cell.system.clock.after(0, () => this.#step({ type: 'tryAgain', id, run }))
        return
      }
      case 'retryPlaces':
        this.#seekPlaces()
        this.#retry?.cancel()
        this.#retry = this.#cell.system.clock.after(
          PLACE_RETRY_MS,
          () => this.membersChanged(),
          true,
        )
        return
      case 'started':
        this.#starting?.resolve()
        this.#starting = undefined
        return
      case 'startFailed':
        this.#onStartFailed(effect.id, effect.error)
        return
      case 'end':
        this.#onEnd(effect.reason)
        return
      case 'log':
        this.#log(effect.entry)
        return
      default:
        unreachable(effect)
    }
  }

  #onStartFailed(id: string, cause: unknown): void {
    this.#release()
    const detail = `child '${id}' did not start: ${messageOf(cause)}`
    const error = new TroupeError('ERR_START_FAILED', detail, { cause })
    this.#starting?.reject(error)
    this.#starting = undefined
    this.#ending?.resolve()
  }

  #onEnd(reason: ExitReason): void {
    this.#release()
    this.#starting?.reject(new TroupeError('ERR_STOPPED', 'the supervisor was stopped meanwhile'))
    if (this.#ending) this.#ending.resolve()
    else void this.#cell.stop(reason, this.#cell.settings.stopTimeoutMs)
  }

  #release(): void {
    this.#over = true
    this.#retry?.cancel()
    for (const call of [...this.#calls.keys()]) {
      this.#reply(call, ENDED)
    }
    this.#supervision.released(this.#cell, this)
    this.#supervision.placements.unlisten(this.#cell.id, this)
  }

  #reply(call: number, error: CallError | undefined): void {
    const settle = this.#calls.get(call)
    this.#calls.delete(call)
    if (!settle) return
    if (error) settle.reject(refusalOf(error))
    else settle.resolve()
  }

  #log(entry: LogEntry): void {
    logEntry(this.#cell.system.log, String(this.#cell.ref), entry)
  }
}

function refusalOf({ code, detail, cause }: CallError): Refusal {
  const refusal = new Refusal(code, `${detail} (${code})`)
  if (cause !== undefined) refusal.cause = cause
  return refusal
}
