import type { Exit } from '../actor/bonds.js'
import type { Cell } from '../actor/cell.js'
import { type ExitReason, NO_ACTOR } from '../actor/exit-reason.js'
import type { AnyRef } from '../actor/ref.js'
import { TroupeError } from '../base/errors.js'
import { RingQueue } from '../base/ring-queue.js'
import type { Place } from './relocation.js'
import { MAX_BONDS_PER_PEER, peerKey, type RemoteBonds } from './remote-bonds.js'
import { TwoKeyMap } from './two-key-map.js'
import { isOf, keyOf, plainRef } from './watches.js'

/** A link between `cell` and either `other` here or `ref` on another node. */
class Link {
  readonly cell: Cell
  readonly other: Cell | undefined
  readonly ref: AnyRef
  /** Names the other side among the links of `cell`: a serial number here, a text on other nodes. */
  readonly key: number | string
  readonly id: number
  /** The peer that made it; undefined when it was made here. */
  readonly from: Place | undefined

  constructor(
    cell: Cell,
    other: Cell | undefined,
    ref: AnyRef,
    id: number,
    from: Place | undefined,
  ) {
    this.cell = cell
    this.other = other
    this.ref = ref
    this.key = other ? other.serial : from ? madeThere(ref) : keyOf(ref)
    this.id = id
    this.from = from
  }
}

/**
 * Who is linked with whom, as in OTP: a link goes both ways, is there once per pair, belongs to the
 * two incarnations and ends with either.
 */
export class Links {
  readonly #remote: () => RemoteBonds
  /** By serial number and the key of the other side; a link within the node is in it twice. */
  readonly #ofCell = new TwoKeyMap<number, number | string, Link>()
  /** Links made here with actors of other nodes, by node and id. */
  readonly #outgoing = new TwoKeyMap<string, number, Link>()
  /** Links that peers made, by their incarnation and id. */
  readonly #incoming = new TwoKeyMap<string, number, Link>()
  readonly #exits = new RingQueue<{ readonly cell: Cell; readonly exit: Exit }>()
  #delivering = false
  #id = 0

  constructor(remote: () => RemoteBonds) {
    this.#remote = remote
  }

  /** Links that are kept. */
  get size(): number {
    const across = this.#outgoing.size + this.#incoming.size
    return across + (this.#ofCell.size - across) / 2
  }

  link(cell: Cell, ref: AnyRef): void {
    if (!cell.system.isLocal(ref)) {
      this.#linkRemote(cell, ref)
      return
    }
    const other = cell.system.cellOf(ref)
    if (other === cell) return
    if (!other) this.#exit(cell, { ref, reason: NO_ACTOR })
    else if (!this.#ofCell.get(cell.serial, other.serial)) {
      this.#keep(new Link(cell, other, ref, 0, undefined))
      this.#keep(new Link(other, cell, cell.ref, 0, undefined))
    }
  }

  #linkRemote(cell: Cell, given: AnyRef): void {
    const ref = plainRef(cell, given)
    if (this.#across(cell, ref).length > 0) return
    const id = ++this.#id
    if (!this.#remote().link(ref, id, cell.ref)) {
      this.#exit(cell, { ref, reason: { type: 'nodeDown', node: ref.node } })
      return
    }
    const link = new Link(cell, undefined, ref, id, undefined)
    this.#keep(link)
    this.#outgoing.set(ref.node, id, link)
  }

  unlink(cell: Cell, ref: AnyRef): void {
    for (const link of this.#between(cell, ref)) {
      this.#drop(link)
      if (!link.other) this.#remote().unlink(ref.node, link.id, link.from ? 'there' : 'here')
    }
  }

  #between(cell: Cell, ref: AnyRef): Link[] {
    if (!cell.system.isLocal(ref)) return this.#across(cell, ref)
    const other = cell.system.cellOf(ref)
    const link = other && this.#ofCell.get(cell.serial, other.serial)
    if (link) return [link]
    return this.#ofCell.all(cell.serial).filter((one) => one.other && one.ref.equals(ref))
  }

