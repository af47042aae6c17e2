import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import { Contacts } from './contacts.js'
import { type FullMeshOptions, readFullMeshOptions } from './full-mesh-options.js'
import { compareIncarnations, sameIncarnation } from './member.js'
import { isPresent, type MemberRecord, removedRecord } from './member-set.js'
import { MeshMembership } from './mesh-membership.js'
import {
  type MeshMessage,
  meshMessageFromWire,
  newsParts,
  stateParts,
  wire,
} from './mesh-message.js'
import type {
  Member,
  Overlay,
  OverlayCapabilities,
  OverlayEffect,
  OverlayEvent,
  OverlayFactory,
} from './overlay.js'

/**
 * Every member is connected to every other; membership is an observed-remove set that is gossiped as
 * deltas (protocols: Partisan's full membership strategy, which sends whole sets to all on every
 * change). For up to a few hundred nodes.
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function fullMesh(options: Partial<FullMeshOptions> = {}): OverlayFactory {
  const read = readFullMeshOptions(options)
  return { name: NAME, create: (self, random) => new FullMesh(self, random, read) }
}

const NAME = 'full-mesh'
const CAPABILITIES: OverlayCapabilities = { membership: 'all', direct: true }
/** A contact that does not answer is asked again this often, and so many times. */
const JOIN_AGAIN_MS = 1_000
const JOIN_ATTEMPTS = 30
const CONTACTS_MAX = 64

/**
 * How it works. A node that is told to join sends `join` with its record to the contact, which tells
 * the record to the peers it has and answers with its state; the newcomer connects to everybody in
 * it and says `hello`. Whoever connects says `hello`: its own record and a digest of all others; a
 * digest that differs is answered with the whole state, whose receiver returns only what the sender
 * lacks. Removing is one `leave` to all peers. So a change costs n messages; gossip repairs what got lost.
 */
export class FullMesh implements Overlay {
  readonly name = NAME
  readonly capabilities = CAPABILITIES
  readonly #random: Random
  readonly #options: FullMeshOptions
  readonly #us: MeshMembership
  readonly #own: string
  /** Connected peers, members or not. */
  readonly #up = new Map<string, Member>()
  readonly #contacts = new Contacts(CONTACTS_MAX, JOIN_ATTEMPTS)
  /** Connected non-members seen at the last round; closed at the next. */
  #strangers = new Set<string>()

  constructor(self: Member, random: Random, options: FullMeshOptions) {
    this.#random = random
    this.#options = options
    this.#us = new MeshMembership(self, options.membersMax, options.removedMax)
    this.#own = self.name
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    this.#us.begin()
    this.#handle(event)
    return this.#us.end()
  }

  /** True after this node left or was removed, until it joins or is joined. */
  get isOut(): boolean {
    return this.#us.isOut
  }

  members(): readonly Member[] {
    return this.#us.members()
  }

  /** The member of that name, this node included. */
  member(name: string): Member | undefined {
    return this.#us.set.member(name)
  }

  neighbours(): readonly string[] {
    return this.#us.others().map((member) => member.name)
  }

  nextHop(destination: string): string | undefined {
    return destination !== this.#own && this.#us.set.has(destination) ? destination : undefined
  }

  stored(): unknown {
    return this.#us.stored()
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return { overlay: NAME, ...this.#us.snapshot(), connected: [...this.#up.keys()].sort() }
  }

  #handle(event: OverlayEvent): void {
    switch (event.type) {
      case 'start':
        this.#startGossip()
        if (event.restored !== undefined) this.#restore(event.restored)
        break
      case 'join':
        if (event.contact.name !== this.#own) this.#join(event.contact)
        break
      case 'leave':
        this.#leave(event.name)
        break
      case 'peerUp':
        this.#peerUp(event.peer)
        break
      case 'peerDown':
        this.#peerDown(event.peer, event.incarnation)
        break
      case 'nodeDown':
        this.#nodeDown(event.peer, event.incarnation)
        break
      case 'message':
        this.#message(event.from, event.body)
        break
      case 'timer':
        this.#timer(event.name)
        break
      case 'connectFailed': // the driver goes on dialling: that is how a partition heals
      case 'roundTrip': // nothing was measured
      case 'published': // by nobody here
      case 'introduced': // only for overlays that know addresses and no names
        break
      default:
        unreachable(event)
    }
  }

  #restore(restored: unknown): void {
    const message = meshMessageFromWire(restored)
    if (message?.type === 'state') {
      for (const record of message.records) {
        if (record.member.name !== this.#own) this.#us.apply(record)
      }
    } else this.#us.bad(this.#own, 'the stored members are damaged')
  }

  #join(contact: Member): void {
    if (this.#us.isOut) this.#us.addSelf()
    this.#contacts.asked(contact.name)
    this.#us.startTimer(JOIN, JOIN_AGAIN_MS)
    this.#us.emit({ type: 'connect', peer: contact })
    this.#send(contact.name, wire.join(this.#us.self))
  }

  #leave(name: string): void {
    const record = this.#us.set.get(name)
    if (record !== undefined && isPresent(record)) this.#remove(record, false)
  }

