import { type ExitReason, SHUTDOWN } from '../actor/exit-reason.js'
import { TroupeError } from '../base/errors.js'
import { RingQueue } from '../base/ring-queue.js'
import { unreachable } from '../base/unreachable.js'
import { type CallError, ENDS, noChild, startError } from './call-error.js'
import { ChildPlaces, type PlaceEvent } from './child-places.js'
import { ChildRunner, type Outcome, type StartFailure } from './child-runner.js'
import type { Child, ChildCount } from './child-table.js'
import type { MembersView } from './relocation.js'
import { RestartWindow, restartsAfter } from './restart-policy.js'
import type { Strategy } from './strategies.js'
import type { CoreSpec, LogEntry, SupervisorEffect, SupervisorEvent } from './supervisor-event.js'
import type { Purpose } from './supervisor-work.js'

type Phase = 'new' | 'starting' | 'running' | 'ending' | 'ended'

type EventOf<S extends CoreSpec, T> = Extract<SupervisorEvent<S>, { readonly type: T }>

/** What waits while a piece of work is under way. */
type Queued<S extends CoreSpec> =
  | Extract<SupervisorEvent<S>, { readonly call: number }>
  | EventOf<S, 'childEnded' | 'tryAgain'>
  | PlaceEvent

/**
 * OTP's supervisor as a machine. Starts, stops and restarts take time here; while one is under way
 * everything else queues, as it does in the mailbox of OTP's supervisor, but for a request to stop,
 * which overtakes. Departures from OTP: an end of the supervisor does not wait for a child that is
 * still starting, children may be placed on other nodes, and a restart that follows the loss of a
 * node does not count towards the restart intensity.
 */
export class SupervisorCore<S extends CoreSpec> {
  readonly #strategy: Strategy
  readonly #runner: ChildRunner<S>
  readonly #places: ChildPlaces<S>
  readonly #queue = new RingQueue<Queued<S>>()
  readonly #window: RestartWindow
  #phase: Phase = 'new'
  #nowMs = 0
  #effects: SupervisorEffect<S>[] = []

