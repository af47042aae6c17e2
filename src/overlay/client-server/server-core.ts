import type { Random } from '../../base/random.js'
import { unreachable } from '../../base/unreachable.js'
import { addressText } from '../address.js'
import { Contacts } from '../contacts.js'
import { FullMesh } from '../full-mesh.js'
import { readFullMeshOptions } from '../full-mesh-options.js'
import { compareIncarnations, sameIncarnation } from '../member.js'
import {
  type Address,
  type LeaveReason,
  type Member,
  NO_EFFECTS,
  type Overlay,
  type OverlayCapabilities,
  type OverlayEffect,
  type OverlayEvent,
} from '../overlay.js'
import {
  type ClientServerMessage,
  fitOneMessage,
  type Gone,
  messageFromWire,
  OVERLAY_NAME,
  SERVERS_TOLD,
  type Seen,
  viewKey,
  viewParts,
  wire,
} from './client-server-message.js'
import type { ClientServerOptions } from './client-server-options.js'
import { EVICT, ServedClients } from './served-clients.js'
import { SetDigest } from './set-digest.js'

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
  readonly #random: Random
  readonly #options: ClientServerOptions
  readonly #mesh: FullMesh
  readonly #clients: ServedClients
  readonly #up = new Map<string, Member>()
  /** Peers of which the mesh knows that they are connected. */
  readonly #meshed = new Set<string>()
  /** Servers that were sent a digest over the present connection. */
  readonly #greeted = new Set<string>()
  readonly #contacts = new Contacts(CONTACTS_MAX, CONTACT_ATTEMPTS)
  #strangers = new Set<string>()
  /** Over all members, as clients see them. */
  readonly #digest = new SetDigest()
  #members: readonly Member[] | undefined
  #ticking = false
  #effects: OverlayEffect[] = []
  /** What this step changed, for the clients, and those of them that get all members instead. */
  #joined: Seen[] = []
  #left: Gone[] = []
  readonly #behind = new Set<string>()

  constructor(self: Member, random: Random, options: ClientServerOptions) {
    this.#self = self
    this.#random = random
    this.#options = options
    const { gossipMs, removedMax } = options
    const meshOptions = readFullMeshOptions({ gossipMs, removedMax })
    this.#mesh = new FullMesh(self, random.fork('mesh'), meshOptions)
    this.#clients = new ServedClients({
      self,
      options,
      emit: (effect) => this.#emit(effect),
      send: (to, body) => this.#send(to, body),
      disconnect: (peer, reason) => this.#disconnect(peer, reason),
      tellServers: (body) => this.#tellServers(body),
      bad: (from, detail) => this.#bad(from, detail),
      joined: (member) => this.#memberJoined(member, false),
      left: (member, reason) => this.#memberLeft(member, reason, false),
      server: (name) => this.#mesh.member(name),
      removeServer: (name) => this.#toMesh({ type: 'leave', name }),
      otherServers: () => this.#otherServers(),
    })
    this.#digest.add(viewKey({ member: self, server: true }))
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    this.#effects = []
    this.#handle(event)
    this.#tellClients()
    if (this.#contacts.size > 0 && !this.#ticking) this.#startTick()
    return this.#effects.length === 0 ? NO_EFFECTS : this.#effects
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
      connected: [...this.#up.keys()].sort(),
    }
  }

  #handle(event: OverlayEvent): void {
    switch (event.type) {
      case 'start':
        this.#startGossip()
        this.#toMesh(event)
        for (const address of this.#options.servers as readonly Address[]) this.#dial(address)
        break
      case 'join':
        this.#ask(event.contact)
        break
      case 'introduced':
        if (!this.#mesh.isOut) this.#ask(event.peer)
        break
      case 'leave':
        if (this.#mesh.member(event.name) !== undefined) this.#toMesh(event)
        else this.#clients.remove(event.name)
        break
      case 'peerUp':
        this.#peerUp(event.peer)
        break
      case 'peerDown':
        if (this.#up.get(event.peer)?.incarnation === event.incarnation) this.#peerDown(event)
        break
      case 'nodeDown':
        this.#toMesh(event)
        if (!this.#up.has(event.peer)) this.#clients.orphan(event.peer)
        break
      case 'message':
        this.#message(event.from, event.body)
        break
      case 'timer':
        this.#timer(event.name)
        break
      case 'connectFailed': // the driver goes on dialling servers; clients dial themselves
      case 'roundTrip': // nothing was measured
        break
      default:
        unreachable(event)
    }
  }

  #dial(address: Address): void {
    const own = this.#self.addresses.some((at) => addressText(at) === addressText(address))
    if (!own) this.#emit({ type: 'connectAddress', address })
  }

  /** The first half of joining through a peer: a client points to servers, a server is joined. */
  #ask(contact: Member): void {
    if (contact.name === this.#self.name) return
    this.#contacts.asked(contact.name)
    this.#emit({ type: 'connect', peer: contact })
    this.#send(contact.name, wire.ask())
  }

  #peerUp(peer: Member): void {
    const { name } = peer
    const before = this.#up.get(name)
    if (before !== undefined) {
      this.#peerDown({ type: 'peerDown', peer: name, incarnation: before.incarnation })
    }
    this.#up.set(name, peer)
    if (this.#contacts.has(name)) this.#send(name, wire.ask())
    if (this.#mesh.member(name) !== undefined) this.#meshUp(peer)
  }

  #peerDown(event: OverlayEvent & { type: 'peerDown' }): void {
    const { peer } = event
    this.#up.delete(peer)
    this.#strangers.delete(peer)
    this.#greeted.delete(peer)
    this.#clients.detach(peer)
    if (this.#meshed.delete(peer)) this.#toMesh(event)
  }

  #timer(name: string): void {
    if (name.startsWith(MESH)) this.#toMesh({ type: 'timer', name: name.slice(MESH.length) })
    else if (name.startsWith(EVICT)) this.#clients.evict(name.slice(EVICT.length))
    else if (name === GOSSIP) this.#gossip()
    else if (name === TICK) this.#tick()
  }

  #message(from: Member, body: unknown): void {
    const message = messageFromWire(body)
    if (message === undefined) this.#bad(from.name, 'not a message of this overlay')
    else if (this.#up.get(from.name)?.incarnation === from.incarnation) this.#take(from, message)
  }

  #take(from: Member, message: ClientServerMessage): void {
    switch (message.type) {
      case 'ask':
        this.#send(from.name, wire.servers(true, this.#otherServers()))
        break
      case 'servers':
        this.#answered(from, message)
        break
      case 'mesh':
        if (!this.#mayServe(from)) break
        this.#meshUp(from)
        this.#toMesh({ type: 'message', from, body: message.body })
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
        if (this.#isServer(from)) this.#fromServer(from, message)
        else if (this.#clients.attached.has(from.name)) this.#posesAsServer(from)
        break // else it is a server of which the mesh has not told yet
      case 'attached':
      case 'refused':
      case 'view':
      case 'news':
      case 'out':
        this.#bad(from.name, `a message for clients: ${message.type}`)
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
      this.#meshUp(from)
      this.#toMesh({ type: 'join', contact: from })
      return
    }
    const others = servers.filter((one) => one.name !== this.#self.name)
    if (others.length === 0) return // it may know more when it is asked again
    this.#contacts.delete(name)
    if (!this.#isNeeded(name)) this.#disconnect(name, 'it has answered')
    for (const server of others) if (this.#mesh.member(server.name) === undefined) this.#ask(server)
  }

  #attach(from: Member, message: ClientServerMessage & { type: 'attach' }): void {
    const { name } = from
    if (this.#isServer(from)) {
      this.#bad(name, 'a server attaches as a client')
    } else if (this.#mesh.isOut) {
      this.#send(name, wire.refused([]))
    } else if (this.#clients.attach(from, message, () => this.#digest.text)) {
      this.#behind.add(name)
    }
  }

  /** Clients leave for themselves, and for others only where that is allowed. */
  #leave(from: Member, name: string): void {
    const entry = this.#clients.table.get(from.name)
    if (entry === undefined || !sameIncarnation(entry.member, from)) return
    if (name === from.name || this.#options.clientsRemove) this.#handle({ type: 'leave', name })
    else this.#bad(from.name, `a client takes out ${name}; clientsRemove is false`)
  }

  #fromServer(from: Member, message: ClientServerMessage): void {
    switch (message.type) {
      case 'digest':
        if (message.first) this.#sendDigest(from.name, false)
        if (message.digest !== this.#clients.table.rosterDigest(from.name)) {
          this.#send(from.name, wire.pull())
        }
        break
      case 'pull':
        this.#clients.sendRoster(from.name)
        break
      case 'roster':
        this.#clients.roster(from, message)
        break
      case 'claim':
        this.#clients.claimed(from, message.claim)
        break
      case 'removed':
        this.#clients.removed(message.removal)
        break
    }
  }

  /** True unless it is a client, or its name is not among those of servers. */
  #mayServe(peer: Member): boolean {
    if (this.#clients.attached.has(peer.name)) {
      this.#posesAsServer(peer)
      return false
    }
    const { serverNames } = this.#options
    if (serverNames === undefined || serverNames.includes(peer.name)) return true
    this.#bad(peer.name, 'it comes as a server and is not among serverNames')
    this.#disconnect(peer.name, 'it may not be a server here')
    return false
  }

  #posesAsServer(client: Member): void {
    this.#bad(client.name, 'a client speaks as a server')
  }

  #isServer(peer: Member): boolean {
    const member = this.#mesh.member(peer.name)
    return member !== undefined && sameIncarnation(member, peer) && peer.name !== this.#self.name
  }

  #otherServers(): Member[] {
    const others = this.#mesh.members().filter(({ name }) => name !== this.#self.name)
    return this.#random.sample(others, SERVERS_TOLD)
  }

  #meshUp(peer: Member): void {
    if (this.#meshed.has(peer.name)) return
    this.#meshed.add(peer.name)
    this.#toMesh({ type: 'peerUp', peer })
  }

  #toMesh(event: OverlayEvent): void {
    for (const effect of this.#mesh.step(event)) this.#fromMesh(effect)
    for (const name of this.#mesh.neighbours()) {
      const peer = this.#up.get(name)
      if (peer === undefined || this.#greeted.has(name)) continue
      this.#meshUp(peer)
      if (this.#greeted.has(name) || !this.#isServer(peer)) continue
      this.#greeted.add(name)
      this.#sendDigest(name, true)
    }
  }

  #fromMesh(effect: OverlayEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.to, wire.mesh(effect.body))
        break
      case 'startTimer':
        this.#emit({ ...effect, name: MESH + effect.name })
        break
      case 'cancelTimer':
        this.#emit({ ...effect, name: MESH + effect.name })
        break
      case 'memberJoined':
        this.#serverJoined(effect.member)
        break
      case 'memberLeft':
        this.#greeted.delete(effect.member.name)
        this.#memberLeft(effect.member, effect.reason, true)
        this.#clients.orphan(effect.member.name)
        break
      case 'selfLeft':
        this.#clients.clear()
        this.#contacts.clear()
        this.#emit(effect)
        break
      case 'disconnect': // a server that came back as a client is one of these now
        if (!this.#clients.attached.has(effect.peer)) this.#emit(effect)
        break
      default:
        this.#emit(effect)
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
      this.#toMesh({ type: 'leave', name })
    }
  }

  #memberJoined(member: Member, server: boolean): void {
    const seen = { member, server }
    this.#members = undefined
    this.#digest.add(viewKey(seen))
    this.#joined.push(seen)
    this.#emit({ type: 'memberJoined', member })
  }

  #memberLeft(member: Member, reason: LeaveReason, server: boolean): void {
    const { name, incarnation } = member
    this.#members = undefined
    this.#digest.delete(viewKey({ member, server }))
    this.#left.push({ name, incarnation, reason })
    this.#emit({ type: 'memberLeft', member, reason })
  }

  /** At the end of a step: the changes to clients that are up to date, all members to the others. */
  #tellClients(): void {
    if (this.#joined.length > 0 || this.#left.length > 0) {
      const few = fitOneMessage(this.#joined) && this.#left.length < 1_000
      const news = few ? wire.news(this.#joined, this.#left) : undefined
      for (const [name, primary] of this.#clients.attached) {
        if (!primary) continue
        if (news === undefined) this.#behind.add(name)
        else if (!this.#behind.has(name)) this.#send(name, news)
      }
    }
    if (this.#behind.size > 0) {
      const servers = new Set(this.#mesh.members().map(({ name }) => name))
      const seen = this.members().map((member) => ({ member, server: servers.has(member.name) }))
      const parts = viewParts(seen)
      for (const name of this.#behind) for (const part of parts) this.#send(name, part)
      this.#behind.clear()
    }
    this.#joined = []
    this.#left = []
  }

  /** One round: servers compare rosters, strangers that stayed strangers are closed. */
  #gossip(): void {
    this.#startGossip()
    for (const name of this.#greeted) this.#sendDigest(name, false)
    const strangers = [...this.#up.keys()].filter(
      (name) => !this.#isNeeded(name) && !this.#meshed.has(name),
    )
    for (const name of strangers) {
      if (this.#strangers.has(name)) this.#disconnect(name, 'neither a client nor a server')
    }
    this.#strangers = new Set(strangers)
  }

  #tick(): void {
    this.#ticking = false
    for (const name of this.#contacts.countAttempt()) {
      if (!this.#isNeeded(name)) this.#disconnect(name, 'it did not answer the join')
    }
    for (const name of this.#contacts.names()) this.#send(name, wire.ask())
  }

  #isNeeded(name: string): boolean {
    return (
      this.#contacts.has(name) ||
      this.#clients.attached.has(name) ||
      this.#mesh.member(name) !== undefined
    )
  }

  #startTick(): void {
    this.#ticking = true
    this.#emit({ type: 'startTimer', name: TICK, delayMs: TICK_MS })
  }

  #startGossip(): void {
    const spread = 0.75 + 0.5 * this.#random.float()
    const delayMs = Math.round(this.#options.gossipMs * spread)
    this.#emit({ type: 'startTimer', name: GOSSIP, delayMs })
  }

  #sendDigest(to: string, first: boolean): void {
    this.#send(to, wire.digest(this.#clients.table.rosterDigest(this.#self.name), first))
  }

  #tellServers(body: unknown): void {
    for (const name of this.#greeted) this.#send(name, body)
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

const MESH = 'mesh/'
const GOSSIP = 'gossip'
const TICK = 'tick'