  /** The link with an actor of another node; two when both sides made one at the same time. */
  #across(cell: Cell, ref: AnyRef): Link[] {
    const here = this.#ofCell.get(cell.serial, keyOf(ref))
    const there = this.#ofCell.get(cell.serial, madeThere(ref))
    return [here, there].filter((link) => link !== undefined)
  }

  /** An incarnation has ended: the exit signal goes to all that are linked with it. */
  ended(cell: Cell, reason: ExitReason): void {
    for (const link of this.#ofCell.all(cell.serial)) {
      if (this.#ofCell.get(cell.serial, link.key) !== link) continue
      this.#drop(link)
      if (link.other) this.#exit(link.other, { ref: cell.ref, reason })
      else this.#remote().exit(link.ref.node, link.id, link.from ? 'there' : 'here', reason)
    }
  }

  // Links across nodes

  linked(from: Place, id: number, source: AnyRef, target: Cell | undefined): void {
    const key = peerKey(from)
    if (this.#incoming.get(key, id)) return
    const reason = target ? this.#refusal(from, key) : NO_ACTOR
    if (!target || reason) {
      this.#remote().exit(from.node, id, 'there', reason ?? NO_ACTOR)
      return
    }
    const link = new Link(target, undefined, source, id, from)
    const before = this.#ofCell.get(target.serial, link.key)
    if (before) this.#drop(before)
    this.#keep(link)
    this.#incoming.set(key, id, link)
  }

  unlinked(from: Place, id: number, made: 'here' | 'there'): void {
    const link = this.#known(from, id, made)
    if (link) this.#drop(link)
  }

  exited(from: Place, id: number, made: 'here' | 'there', reason: ExitReason): void {
    const link = this.#known(from, id, made)
    if (!link) return
    for (const one of this.#across(link.cell, link.ref)) this.#drop(one)
    this.#exit(link.cell, { ref: link.ref, reason })
  }

  #known(from: Place, id: number, made: 'here' | 'there'): Link | undefined {
    if (made === 'there') return this.#incoming.get(peerKey(from), id)
    const link = this.#outgoing.get(from.node, id)
    return link && isOf(link.ref, from) ? link : undefined
  }

  nodeDown(place: Place): void {
    const reason: ExitReason = { type: 'nodeDown', node: place.node }
    const made = this.#outgoing.all(place.node).filter((link) => isOf(link.ref, place))
    for (const link of [...made, ...this.#incoming.all(peerKey(place))]) {
      if (this.#ofCell.get(link.cell.serial, link.key) !== link) continue
      for (const one of this.#across(link.cell, link.ref)) this.#drop(one)
      this.#exit(link.cell, { ref: link.ref, reason })
    }
  }

  /** True when a link with an actor of that start of a node is kept. */
  holds(place: Place): boolean {
    if (this.#incoming.count(peerKey(place)) > 0) return true
    return this.#outgoing.all(place.node).some(({ ref }) => isOf(ref, place))
  }

  outgoing(node: string): { id: number; target: AnyRef; from: AnyRef }[] {
    const links = this.#outgoing.all(node)
    return links.map(({ id, ref, cell }) => ({ id, target: ref, from: cell.ref }))
  }

  #refusal(from: Place, key: string): ExitReason | undefined {
    if (this.#incoming.count(key) < MAX_BONDS_PER_PEER) return undefined
    const detail = `node ${from.node} has ${MAX_BONDS_PER_PEER} links here`
    return { type: 'error', error: new TroupeError('ERR_TOO_MANY_BONDS', detail) }
  }

  /** One after the other: a long chain of links must not become as deep a stack. */
  #exit(cell: Cell, exit: Exit): void {
    this.#exits.push({ cell, exit })
    if (this.#delivering) return
    this.#delivering = true
    try {
      for (let next = this.#exits.shift(); next; next = this.#exits.shift()) {
        next.cell.exit(next.exit)
      }
    } finally {
      this.#delivering = false
    }
  }

  #keep(link: Link): void {
    this.#ofCell.set(link.cell.serial, link.key, link)
  }

  #drop(link: Link): void {
    const { cell, other, ref, from, id, key } = link
    this.#ofCell.delete(cell.serial, key)
    if (other) this.#ofCell.delete(other.serial, cell.serial)
    else if (from) this.#incoming.delete(peerKey(from), id)
    else this.#outgoing.delete(ref.node, id)
  }
}

const madeThere = (ref: AnyRef): string => `${keyOf(ref)} made there`