  /** `firstRun` lets the numbers of runs rise over the incarnations of the supervisor. */
  constructor(strategy: Strategy, specs: readonly S[], view: MembersView, firstRun = 0) {
    this.#strategy = strategy
    this.#window = new RestartWindow(strategy)
    const emit = (effect: SupervisorEffect<S>) => void this.#effects.push(effect)
    this.#runner = new ChildRunner(view, firstRun, strategy.type === 'dynamic', emit)
    this.#places = new ChildPlaces(this.#runner, emit, {
      due: (event) => this.#queue.push(event),
      restart: (child, reason) => this.#restart(child, reason, false),
      dropped: (child) => this.#dropped(child),
    })
    for (const spec of specs) this.#runner.children.add(spec)
  }

  children(): IterableIterator<Child<S>> {
    return this.#runner.children.values()
  }

  child(id: string): Child<S> | undefined {
    return this.#runner.children.get(id)
  }

  count(): ChildCount {
    return this.#runner.children.count()
  }

  /** True from the moment at which the supervisor is on its way out. */
  get ending(): boolean {
    return this.#phase === 'ending' || this.#phase === 'ended'
  }

  step(event: SupervisorEvent<S>, nowMs: number): readonly SupervisorEffect<S>[] {
    this.#nowMs = nowMs
    this.#take(event)
    this.#advance()
    if (this.#runner.newlyWaiting) this.#places.retry()
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  #take(event: SupervisorEvent<S>): void {
    switch (event.type) {
      case 'start':
        this.#onStart()
        return
      case 'childStarted':
        this.#runner.childStarted(event.id, event.run)
        return
      case 'childStartFailed':
        this.#runner.childStartFailed(event.id, event.run, event.error, event.lost === true)
        return
      case 'childStopped':
        this.#runner.childStopped(event.id, event.run, event.lost === true)
        return
      case 'childEnded':
        this.#onChildEnded(event)
        return
      case 'stopRequested':
        this.#onStopRequested(event.reason)
        return
      case 'startChild':
      case 'terminateChild':
      case 'restartChild':
      case 'deleteChild':
        if (this.#phase === 'starting' || this.#phase === 'running') this.#queue.push(event)
        else this.#refuse(event.call, ENDS)
        return
      case 'tryAgain':
        this.#queue.push(event)
        return
      case 'members':
        this.#places.onMembers(event.view)
        return
      case 'nodeDown':
        this.#places.onNodeDown(event.place)
        return
      case 'nodeUp':
        this.#places.onNodeUp(event.place)
        return
      default:
        unreachable(event)
    }
  }

  /** Goes on with the work under way, then with what waited, until something must be awaited. */
  #advance(): void {
    while (this.#phase !== 'ended') {
      const outcome = this.#runner.advance()
      if (outcome) {
        this.#conclude(outcome)
        continue
      }
      if (this.#runner.purpose) return
      const event = this.#queue.shift()
      if (!event) return
      this.#handle(event)
    }
  }

  #handle(event: Queued<S>): void {
    switch (event.type) {
      case 'childEnded':
        this.#handleEnded(event)
        return
      case 'tryAgain':
        this.#handleTryAgain(event.id, event.run)
        return
      case 'startChild':
        this.#startChild(event)
        return
      case 'terminateChild':
        this.#terminateChild(event.call, event.id)
        return
      case 'restartChild':
        this.#restartChild(event.call, event.id)
        return
      case 'deleteChild':
        this.#deleteChild(event.call, event.id)
        return
      case 'childLost':
        this.#places.handleLost(event)
        return
      case 'placesDue':
        this.#places.placeWaiting()
        return
      default:
        unreachable(event)
    }
  }

  #conclude(outcome: Outcome<S>): void {
    if (outcome.type !== 'done') {
      this.#onStartFailure(outcome)
      return
    }
    const { purpose } = outcome
    switch (purpose.type) {
      case 'startUp':
        this.#phase = 'running'
        this.#emit({ type: 'started' })
        return
      case 'restart':
        return
      case 'startChild':
      case 'restartChild':
      case 'terminateChild':
        this.#emit({ type: 'reply', call: purpose.call })
        return
      case 'end':
        this.#phase = 'ended'
        this.#emit({ type: 'end', reason: purpose.reason })
        return
      case 'failStart':
        this.#phase = 'ended'
        this.#emit({ type: 'startFailed', id: purpose.id, error: purpose.error })
        return
      default:
        unreachable(purpose)
    }
  }

  #onStartFailure({ type, purpose, child, error }: StartFailure<S>): void {
    const { id, run } = child
    if (type === 'startFailed') {
      this.#log({ event: 'startFailed', id, error, again: purpose.type === 'restart' })
    }
    switch (purpose.type) {
      case 'startUp':
        this.#end({ type: 'failStart', id, error })
        return
      case 'restart':
        child.status = 'restarting'
        child.failure = { type: 'error', error }
        this.#emit({ type: 'tryAgain', id, run })
        return
      case 'startChild':
        this.#runner.forget(child)
        this.#refuse(purpose.call, startError(type, id, error))
        return
      case 'restartChild':
        this.#refuse(purpose.call, startError(type, id, error))
        return
      default:
        throw new Error(`work for '${purpose.type}' starts no child`)
    }
  }

  // Start and end of the supervisor

  #onStart(): void {
    if (this.#phase !== 'new') return
    this.#phase = 'starting'
    this.#runner.begin({ type: 'startUp' }, [], this.#runner.children.inOrder())
  }

  #onStopRequested(reason: ExitReason): void {
    if (!this.ending) this.#end({ type: 'end', reason })
  }

  /** Stops all children in reverse order; the work under way and what waited is given up. */
  #end(purpose: Purpose): void {
    const current = this.#runner.purpose
    if (current && 'call' in current) this.#refuse(current.call, ENDS)
    for (const event of this.#queue) if ('call' in event) this.#refuse(event.call, ENDS)
    this.#queue.clear()
    this.#phase = 'ending'
    this.#runner.begin(purpose, this.#runner.children.inOrder().reverse(), [])
  }

  // A child ended

  #onChildEnded(event: EventOf<S, 'childEnded'>): void {
    const child = this.child(event.id)
    if (!child || child.run !== event.run) return
    // Its node is back, and its turn to be taken back has not come yet: who reported this reports no more.
    if (child.lost) this.#places.adopt(child)
    if (child.status === 'starting') this.#runner.childStarted(event.id, event.run)
    if (child.status === 'stopping') this.#runner.endedFirst(child, event.reason)
    if (child.status !== 'running' || child.ended || child.lost) return
    child.ended = event.reason
    // A host on another node holds it by the same rule, whatever goes on here.
    const held = !this.ending || this.#runner.elsewhere(child) !== undefined
    child.held = held && restartsAfter(child.spec.restart, event.reason)
    this.#queue.push(event)
  }

  #handleEnded({ id, run, reason }: EventOf<S, 'childEnded'>): void {
    const child = this.child(id)
    if (!child?.ended || child.run !== run) return
    child.ended = undefined
    child.status = 'stopped'
    this.#log({ event: 'childEnded', id, reason })
    if (restartsAfter(child.spec.restart, reason)) this.#restart(child, reason, true)
    else this.#dropped(child)
  }

  #handleTryAgain(id: string, run: number): void {
    const child = this.child(id)
    if (child?.run !== run || child.status !== 'restarting') return
    child.status = 'stopped'
    this.#restart(child, child.failure, true)
  }

  /** OTP: the failing child and, by strategy, its siblings start again, unless that is once too often. */
  #restart(child: Child<S>, reason: ExitReason | undefined, counts: boolean): void {
    if (counts && !this.#window.grants(this.#nowMs)) {
      this.#giveUp(child, reason)
      return
    }
    const { type } = this.#strategy
    const rest =
      type === 'oneForAll'
        ? this.#runner.children.inOrder()
        : type === 'restForOne'
          ? [child, ...this.#runner.children.after(child)]
          : [child]
    const siblings = rest.filter((one) => one !== child)
    const taken = siblings.map(idOf)
    this.#log({ event: 'restarting', id: child.id, reason, siblings: taken, counts })
    const starts = rest.filter((one) => one === child || one.spec.restart !== 'temporary')
    this.#runner.begin({ type: 'restart' }, siblings.reverse(), starts)
  }

  #giveUp(child: Child<S>, reason: ExitReason | undefined): void {
    const { maxRestarts, withinMs } = this.#strategy
    this.#log({ event: 'gaveUp', id: child.id, maxRestarts, withinMs })
    const cause = reason?.type === 'error' ? { cause: reason.error } : {}
    const error = new TroupeError(
      'ERR_RESTART_INTENSITY',
      `child '${child.id}' failed, more than ${maxRestarts} restarts in ${withinMs} ms`,
      cause,
    )
    this.#end({ type: 'end', reason: { type: 'shutdown', detail: error } })
  }

  /** A child that is not restarted: is its supervisor to end with it? */
  #dropped(child: Child<S>): void {
    const { type, autoShutdown } = this.#strategy
    this.#runner.children.vacate(child)
    if (type === 'dynamic' || child.spec.restart === 'temporary') this.#runner.forget(child)
    if (!child.spec.significant || autoShutdown === 'never') return
    if (autoShutdown === 'allSignificant') {
      for (const other of this.children()) {
        if (other !== child && other.spec.significant && other.status !== 'stopped') return
      }
    }
    this.#log({ event: 'autoShutdown', id: child.id })
    this.#end({ type: 'end', reason: SHUTDOWN })
  }

  // Management calls

  #startChild({ call, spec }: EventOf<S, 'startChild'>): void {
    const { children } = this.#runner
    const { maxChildren } = this.#strategy
    const there = children.get(spec.id)
    if (there) {
      const detail = `child '${spec.id}' is there already, it is ${there.status}`
      this.#refuse(call, { code: 'ERR_CHILD_EXISTS', detail })
    } else if (children.size >= maxChildren) {
      const detail = `there are ${maxChildren} children, as many as maxChildren allows`
      this.#refuse(call, { code: 'ERR_TOO_MANY_CHILDREN', detail })
    } else this.#runner.begin({ type: 'startChild', call }, [], [children.add(spec)])
  }

  #terminateChild(call: number, id: string): void {
    const child = this.child(id)
    if (!child) {
      this.#refuse(call, noChild(id))
      return
    }
    if (child.status === 'restarting') this.#runner.finishHeld()
    this.#runner.begin({ type: 'terminateChild', call }, [child], [])
  }

  #restartChild(call: number, id: string): void {
    const child = this.#stoppedChild(call, id)
    if (child) this.#runner.begin({ type: 'restartChild', call }, [], [child])
  }

  #deleteChild(call: number, id: string): void {
    const child = this.#stoppedChild(call, id)
    if (!child) return
    this.#runner.finish(child, SHUTDOWN)
    this.#runner.children.vacate(child)
    this.#runner.forget(child)
    this.#emit({ type: 'reply', call })
  }

  #stoppedChild(call: number, id: string): Child<S> | undefined {
    const child = this.child(id)
    if (this.#strategy.type === 'dynamic') {
      const detail = 'a child of a dynamic supervisor is neither restarted nor deleted by call'
      this.#refuse(call, { code: 'ERR_NOT_DYNAMIC', detail })
    } else if (!child) this.#refuse(call, noChild(id))
    else if (child.status !== 'stopped') {
      this.#refuse(call, { code: 'ERR_CHILD_RUNNING', detail: `child '${id}' is ${child.status}` })
    } else return child
    return undefined
  }

  #refuse(call: number, error: CallError): void {
    this.#emit({ type: 'reply', call, error })
  }

  #log(entry: LogEntry): void {
    this.#emit({ type: 'log', entry })
  }

  #emit(effect: SupervisorEffect<S>): void {
    this.#effects.push(effect)
  }
}

const idOf = (child: { readonly id: string }): string => child.id
