import type { Cell } from '../actor/cell.js'
import { Definition } from '../actor/definition.js'
import type { ExitReason } from '../actor/exit-reason.js'
import type { AnyRef } from '../actor/ref.js'
import { codeOf } from '../base/errors.js'
import type { ChildSpec } from './child-spec.js'
import type { PlacedCopy, PlacementOrder, PlacementOutcome, Placements } from './placement.js'
import type { Place } from './relocation.js'

/** What became of an order. `lost`: its node went down, whether it was carried out is not known. */
export interface AwayListener {
  started(id: string, run: number): void
  startFailed(id: string, run: number, error: unknown, lost: boolean): void
  stopped(id: string, run: number, lost: boolean): void
}

interface Away {
  readonly copy: PlacedCopy
  /** Absent until it has started. */
  ref: AnyRef | undefined
}

/** The children of one supervisor incarnation that run on other nodes. */
export class AwayChildren {
  readonly #cell: Cell
  readonly #placements: Placements
  readonly #listener: AwayListener
  readonly #byId = new Map<string, Away>()
  #over = false

  constructor(cell: Cell, placements: Placements, listener: AwayListener) {
    this.#cell = cell
    this.#placements = placements
    this.#listener = listener
  }

  ref(id: string): AnyRef | undefined {
    return this.#byId.get(id)?.ref
  }

  idOf(ref: AnyRef): string | undefined {
    for (const [id, away] of this.#byId) if (away.ref?.equals(ref)) return id
    return undefined
  }

  start(id: string, run: number, spec: ChildSpec, place: Place): void {
    const order = this.#order(id, run, spec, place)
    this.#byId.set(id, { copy: this.#copy(id, run, place), ref: undefined })
    this.#await(order, this.#placements.remote.start(order))
  }

  restart(id: string, run: number, spec: ChildSpec, place: Place): void {
    const order = this.#order(id, run, spec, place)
    this.#byId.set(id, { copy: this.#copy(id, run, place), ref: this.ref(id) })
    this.#await(order, this.#placements.remote.restart(order))
  }

  stop(
    id: string,
    run: number,
    place: Place,
    reason: ExitReason,
    deadlineMs: number,
    hold: boolean,
  ): void {
    const stopped = (ended: boolean): void => {
      if (this.#over) return
      if (!hold || !ended) this.forget(id)
      this.#listener.stopped(id, run, !ended)
    }
    const copy = this.#copy(id, run, place)
    this.#placements.remote.stop(copy, reason, deadlineMs, hold).then(stopped, () => stopped(false))
  }

  finish(id: string, run: number, place: Place, reason: ExitReason): void {
    this.forget(id)
    this.#placements.remote.finish(this.#copy(id, run, place), reason)
  }

  abandon({ id, run, place }: { id: string; run: number; place: Place }): void {
    if (this.#byId.get(id)?.copy.number === run) this.forget(id)
    this.#placements.abandon(this.#copy(id, run, place))
  }

  /** The supervisor's incarnation is gone and did not stop them. */
  abandonAll(): void {
    this.#over = true
    for (const { copy } of this.#byId.values()) this.#placements.abandon(copy)
    this.#byId.clear()
  }

  forget(id: string): void {
    this.#byId.delete(id)
  }

  #await(order: PlacementOrder, answer: Promise<PlacementOutcome>): void {
    const { id, number } = order
    const failed = (error: unknown, lost: boolean): void => {
      if (!this.#over) this.#listener.startFailed(id, number, error, lost)
    }
    answer.then(
      (outcome) => {
        // A node that stops is no place any more, and that is no failure of the child.
        const stops = outcome.type === 'failed' && codeOf(outcome.error) === 'ERR_NODE_STOPPED'
        if (outcome.type !== 'done') return failed(outcome.error, stops || outcome.type === 'lost')
        if (this.#over) return
        const away = this.#byId.get(id)
        if (away?.copy.number === number) away.ref = outcome.ref
        this.#listener.started(id, number)
      },
      (error: unknown) => failed(error, true),
    )
  }

  #order(id: string, run: number, spec: ChildSpec, place: Place): PlacementOrder {
    const { args, name, restart, mailboxLimit, stashLimit } = spec
    const { type } = Definition.of(spec.actorClass)
    const supervisor = this.#cell.ref
    const copy = this.#copy(id, run, place)
    return { ...copy, supervisor, type, args, name, restart, mailboxLimit, stashLimit }
  }

  #copy(id: string, run: number, place: Place): PlacedCopy {
    return { owner: this.#cell.id, id, number: run, place }
  }
}
