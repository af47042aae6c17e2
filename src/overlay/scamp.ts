import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import { memberToWire } from './member.js'
import { GONE } from './one-sided-message.js'
import { OneSidedViews } from './one-sided-views.js'
import type { Member } from './overlay.js'
import {
  isSubscription,
  type ScampMessage,
  scampMessageFromWire,
  scampWire as wire,
} from './scamp-message.js'
import type { ScampOptions } from './scamp-options.js'
import { type ViewEntry, ViewTable } from './view-table.js'

/** In what the versions differ. */
export interface ScampRules {
  readonly name: string
  /** Copies of a subscription beyond one for each member of the contact's view. */
  readonly copies: number
  /** Who takes a member out of its view tells it. */
  readonly tellsDrops: boolean
  /** A contact always sends newcomers on to a random node that acts in its place. */
  readonly indirect: boolean
}

/** Whom this node gossips to, and whom it is connected to for that. */
export const PARTIAL = 1
/** Who is known to have this node in its partial view. */
export const IN_VIEW = 2
/** Members of other clusters (HiScamp). */
export const FAR = 4

/** Hops to the node that acts in the contact's place. */
const INDIRECTION = 16
/** A walk lasts so many times the length it takes on average to be kept: it fails in one of e^12. */
const WALK_FACTOR = 12
/** A node that was the contact of more hands newcomers on: views would grow with its own otherwise. */
const ADMISSIONS_MAX = 16
/** Subscribers remembered for a round, so that one that asks twice is not subscribed twice. */
const RECENT_MAX = 1_024

/**
 * SCAMP: a subscription travels at random until somebody keeps it, with probability 1 in 1 + the size
 * of its view, which makes views grow with the logarithm of a number of nodes that nobody knows.
 * Ganesh, Kermarrec, Massoulié: "Peer-to-Peer Membership Management for Gossip-Based Protocols" (2003).
 *
 * Departures: a contact confirms a subscription, which is sent again until then. A walk is bounded by
 * the size of the views it can expect, not by the number of nodes. A node whose in-view is full sends
 * those that come elsewhere, as one that unsubscribes does. Members given up are asked now and then
 * whether they are back, and get their place again. A renewed lease brings as many copies as
 * the node has places in views; the paper's rule would add c of them at every renewal.
 */
export class Scamp extends OneSidedViews {
  readonly name: string
  protected readonly options: ScampOptions
  readonly #rules: ScampRules
  readonly #recent = new Set<string>()
  /** The contact that was asked is in the partial view only because of that. */
  #joining = false
  /** Rounds since anybody pinged. */
  #quiet = 0
  #leaseRounds = 0
  /** Newcomers this node was the contact of. */
  #admissions = 0
  /** Rounds until this node renews its own lease. */
  #renewal = 0

  constructor(self: Member, random: Random, rules: ScampRules, options: ScampOptions) {
    const table = new ViewTable(self, [PARTIAL, IN_VIEW, FAR], PARTIAL | FAR)
    super(self, random, table, options.periodMs)
    this.name = rules.name
    this.options = options
    this.#rules = rules
    if (options.leaseMs !== undefined) {
      this.#leaseRounds = Math.max(4, Math.ceil(options.leaseMs / options.periodMs))
      this.#planRenewal()
    }
  }

  neighbours(): readonly string[] {
    return this.table.names(PARTIAL)
  }

  protected isNeighbour(name: string): boolean {
    return this.table.has(name, PARTIAL)
  }

  protected picture(): Readonly<Record<string, unknown>> {
    return { partial: this.table.names(PARTIAL), inView: this.table.names(IN_VIEW) }
  }

  protected joinThrough(contact: Member): void {
    this.#joining = !this.isNeighbour(contact.name)
    this.keep(contact)
    this.ask(contact, wire.subscribe())
  }

  protected isRequest(body: unknown): boolean {
    return isSubscription(body)
  }

  protected foundAgain(member: Member): void {
    this.keep(member)
    if (this.table.list(IN_VIEW).length > 0 || this.isAsking) return
    this.#joining = false
    this.ask(member, wire.subscribe())
  }

  protected connected(entry: ViewEntry): void {
    if ((entry.views & PARTIAL) !== 0) this.send(entry.member.name, this.ping(entry))
  }

  /** Without a way out it turns one of its ways in. */
  protected departed(_member: Member): void {
    const incoming = this.table.list(IN_VIEW)
    if (this.table.list(PARTIAL).length === 0 && incoming.length > 0) {
      this.keep(this.random.pick(incoming).member)
    }
  }

  protected farewell(): void {
    this.unsubscribe(true)
    for (const { member, views } of this.table.list(PARTIAL)) {
      if ((views & IN_VIEW) === 0) this.once(member, [GONE])
    }
  }

