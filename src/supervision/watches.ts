import type { Cell } from '../actor/cell.js'
import { type ExitReason, NO_ACTOR } from '../actor/exit-reason.js'
import type { AnyRef } from '../actor/ref.js'
import { TroupeError } from '../base/errors.js'
import { incarnationOf } from '../base/identity.js'
import type { Place } from './relocation.js'
import { type DownNews, MAX_BONDS_PER_PEER, peerKey, type RemoteBonds } from './remote-bonds.js'
import { TwoKeyMap } from './two-key-map.js'

/** A watch of an actor here by an actor here or (with `from`) of another node. */
class Watch {
  readonly watcher: Cell | undefined
  /** As the watcher named it. */
  readonly ref: AnyRef | undefined
  readonly key: number | string
  /** The target here. */
  readonly target: Cell | undefined
  /** Numbers the watch where a peer takes part, on the side that made it. */
  readonly id: number
  readonly from: Place | undefined

  constructor(
    watcher: Cell | undefined,
    ref: AnyRef | undefined,
    key: number | string,
    target: Cell | undefined,
    id: number,
    from: Place | undefined,
  ) {
    this.watcher = watcher
    this.ref = ref
    this.key = key
    this.target = target
    this.id = id
    this.from = from
  }
}

/**
 * Who watches whom (OTP's monitors). A watch on a ref lasts over restarts of the actor and ends with
 * its last Down; what an incarnation watches ends with that incarnation.
 */
export class Watches {
  readonly #remote: () => RemoteBonds
  /** By the serial number of the target. */
  readonly #ofTarget = new TwoKeyMap<number, Watch, Watch>()
  /** By the watcher's serial number and its target: a serial number here, a text on other nodes. */
  readonly #ofWatcher = new TwoKeyMap<number, number | string, Watch>()
  /** What is watched on other nodes, by node and id. */
  readonly #outgoing = new TwoKeyMap<string, number, Watch>()
  /** What peers watch here, by their incarnation and id. */
  readonly #incoming = new TwoKeyMap<string, number, Watch>()
  #id = 0

  constructor(remote: () => RemoteBonds) {
    this.#remote = remote
  }

  /** Watches that are kept, in both directions. */
  get size(): number {
    return this.#ofTarget.size + this.#outgoing.size
  }

