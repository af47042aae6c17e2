import type { ExitReason } from '../actor/exit-reason.js'
import type { Place } from './relocation.js'
import type { CoreSpec } from './supervisor-event.js'

/**
 * - `stopped`: OTP's `undefined`; `restartChild` starts it.
 * - `restarting`: a restart failed and will be tried again.
 * - `waiting`: there is no place for it now, or its node is down.
 */
export type ChildStatus = 'stopped' | 'starting' | 'running' | 'stopping' | 'restarting' | 'waiting'

/** One child as the core sees it. */
export class Child<S extends CoreSpec> {
  readonly spec: S
  status: ChildStatus = 'stopped'
  /** The number of its last start. */
  run = 0
  /** The actor behind its ref has no incarnation and is kept for a restart. */
  held = false
  /** Whether the stop under way is to end held. */
  hold = false
  /** Why it ended by itself, until that is handled. */
  ended: ExitReason | undefined = undefined
  /** Why its last start failed; for the log. */
  failure: ExitReason | undefined = undefined
  /** Where its last run is or was. */
  place: Place | undefined = undefined
  /** Its node is down and a copy of its last run may live there. */
  lost = false
  /** The place it was lost from, until it runs again. */
  lostFrom: Place | undefined = undefined

  constructor(spec: S) {
    this.spec = spec
  }

  get id(): string {
    return this.spec.id
  }
}

/** What `countChildren` answers, as OTP's count_children. */
export interface ChildCount {
  /** Children known, running or not. */
  readonly specs: number
  /** Children that run. */
  readonly active: number
  readonly supervisors: number
  readonly workers: number
}

/** The children of one supervisor in the order of their start, and how many run on which node. */
export class ChildTable<S extends CoreSpec> {
  readonly #children = new Map<string, Child<S>>()
  readonly #load = new Map<string, number>()

  get size(): number {
    return this.#children.size
  }

  /** Children per node name. */
  get load(): ReadonlyMap<string, number> {
    return this.#load
  }

  get(id: string): Child<S> | undefined {
    return this.#children.get(id)
  }

  add(spec: S): Child<S> {
    const child = new Child(spec)
    this.#children.set(spec.id, child)
    return child
  }

  delete(child: Child<S>): void {
    this.#children.delete(child.id)
  }

  inOrder(): Child<S>[] {
    return [...this.#children.values()]
  }

  /** Those that were declared after a child, in order. */
  after(child: Child<S>): Child<S>[] {
    const all = this.inOrder()
    return all.slice(all.indexOf(child) + 1)
  }

  values(): IterableIterator<Child<S>> {
    return this.#children.values()
  }

  /** Books a child on a node until `vacate`. */
  occupy(child: Child<S>, place: Place): void {
    child.place = place
    this.#load.set(place.node, (this.#load.get(place.node) ?? 0) + 1)
  }

  vacate(child: Child<S>): void {
    if (!child.place) return
    const left = (this.#load.get(child.place.node) ?? 1) - 1
    if (left > 0) this.#load.set(child.place.node, left)
    else this.#load.delete(child.place.node)
    child.place = undefined
  }

  count(): ChildCount {
    let active = 0
    let supervisors = 0
    for (const child of this.#children.values()) {
      if (child.status === 'running' && !child.ended && !child.lost) active++
      if (child.spec.type === 'supervisor') supervisors++
    }
    const specs = this.#children.size
    return { specs, active, supervisors, workers: specs - supervisors }
  }
}
