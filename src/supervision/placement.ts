import { type ExitReason, SHUTDOWN } from '../actor/exit-reason.js'
import type { AnyRef } from '../actor/ref.js'
import type { Logger } from '../base/logger.js'
import type { MembersView, Place } from './relocation.js'
import type { RestartType } from './restart-policy.js'

/**
 * One copy of a placed child. `number` rises with every start of a child of that supervisor, over
 * restarts of the supervisor too: of two copies with one owner and id the lower number is the older.
 */
export interface PlacedCopy {
  /** ULID of the supervisor. */
  readonly owner: string
  /** The child's id within its supervisor. */
  readonly id: string
  readonly number: number
  readonly place: Place
}

/** What the host needs to start a child. */
export interface PlacementOrder extends PlacedCopy {
  readonly supervisor: AnyRef
  /** The class's type name, as given to `@actor`. */
  readonly type: string
  readonly args: unknown
  readonly name: string | undefined
  /** Tells the host whether to hold the child when it ends by itself: see `restartsAfter`. */
  readonly restart: RestartType
  readonly mailboxLimit: number | undefined
  readonly stashLimit: number | undefined
}

/**
 * How an order came out. `failed`: the host says it did not work. `lost`: the node went down or could
 * not be reached; whether the order was carried out is not known.
 */
export type PlacementOutcome =
  | { readonly type: 'done'; readonly ref: AnyRef }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'lost'; readonly error: unknown }

/**
 * Children on other nodes; filled by `remote/`. Orders to one host arrive in order. Every promise
 * settles, at the latest when the node is given up.
 *
 * The host keeps a child while its owner's node is out of contact: only the owner decides, on
 * contact. It ends children whose owner's node left or came back as a new incarnation.
 */
export interface RemotePlacement {
  /** The cluster as known now. */
  view(): MembersView
  start(order: PlacementOrder): Promise<PlacementOutcome>
  /** A new incarnation behind the ref that the host holds, with the new number. Should it fail, the ref stays held. */
  restart(order: PlacementOrder): Promise<PlacementOutcome>
  /**
   * Ends that copy by the deadline (0: at once), also while it starts. `hold`: its ref is kept for a
   * restart. A copy that is not there counts as ended. False: lost, not known.
   */
  stop(copy: PlacedCopy, reason: ExitReason, deadlineMs: number, hold: boolean): Promise<boolean>
  /** No restart will come for a held ref. */
  finish(copy: PlacedCopy, reason: ExitReason): void
  /** Looks for a node that is not in view. When it is found it is up. */
  seek(node: string): void
}

/** News for the supervisors of this node; `remote/` calls them. */
export interface PlacementNews {
  /**
   * A placed child ended by itself. An end while out of contact is reported once contact is back,
   * after `nodeUp`.
   */
  childEnded(owner: string, id: string, number: number, reason: ExitReason): void
  /** The failure detector gave this incarnation up, or it left. */
  nodeDown(place: Place): void
  /** It can be reached, for the first time or again. */
  nodeUp(place: Place): void
  /** Members joined or left. */
  membersChanged(): void
}

/** What a supervisor hears about its placed children. */
export interface PlacementListener {
  childEnded(id: string, number: number, reason: ExitReason): void
  nodeDown(place: Place): void
  nodeUp(place: Place): void
  membersChanged(): void
  /** True when a child of this supervisor is there. */
  holds(place: Place): boolean
}

/** At most this many abandoned copies are remembered; more, and the oldest are forgotten. */
const MAX_ABANDONED = 10_000
/** What the onStop of an older copy may take. */
const OLD_COPY_STOP_MS = 5_000

/**
 * The placed children of one node's supervisors: passes news on, and remembers the copies that were
 * left behind on lost nodes until they could be ended. It outlives the supervisors.
 */
export class Placements implements PlacementNews {
  readonly remote: RemotePlacement
  readonly #log: Logger
  readonly #listeners = new Map<string, PlacementListener>()
  readonly #abandoned = new Map<string, PlacedCopy>()

  constructor(remote: RemotePlacement, log: Logger) {
    this.remote = remote
    this.#log = log
  }

  listen(owner: string, listener: PlacementListener): void {
    this.#listeners.set(owner, listener)
  }

  unlisten(owner: string, listener: PlacementListener): void {
    if (this.#listeners.get(owner) === listener) this.#listeners.delete(owner)
  }

  /** Copies that may live on and are to be ended on contact. */
  get abandoned(): readonly PlacedCopy[] {
    return [...this.#abandoned.values()]
  }

  /** A newer copy replaces this one, or none is wanted: end it as soon as its node can be reached. */
  abandon(copy: PlacedCopy): void {
    const key = keyOf(copy)
    this.#abandoned.set(key, copy)
    if (this.#abandoned.size > MAX_ABANDONED) this.#forgetOldest()
    const { node, incarnation } = copy.place
    const there = this.remote
      .view()
      .reachable.some((place) => place.node === node && place.incarnation === incarnation)
    if (there) this.#end(key, copy)
  }

  childEnded(owner: string, id: string, number: number, reason: ExitReason): void {
    this.#listeners.get(owner)?.childEnded(id, number, reason)
  }

  nodeDown(place: Place): void {
    for (const listener of [...this.#listeners.values()]) listener.nodeDown(place)
  }

  nodeUp(place: Place): void {
    for (const listener of [...this.#listeners.values()]) listener.nodeUp(place)
    for (const [key, copy] of [...this.#abandoned]) {
      if (copy.place.node !== place.node) continue
      if (copy.place.incarnation === place.incarnation) this.#end(key, copy)
      else this.#abandoned.delete(key)
    }
  }

  membersChanged(): void {
    for (const listener of [...this.#listeners.values()]) listener.membersChanged()
  }

  /** True when a child placed from here is there, or a copy that is to be ended on contact. */
  holds(place: Place): boolean {
    for (const listener of this.#listeners.values()) if (listener.holds(place)) return true
    for (const { place: left } of this.#abandoned.values()) {
      if (left.node === place.node && left.incarnation === place.incarnation) return true
    }
    return false
  }

  #end(key: string, copy: PlacedCopy): void {
    const { owner, id, number, place } = copy
    void this.remote.stop(copy, SHUTDOWN, OLD_COPY_STOP_MS, false).then((ended) => {
      if (!ended || !this.#abandoned.delete(key)) return
      this.#log.info(
        { supervisor: owner, child: id, number, node: place.node },
        'ended the older copy of a placed child',
      )
    })
  }

  #forgetOldest(): void {
    for (const [key, { id, place }] of this.#abandoned) {
      this.#abandoned.delete(key)
      this.#log.warn(
        { child: id, node: place.node, limit: MAX_ABANDONED },
        'forgot a copy that may still run on a lost node',
      )
      return
    }
  }
}

const keyOf = (copy: PlacedCopy): string =>
  `${copy.place.node} ${copy.place.incarnation} ${copy.owner} ${copy.number}`

/** A node without peers: there is nowhere else to place a child. */
export function noPlacement(self: Place): RemotePlacement {
  const view: MembersView = { self, reachable: [self], total: 1 }
  const outcome = (): Promise<PlacementOutcome> =>
    Promise.resolve({ type: 'lost', error: new Error('this node has no peers') })
  return {
    view: () => view,
    start: outcome,
    restart: outcome,
    stop: () => Promise.resolve(false),
    finish: () => {},
    seek: () => {},
  }
}