  #remove(record: MemberRecord, evicted: boolean): void {
    const removed = removedRecord(record, this.#own, evicted)
    this.#tell(wire.leave(removed))
    if (record.member.name === this.#own) this.#goOut(removed)
    else this.#us.apply(removed)
  }

  #peerUp(peer: Member): void {
    const { name } = peer
    this.#up.set(name, peer)
    if (this.#options.evictAfterMs !== undefined) {
      this.#us.emit({ type: 'cancelTimer', name: EVICT + name })
    }
    if (this.#contacts.has(name)) this.#send(name, wire.join(this.#us.self))
    const record = this.#us.set.get(name)
    if (this.#us.isOut || record === undefined) return
    const age = compareIncarnations(peer, record.member)
    if (isPresent(record) && age >= 0) this.#hello(name, true)
    else if (age <= 0) this.#send(name, wire.news([record])) // it is out and may not know
  }

  #peerDown(name: string, incarnation: string): void {
    if (this.#up.get(name)?.incarnation !== incarnation) return
    this.#up.delete(name)
    this.#strangers.delete(name)
  }

  #nodeDown(name: string, incarnation: string): void {
    const delayMs = this.#options.evictAfterMs
    if (delayMs === undefined || this.#us.set.member(name)?.incarnation !== incarnation) return
    this.#us.startTimer(EVICT + name, delayMs)
  }

  #timer(timer: string): void {
    if (timer === GOSSIP) this.#gossip()
    if (timer === JOIN) this.#joinAgain()
    const name = timer.startsWith(EVICT) ? timer.slice(EVICT.length) : ''
    const record = this.#us.set.get(name)
    if (record !== undefined && isPresent(record) && !this.#up.has(name)) this.#remove(record, true)
  }

  /** One round: a digest to a random connected member; strangers that stayed strangers are closed. */
  #gossip(): void {
    this.#startGossip()
    const strangers = new Set<string>()
    const connected: string[] = []
    for (const [name, peer] of this.#up) {
      if (this.#us.isMember(peer)) connected.push(name)
      else if (this.#contacts.has(name)) continue
      else if (this.#strangers.has(name)) this.#us.disconnect(name, 'not a member')
      else strangers.add(name)
    }
    this.#strangers = strangers
    if (connected.length > 0) this.#hello(this.#random.pick(connected.sort()), false)
  }

  #joinAgain(): void {
    for (const name of this.#contacts.countAttempt()) {
      if (!this.#us.set.has(name)) this.#us.disconnect(name, 'it did not answer the join')
    }
    for (const name of this.#contacts.names()) this.#send(name, wire.join(this.#us.self))
    if (this.#contacts.size > 0) this.#us.startTimer(JOIN, JOIN_AGAIN_MS)
  }

  #message(from: Member, body: unknown): void {
    const message = meshMessageFromWire(body)
    switch (message?.type) {
      case undefined:
        this.#us.bad(from.name, 'not a message of this overlay')
        break
      case 'hello':
      case 'join':
        this.#greeting(from, message)
        break
      case 'leave':
        this.#left(from, message.record)
        break
      case 'state':
      case 'news':
        this.#records(from, message)
        break
      default:
        unreachable(message)
    }
    if (this.#us.isMember(from)) this.#contacts.delete(from.name)
  }

  /** `hello` and `join` carry the sender's own record and nobody else's. */
  #greeting(from: Member, message: MeshMessage & { type: 'hello' | 'join' }): void {
    const { record, type } = message
    const { member } = record
    if (!sameIncarnation(member, from) || member.generation !== from.generation) {
      this.#us.bad(from.name, `a ${type} with the record of ${member.name}/${member.incarnation}`)
    } else if (!isPresent(record)) {
      this.#us.bad(from.name, `a ${type} of a node that left`)
    } else if (this.#us.isOut && type === 'hello') {
      this.#send(from.name, wire.leave(this.#us.self))
    } else {
      if (this.#us.isOut) this.#us.addSelf()
      this.#admit(from, message)
    }
  }

  #admit(from: Member, message: MeshMessage & { type: 'hello' | 'join' }): void {
    const wasMember = this.#us.isMember(from)
    if (!wasMember && this.#isFull(from, from.name)) {
      this.#us.disconnect(from.name, 'the mesh is full')
      return
    }
    this.#us.apply(message.record)
    if (!this.#us.isMember(from)) {
      // Its record was superseded or removed before it spoke: it shall know.
      const record = this.#us.set.get(from.name)
      if (record !== undefined) this.#send(from.name, wire.news([record]))
    } else if (message.type === 'join') {
      this.#tell(wire.news([message.record]), from.name)
      this.#sendState(from.name, true)
    } else {
      if (!wasMember) this.#hello(from.name, true)
      const differs = message.digest !== this.#us.set.digest(this.#own, from.name)
      // At the first hello of a connection both see the difference, and one of them acts.
      const acts = !message.first || !wasMember || this.#own < from.name
      if (differs && acts) this.#sendState(from.name, false)
    }
  }

  #left(from: Member, record: MemberRecord): void {
    const itself = sameIncarnation(record.member, from)
    if (isPresent(record)) {
      this.#us.bad(from.name, 'a leave that removes nothing')
    } else if (record.by !== from.name && !itself) {
      this.#us.bad(from.name, `a leave of ${record.member.name} in the name of ${record.by}`)
    } else if (!itself && !this.#us.isMember(from)) {
      this.#us.bad(from.name, `a leave of ${record.member.name} from a node that is no member`)
    } else this.#take(from, record)
  }

  /** Third parties' records come only from members, and from contacts on the way to be members. */
  #records(from: Member, message: MeshMessage & { type: 'state' | 'news' }): void {
    const { records } = message
    const aboutUs = records.every((record) => record.member.name === this.#own)
    if (!aboutUs && !this.#us.isMember(from) && !this.#contacts.has(from.name)) {
      this.#us.bad(from.name, 'records from a node that is no member')
      return
    }
    const changed: MemberRecord[] = []
    for (const record of records) if (this.#take(from, record)) changed.push(record)
    if (message.type === 'news' || this.#us.isOut) return
    if (message.joining) {
      for (const part of newsParts(changed)) this.#tell(part, from.name)
    }
    for (const part of newsParts(this.#us.lacking(message))) this.#send(from.name, part)
  }

  /** Joins a record in that came from somebody. True: something about another node was new in it. */
  #take(from: Member, record: MemberRecord): boolean {
    const { name } = record.member
    if (this.#us.isOut) return false // possibly by an earlier record of the same message
    if (name === this.#own) {
      this.#aboutSelf(from, record)
      return false
    }
    if (isPresent(record) && this.#isFull(from, name)) return false
    return this.#us.apply(record, this.#up.get(name))
  }

  /** Nobody adds this node but itself; others may only remove what it added. */
  #aboutSelf(from: Member, record: MemberRecord): void {
    const { self } = this.#us
    const age = compareIncarnations(record.member, self.member)
    if (age < 0) return
    if (age > 0) {
      this.#goOut(removedRecord(self, this.#own, false)) // replaced, even if that one is gone too
    } else if (record.added > self.added) {
      this.#us.bad(from.name, 'a record of this node that it never wrote')
    } else if (record.removed === self.added) {
      if (record.evicted || this.#contacts.size > 0) this.#refute(record)
      else this.#goOut(record)
    }
  }

  /** Given up but alive, or removed but just joining: a concurrent add wins. */
  #refute(removed: MemberRecord): void {
    this.#us.addSelf(removed.removed)
    for (const name of this.#up.keys()) {
      if (this.#contacts.has(name)) this.#send(name, wire.join(this.#us.self))
      else if (this.#us.set.has(name)) this.#hello(name, true)
    }
  }

  #goOut(removed: MemberRecord): void {
    const left = new Set(this.neighbours())
    this.#us.goOut(removed)
    for (const name of new Set([...this.#up.keys(), ...this.#contacts.names()])) {
      if (!left.has(name)) this.#us.disconnect(name, 'this node left')
    }
    this.#contacts.clear()
    this.#strangers.clear()
  }

  #isFull(from: Member, name: string): boolean {
    const full = this.#us.set.isFull(name)
    if (full) this.#us.bad(from.name, `membersMax ${this.#options.membersMax} leaves out ${name}`)
    return full
  }

  #hello(to: string, first: boolean): void {
    this.#send(to, wire.hello(this.#us.self, this.#us.set.digest(this.#own, to), first))
  }

  #sendState(to: string, joining: boolean): void {
    for (const part of stateParts(this.#us.set.records(), joining)) this.#send(to, part)
  }

  /** To all connected members, the one named excepted. */
  #tell(body: unknown, except?: string): void {
    for (const name of this.#up.keys()) {
      if (name !== except && this.#us.set.has(name)) this.#send(name, body)
    }
  }

  #send(to: string, body: unknown): void {
    if (this.#up.has(to)) this.#us.emit({ type: 'send', to, body })
  }

  #startGossip(): void {
    const spread = 0.75 + 0.5 * this.#random.float()
    this.#us.startTimer(GOSSIP, Math.round(this.#options.gossipMs * spread))
  }
}

const GOSSIP = 'gossip'
const JOIN = 'join'
const EVICT = 'evict:'
