import type { Bonds } from '../actor/bonds.js'
import type { Cell } from '../actor/cell.js'
import { type ExitReason, isAbnormal, showReason } from '../actor/exit-reason.js'
import type { AnyRef } from '../actor/ref.js'
import { codeOf } from '../base/errors.js'
import { type Logger, silentLogger } from '../base/logger.js'
import { Links } from './links.js'
import { noPlacement, type PlacementNews, Placements, type RemotePlacement } from './placement.js'
import type { Place } from './relocation.js'
import {
  type DownNews,
  noRemoteBonds,
  type OutgoingBonds,
  type RemoteBonds,
  type RemoteBondsSink,
} from './remote-bonds.js'
import type { SupervisorDriver } from './supervisor-driver.js'
import { Watches } from './watches.js'

/** A supervisor without a supervisor has given up, crashed, or did not start. */
export interface RootFailed {
  readonly ref: AnyRef
  readonly reason: ExitReason
}

export interface SupervisionParts {
  /** This node. */
  readonly self: Place
  readonly log?: Logger
  readonly onRootFailed?: (failed: RootFailed) => void
}

/**
 * Supervision on one node: who watches and who is linked with whom, the supervisors that run, and
 * their children on other nodes. It is the `bonds` of the node's actor system; `remote/` plugs itself
 * in with `connect`.
 */
export class Supervision implements Bonds, RemoteBondsSink {
  readonly self: Place
  readonly #log: Logger
  readonly #onRootFailed: (failed: RootFailed) => void
  readonly #watches: Watches
  readonly #links: Links
  readonly #drivers = new Map<Cell, SupervisorDriver>()
  #remoteBonds = noRemoteBonds
  #placements: Placements
  #cells: ((target: number | string) => Cell | undefined) | undefined

  constructor({ self, log = silentLogger, onRootFailed = () => {} }: SupervisionParts) {
    this.self = self
    this.#log = log
    this.#onRootFailed = onRootFailed
    this.#watches = new Watches(() => this.#remoteBonds)
    this.#links = new Links(() => this.#remoteBonds)
    this.#placements = new Placements(noPlacement(self), log)
  }

  /**
   * Plugs in what reaches other nodes, before the first actor. `cells` finds an actor here by its
   * serial number or registered name.
   */
  connect(
    bonds: RemoteBonds,
    placement: RemotePlacement,
    cells: (target: number | string) => Cell | undefined,
  ): void {
    this.#remoteBonds = bonds
    this.#placements = new Placements(placement, this.#log)
    this.#cells = cells
  }

  /** Placed children; `remote/` brings it news. */
  get placements(): Placements & PlacementNews {
    return this.#placements
  }

  /** Watches and links kept, both directions. */
  get counts(): { readonly watches: number; readonly links: number } {
    return { watches: this.#watches.size, links: this.#links.size }
  }

  // Bonds

  watch(watcher: Cell, target: AnyRef): void {
    this.#watches.watch(watcher, target)
  }

  unwatch(watcher: Cell, target: AnyRef): void {
    this.#watches.unwatch(watcher, target)
  }

  link(cell: Cell, target: AnyRef): void {
    this.#links.link(cell, target)
  }

  unlink(cell: Cell, target: AnyRef): void {
    this.#links.unlink(cell, target)
  }

  ended(cell: Cell, incarnation: number, reason: ExitReason, willRestart: boolean): void {
    this.#drivers.get(cell)?.orphaned()
    this.#watches.ended(cell, incarnation, reason, willRestart)
    this.#links.ended(cell, reason)
    if (cell.guardian === undefined && !willRestart) this.#rootEnded(cell, reason)
  }

  // Supervisors

  drives(cell: Cell, driver: SupervisorDriver): void {
    this.#drivers.set(cell, driver)
  }

  /** What drives the present incarnation of a supervisor. */
  driver(cell: Cell): SupervisorDriver | undefined {
    return this.#drivers.get(cell)
  }

  released(cell: Cell, driver: SupervisorDriver): void {
    if (this.#drivers.get(cell) === driver) this.#drivers.delete(cell)
  }

  #rootEnded(cell: Cell, reason: ExitReason): void {
    const { actorClass } = cell.definition
    if ((actorClass as { childType?: unknown } | undefined)?.childType !== 'supervisor') return
    const gaveUp = reason.type === 'shutdown' && codeOf(reason.detail) === 'ERR_RESTART_INTENSITY'
    if (!gaveUp && !isAbnormal(reason)) return
    const fields = { supervisor: String(cell.ref), reason: showReason(reason) }
    this.#log.error(fields, 'a root supervisor failed')
    try {
      this.#onRootFailed({ ref: cell.ref, reason })
    } catch (error) {
      this.#log.error({ err: error }, 'a listener of rootFailed threw')
    }
  }

  // From other nodes

  watched(from: Place, id: number, target: number | string): void {
    this.#watches.watched(from, id, this.#cells?.(target))
  }

  unwatched(from: Place, id: number): void {
    this.#watches.unwatched(from, id)
  }

  downed(from: Place, id: number, news: DownNews): void {
    this.#watches.downed(from, id, news)
  }

  linked(from: Place, id: number, source: AnyRef, target: number | string): void {
    this.#links.linked(from, id, source, this.#cells?.(target))
  }

  unlinked(from: Place, id: number, made: 'here' | 'there'): void {
    this.#links.unlinked(from, id, made)
  }

  exited(from: Place, id: number, made: 'here' | 'there', reason: ExitReason): void {
    this.#links.exited(from, id, made, reason)
  }

  nodeDown(place: Place): void {
    this.#watches.nodeDown(place)
    this.#links.nodeDown(place)
  }

  forgotten(place: Place): void {
    this.#watches.forgotten(place)
    this.#links.nodeDown(place)
  }

  /** True when something here counts on hearing of that node's end: a watch, a link, a placed child. */
  holds(place: Place): boolean {
    return this.#watches.holds(place) || this.#links.holds(place) || this.placements.holds(place)
  }

  outgoing(node: string): OutgoingBonds {
    return { watches: this.#watches.outgoing(node), links: this.#links.outgoing(node) }
  }
}
