import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import {
  type AgedMember,
  type CyclonMessage,
  cyclonMessageFromWire,
  cyclonWire as wire,
} from './cyclon-message.js'
import { type CyclonOptions, readCyclonOptions } from './cyclon-options.js'
import { memberToWire } from './member.js'
import { GONE } from './one-sided-message.js'
import { OneSidedViews } from './one-sided-views.js'
import type { Member, OverlayFactory } from './overlay.js'
import { type ViewEntry, ViewTable } from './view-table.js'

const NAME = 'cyclon'

/**
 * Views that are shuffled for ever: once a period every node exchanges some entries with the oldest
 * member of its view. The result is close to a random graph in which every node is known to about as
 * many others, the dead are gone within about `view` periods, and all is fresh. Voulgaris, Gavidia,
 * van Steen: "CYCLON: Inexpensive Membership Management for Unstructured P2P Overlays" (2005).
 *
 * Most of a view changes every period, and connections shall not: a node keeps `links` of them to
 * members it draws from its view, `neighbours()` are these, and entries are exchanged over connections
 * that are opened for it (docs/decisions/0032).
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function cyclon(options: Partial<CyclonOptions> = {}): OverlayFactory {
  const read = readCyclonOptions(options)
  return { name: NAME, create: (self, random) => new Cyclon(self, random, read) }
}

const VIEW = 1
const LINK = 2
/** Others may link to this node until it has so many times the links it seeks. */
const LINKS_FACTOR = 3
/** One of the links is replaced every so many rounds, so that halves that were apart mix again. */
const LINK_ROUNDS = 10
const RECENT_MAX = 1_024

/** The exchange that waits for its answer. */
interface Pending {
  readonly id: number
  readonly to: Member
  readonly sent: readonly Member[]
}

class Cyclon extends OneSidedViews {
  readonly name = NAME
  readonly #options: CyclonOptions
  /** True when the whole view is connected to, and nothing else. */
  readonly #whole: boolean
  readonly #recent = new Set<string>()
  /** Who is in the view only because it was asked to let this node in. */
  #contact: string | undefined
  #pending: Pending | undefined
  #shuffles = 0
  /** Begins anywhere, so that nodes that start together do not drop their links together. */
  #rounds: number

  constructor(self: Member, random: Random, options: CyclonOptions) {
    const whole = options.links >= options.view
    super(self, random, new ViewTable(self, [VIEW, LINK], whole ? VIEW : LINK), options.periodMs)
    this.#options = options
    this.#whole = whole
    this.#rounds = random.int(LINK_ROUNDS)
  }

