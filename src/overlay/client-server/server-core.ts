import type { Random } from '../../base/random.js'
import { unreachable } from '../../base/unreachable.js'
import { Contacts } from '../contacts.js'
import { compareIncarnations, sameIncarnation } from '../member.js'
import type {
  LeaveReason,
  Member,
  Overlay,
  OverlayCapabilities,
  OverlayEffect,
  OverlayEvent,
} from '../overlay.js'
import { ClientNews } from './client-news.js'
import {
  type ClientServerMessage,
  messageFromWire,
  OVERLAY_NAME,
  wire,
} from './client-server-message.js'
import { type ClientServerOptions, serversToDial } from './client-server-options.js'
import { EVICT, ServedClients } from './served-clients.js'
import { ServerMesh } from './server-mesh.js'
import { StepEffects } from './step-effects.js'
import { Strangers } from './strangers.js'

const CAPABILITIES: OverlayCapabilities = { membership: 'all', direct: false }
const CONTACTS_MAX = 64
const CONTACT_ATTEMPTS = 30
const TICK_MS = 1_000

/**
 * A server. Among themselves servers are a full mesh, literally: a `FullMesh` core that sees servers only, its messages
 * wrapped. Besides, each tells the others which clients are attached to it and each of its clients what
 * changes in the membership. Whoever connects is asked what it is only when this server wants to join
 * through it; others say so by their first message.
 */
export class ServerCore implements Overlay {
  readonly name = OVERLAY_NAME
  readonly capabilities = CAPABILITIES
  readonly #self: Member
  readonly #options: ClientServerOptions
  readonly #mesh: ServerMesh
  readonly #news: ClientNews
  readonly #clients: ServedClients
  readonly #effects: StepEffects
  readonly #contacts = new Contacts(CONTACTS_MAX, CONTACT_ATTEMPTS)
  readonly #strangers = new Strangers()
  /** Servers of whose names clients of newer incarnations are known; they go at the end of the step. */
  #outranked: string[] = []
  #members: readonly Member[] | undefined
  #ticking = false