  /** Those that gossip to this node gossip to those it gossips to, less c + 1 of them. */
  protected unsubscribe(left: boolean): void {
    const partial = this.random.sample(this.table.list(PARTIAL), this.options.partialMax)
    const incoming = this.random.sample(this.table.list(IN_VIEW), this.options.inViewMax)
    const replaced = incoming.length - this.options.redundancy - 1
    for (const [k, { member }] of incoming.entries()) {
      const by = k < replaced ? partial[k % Math.max(1, partial.length)]?.member : undefined
      this.once(member, wire.replace(by?.name === member.name ? undefined : by, left))
    }
  }

  protected round(): void {
    this.#recent.clear()
    for (const entry of [...this.table.list(IN_VIEW)]) {
      if (++entry.silent > this.options.isolationPeriods) this.table.drop(nameOf(entry), IN_VIEW)
    }
    for (const entry of [...this.table.list(PARTIAL)]) {
      if (this.#leaseRounds > 0 && ++entry.age > this.#leaseRounds) this.forget(entry)
      else this.send(nameOf(entry), this.ping(entry))
    }
    this.departed(this.self)
    const partial = this.table.list(PARTIAL)
    if (partial.length === 0) return
    if (++this.#quiet > this.options.isolationPeriods) {
      this.#quiet = 0
      this.#joining = false
      const copies = partial.length + this.options.redundancy
      this.ask(this.random.pick(partial).member, wire.subscribe(copies)) // as many as at a join
    } else if (this.#leaseRounds > 0 && --this.#renewal <= 0) this.#renew()
  }

  protected receive(from: Member, body: unknown): boolean {
    const message = scampMessageFromWire(body)
    if (message === undefined) return false
    this.#handle(from, message)
    return true
  }

  /** What tells a member of the partial view that it is there. */
  protected ping(_entry: ViewEntry): unknown {
    return wire.ping()
  }

  #handle(from: Member, message: ScampMessage): void {
    switch (message.type) {
      case 'subscribe':
        this.#subscribed(from, message.renews)
        break
      case 'walk':
        this.#walk(from, message)
        break
      case 'forward':
        this.#forward(message)
        break
      case 'accept':
        this.accepted(from)
        break
      case 'ping':
        this.pinged(from)
        break
      case 'drop':
        this.table.drop(from.name, IN_VIEW)
        break
      case 'replace':
        this.#replace(from, message.by, message.left)
        break
      default:
        unreachable(message)
    }
  }

  #subscribed(from: Member, renews: number): void {
    if (!this.mayTake(from)) return
    const copies = Math.min(renews, this.options.inViewMax)
    if (this.isRepeated(from)) this.once(from, wire.accept())
    else if (copies > 0) {
      this.once(from, wire.accept())
      if (this.#onward(from.name) === undefined) this.keep(from)
      else this.#spread(from, copies)
    } else {
      this.tellLost(from)
      this.enter(from)
    }
  }

  /** True when it asked before, this round. */
  protected isRepeated(subscriber: Member): boolean {
    const { incarnation } = subscriber
    if (this.#recent.has(incarnation)) return true
    if (this.#recent.size >= RECENT_MAX) {
      const [oldest] = this.#recent
      this.#recent.delete(oldest as string)
    }
    this.#recent.add(incarnation)
    return false
  }

  /** Lets a subscriber in, here or at a node that acts in this one's place. */
  protected enter(subscriber: Member): void {
    const next = this.#onward(subscriber.name)
    if (next !== undefined && (this.#rules.indirect || this.#admissions >= ADMISSIONS_MAX)) {
      this.once(next, wire.walk(memberToWire(subscriber), INDIRECTION, this.#degree()))
      return
    }
    this.#admissions++
    this.admit(subscriber)
  }

  /** Acts as the contact of a subscriber. */
  protected admit(subscriber: Member): void {
    this.once(subscriber, wire.accept())
    if (this.#onward(subscriber.name) === undefined) {
      this.keep(subscriber)
      return
    }
    const raw = memberToWire(subscriber)
    const ttl = this.#ttl()
    for (const { member } of this.table.list(PARTIAL)) {
      if (member.name !== subscriber.name) this.once(member, wire.forward(raw, ttl))
    }
    this.#spread(subscriber, this.#rules.copies)
  }

  /** Copies of a subscription to random members of the view. */
  #spread(subscriber: Member, copies: number): void {
    const raw = memberToWire(subscriber)
    const ttl = this.#ttl()
    for (let i = 0; i < copies; i++) {
      const next = this.#onward(subscriber.name)
      if (next !== undefined) this.once(next, wire.forward(raw, ttl))
    }
  }

  /**
   * A walk over ways in and out that accepts a step with the ratio of degrees (Metropolis and Hastings)
   * ends at every node alike; a plain one would end at those that have many ways in.
   */
  #walk(from: Member, { member, raw, ttl, degree }: ScampMessage & { type: 'walk' }): void {
    if (!this.mayEnter(member)) return
    const left = Math.min(ttl, INDIRECTION) - 1
    const refused = degree > 0 && this.random.float() * this.#degree() > degree
    const next = refused ? from : this.#anyWay(member.name)
    if (left <= 0 || next === undefined) this.admit(member)
    else this.once(next, wire.walk(raw, left, refused ? 0 : this.#degree()))
  }

  #degree(): number {
    return this.table.list(PARTIAL).length + this.table.list(IN_VIEW).length
  }

  /** A random member of both views, not the one named. */
  #anyWay(except: string): Member | undefined {
    const partial = this.table.list(PARTIAL)
    const incoming = this.table.list(IN_VIEW)
    for (let tries = 0; tries < 4 && this.#degree() > 0; tries++) {
      const at = this.random.int(this.#degree())
      const { member } = (partial[at] ?? incoming[at - partial.length]) as ViewEntry
      if (member.name !== except) return member
    }
    return undefined
  }

  #forward({ member, raw, ttl }: ScampMessage & { type: 'forward' }): void {
    const { name } = member
    const may = this.mayEnter(member)
    if (may && !this.table.renew(member)) return // it is history
    const left = Math.min(ttl, this.options.walkMax) - 1
    const size = this.table.list(PARTIAL).length
    const isNew = may && !this.table.has(name, PARTIAL) && size < this.options.partialMax
    if (isNew && (left <= 0 || this.random.int(size + 1) === 0)) {
      this.keep(member)
      return
    }
    const next = left > 0 ? this.#onward(name) : undefined
    if (next !== undefined) this.once(next, wire.forward(raw, left))
    else if (isNew) this.keep(member)
  }

  /** A node that acts in the contact's place takes its place in the newcomer's view, too. */
  protected accepted(from: Member): void {
    const contact = this.answered()
    if (contact === undefined || contact.name === from.name || !this.mayTake(from)) return
    this.keep(from)
    const entry = this.table.get(contact.name)
    if (entry === undefined || !this.#joining || !this.isNeighbour(from.name)) return
    this.#joining = false
    this.forget(entry)
  }

  protected pinged(from: Member): void {
    if (!this.mayTake(from)) return
    this.#quiet = 0
    if (!this.table.has(from.name, IN_VIEW) && this.#isFull()) {
      const by = this.#onward(from.name)
      if (by !== undefined) this.once(from, wire.replace(by, false))
      return
    }
    const entry = this.table.add(from, IN_VIEW)
    if (entry !== undefined) entry.silent = 0
  }

  #isFull(): boolean {
    return this.table.list(IN_VIEW).length >= this.options.inViewMax
  }

  #replace(from: Member, by: Member | undefined, left: boolean): void {
    const had = this.table.has(from.name, PARTIAL)
    if (left) this.hasLeft(from)
    else this.table.drop(from.name, PARTIAL)
    // Who is sent on is told at the next round: if all were full, this would go round at full speed.
    if (had && by !== undefined && this.mayTake(by)) this.keep(by, left)
    this.departed(from)
  }

  /** Puts a member into the partial view and tells it. */
  protected keep(member: Member, tells = true): void {
    if (this.table.has(member.name, PARTIAL) && this.table.renew(member)) return
    if (this.table.list(PARTIAL).length >= this.options.partialMax) return
    const entry = this.table.add(member, PARTIAL)
    if (entry === undefined) return
    entry.age = 0
    if (tells) this.once(member, this.ping(entry))
  }

  /** Takes a member out of the partial view by this node's own wish. */
  protected forget(entry: ViewEntry): void {
    if (this.#rules.tellsDrops) this.send(nameOf(entry), wire.drop())
    this.table.drop(nameOf(entry), PARTIAL)
  }

  #renew(): void {
    this.#planRenewal()
    const places = Math.max(this.table.list(IN_VIEW).length, this.options.redundancy + 1)
    const contact = this.random.pick(this.table.list(PARTIAL)).member
    this.once(contact, wire.subscribe(places))
  }

  #planRenewal(): void {
    this.#renewal = Math.ceil(this.#leaseRounds * (0.5 + 0.4 * this.random.float()))
  }

  /** A random member of the partial view, not the one named. */
  #onward(except: string): Member | undefined {
    const partial = this.table.list(PARTIAL)
    if (partial.length === 0) return undefined
    const at = this.random.int(partial.length)
    const { member } = partial[at] as ViewEntry
    if (member.name !== except) return member
    if (partial.length === 1) return undefined
    const step = 1 + this.random.int(partial.length - 1)
    return (partial[(at + step) % partial.length] as ViewEntry).member
  }

  #ttl(): number {
    return Math.min(this.options.walkMax, WALK_FACTOR * (1 + this.table.list(PARTIAL).length))
  }
}

const nameOf = (entry: ViewEntry): string => entry.member.name
