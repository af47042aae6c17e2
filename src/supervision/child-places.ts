import { type ExitReason, showReason } from '../actor/exit-reason.js'
import { TroupeError } from '../base/errors.js'
import type { ChildRunner } from './child-runner.js'
import type { Child } from './child-table.js'
import type { MembersView, Place } from './relocation.js'
import type { CoreSpec, LogEntry, SupervisorEffect } from './supervisor-event.js'

/** What waits for its turn among the other events of the supervisor. */
export type PlaceEvent =
  | { readonly type: 'childLost'; readonly id: string; readonly run: number }
  | { readonly type: 'placesDue' }

/** What the supervisor does about it. */
export interface PlaceActions<S extends CoreSpec> {
  due(event: PlaceEvent): void
  /** Starts the child, and its siblings by strategy; it does not count as a failure. */
  restart(child: Child<S>, reason: ExitReason | undefined): void
  /** The child is gone and is not restarted. */
  dropped(child: Child<S>): void
}

/**
 * The part of a supervisor's core that knows of nodes: which children were lost with theirs, which
 * wait for a place, and which come back when the node does.
 */
export class ChildPlaces<S extends CoreSpec> {
  readonly #runner: ChildRunner<S>
  readonly #emit: (effect: SupervisorEffect<S>) => void
  readonly #actions: PlaceActions<S>
  /** A retry is under way. */
  #retrying = false
  /** `placesDue` is queued. */
  #due = false

  constructor(
    runner: ChildRunner<S>,
    emit: (effect: SupervisorEffect<S>) => void,
    actions: PlaceActions<S>,
  ) {
    this.#runner = runner
    this.#emit = emit
    this.#actions = actions
  }

  onMembers(view: MembersView): void {
    this.#retrying = false
    this.#seen(view)
  }

  onNodeDown(down: Place): void {
    const { view, children } = this.#runner
    const reachable = view.reachable.filter((place) => !same(place, down))
    this.#runner.view = { ...view, reachable }
    for (const child of children.values()) {
      if (!child.place || !same(child.place, down)) continue
      if (child.status === 'running' && !child.ended) {
        child.lost = true
        this.#actions.due({ type: 'childLost', id: child.id, run: child.run })
      } else if (child.held && child.status !== 'starting') {
        child.held = false
        this.#runner.abandon(child)
      }
    }
  }

  onNodeUp(up: Place): void {
    const { view } = this.#runner
    const others = view.reachable.filter((place) => place.node !== up.node)
    const reachable = [...others, up].sort((a, b) => (a.node < b.node ? -1 : 1))
    this.#seen({ ...view, reachable, total: Math.max(view.total, reachable.length) })
  }

  #seen(view: MembersView): void {
    this.#runner.view = view
    for (const child of this.#runner.children.values()) {
      if (child.status !== 'waiting' && !child.lost) continue
      this.#dueSoon()
      return
    }
  }

  #dueSoon(): void {
    if (this.#due) return
    this.#due = true
    this.#actions.due({ type: 'placesDue' })
  }

  handleLost({ id, run }: { readonly id: string; readonly run: number }): void {
    const child = this.#runner.children.get(id)
    if (!child?.lost || child.run !== run || child.status !== 'running' || !child.place) return
    if (this.adopt(child)) return
    const reason: ExitReason = { type: 'nodeDown', node: child.place.node }
    this.#log({ event: 'childEnded', id, reason })
    if (child.spec.restart === 'temporary') {
      this.#runner.abandon(child)
      child.status = 'stopped'
      this.#actions.dropped(child)
      return
    }
    child.status = 'waiting'
    if (this.#place(child)) return
    const error = new TroupeError('ERR_NO_PLACE', `child '${id}' waits: ${showReason(reason)}`)
    this.#log({ event: 'noPlace', id, error })
    this.retry()
  }

  /** Starts one waiting child that has a place now; the next when its start is done. */
  placeWaiting(): void {
    this.#due = false
    let waiting = false
    for (const child of this.#runner.children.values()) {
      if (child.status !== 'waiting' || this.adopt(child)) continue
      if (this.#place(child)) {
        this.#dueSoon()
        return
      }
      waiting = true
    }
    if (waiting) this.retry()
  }

  /** The copy on a node that is back in contact is the child again. */
  adopt(child: Child<S>): boolean {
    const { id, run, place, lost } = child
    const { reachable } = this.#runner.view
    if (!lost || !place || !reachable.some((one) => same(one, place))) return false
    child.lost = false
    child.status = 'running'
    this.#emit({ type: 'adopt', id, run, place })
    return true
  }

  #place(child: Child<S>): boolean {
    try {
      if (!this.#runner.placeFor(child)) return false
    } catch (error) {
      this.#log({ event: 'startFailed', id: child.id, error, again: true })
      return false
    }
    const from = child.lost ? child.place : child.lostFrom
    this.#actions.restart(child, from && { type: 'nodeDown', node: from.node })
    return true
  }

  /** Asks for the members again after a while: some may be back without news. */
  retry(): void {
    this.#runner.newlyWaiting = false
    if (this.#retrying) return
    this.#retrying = true
    this.#emit({ type: 'retryPlaces' })
  }

  #log(entry: LogEntry): void {
    this.#emit({ type: 'log', entry })
  }
}

const same = (a: Place, b: Place): boolean => a.node === b.node && a.incarnation === b.incarnation