  constructor(self: Member, random: Random, options: ClientServerOptions) {
    this.#self = self
    this.#options = options
    this.#effects = new StepEffects(random)
    this.#news = new ClientNews(self)
    this.#mesh = new ServerMesh({
      self,
      options,
      random,
      up: (name) => this.#effects.up.get(name),
      perform: (effect) => this.#fromMesh(effect),
      greet: (server) => this.#clients.sendDigest(server, true),
    })
    this.#clients = new ServedClients({
      self,
      options,
      emit: (effect) => this.#effects.emit(effect),
      send: (to, body) => this.#effects.send(to, body),
      disconnect: (peer, reason) => this.#effects.disconnect(peer, reason),
      tellServers: (body) => this.#tellServers(body),
      bad: (from, detail) => this.#effects.bad(from, detail),
      joined: (member) => this.#memberJoined(member, false),
      left: (member, reason) => this.#memberLeft(member, reason, false),
      server: (name) => this.#mesh.member(name),
      removeServer: (name) => this.#mesh.step({ type: 'leave', name }),
      otherServers: () => this.#mesh.others(),
    })
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    this.#effects.begin()
    this.#handle(event)
    for (const name of this.#outranked.splice(0)) this.#mesh.step({ type: 'leave', name })
    this.#news.tell(
      this.#clients.followers(),
      () =>
        this.members().map((member) => ({
          member,
          server: this.#mesh.member(member.name) !== undefined,
        })),
      (to, body) => this.#effects.send(to, body),
    )
    if (this.#contacts.size > 0 && !this.#ticking) {
      this.#ticking = true
      this.#effects.startTimer(TICK, TICK_MS)
    }
    return this.#effects.end()
  }

  members(): readonly Member[] {
    if (this.#members === undefined) {
      const clients = [...this.#clients.table.entries()].map(({ member }) => member)
      const all = [...this.#mesh.members(), ...clients]
      this.#members = all.sort((a, b) => (a.name < b.name ? -1 : 1))
    }
    return this.#members
  }

  neighbours(): readonly string[] {
    return [...this.#mesh.neighbours(), ...this.#clients.attached.keys()].sort()
  }

  nextHop(destination: string): string | undefined {
    if (this.#clients.attached.has(destination)) return destination
    const server = this.#clients.table.get(destination)?.server
    if (server === undefined) return this.#mesh.nextHop(destination)
    return this.#mesh.nextHop(server)
  }

  relays(peer: string): boolean {
    return this.#mesh.member(peer) !== undefined
  }

  stored(): unknown {
    return this.#mesh.stored()
  }

  snapshot(): Readonly<Record<string, unknown>> {
    const { attached, table } = this.#clients
    return {
      overlay: OVERLAY_NAME,
      role: 'server',
      self: this.#self.name,
      out: this.#mesh.isOut,
      members: this.members().map((member) => [member.name, member.incarnation]),
      servers: this.#mesh.members().map((member) => member.name),
      clients: [...attached.keys()].sort(),
      adrift: table.of('').map(({ member }) => member.name),
      connected: [...this.#effects.up.keys()].sort(),
    }
  }

  #handle(event: OverlayEvent): void {
    switch (event.type) {
      case 'start':
        this.#effects.startTimer(GOSSIP, this.#options.gossipMs)
        this.#mesh.step(event)
        for (const address of serversToDial(this.#options, this.#self)) {
          this.#effects.emit({ type: 'connectAddress', address })
        }
        break
      case 'join':
        this.#ask(event.contact)
        break
      case 'introduced':
        if (!this.#mesh.isOut) this.#ask(event.peer)
        break
      case 'leave':
        if (this.#mesh.member(event.name) !== undefined) this.#mesh.step(event)
        else this.#clients.remove(event.name)
        break
      case 'peerUp':
        this.#peerUp(event.peer)
        break
      case 'peerDown':
        if (this.#effects.isUp({ name: event.peer, incarnation: event.incarnation }))
          this.#peerDown(event)
        break
      case 'nodeDown':
        this.#mesh.step(event)
        if (!this.#effects.up.has(event.peer)) this.#clients.orphan(event.peer)
        break
      case 'message':
        this.#message(event.from, event.body)
        break
      case 'timer':
        this.#timer(event.name)
        break
      case 'connectFailed': // the driver goes on dialling servers; clients dial themselves
      case 'roundTrip': // nothing was measured
      case 'published': // nor published
        break
      default:
        unreachable(event)
    }
  }

  /** The first half of joining through a peer: a client points to servers, a server is joined. */
  #ask(contact: Member): void {
    if (contact.name === this.#self.name) return
    this.#contacts.asked(contact.name)
    this.#effects.emit({ type: 'connect', peer: contact })
    this.#effects.send(contact.name, wire.ask())
  }

  #peerUp(peer: Member): void {
    const { name } = peer
    const before = this.#effects.up.get(name)
    if (before !== undefined) {
      this.#peerDown({ type: 'peerDown', peer: name, incarnation: before.incarnation })
    }
    this.#effects.up.set(name, peer)
    if (this.#contacts.has(name)) this.#effects.send(name, wire.ask())
    if (this.#mesh.member(name) !== undefined) this.#mesh.peerUp(peer)
  }

  #peerDown(event: OverlayEvent & { type: 'peerDown' }): void {
    const { peer } = event
    this.#effects.up.delete(peer)
    this.#strangers.delete(peer)
    this.#clients.detach(peer)
    this.#mesh.peerDown(event)
  }

  #timer(name: string): void {
    if (this.#mesh.timer(name)) return
    if (name.startsWith(EVICT)) this.#clients.evict(name.slice(EVICT.length))
    else if (name === GOSSIP) this.#gossip()
    else if (name === TICK) this.#tick()
  }

  #message(from: Member, body: unknown): void {
    const message = messageFromWire(body)
    if (message === undefined) this.#effects.bad(from.name, 'not a message of this overlay')
    else if (this.#effects.isUp(from)) this.#take(from, message)
  }

  #take(from: Member, message: ClientServerMessage): void {
    switch (message.type) {
      case 'ask':
        this.#effects.send(from.name, wire.servers(true, this.#mesh.others()))
        break
      case 'servers':
        this.#answered(from, message)
        break
      case 'mesh':
        if (!this.#mayServe(from)) break
        this.#mesh.peerUp(from)
        this.#mesh.step({ type: 'message', from, body: message.body })
        break
      case 'attach':
        this.#attach(from, message)
        break
      case 'leave':
        this.#leave(from, message.name)
        break
      case 'digest':
      case 'pull':
      case 'roster':
      case 'claim':
      case 'removed':
        if (this.#mesh.has(from)) this.#clients.fromServer(from, message)
        else if (this.#clients.attached.has(from.name)) this.#posesAsServer(from)
        break // else it is a server of which the mesh has not told yet
      case 'attached':
      case 'refused':
      case 'view':
      case 'news':
      case 'out':
        this.#effects.bad(from.name, `a message for clients: ${message.type}`)
        break
      default:
        unreachable(message)
    }
  }

  #answered(from: Member, { isServer, servers }: ClientServerMessage & { type: 'servers' }): void {
    const { name } = from
    if (!this.#contacts.has(name)) return
    if (isServer) {
      this.#contacts.delete(name)
      if (!this.#mayServe(from)) return
      this.#mesh.peerUp(from)
      this.#mesh.step({ type: 'join', contact: from })
      return
    }
    const others = servers.filter((one) => one.name !== this.#self.name)
    if (others.length === 0) return // it may know more when it is asked again
    this.#contacts.delete(name)
    if (!this.#isNeeded(name)) this.#effects.disconnect(name, 'it has answered')
    for (const server of others) if (this.#mesh.member(server.name) === undefined) this.#ask(server)
  }

  #attach(from: Member, message: ClientServerMessage & { type: 'attach' }): void {
    const { name } = from
    if (this.#mesh.has(from)) this.#effects.bad(name, 'a server attaches as a client')
    else if (this.#mesh.isOut) this.#effects.send(name, wire.leave(this.#self.name))
    else if (this.#clients.attach(from, message, () => this.#news.digest)) {
      this.#news.isBehind(name)
    }
  }

  /** Clients leave for themselves, and for others only where that is allowed. */
  #leave(from: Member, name: string): void {
    const entry = this.#clients.table.get(from.name)
    if (entry === undefined || !sameIncarnation(entry.member, from)) return
    if (name === from.name || this.#options.clientsRemove) this.#handle({ type: 'leave', name })
    else this.#effects.bad(from.name, `a client takes out ${name}; clientsRemove is false`)
  }

  /** True unless it is a client, or its name is not among those of servers. */
  #mayServe(peer: Member): boolean {
    if (this.#clients.attached.has(peer.name)) {
      this.#posesAsServer(peer)
      return false
    }
    const { serverNames } = this.#options
    if (serverNames === undefined || serverNames.includes(peer.name)) return true
    this.#effects.bad(peer.name, 'it comes as a server and is not among serverNames')
    this.#effects.disconnect(peer.name, 'it may not be a server here')
    return false
  }

  #posesAsServer(client: Member): void {
    this.#effects.bad(client.name, 'a client speaks as a server')
  }

  #fromMesh(effect: OverlayEffect): void {
    switch (effect.type) {
      case 'memberJoined':
        this.#serverJoined(effect.member)
        break
      case 'memberLeft':
        this.#memberLeft(effect.member, effect.reason, true)
        this.#clients.orphan(effect.member.name)
        break
      case 'selfLeft':
        this.#clients.clear()
        this.#contacts.clear()
        this.#effects.emit(effect)
        break
      case 'disconnect': // a server that came back as a client is one of these now
        if (!this.#clients.attached.has(effect.peer)) this.#effects.emit(effect)
        break
      default:
        this.#effects.emit(effect)
    }
  }

  /** A name is held by its newest incarnation, in whichever role. */
  #serverJoined(member: Member): void {
    const { name } = member
    const client = this.#clients.table.get(name)
    this.#clients.attached.delete(name)
    this.#clients.drop(name, 'replaced')
    this.#memberJoined(member, true)
    if (client !== undefined && compareIncarnations(client.member, member) > 0) {
      this.#outranked.push(name)
    }
  }

  #memberJoined(member: Member, server: boolean): void {
    this.#members = undefined
    this.#news.joined(member, server)
    this.#effects.emit({ type: 'memberJoined', member })
  }

  #memberLeft(member: Member, reason: LeaveReason, server: boolean): void {
    this.#members = undefined
    this.#news.left(member, reason, server)
    this.#effects.emit({ type: 'memberLeft', member, reason })
  }

  /** One round: servers compare rosters, strangers that stayed strangers are closed. */
  #gossip(): void {
    this.#effects.startTimer(GOSSIP, this.#options.gossipMs)
    for (const name of this.#mesh.connected) this.#clients.sendDigest(name, false)
    const strangers = [...this.#effects.up.keys()].filter(
      (name) => !this.#isNeeded(name) && !this.#mesh.knows(name),
    )
    for (const name of this.#strangers.round(strangers)) {
      this.#effects.disconnect(name, 'neither a client nor a server')
    }
  }

  #tick(): void {
    this.#ticking = false
    for (const name of this.#contacts.countAttempt()) {
      if (!this.#isNeeded(name)) this.#effects.disconnect(name, 'it did not answer the join')
    }
    for (const name of this.#contacts.names()) this.#effects.send(name, wire.ask())
  }

  #isNeeded(name: string): boolean {
    return (
      this.#contacts.has(name) ||
      this.#clients.attached.has(name) ||
      this.#mesh.member(name) !== undefined
    )
  }

  #tellServers(body: unknown): void {
    for (const name of this.#mesh.connected) this.#effects.send(name, body)
  }
}

const GOSSIP = 'gossip'
const TICK = 'tick'
