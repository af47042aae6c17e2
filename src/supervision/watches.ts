import type { Down } from '../actor/bonds.js'
import type { Cell } from '../actor/cell.js'
import { type ExitReason, NO_ACTOR } from '../actor/exit-reason.js'
import type { AnyRef } from '../actor/ref.js'
import { TroupeError } from '../base/errors.js'
import { incarnationOf } from '../base/identity.js'
import type { Place } from './relocation.js'
import { type DownNews, MAX_BONDS_PER_PEER, peerKey, type RemoteBonds } from './remote-bonds.js'

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
  /** Serial number of the target → its watches. */
  readonly #ofTarget = new Map<number, Set<Watch>>()
  /** Serial number of the watcher → what it watches: serial number here, text on other nodes. */
  readonly #ofWatcher = new Map<number, Map<number | string, Watch>>()
  /** Node → what is watched there, by id. */
  readonly #outgoing = new Map<string, Map<number, Watch>>()
  /** Incarnation of a peer → what it watches here, by its id. */
  readonly #incoming = new Map<string, Map<number, Watch>>()
  #id = 0

  constructor(remote: () => RemoteBonds) {
    this.#remote = remote
  }

  /** Watches that are kept, in both directions. */
  get size(): number {
    let size = 0
    for (const watches of this.#ofTarget.values()) size += watches.size
    for (const watches of this.#outgoing.values()) size += watches.size
    return size
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
    const held = this.#heldBy(watcher)
    if (held.has(target.serial)) return
    const watch = new Watch(watcher, ref, target.serial, target, 0, undefined)
    held.set(target.serial, watch)
    this.#on(target, watch)
  }

  #watchRemote(watcher: Cell, ref: AnyRef): void {
    const held = this.#heldBy(watcher)
    const key = keyOf(ref)
    if (held.has(key)) return
    const id = ++this.#id
    if (!this.#remote().watch(ref, id)) {
      if (held.size === 0) this.#ofWatcher.delete(watcher.serial)
      const reason: ExitReason = { type: 'nodeDown', node: ref.node }
      watcher.down({ ref, incarnation: 0, reason, willRestart: false })
      return
    }
    const watch = new Watch(watcher, ref, key, undefined, id, undefined)
    held.set(key, watch)
    let there = this.#outgoing.get(ref.node)
    if (!there) this.#outgoing.set(ref.node, (there = new Map()))
    there.set(id, watch)
  }

  unwatch(watcher: Cell, ref: AnyRef): void {
    const held = this.#ofWatcher.get(watcher.serial)
    if (!held) return
    const target = watcher.system.isLocal(ref) ? watcher.system.cellOf(ref) : undefined
    const watch = held.get(target ? target.serial : keyOf(ref)) ?? heldAs(held, ref)
    if (!watch) return
    this.#drop(watch)
    if (watch.ref && !watch.target) this.#remote().unwatch(watch.ref, watch.id)
  }

  /** An incarnation has ended: tells its watchers and forgets what it watched. */
  ended(cell: Cell, incarnation: number, reason: ExitReason, willRestart: boolean): void {
    const held = this.#ofWatcher.get(cell.serial)
    if (held) {
      for (const watch of [...held.values()]) {
        this.#drop(watch)
        if (watch.ref && !watch.target) this.#remote().unwatch(watch.ref, watch.id)
      }
    }
    const watches = this.#ofTarget.get(cell.serial)
    if (!watches) return
    for (const watch of [...watches]) {
      if (!willRestart) this.#drop(watch)
      if (watch.from)
        this.#remote().down(watch.from, watch.id, { incarnation, reason, willRestart })
      else this.#tell(watch, { incarnation, reason, willRestart })
    }
  }

  // Watches across nodes

  watched(from: Place, id: number, target: Cell | undefined): void {
    const key = peerKey(from)
    let incoming = this.#incoming.get(key)
    if (incoming?.has(id)) return
    if (!target) {
      this.#remote().down(from, id, { incarnation: 0, reason: NO_ACTOR, willRestart: false })
      return
    }
    if ((incoming?.size ?? 0) >= MAX_BONDS_PER_PEER) {
      const detail = `node ${from.node} watches ${MAX_BONDS_PER_PEER} actors here`
      const error = new TroupeError('ERR_TOO_MANY_BONDS', detail)
      const reason: ExitReason = { type: 'error', error }
      this.#remote().down(from, id, { incarnation: 0, reason, willRestart: false })
      return
    }
    if (!incoming) this.#incoming.set(key, (incoming = new Map()))
    const watch = new Watch(undefined, undefined, target.serial, target, id, from)
    incoming.set(id, watch)
    this.#on(target, watch)
  }

  unwatched(from: Place, id: number): void {
    const watch = this.#incoming.get(peerKey(from))?.get(id)
    if (watch) this.#drop(watch)
  }

  downed(from: Place, id: number, news: DownNews): void {
    const watch = this.#outgoing.get(from.node)?.get(id)
    if (!watch?.ref || !isOf(watch.ref, from)) return
    if (!news.willRestart) this.#drop(watch)
    this.#tell(watch, news)
  }

  nodeDown(place: Place): void {
    for (const watch of [...(this.#incoming.get(peerKey(place))?.values() ?? [])]) this.#drop(watch)
    const reason: ExitReason = { type: 'nodeDown', node: place.node }
    for (const watch of [...(this.#outgoing.get(place.node)?.values() ?? [])]) {
      if (!watch.ref || !isOf(watch.ref, place)) continue
      this.#drop(watch)
      this.#tell(watch, { incarnation: 0, reason, willRestart: false })
    }
  }

  outgoing(node: string): { id: number; target: AnyRef }[] {
    const all: { id: number; target: AnyRef }[] = []
    for (const { id, ref } of this.#outgoing.get(node)?.values() ?? []) {
      if (ref) all.push({ id, target: ref })
    }
    return all
  }

  #tell(watch: Watch, news: DownNews): void {
    if (!watch.ref) return
    const { incarnation, reason, willRestart } = news
    const down: Down = { ref: watch.ref, incarnation, reason, willRestart }
    watch.watcher?.down(down)
  }

  #heldBy(watcher: Cell): Map<number | string, Watch> {
    let held = this.#ofWatcher.get(watcher.serial)
    if (!held) this.#ofWatcher.set(watcher.serial, (held = new Map()))
    return held
  }

  #on(target: Cell, watch: Watch): void {
    let watches = this.#ofTarget.get(target.serial)
    if (!watches) this.#ofTarget.set(target.serial, (watches = new Set()))
    watches.add(watch)
  }

  #drop(watch: Watch): void {
    const { watcher, target, key, from, id, ref } = watch
    if (watcher) {
      const held = this.#ofWatcher.get(watcher.serial)
      held?.delete(key)
      if (held?.size === 0) this.#ofWatcher.delete(watcher.serial)
    }
    if (target) {
      const watches = this.#ofTarget.get(target.serial)
      watches?.delete(watch)
      if (watches?.size === 0) this.#ofTarget.delete(target.serial)
    } else if (ref) dropFrom(this.#outgoing, ref.node, id)
    if (from) dropFrom(this.#incoming, peerKey(from), id)
  }
}

function dropFrom(index: Map<string, Map<number, Watch>>, key: string, id: number): void {
  const watches = index.get(key)
  watches?.delete(id)
  if (watches?.size === 0) index.delete(key)
}

/** A named ref whose name has another holder by now. */
function heldAs(held: Map<number | string, Watch>, ref: AnyRef): Watch | undefined {
  if (ref.name === undefined) return undefined
  for (const watch of held.values()) if (watch.ref?.equals(ref)) return watch
  return undefined
}

/** Names an actor of another node. */
export const keyOf = (ref: AnyRef): string => `${ref.node} ${ref.id ?? `name:${ref.name}`}`

/** Whether a ref means an actor of that incarnation of a node; a name means the incarnation that is up. */
export const isOf = (ref: AnyRef, place: Place): boolean =>
  ref.node === place.node && (ref.id === undefined || incarnationOf(ref.id) === place.incarnation)
