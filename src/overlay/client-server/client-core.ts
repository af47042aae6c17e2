import type { Random } from '../../base/random.js'
import { unreachable } from '../../base/unreachable.js'
import { Contacts } from '../contacts.js'
import type {
  Member,
  Overlay,
  OverlayCapabilities,
  OverlayEffect,
  OverlayEvent,
} from '../overlay.js'
import { Attachments } from './attachments.js'
import {
  type ClientServerMessage,
  messageFromWire,
  OVERLAY_NAME,
  SERVERS_TOLD,
  wire,
} from './client-server-message.js'
import { type ClientServerOptions, serversToDial } from './client-server-options.js'
import { ClientView } from './client-view.js'
import { ServerList, storedServers } from './server-list.js'
import { StepEffects } from './step-effects.js'
import { Strangers } from './strangers.js'

const CAPABILITIES: OverlayCapabilities = { membership: 'all', direct: false }
const CONTACTS_MAX = 64
const CONTACT_ATTEMPTS = 30
/** What has no answer is tried again this often. */
const TICK_MS = 1_000
const NO_DIGEST = '0'.repeat(16)

/**
 * A client. It is attached to `connections` servers, of which one, the primary, carries its messages
 * and tells it the members; the others are held ready. Every attachment has a number of its own, and
 * servers route to where the highest is. What it says when it attaches it repeats at every round of
 * gossip, with the digest of its view: so a server that lost it, or news it lost, are repaired.
 */
export class ClientCore implements Overlay {
  readonly name = OVERLAY_NAME
  readonly capabilities = CAPABILITIES
  readonly #self: Member
  readonly #random: Random
  readonly #options: ClientServerOptions
  readonly #view: ClientView
  readonly #effects: StepEffects
  readonly #contacts = new Contacts(CONTACTS_MAX, CONTACT_ATTEMPTS)
  readonly #servers: ServerList
  /** Servers that failed since the last tick. */
  readonly #tried = new Set<string>()
  readonly #at = new Attachments()
  readonly #strangers = new Strangers()
  #epoch = 1
  #out = false
  #ticking = false

