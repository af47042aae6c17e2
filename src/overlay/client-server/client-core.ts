import type { Random } from '../../base/random.js'
import { unreachable } from '../../base/unreachable.js'
import { addressText } from '../address.js'
import { Contacts } from '../contacts.js'
import {
  type Address,
  type Member,
  NO_EFFECTS,
  type Overlay,
  type OverlayCapabilities,
  type OverlayEffect,
  type OverlayEvent,
} from '../overlay.js'
import {
  type ClientServerMessage,
  messageFromWire,
  OVERLAY_NAME,
  SERVERS_TOLD,
  wire,
} from './client-server-message.js'
import type { ClientServerOptions } from './client-server-options.js'
import { ClientView } from './client-view.js'
import { ServerList, storedServers } from './server-list.js'

const CAPABILITIES: OverlayCapabilities = { membership: 'all', direct: false }
const CONTACTS_MAX = 64
const CONTACT_ATTEMPTS = 30
/** What has no answer is tried again this often … */
const TICK_MS = 1_000
/** … and a server that does not answer is left for another after so many times. */
const ATTACH_ATTEMPTS = 5
const NO_DIGEST = '0'.repeat(16)

interface Attaching {
  readonly version: number
  readonly primary: boolean
  left: number
}

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
  readonly #up = new Map<string, Member>()
  readonly #contacts = new Contacts(CONTACTS_MAX, CONTACT_ATTEMPTS)
  readonly #servers: ServerList
  /** Servers that failed since the last tick. */
  readonly #tried = new Set<string>()
  readonly #attaching = new Map<string, Attaching>()
  /** Servers that took it, with the number of that attachment. */
  readonly #attached = new Map<string, number>()
  #strangers = new Set<string>()
  #primary: string | undefined
  #epoch = 1
  #version = 0
  #out = false
  #ticking = false
  #effects: OverlayEffect[] = []

  constructor(self: Member, random: Random, options: ClientServerOptions) {
    this.#self = self
    this.#random = random
    this.#options = options
    this.#servers = new ServerList(self.name)
    this.#view = new ClientView(self, options.membersMax, (effect) => this.#emit(effect))
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    this.#effects = []
    this.#servers.dirty = false
    this.#handle(event)
    this.#settle()
    if (this.#servers.dirty) this.#emit({ type: 'persist', state: this.#servers.stored() })
    return this.#effects.length === 0 ? NO_EFFECTS : this.#effects
  }

  members(): readonly Member[] {
    return this.#view.members()
  }

  neighbours(): readonly string[] {
    return [...this.#attached.keys()].sort()
  }

  nextHop(destination: string): string | undefined {
    if (destination === this.#self.name) return undefined
    if (this.#attached.has(destination)) return destination
    return this.#view.has(destination) ? this.#primary : undefined
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      overlay: OVERLAY_NAME,
      role: 'client',
      self: this.#self.name,
      out: this.#out,
      members: this.members().map((member) => [member.name, member.incarnation]),
      primary: this.#primary ?? null,
      attached: this.neighbours(),
      attaching: [...this.#attaching.keys()].sort(),
      servers: this.#servers.names(),
      connected: [...this.#up.keys()].sort(),
    }
  }

  #handle(event: OverlayEvent): void {
    switch (event.type) {
      case 'start':
        this.#startGossip()
        if (event.restored !== undefined) this.#restore(event.restored)
        for (const address of this.#options.servers as readonly Address[]) this.#dial(address)
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
        if (this.#up.get(event.peer)?.incarnation === event.incarnation) this.#peerDown(event.peer)
        break
      case 'connectFailed':
        if (this.#attaching.has(event.peer)) this.#giveUp(event.peer, 'it cannot be reached')
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
        break
      default:
        unreachable(event)
    }
  }

  #restore(restored: unknown): void {
    const servers = storedServers(restored)
    if (servers === undefined) this.#bad(this.#self.name, 'the stored members are damaged')
    else for (const server of servers) this.#learn(server)
  }

  #dial(address: Address): void {
    const own = this.#self.addresses.some((at) => addressText(at) === addressText(address))
    if (!own) this.#emit({ type: 'connectAddress', address })
  }

  #join(contact: Member): void {
    if (contact.name === this.#self.name) return
    this.#out = false
    this.#epoch++
    this.#ask(contact)
  }

  #ask(contact: Member): void {
    this.#contacts.asked(contact.name)
    this.#emit({ type: 'connect', peer: contact })
    this.#send(contact.name, wire.ask())
  }

  #leave(name: string): void {
    if (this.#out) return
    if (name !== this.#self.name) {
      if (this.#primary !== undefined) this.#send(this.#primary, wire.leave(name))
      return
    }
    for (const server of this.#attached.keys()) this.#send(server, wire.leave(name))
    this.#goOut('this node left')
  }

  #goOut(reason: string): void {
    this.#out = true
    const known = [...this.#up.keys(), ...this.#attaching.keys(), ...this.#contacts.names()]
    this.#view.clear()
    for (const peer of new Set(known)) this.#disconnect(peer, reason)
    this.#contacts.clear()
    this.#attaching.clear()
    this.#attached.clear()
    this.#servers.clear()
    this.#tried.clear()
    this.#strangers.clear()
    this.#primary = undefined
    this.#emit({ type: 'selfLeft' })
  }

  #peerUp(peer: Member): void {
    const { name } = peer
    if (this.#attached.has(name)) this.#lose(name)
    this.#up.set(name, peer)
    if (this.#servers.has(name)) this.#learn(peer)
    if (this.#contacts.has(name)) this.#send(name, wire.ask())
    this.#sendAttach(name)
  }

  #peerDown(name: string): void {
    this.#up.delete(name)
    this.#strangers.delete(name)
    if (this.#attached.has(name)) {
      this.#lose(name)
      this.#giveUp(name, 'its connection was lost')
    } else if (this.#attaching.has(name)) this.#giveUp(name, 'its connection was lost')
  }

  #lose(server: string): void {
    this.#attached.delete(server)
    if (this.#primary === server) this.#primary = undefined
  }

  /** Leaves a server for now: another comes first. */
  #giveUp(server: string, reason: string): void {
    this.#attaching.delete(server)
    this.#tried.add(server)
    if (!this.#contacts.has(server)) this.#disconnect(server, reason)
  }

  #message(from: Member, body: unknown): void {
    const message = messageFromWire(body)
    if (message === undefined) this.#bad(from.name, 'not a message of this overlay')
    else if (this.#up.get(from.name)?.incarnation === from.incarnation) this.#take(from, message)
  }

  #take(from: Member, message: ClientServerMessage): void {
    switch (message.type) {
      case 'servers':
        this.#answered(from, message)
        break
      case 'attached':
        this.#accepted(from.name, message.version)
        break
      case 'refused':
        this.#refused(from.name, message.servers)
        break
      case 'view':
      case 'news':
        if (from.name === this.#primary) this.#follow(from.name, message)
        break
      case 'out': {
        const isOurs = this.#attached.has(from.name) || this.#attaching.has(from.name)
        if (isOurs && !this.#out && message.epoch >= this.#epoch) this.#goOut('it was taken out')
        break
      }
      case 'ask':
      case 'attach': // who speaks as if to a server knew an earlier incarnation, or takes a chance
      case 'mesh':
      case 'digest':
        this.#send(from.name, wire.servers(false, this.#known()))
        break
      case 'leave':
      case 'pull':
      case 'roster':
      case 'claim':
      case 'removed':
        this.#bad(from.name, `a message for servers: ${message.type}`)
        break
      default:
        unreachable(message)
    }
  }

  #answered(from: Member, { isServer, servers }: ClientServerMessage & { type: 'servers' }): void {
    const { name } = from
    const asked = this.#contacts.has(name)
    if (this.#out || (!asked && !this.#attaching.has(name))) return
    for (const server of servers) this.#learn(server)
    if (isServer) {
      this.#learn(from)
      this.#tried.delete(name)
    } else {
      this.#servers.delete(name)
      this.#attaching.delete(name)
      if (servers.length === 0) return // it may know more when it is asked again
    }
    this.#contacts.delete(name)
    if (isServer && this.#wanted() > 0) this.#attachTo(from)
    if (!this.#isNeeded(name)) this.#disconnect(name, 'it has answered')
  }

  #accepted(name: string, version: number): void {
    const attaching = this.#attaching.get(name)
    if (attaching?.version !== version) return
    this.#attaching.delete(name)
    this.#attached.set(name, version)
    if (attaching.primary) this.#primary = name
  }

  #refused(name: string, servers: readonly Member[]): void {
    if (!this.#attaching.has(name) && !this.#attached.has(name)) return
    this.#lose(name)
    for (const server of servers) this.#learn(server)
    this.#giveUp(name, 'it takes no more clients')
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
    if (!all) this.#bad(server, `membersMax ${this.#options.membersMax} leaves out members`)
    for (const seen of members) if (seen.server) this.#learn(seen.member)
  }

  #learn(server: Member): void {
    this.#servers.add(server, (name) => this.#isNeeded(name))
  }

  /** After every step: as many servers as wanted are attached or asked, one of them first. */
  #settle(): void {
    if (this.#out) return
    if (this.#primary === undefined) this.#promote()
    while (this.#wanted() > 0) {
      const untried = this.#servers.except(
        (name) => this.#tried.has(name) || this.#attached.has(name) || this.#attaching.has(name),
      )
      if (untried.length === 0) break
      this.#attachTo(this.#random.pick(untried))
    }
    if (this.#isUnsettled() && !this.#ticking) {
      this.#ticking = true
      const delayMs = Math.round(TICK_MS * (0.75 + 0.5 * this.#random.float()))
      this.#emit({ type: 'startTimer', name: TICK, delayMs })
    }
  }

  /** A server that was held ready becomes the primary: it has taken this client before. */
  #promote(): void {
    const [ready] = this.#attached.keys()
    if (ready === undefined) return
    this.#primary = ready
    this.#attached.set(ready, ++this.#version)
    this.#sendAttach(ready)
  }

  #attachTo(server: Member): void {
    const primary =
      this.#primary === undefined && ![...this.#attaching.values()].some((one) => one.primary)
    const version = ++this.#version
    this.#attaching.set(server.name, { version, primary, left: ATTACH_ATTEMPTS })
    this.#emit({ type: 'connect', peer: server })
    this.#sendAttach(server.name)
  }

  #sendAttach(name: string): void {
    const version = this.#attaching.get(name)?.version ?? this.#attached.get(name)
    if (version === undefined) return
    const primary = this.#attaching.get(name)?.primary ?? this.#primary === name
    const digest = primary ? this.#view.digest : NO_DIGEST
    this.#send(name, wire.attach(this.#epoch, version, primary, digest))
  }

  #known(): Member[] {
    return this.#servers.sample(SERVERS_TOLD, this.#random, (name) => this.#attached.has(name))
  }

  #wanted(): number {
    return this.#options.connections - this.#attached.size - this.#attaching.size
  }

  #isNeeded(name: string): boolean {
    return this.#attached.has(name) || this.#attaching.has(name) || this.#contacts.has(name)
  }

  #isUnsettled(): boolean {
    const lacks = this.#attached.size < this.#options.connections
    return (
      this.#contacts.size > 0 ||
      this.#attaching.size > 0 ||
      (lacks && this.#servers.size > this.#attached.size)
    )
  }

  #tick(): void {
    this.#ticking = false
    if (this.#out) return
    this.#tried.clear()
    for (const name of this.#contacts.countAttempt()) {
      if (!this.#isNeeded(name)) this.#disconnect(name, 'it did not answer the join')
    }
    for (const name of this.#contacts.names()) this.#send(name, wire.ask())
    for (const [name, attaching] of [...this.#attaching]) {
      if (--attaching.left <= 0) this.#giveUp(name, 'it does not answer')
      else this.#sendAttach(name)
    }
  }

  /** One round: servers hear that this client is with them, strangers that stayed are closed. */
  #gossip(): void {
    this.#startGossip()
    for (const name of this.#attached.keys()) this.#sendAttach(name)
    const strangers = [...this.#up.keys()].filter((name) => !this.#isNeeded(name))
    for (const name of strangers) {
      if (this.#strangers.has(name)) this.#disconnect(name, 'it is no server of this client')
    }
    this.#strangers = new Set(strangers)
  }

  #startGossip(): void {
    const spread = 0.75 + 0.5 * this.#random.float()
    const delayMs = Math.round(this.#options.gossipMs * spread)
    this.#emit({ type: 'startTimer', name: GOSSIP, delayMs })
  }

  #send(to: string, body: unknown): void {
    if (this.#up.has(to)) this.#emit({ type: 'send', to, body })
  }

  #disconnect(peer: string, reason: string): void {
    this.#emit({ type: 'disconnect', peer, reason })
  }

  #bad(from: string, detail: string): void {
    this.#emit({ type: 'badMessage', from, detail })
  }

  #emit(effect: OverlayEffect): void {
    this.#effects.push(effect)
  }
}

const GOSSIP = 'gossip'
const TICK = 'tick'
