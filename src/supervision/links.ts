import type { Exit } from '../actor/bonds.js'
import type { Cell } from '../actor/cell.js'
import { type ExitReason, NO_ACTOR } from '../actor/exit-reason.js'
import type { AnyRef } from '../actor/ref.js'
import { TroupeError } from '../base/errors.js'
import { RingQueue } from '../base/ring-queue.js'
import type { Place } from './relocation.js'
import { MAX_BONDS_PER_PEER, peerKey, type RemoteBonds } from './remote-bonds.js'
import { isOf, keyOf } from './watches.js'

/** A link between `cell` and either `other` here or `ref` on another node. */
class Link {
  readonly cell: Cell
  readonly other: Cell | undefined
  readonly ref: AnyRef
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
  /** Serial number → its links: by the other's serial number here, by text on other nodes. */
  readonly #ofCell = new Map<number, Map<number | string, Link>>()
  /** Node → links made here with actors there, by id. */
  readonly #outgoing = new Map<string, Map<number, Link>>()
  /** Incarnation of a peer → links it made with actors here, by its id. */
  readonly #incoming = new Map<string, Map<number, Link>>()
  readonly #exits = new RingQueue<{ readonly cell: Cell; readonly exit: Exit }>()
  #delivering = false
  #id = 0

  constructor(remote: () => RemoteBonds) {
    this.#remote = remote
  }

  /** Links that are kept. */
  get size(): number {
    let ends = 0
    let across = 0
    for (const links of this.#ofCell.values()) ends += links.size
    for (const links of this.#outgoing.values()) across += links.size
    for (const links of this.#incoming.values()) across += links.size
    return across + (ends - across) / 2
  }

  link(cell: Cell, ref: AnyRef): void {
    if (!cell.system.isLocal(ref)) {
      this.#linkRemote(cell, ref)
      return
    }
    const other = cell.system.cellOf(ref)
    if (other === cell) return
    if (!other) {
      this.#exit(cell, { ref, reason: NO_ACTOR })
      return
    }
    if (this.#ofCell.get(cell.serial)?.has(other.serial)) return
    this.#keep(cell, other.serial, new Link(cell, other, ref, 0, undefined))
    this.#keep(other, cell.serial, new Link(other, cell, cell.ref, 0, undefined))
  }

  #linkRemote(cell: Cell, ref: AnyRef): void {
    const key = keyOf(ref)
    if (this.#ofCell.get(cell.serial)?.has(key)) return
    const id = ++this.#id
    if (!this.#remote().link(ref, id, cell.ref)) {
      this.#exit(cell, { ref, reason: { type: 'nodeDown', node: ref.node } })
      return
    }
    const link = new Link(cell, undefined, ref, id, undefined)
    this.#keep(cell, key, link)
    put(this.#outgoing, ref.node, link)
  }

  unlink(cell: Cell, ref: AnyRef): void {
    const links = this.#ofCell.get(cell.serial)
    if (!links) return
    const other = cell.system.isLocal(ref) ? cell.system.cellOf(ref) : undefined
    let link = links.get(other ? other.serial : keyOf(ref))
    if (!link) for (const one of links.values()) if (one.ref.equals(ref)) link = one
    if (!link) return
    this.#drop(link)
    if (!link.other) this.#cut(link)
  }

  /** An incarnation has ended: the exit signal goes to all that are linked with it. */
  ended(cell: Cell, reason: ExitReason): void {
    const links = this.#ofCell.get(cell.serial)
    if (!links) return
    for (const link of [...links.values()]) {
      this.#drop(link)
      if (link.other) this.#exit(link.other, { ref: cell.ref, reason })
      else {
        const made = link.from ? 'there' : 'here'
        this.#remote().exit(link.ref.node, link.id, made, reason)
      }
    }
  }

  // Links across nodes

  linked(from: Place, id: number, source: AnyRef, target: Cell | undefined): void {
    const key = peerKey(from)
    if (this.#incoming.get(key)?.has(id)) return
    if (!target) {
      this.#remote().exit(from.node, id, 'there', NO_ACTOR)
      return
    }
    if ((this.#incoming.get(key)?.size ?? 0) >= MAX_BONDS_PER_PEER) {
      const detail = `node ${from.node} has ${MAX_BONDS_PER_PEER} links here`
      const error = new TroupeError('ERR_TOO_MANY_BONDS', detail)
      this.#remote().exit(from.node, id, 'there', { type: 'error', error })
      return
    }
    const link = new Link(target, undefined, source, id, from)
    this.#keep(target, incomingKey(link), link)
    put(this.#incoming, key, link)
  }

  unlinked(from: Place, id: number): void {
    const link = this.#incoming.get(peerKey(from))?.get(id)
    if (link) this.#drop(link)
  }

  exited(from: Place, id: number, made: 'here' | 'there', reason: ExitReason): void {
    const link =
      made === 'there'
        ? this.#incoming.get(peerKey(from))?.get(id)
        : this.#outgoing.get(from.node)?.get(id)
    if (!link || (made === 'here' && !isOf(link.ref, from))) return
    this.#drop(link)
    this.#exit(link.cell, { ref: link.ref, reason })
  }

  nodeDown(place: Place): void {
    const reason: ExitReason = { type: 'nodeDown', node: place.node }
    const made = [...(this.#outgoing.get(place.node)?.values() ?? [])]
    const lost = made.filter((link) => isOf(link.ref, place))
    lost.push(...(this.#incoming.get(peerKey(place))?.values() ?? []))
    for (const link of lost) {
      this.#drop(link)
      this.#exit(link.cell, { ref: link.ref, reason })
    }
  }

  outgoing(node: string): { id: number; target: AnyRef; from: AnyRef }[] {
    const links = [...(this.#outgoing.get(node)?.values() ?? [])]
    return links.map(({ id, ref, cell }) => ({ id, target: ref, from: cell.ref }))
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

  /** Tells the other node that a link is undone. */
  #cut(link: Link): void {
    if (link.from) this.#remote().exit(link.ref.node, link.id, 'there', UNLINKED)
    else this.#remote().unlink(link.ref, link.id)
  }

  #keep(cell: Cell, key: number | string, link: Link): void {
    let links = this.#ofCell.get(cell.serial)
    if (!links) this.#ofCell.set(cell.serial, (links = new Map()))
    links.set(key, link)
  }

  #drop(link: Link): void {
    const { cell, other, ref, from, id } = link
    if (other) {
      this.#forget(cell, other.serial)
      this.#forget(other, cell.serial)
    } else if (from) {
      this.#forget(cell, incomingKey(link))
      take(this.#incoming, peerKey(from), id)
    } else {
      this.#forget(cell, keyOf(ref))
      take(this.#outgoing, ref.node, id)
    }
  }

  #forget(cell: Cell, key: number | string): void {
    const links = this.#ofCell.get(cell.serial)
    links?.delete(key)
    if (links?.size === 0) this.#ofCell.delete(cell.serial)
  }
}

/** What the maker of a link hears when the other side undid it: harmless to all. */
const UNLINKED: ExitReason = { type: 'normal' }

const incomingKey = (link: Link): string => `${link.from?.incarnation} ${link.id}`

function put(index: Map<string, Map<number, Link>>, key: string, link: Link): void {
  let links = index.get(key)
  if (!links) index.set(key, (links = new Map()))
  links.set(link.id, link)
}

function take(index: Map<string, Map<number, Link>>, key: string, id: number): void {
  const links = index.get(key)
  links?.delete(id)
  if (links?.size === 0) index.delete(key)
}