  neighbours(): readonly string[] {
    return this.table.names(this.#whole ? VIEW : LINK)
  }

  protected isNeighbour(name: string): boolean {
    return this.table.has(name, this.#whole ? VIEW : LINK)
  }

  protected picture(): Readonly<Record<string, unknown>> {
    const view = this.table.list(VIEW).map(({ member, age }) => [member.name, age] as const)
    return { view: view.sort(([a], [b]) => (a < b ? -1 : 1)), links: this.table.names(LINK) }
  }

  protected joinThrough(contact: Member): void {
    this.#contact = this.table.has(contact.name, VIEW) ? undefined : contact.name
    this.#integrate([{ member: contact, age: 0 }], [this.#anyEntry()])
    this.#link(contact)
    this.ask(contact, wire.join())
  }

  protected isRequest(body: unknown): boolean {
    return cyclonMessageFromWire(body)?.type === 'join'
  }

  protected foundAgain(member: Member): void {
    const wasEmpty = this.table.list(VIEW).length === 0
    this.#integrate([{ member, age: 0 }], [this.#anyEntry()])
    this.#link(member)
    if (wasEmpty && !this.isAsking) this.ask(member, wire.join())
  }

  protected connected(entry: ViewEntry): void {
    if ((entry.views & LINK) !== 0) this.send(entry.member.name, wire.link())
  }

  protected departed(_member: Member): void {
    this.#fillLinks()
  }

  protected farewell(): void {
    this.#pending = undefined
    for (const { name } of this.table.members()) {
      const entry = this.table.get(name)
      if (entry !== undefined) this.once(entry.member, [GONE])
    }
  }

  /** The paper's cycle. Who has not answered the last exchange by now is taken for dead. */
  protected round(): void {
    this.#recent.clear()
    this.#contact = undefined
    this.#timeOut()
    for (const entry of this.table.list(VIEW)) entry.age++
    this.#tendLinks()
    const oldest = this.#oldest()
    if (oldest === undefined) return
    const { member } = oldest
    const others = this.table.list(VIEW).filter((entry) => entry !== oldest)
    const sent = this.random.sample(others, this.#options.shuffle - 1)
    const id = ++this.#shuffles
    this.#pending = { id, to: member, sent: sent.map((entry) => entry.member) }
    this.once(member, wire.shuffle(id, [...sent, { member: this.self, age: 0 }]))
  }

  protected receive(from: Member, body: unknown): boolean {
    const message = cyclonMessageFromWire(body)
    if (message === undefined) return false
    this.#handle(from, message)
    return true
  }

  #handle(from: Member, message: CyclonMessage): void {
    switch (message.type) {
      case 'join':
        this.#joined(from)
        break
      case 'walk':
        this.#walk(message.member, message.raw, message.ttl)
        break
      case 'swap':
        this.#swapped(message.entries)
        break
      case 'shuffle':
        this.#shuffled(from, message.id, message.entries)
        break
      case 'reply':
        this.#replied(from, message.id, message.entries)
        break
      case 'link':
        this.#linked(from)
        break
      case 'unlink':
        this.table.drop(from.name, LINK) // another is sought next round: that one may be full, too
        break
      default:
        unreachable(message)
    }
  }

  /** One walk for each place in the newcomer's view; at the end of each it gets one. */
  #joined(from: Member): void {
    if (!this.mayTake(from) || this.#recent.has(from.incarnation)) return
    if (this.#recent.size >= RECENT_MAX) {
      const [oldest] = this.#recent
      this.#recent.delete(oldest as string)
    }
    this.#recent.add(from.incarnation)
    this.tellLost(from)
    const raw = memberToWire(from)
    for (let i = 0; i < this.#options.view; i++) this.#step(from, raw, this.#options.walk)
  }

  #walk(member: Member, raw: unknown, ttl: number): void {
    if (member.name === this.self.name || !this.mayEnter(member)) return
    const left = Math.min(ttl, this.#options.walk) - 1
    if (left > 0) this.#step(member, raw, left)
    else this.#end(member)
  }

  #step(member: Member, raw: unknown, ttl: number): void {
    const next = this.#anyEntry(member.name)
    if (next === undefined) this.#end(member)
    else this.once(next, wire.walk(raw, ttl))
  }

  /**
   * The newcomer takes the place of an entry, which goes to it: all are known to as many as before.
   * Where there is room nobody has to go, and this node tells of itself.
   */
  #end(newcomer: Member): void {
    if (!this.table.renew(newcomer)) return
    if (this.table.has(newcomer.name, VIEW)) {
      this.once(newcomer, wire.swap([]))
      return
    }
    let given: AgedMember = { member: this.self, age: 0 }
    if (this.table.list(VIEW).length >= this.#options.view) {
      const { member, age } = this.random.pick(this.table.list(VIEW))
      given = { member, age }
      this.table.drop(member.name, VIEW)
    }
    this.#take(newcomer, 0)
    this.once(newcomer, wire.swap([given]))
    this.#fillLinks()
  }

  /** The contact was let in only to have somebody: with others it goes, or all would know it. */
  #swapped(entries: readonly AgedMember[]): void {
    this.answered()
    this.#integrate(entries, [])
    if (this.#contact !== undefined && this.table.list(VIEW).length > this.#options.view / 2) {
      this.table.drop(this.#contact, VIEW)
      this.#contact = undefined
    }
    this.#fillLinks()
  }

  #shuffled(from: Member, id: number, entries: readonly AgedMember[]): void {
    if (!this.mayTake(from)) return
    const given = this.random.sample(this.table.list(VIEW), this.#options.shuffle)
    this.once(from, wire.reply(id, given))
    const sent = given.map((entry) => entry.member)
    this.#integrate(entries, sent)
    this.#fillLinks()
  }

  #replied(from: Member, id: number, entries: readonly AgedMember[]): void {
    const pending = this.#pending
    if (pending === undefined || pending.id !== id || pending.to.name !== from.name) return
    this.#pending = undefined
    const entry = this.table.get(from.name)
    if (entry !== undefined) entry.age = 0 // should there be room for it, it stays
    this.#integrate(entries, [pending.to, ...pending.sent])
    this.#fillLinks()
  }