  constructor(self: Member, random: Random, options: ClientServerOptions) {
    this.#self = self
    this.#random = random
    this.#options = options
    this.#effects = new StepEffects(random)
    this.#servers = new ServerList(self.name)
    this.#view = new ClientView(self, options.membersMax, (effect) => this.#effects.emit(effect))
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    this.#effects.begin()
    this.#servers.dirty = false
    this.#handle(event)
    this.#settle()
    if (this.#servers.dirty) this.#effects.emit({ type: 'persist' })
    return this.#effects.end()
  }

  members(): readonly Member[] {
    return this.#view.members()
  }

  neighbours(): readonly string[] {
    return [...this.#at.attached.keys()].sort()
  }

  nextHop(destination: string): string | undefined {
    if (destination === this.#self.name) return undefined
    if (this.#at.attached.has(destination)) return destination
    return this.#view.has(destination) ? this.#at.primary : undefined
  }

  stored(): unknown {
    return this.#servers.stored()
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      overlay: OVERLAY_NAME,
      role: 'client',
      self: this.#self.name,
      out: this.#out,
      members: this.members().map((member) => [member.name, member.incarnation]),
      primary: this.#at.primary ?? null,
      attached: this.neighbours(),
      asked: [...this.#at.asked.keys()].sort(),
      servers: this.#servers.names(),
      connected: [...this.#effects.up.keys()].sort(),
    }
  }

  #handle(event: OverlayEvent): void {
    switch (event.type) {
      case 'start':
        this.#effects.startTimer(GOSSIP, this.#options.gossipMs)
        if (event.restored !== undefined) this.#restore(event.restored)
        this.#dialServers()
        break
      case 'join':
        this.#join(event.contact)
        break
      case 'introduced':
        if (!this.#out) this.#ask(event.peer)
        break
      case 'leave':
        this.#leave(event.name)
        break
      case 'peerUp':
        this.#peerUp(event.peer)
        break
      case 'peerDown':
        if (this.#effects.up.get(event.peer)?.incarnation === event.incarnation)
          this.#peerDown(event.peer)
        break
      case 'connectFailed':
        if (this.#at.asked.has(event.peer)) this.#giveUp(event.peer, 'it cannot be reached')
        break
      case 'message':
        this.#message(event.from, event.body)
        break
      case 'timer':
        if (event.name === GOSSIP) this.#gossip()
        if (event.name === TICK) this.#tick()
        break
      case 'nodeDown': // its connection was lost before, and that is what counts
      case 'roundTrip': // nothing was measured
      case 'published': // nor published
        break
      default:
        unreachable(event)
    }
  }

  #restore(restored: unknown): void {
    const servers = storedServers(restored)
    if (servers === undefined) this.#effects.bad(this.#self.name, 'the stored members are damaged')
    else for (const server of servers) this.#learn(server)
  }

  #dialServers(): void {
    for (const address of serversToDial(this.#options, this.#self)) {
      this.#effects.emit({ type: 'connectAddress', address })
    }
  }

  #join(contact: Member): void {
    if (contact.name === this.#self.name) return
    this.#out = false
    this.#epoch++
    this.#ask(contact)
  }

  #ask(contact: Member): void {
    this.#contacts.asked(contact.name)
    this.#effects.emit({ type: 'connect', peer: contact })
    this.#effects.send(contact.name, wire.ask())
  }

  #leave(name: string): void {
    if (this.#out) return
    if (name !== this.#self.name) {
      if (this.#at.primary !== undefined) this.#effects.send(this.#at.primary, wire.leave(name))
      return
    }
    for (const server of this.#at.attached.keys()) this.#effects.send(server, wire.leave(name))
    this.#goOut('this node left')
  }

  #goOut(reason: string): void {
    this.#out = true
    const known = [...this.#effects.up.keys(), ...this.#at.asked.keys(), ...this.#contacts.names()]
    this.#view.clear()
    for (const peer of new Set(known)) this.#effects.disconnect(peer, reason)
    this.#contacts.clear()
    this.#at.clear()
    this.#servers.clear()
    this.#tried.clear()
    this.#strangers.clear()
    this.#effects.emit({ type: 'selfLeft' })
  }

  #peerUp(peer: Member): void {
    const { name } = peer
    if (this.#at.attached.has(name)) this.#at.lose(name)
    this.#effects.up.set(name, peer)
    if (this.#servers.has(name)) this.#learn(peer)
    if (this.#contacts.has(name)) this.#effects.send(name, wire.ask())
    this.#sendAttach(name)
  }

  #peerDown(name: string): void {
    this.#effects.up.delete(name)
    this.#strangers.delete(name)
    if (this.#at.has(name)) this.#giveUp(name, 'its connection was lost')
  }

  /** Leaves a server for now: another comes first. */
  #giveUp(server: string, reason: string): void {
    this.#at.lose(server)
    this.#tried.add(server)
    if (!this.#contacts.has(server)) this.#effects.disconnect(server, reason)
  }

  #message(from: Member, body: unknown): void {
    const message = messageFromWire(body)
    if (message === undefined) this.#effects.bad(from.name, 'not a message of this overlay')
    else if (this.#effects.isUp(from)) this.#take(from, message)
  }

  #take(from: Member, message: ClientServerMessage): void {
    switch (message.type) {
      case 'servers':
        this.#answered(from, message)
        break
      case 'attached':
        this.#at.accepted(from.name, message.version)
        break
      case 'refused':
        this.#refused(from.name, message.servers)
        break
      case 'view':
      case 'news':
        if (from.name === this.#at.primary) this.#follow(from.name, message)
        break
      case 'out':
        if (this.#at.has(from.name) && message.epoch >= this.#epoch) this.#goOut('it was taken out')
        break
      case 'ask':
      case 'attach': // who speaks as if to a server knew an earlier incarnation, or takes a chance
      case 'mesh':
      case 'digest':
        this.#effects.send(from.name, wire.servers(false, this.#known()))
        break
      case 'leave':
        if (message.name === from.name) this.#serverLeft(from)
        else this.#effects.bad(from.name, 'only a server itself tells its clients that it left')
        break
      case 'pull':
      case 'roster':
      case 'claim':
      case 'removed':
        this.#effects.bad(from.name, `a message for servers: ${message.type}`)
        break
      default:
        unreachable(message)
    }
  }

  #answered(from: Member, { isServer, servers }: ClientServerMessage & { type: 'servers' }): void {
    const { name } = from
    const asked = this.#contacts.has(name)
    if (this.#out || (!asked && !this.#at.asked.has(name))) return
    for (const server of servers) this.#learn(server)
    if (isServer) {
      this.#learn(from)
      this.#tried.delete(name)
    } else {
      this.#servers.delete(name)
      this.#at.lose(name)
      if (servers.length === 0) return // it may know more when it is asked again
    }
    this.#contacts.delete(name)
    if (isServer && this.#wanted() > 0) this.#attachTo(from)
    if (!this.#isNeeded(name)) this.#effects.disconnect(name, 'it has answered')
  }

  #refused(name: string, servers: readonly Member[]): void {
    if (!this.#at.has(name)) return
    for (const server of servers) this.#learn(server)
    this.#giveUp(name, 'it takes no more clients')
  }

  /**
   * A server is in no cluster any more. Another that has this client tells whether it is a member;
   * without one its own word counts. The last one known may join again, and is asked on.
   */
  #serverLeft(server: Member): void {
    const { name } = server
    if (this.#at.has(name)) this.#giveUp(name, 'it left')
    if (this.#servers.size > 1) this.#servers.delete(name)
    if (this.#at.attached.size === 0) this.#view.left(server)
  }

  #follow(server: string, message: ClientServerMessage & { type: 'view' | 'news' }): void {
    const members = message.type === 'view' ? message.members : message.joined
    if (message.type === 'news') {
      for (const gone of message.left) {
        this.#view.remove(gone)
        this.#servers.delete(gone.name, gone.incarnation)
      }
    }
    const all =
      message.type === 'view' ? this.#view.setRange(message, members) : this.#view.add(members)
    if (!all) this.#effects.bad(server, `membersMax ${this.#options.membersMax} leaves out members`)
    for (const seen of members) if (seen.server) this.#learn(seen.member)
  }

  #learn(server: Member): void {
    this.#servers.add(server, (name) => this.#isNeeded(name))
  }

  /** After every step: as many servers as wanted are attached or asked, one of them first. */
  #settle(): void {
    if (this.#out) return
    const promoted = this.#at.promote()
    if (promoted !== undefined) this.#sendAttach(promoted)
    while (this.#wanted() > 0) {
      const untried = this.#servers.except((name) => this.#tried.has(name) || this.#at.has(name))
      if (untried.length === 0) break
      this.#attachTo(this.#random.pick(untried))
    }
    if (this.#isUnsettled() && !this.#ticking) {
      this.#ticking = true
      this.#effects.startTimer(TICK, TICK_MS)
    }
  }

  #attachTo(server: Member): void {
    this.#at.ask(server.name)
    this.#effects.emit({ type: 'connect', peer: server })
    this.#sendAttach(server.name)
  }

  #sendAttach(name: string): void {
    const claim = this.#at.claim(name)
    if (claim === undefined) return
    const { version, primary } = claim
    const digest = primary ? this.#view.digest : NO_DIGEST
    this.#effects.send(name, wire.attach(this.#epoch, version, primary, digest))
  }

  #known(): Member[] {
    return this.#servers.sample(SERVERS_TOLD, this.#random, (name) => this.#at.attached.has(name))
  }

  #wanted(): number {
    return this.#options.connections - this.#at.size
  }

  #isNeeded(name: string): boolean {
    return this.#at.has(name) || this.#contacts.has(name)
  }

  #isUnsettled(): boolean {
    const lacks = this.#at.attached.size < this.#options.connections
    return (
      this.#contacts.size > 0 ||
      this.#at.asked.size > 0 ||
      (lacks && this.#servers.size > this.#at.attached.size)
    )
  }

  #tick(): void {
    this.#ticking = false
    if (this.#out) return
    this.#tried.clear()
    for (const name of this.#contacts.countAttempt()) {
      if (!this.#isNeeded(name)) this.#effects.disconnect(name, 'it did not answer the join')
    }
    for (const name of this.#contacts.names()) this.#effects.send(name, wire.ask())
    for (const name of this.#at.countAttempt()) this.#giveUp(name, 'it does not answer')
    for (const name of this.#at.asked.keys()) this.#sendAttach(name)
  }

  /** One round: servers hear that this client is with them, strangers that stayed are closed. */
  #gossip(): void {
    this.#effects.startTimer(GOSSIP, this.#options.gossipMs)
    for (const name of this.#at.attached.keys()) this.#sendAttach(name)
    // Those it knows are gone, and others may be where its configuration says.
    if (this.#at.attached.size === 0 && !this.#out) this.#dialServers()
    const strangers = [...this.#effects.up.keys()].filter((name) => !this.#isNeeded(name))
    for (const name of this.#strangers.round(strangers)) {
      this.#effects.disconnect(name, 'it is no server of this client')
    }
  }
}

const GOSSIP = 'gossip'
const TICK = 'tick'
