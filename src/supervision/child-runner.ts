import { type ExitReason, SHUTDOWN } from '../actor/exit-reason.js'
import { TroupeError } from '../base/errors.js'
import { unreachable } from '../base/unreachable.js'
import { type Child, ChildTable } from './child-table.js'
import { choosePlace, type MembersView, type Place, relocatedPlace } from './relocation.js'
import { restartsAfter } from './restart-policy.js'
import type { CoreSpec, SupervisorEffect } from './supervisor-event.js'
import { type Purpose, Work } from './supervisor-work.js'

/** How a piece of work came out. */
export type Outcome<S extends CoreSpec> =
  | { readonly type: 'done'; readonly purpose: Purpose }
  | StartFailure<S>

/** A child did not start; the rest of the work was given up. */
export interface StartFailure<S extends CoreSpec> {
  readonly type: 'startFailed' | 'noPlace'
  readonly purpose: Purpose
  readonly child: Child<S>
  readonly error: unknown
}

/**
 * The hands of the supervisor's core: starts and stops children one after the other and keeps their
 * status. It decides nothing about restarts.
 */
export class ChildRunner<S extends CoreSpec> {
  readonly children = new ChildTable<S>()
  view: MembersView
  /** A child began to wait for a place; the reader puts it back. */
  newlyWaiting = false
  readonly #forgetEnded: boolean
  readonly #emit: (effect: SupervisorEffect<S>) => void
  #work: Work<S> | undefined = undefined
  #failure: StartFailure<S> | undefined = undefined
  #run: number

  /** `forgetEnded`: no specification outlives its child, as under a dynamic supervisor. */
  constructor(
    view: MembersView,
    firstRun: number,
    forgetEnded: boolean,
    emit: (effect: SupervisorEffect<S>) => void,
  ) {
    this.view = view
    this.#run = firstRun
    this.#forgetEnded = forgetEnded
    this.#emit = emit
  }

  /** What the work under way is for. */
  get purpose(): Purpose | undefined {
    return this.#work?.purpose
  }

  /** Begins a piece of work in place of the one under way; what that one started or stopped last is awaited. */
  begin(purpose: Purpose, stops: readonly Child<S>[], starts: readonly Child<S>[]): void {
    this.#failure = undefined
    this.#work = new Work(purpose, stops, starts, this.#forgetEnded)
  }

  /** Goes on until something must be awaited (undefined), or the work is over. */
  advance(): Outcome<S> | undefined {
    for (;;) {
      const work = this.#work
      if (!work) return undefined
      if (this.#failure) {
        const failure = this.#failure
        this.#failure = undefined
        this.#work = undefined
        return failure
      }
      const stop = work.nextStop()
      if (stop) {
        this.#stop(work, stop)
        continue
      }
      const start = work.nextStart()
      if (start) {
        this.#start(work, start)
        continue
      }
      if (work.awaited.size > 0) return undefined
      this.#work = undefined
      return { type: 'done', purpose: work.purpose }
    }
  }

  // Stops