  /**
   * The paper's rule: this node and those it knows are skipped (the younger entry counts), free places
   * are filled, then those replaced that were given away. Who answered an exchange has given its place
   * up, too, and goes first: its partner holds a fresh entry of this node instead.
   */
  #integrate(entries: readonly AgedMember[], replaceable: readonly (Member | undefined)[]): void {
    let next = 0
    for (const { member, age } of entries) {
      if (!this.mayTake(member) || !this.table.renew(member)) continue
      const known = this.table.get(member.name)
      if (known !== undefined && (known.views & VIEW) !== 0) {
        known.age = Math.min(known.age, age)
        continue
      }
      while (this.table.list(VIEW).length >= this.#options.view && next < replaceable.length) {
        this.table.drop(replaceable[next++]?.name ?? '', VIEW)
      }
      if (this.table.list(VIEW).length < this.#options.view) this.#take(member, age)
    }
  }

  #take(member: Member, age: number): void {
    const entry = this.table.add(member, VIEW)
    if (entry !== undefined) entry.age = age
  }

  #timeOut(): void {
    const pending = this.#pending
    if (pending === undefined) return
    this.#pending = undefined
    const entry = this.table.get(pending.to.name)
    if (entry === undefined || entry.member.incarnation !== pending.to.incarnation) return
    if ((entry.views & VIEW) === 0) return
    if ((entry.views & LINK) === 0) this.lost.add(entry.member)
    this.table.drop(pending.to.name, VIEW, 'evicted')
    this.#fillLinks()
  }

  #oldest(): ViewEntry | undefined {
    let oldest: ViewEntry | undefined
    for (const entry of this.table.list(VIEW)) {
      if (oldest === undefined || entry.age > oldest.age) oldest = entry
    }
    return oldest
  }

  #anyEntry(except?: string): Member | undefined {
    const view = this.table.list(VIEW)
    const others =
      except === undefined || !this.table.has(except, VIEW)
        ? view
        : view.filter((entry) => entry.member.name !== except)
    return others.length === 0 ? undefined : this.random.pick(others).member
  }

  /** Keeps as many connections as it seeks, and says so again to one of them: it may not have heard. */
  #tendLinks(): void {
    if (this.#whole) return
    const links = this.table.list(LINK)
    if (++this.#rounds % LINK_ROUNDS === 0 && links.length >= this.#options.links) {
      const { name } = this.random.pick(links).member
      this.send(name, wire.unlink())
      this.table.drop(name, LINK)
    }
    this.#fillLinks()
    if (links.length > 0) this.send(this.random.pick(links).member.name, wire.link())
  }

  #fillLinks(): void {
    if (this.#whole || this.isOut) return
    const missing = this.#options.links - this.table.list(LINK).length
    if (missing <= 0) return
    const unlinked = this.table.list(VIEW).filter((entry) => (entry.views & LINK) === 0)
    for (const { member } of this.random.sample(unlinked, missing)) this.#link(member)
  }

  /** Connects, and asks the other side to see it the same way. */
  #link(member: Member): void {
    if (this.#whole || this.table.has(member.name, LINK) || !this.#hasRoom()) return
    if (this.table.add(member, LINK) !== undefined) this.once(member, wire.link())
  }

  #linked(from: Member): void {
    if (this.#whole || !this.mayTake(from) || this.table.has(from.name, LINK)) return
    if (!this.#hasRoom()) this.once(from, wire.unlink())
    else this.table.add(from, LINK)
  }

  #hasRoom(): boolean {
    return this.table.list(LINK).length < LINKS_FACTOR * this.#options.links
  }
}
