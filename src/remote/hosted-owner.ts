import type { ActorSystem } from '../actor/actor-system.js'
import { type ExitReason, KILLED } from '../actor/exit-reason.js'
import type { AnyRef } from '../actor/ref.js'
import { TroupeError } from '../base/errors.js'
import { incarnationOf } from '../base/identity.js'
import { ChildHost, type HostedSpec, type HostListener } from '../supervision/child-host.js'
import { type RestartType, restartsAfter } from '../supervision/restart-policy.js'
import type { RemotePeer } from './remote-peer.js'

/** How orders came out; `order` is the number that came with it. */
export interface OwnerListener {
  started(order: number, ref: AnyRef): void
  failed(order: number, error: unknown): void
  stopped(order: number): void
  /** A child ended by itself. */
  ended(id: string, number: number, reason: ExitReason): void
  /** False: nothing is kept for a restart any more. */
  holds(): boolean
}

/** An end that the owner has not noted. */
interface UnnotedEnd {
  readonly id: string
  readonly number: number
  readonly reason: ExitReason
}

/** The children here of one supervisor of another node, and the orders for them that are under way. */
export class HostedOwner implements HostListener {
  /** ULID of the supervisor. */
  readonly id: string
  readonly node: string
  readonly incarnation: string
  /** Where answers and reports go. */
  peer: RemotePeer
  readonly host: ChildHost
  readonly ends = new Map<string, UnnotedEnd>()
  readonly #listener: OwnerListener
  readonly #restarts = new Map<string, RestartType>()
  readonly #starts = new Map<string, number>()
  readonly #stops = new Map<string, number[]>()

  constructor(system: ActorSystem, id: string, peer: RemotePeer, listener: OwnerListener) {
    this.id = id
    this.node = peer.name
    this.incarnation = incarnationOf(id)
    this.peer = peer
    this.#listener = listener
    this.host = new ChildHost(system, undefined, this)
  }

  /** Nothing runs, nothing is owed. */
  get idle(): boolean {
    return (
      this.host.size === 0 && this.ends.size === 0 && this.#starts.size + this.#stops.size === 0
    )
  }

  orderStart(
    op: 'start' | 'restart',
    order: number,
    id: string,
    number: number,
    restart: RestartType,
    spec: HostedSpec,
  ): void {
    const present = this.host.runOf(id)
    if (present !== undefined && present >= number) {
      const detail = `child '${id}' runs here with number ${present}, not below ${number}`
      this.#listener.failed(order, new TroupeError('ERR_CHILD_EXISTS', detail))
      return
    }
    this.ends.delete(id)
    this.#restarts.set(id, restart)
    this.#starts.set(keyOf(id, number), order)
    // A ref that is not held here any more cannot be restarted: the child begins as a new actor.
    if (op === 'restart' && this.host.child(id)?.state === 'waiting') {
      this.host.restart(id, number)
      return
    }
    if (present !== undefined) this.host.stop(id, present, KILLED, 0, false)
    this.host.start(id, number, spec)
  }

  orderStop(
    order: number,
    id: string,
    number: number,
    reason: ExitReason,
    deadlineMs: number,
    hold: boolean,
  ): void {
    const run = this.#meant(id, number)
    const key = keyOf(id, run)
    const waiting = this.#stops.get(key)
    if (waiting === undefined) this.#stops.set(key, [order])
    else waiting.push(order)
    this.host.stop(id, run, reason, deadlineMs, hold)
  }

  /** No restart will come. */
  orderFinish(id: string, number: number, reason: ExitReason): void {
    if (this.host.runOf(id) === this.#meant(id, number)) this.host.finish(id, reason)
  }

  /**
   * What runs or is held here may be older than what is to end: the order that was to begin that one got
   * lost with the contact, and the owner counts on nothing older.
   */
  #meant(id: string, number: number): number {
    return Math.min(number, this.host.runOf(id) ?? number)
  }

  /** The owner is gone: an orderly end for all. Should it come back after all, it hears why they ended. */
  stopAll(reason: ExitReason, deadlineMs: number, why: ExitReason): void {
    for (const id of [...this.#restarts.keys()]) {
      const number = this.host.runOf(id)
      if (number === undefined) continue
      if (this.ends.get(id)?.number !== number) this.ends.set(id, { id, number, reason: why })
      this.host.stop(id, number, reason, deadlineMs, false)
    }
  }

  endNoted(id: string, number: number): void {
    if (this.ends.get(id)?.number === number) this.ends.delete(id)
    if (this.host.child(id) === undefined) this.#restarts.delete(id)
  }

  // from the host

  started(id: string, run: number): void {
    const order = this.#takeStart(id, run)
    const ref = this.host.child(id)?.ref
    if (order !== undefined && ref !== undefined) this.#listener.started(order, ref)
  }

  startFailed(id: string, run: number, error: unknown): void {
    const order = this.#takeStart(id, run)
    if (order !== undefined) this.#listener.failed(order, error)
  }

  ended(id: string, run: number, reason: ExitReason): boolean {
    this.ends.set(id, { id, number: run, reason })
    this.#listener.ended(id, run, reason)
    return this.#listener.holds() && restartsAfter(this.#restarts.get(id) ?? 'temporary', reason)
  }

  stopped(id: string, run: number): void {
    const start = this.#takeStart(id, run)
    if (start !== undefined) {
      const error = new TroupeError('ERR_START_FAILED', `child '${id}' was stopped as it started`)
      this.#listener.failed(start, error)
    }
    const key = keyOf(id, run)
    const orders = this.#stops.get(key) ?? []
    this.#stops.delete(key)
    if (this.host.child(id) === undefined) this.#restarts.delete(id)
    for (const order of orders) this.#listener.stopped(order)
  }

  #takeStart(id: string, run: number): number | undefined {
    const key = keyOf(id, run)
    const order = this.#starts.get(key)
    this.#starts.delete(key)
    return order
  }
}

const keyOf = (id: string, number: number): string => `${number} ${id}`