  watch(watcher: Cell, ref: AnyRef): void {
    if (!watcher.system.isLocal(ref)) {
      this.#watchRemote(watcher, ref)
      return
    }
    const target = watcher.system.cellOf(ref)
    if (target === watcher) return
    if (!target) {
      watcher.down({ ref, incarnation: 0, reason: NO_ACTOR, willRestart: false })
      return
    }
    if (this.#ofWatcher.get(watcher.serial, target.serial)) return
    const watch = new Watch(watcher, ref, target.serial, target, 0, undefined)
    this.#ofWatcher.set(watcher.serial, target.serial, watch)
    this.#ofTarget.set(target.serial, watch, watch)
  }

  #watchRemote(watcher: Cell, given: AnyRef): void {
    const ref = plainRef(watcher, given)
    const key = keyOf(ref)
    if (this.#ofWatcher.get(watcher.serial, key)) return
    const id = ++this.#id
    if (!this.#remote().watch(ref, id)) {
      const reason: ExitReason = { type: 'nodeDown', node: ref.node }
      watcher.down({ ref, incarnation: 0, reason, willRestart: false })
      return
    }
    const watch = new Watch(watcher, ref, key, undefined, id, undefined)
    this.#ofWatcher.set(watcher.serial, key, watch)
    this.#outgoing.set(ref.node, id, watch)
  }

  unwatch(watcher: Cell, ref: AnyRef): void {
    const target = watcher.system.isLocal(ref) ? watcher.system.cellOf(ref) : undefined
    const key = target ? target.serial : keyOf(ref)
    const watch = this.#ofWatcher.get(watcher.serial, key) ?? this.#heldAs(watcher, ref)
    if (watch) this.#undo(watch)
  }

  /** An incarnation has ended: tells its watchers and forgets what it watched. */
  ended(cell: Cell, incarnation: number, reason: ExitReason, willRestart: boolean): void {
    for (const watch of this.#ofWatcher.all(cell.serial)) this.#undo(watch)
    for (const watch of this.#ofTarget.all(cell.serial)) {
      if (!willRestart) this.#drop(watch)
      if (watch.from)
        this.#remote().down(watch.from, watch.id, { incarnation, reason, willRestart })
      else this.#tell(watch, { incarnation, reason, willRestart })
    }
  }

  // Watches across nodes

  watched(from: Place, id: number, target: Cell | undefined): void {
    const key = peerKey(from)
    if (this.#incoming.get(key, id)) return
    const reason = target ? this.#refusal(from, key) : NO_ACTOR
    if (!target || reason) {
      const news = { incarnation: 0, reason: reason ?? NO_ACTOR, willRestart: false }
      this.#remote().down(from, id, news)
      return
    }
    const watch = new Watch(undefined, undefined, target.serial, target, id, from)
    this.#incoming.set(key, id, watch)
    this.#ofTarget.set(target.serial, watch, watch)
  }

  unwatched(from: Place, id: number): void {
    const watch = this.#incoming.get(peerKey(from), id)
    if (watch) this.#drop(watch)
  }

  downed(from: Place, id: number, news: DownNews): void {
    const watch = this.#outgoing.get(from.node, id)
    if (!watch?.ref || !isOf(watch.ref, from)) return
    if (!news.willRestart) this.#drop(watch)
    this.#tell(watch, news)
  }

  /** The peer does not remember what it watched here. */
  forgotten(place: Place): void {
    for (const watch of this.#incoming.all(peerKey(place))) this.#drop(watch)
  }

  nodeDown(place: Place): void {
    this.forgotten(place)
    const reason: ExitReason = { type: 'nodeDown', node: place.node }
    for (const watch of this.#outgoing.all(place.node)) {
      if (!watch.ref || !isOf(watch.ref, place)) continue
      this.#drop(watch)
      this.#tell(watch, { incarnation: 0, reason, willRestart: false })
    }
  }

  /** True when a watch from or to that start of a node is kept. */
  holds(place: Place): boolean {
    if (this.#incoming.count(peerKey(place)) > 0) return true
    return this.#outgoing.all(place.node).some(({ ref }) => ref && isOf(ref, place))
  }

  outgoing(node: string): { id: number; target: AnyRef }[] {
    const all: { id: number; target: AnyRef }[] = []
    for (const { id, ref } of this.#outgoing.all(node)) if (ref) all.push({ id, target: ref })
    return all
  }

  #refusal(from: Place, key: string): ExitReason | undefined {
    if (this.#incoming.count(key) < MAX_BONDS_PER_PEER) return undefined
    const detail = `node ${from.node} watches ${MAX_BONDS_PER_PEER} actors here`
    return { type: 'error', error: new TroupeError('ERR_TOO_MANY_BONDS', detail) }
  }

  #tell(watch: Watch, news: DownNews): void {
    if (!watch.ref) return
    const { incarnation, reason, willRestart } = news
    watch.watcher?.down({ ref: watch.ref, incarnation, reason, willRestart })
  }

  /** The watch of a named ref whose name has another holder, or none, by now. */
  #heldAs(watcher: Cell, ref: AnyRef): Watch | undefined {
    if (ref.name === undefined) return undefined
    return this.#ofWatcher.all(watcher.serial).find((watch) => watch.ref?.equals(ref))
  }

  #undo(watch: Watch): void {
    this.#drop(watch)
    if (watch.ref && !watch.target) this.#remote().unwatch(watch.ref, watch.id)
  }

  #drop(watch: Watch): void {
    const { watcher, target, key, from, id, ref } = watch
    if (watcher) this.#ofWatcher.delete(watcher.serial, key)
    if (target) this.#ofTarget.delete(target.serial, watch)
    else if (ref) this.#outgoing.delete(ref.node, id)
    if (from) this.#incoming.delete(peerKey(from), id)
  }
}

/** A ref to the actor of another node that `given` means now, should it be a handle or of a node in this process. */
export const plainRef = (cell: Cell, given: AnyRef): AnyRef =>
  cell.system.refAt(given.address, given.definition)

/** Names an actor of another node. */
export const keyOf = (ref: AnyRef): string => `${ref.node} ${ref.id ?? `name:${ref.name}`}`

/** Whether a ref means an actor of that incarnation of a node; a name means the incarnation that is up. */
export const isOf = (ref: AnyRef, place: Place): boolean =>
  ref.node === place.node && (ref.id === undefined || incarnationOf(ref.id) === place.incarnation)