  #stop(work: Work<S>, child: Child<S>): void {
    const restarts = work.starts(child)
    switch (child.status) {
      case 'running':
        if (!child.ended && !child.lost) {
          this.#emitStop(work, child, restarts)
          return
        }
        break
      case 'starting':
        this.#emitStop(work, child, false)
        return
      case 'stopping':
        work.awaited.add(child)
        return
      case 'stopped':
      case 'restarting':
      case 'waiting':
        break
      default:
        unreachable(child.status)
    }
    this.#stopped(work, child)
  }

  #emitStop(work: Work<S>, child: Child<S>, hold: boolean): void {
    const { id, run } = child
    child.status = 'stopping'
    child.hold = hold
    work.awaited.add(child)
    const deadlineMs = child.spec.shutdownMs
    const place = this.elsewhere(child)
    this.#emit({ type: 'stop', id, run, reason: SHUTDOWN, deadlineMs, hold, place })
  }

  childStopped(id: string, run: number, lost: boolean): void {
    const child = this.children.get(id)
    const work = this.#work
    if (!work || !child || child.run !== run || child.status !== 'stopping') return
    work.awaited.delete(child)
    child.held = child.hold && !lost
    child.lost = lost
    this.#stopped(work, child)
  }

  /** A child ended by itself before the order to stop it arrived: its host holds it by the rule for that. */
  endedFirst(child: Child<S>, reason: ExitReason): void {
    child.hold &&= restartsAfter(child.spec.restart, reason)
    child.held = child.hold
  }

  /** The child has no incarnation any more. A temporary one is forgotten with it, as in OTP. */
  #stopped(work: Work<S>, child: Child<S>): void {
    child.status = 'stopped'
    child.ended = undefined
    if (child.lost) this.abandon(child)
    if (!work.starts(child)) this.finish(child, SHUTDOWN)
    if (!child.held) this.children.vacate(child)
    if (work.starts(child) || work.ending) return
    if (this.#forgetEnded || child.spec.restart === 'temporary') this.forget(child)
  }

  // Starts

  #start(work: Work<S>, child: Child<S>): void {
    if (child.held && child.place) {
      this.#launch(work, child, 'restart')
      return
    }
    let place: Place | undefined
    try {
      place = this.placeFor(child)
    } catch (error) {
      this.#failure = { type: 'startFailed', purpose: work.purpose, child, error }
      return
    }
    if (!place) {
      this.#noPlace(work, child, undefined)
      return
    }
    if (child.lost) this.abandon(child)
    this.children.vacate(child)
    this.children.occupy(child, place)
    this.#launch(work, child, 'start')
  }

  #launch(work: Work<S>, child: Child<S>, type: 'start' | 'restart'): void {
    child.status = 'starting'
    child.run = ++this.#run
    work.awaited.add(child)
    const { id, run, spec } = child
    this.#emit({ type, id, run, spec, place: this.elsewhere(child) })
  }

  childStarted(id: string, run: number): void {
    const child = this.children.get(id)
    if (!this.#work || !child || child.run !== run || child.status !== 'starting') return
    this.#work.awaited.delete(child)
    child.status = 'running'
    child.held = false
    child.lostFrom = undefined
  }

  childStartFailed(id: string, run: number, error: unknown, lost: boolean): void {
    const child = this.children.get(id)
    const work = this.#work
    if (!work || !child || child.run !== run || child.status !== 'starting') return
    work.awaited.delete(child)
    child.status = 'stopped'
    if (lost) {
      child.held = false
      if (child.place) this.#leaveOut(child.place)
      this.abandon(child)
      if (!work.ending) this.#noPlace(work, child, error)
    } else {
      if (!child.held) this.children.vacate(child)
      if (!work.ending) this.#failure = { type: 'startFailed', purpose: work.purpose, child, error }
    }
  }

  /** A child without a place waits and holds up nobody; only a call that asked for it fails. */
  #noPlace(work: Work<S>, child: Child<S>, cause: unknown): void {
    const detail = `child '${child.id}' has no node to run on now`
    const error = new TroupeError('ERR_NO_PLACE', detail, cause === undefined ? {} : { cause })
    this.#emit({ type: 'log', entry: { event: 'noPlace', id: child.id, error } })
    if ('call' in work.purpose) {
      this.#failure = { type: 'noPlace', purpose: work.purpose, child, error }
    } else {
      child.status = 'waiting'
      this.newlyWaiting = true
    }
  }

  // Places

  /** Until there is news of the members. */
  #leaveOut({ node, incarnation }: Place): void {
    const reachable = this.view.reachable.filter(
      (place) => place.node !== node || place.incarnation !== incarnation,
    )
    this.view = { ...this.view, reachable }
  }

  /** @throws TroupeError ERR_NO_PLACE when the function `on` throws */
  placeFor(child: Child<S>): Place | undefined {
    const { id, on, relocate } = child.spec
    const { load } = this.children
    const lostFrom = child.lost ? child.place : child.lostFrom
    if (!lostFrom) return choosePlace(id, on, this.view, load)
    return relocatedPlace(id, on, relocate, lostFrom, this.view, load)
  }

  /** The copy on a lost node is not wanted any more. */
  abandon(child: Child<S>): void {
    child.lost = false
    const { id, run, place } = child
    if (!place) return
    child.lostFrom = place
    this.children.vacate(child)
    this.#emit({ type: 'abandon', copy: { id, run, place } })
  }

  /** Gives up the ref that is held for a restart, if it is. */
  finish(child: Child<S>, reason: ExitReason): void {
    if (!child.held) return
    child.held = false
    const { id, run } = child
    this.#emit({ type: 'finish', id, run, reason, place: this.elsewhere(child) })
  }

  /** A restart is called off: siblings that were to follow stay stopped, as in OTP, and are not waited for. */
  finishHeld(): void {
    for (const child of this.children.values()) {
      if (child.status !== 'stopped' || !child.held) continue
      this.finish(child, SHUTDOWN)
      this.children.vacate(child)
    }
  }

  forget(child: Child<S>): void {
    this.children.delete(child)
    this.#emit({ type: 'forget', id: child.id })
  }

  /** The place of a child that is not on the supervisor's own node. */
  elsewhere(child: Child<S>): Place | undefined {
    return child.place?.node === this.view.self.node ? undefined : child.place
  }
}
