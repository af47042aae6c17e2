import { unreachable } from '../../base/unreachable.js'
import { compareIncarnations, sameIncarnation } from '../member.js'
import type { LeaveReason, Member, OverlayEffect } from '../overlay.js'
import { type Claim, compareClaims, covers, type Removal, removalOf } from './client-claim.js'
import { type ClientServerMessage, inRange, rosterParts, wire } from './client-server-message.js'
import type { ClientServerOptions } from './client-server-options.js'
import { type ClientEntry, ClientTable } from './client-table.js'

/** What servers tell each other about their clients. */
export type ServerMessage = Extract<
  ClientServerMessage,
  { readonly type: 'digest' | 'pull' | 'roster' | 'claim' | 'removed' }
>

/** What the clients of a server stand on: its core. */
export interface ServerGround {
  readonly self: Member
  readonly options: ClientServerOptions
  emit(effect: OverlayEffect): void
  /** To a connected peer. */
  send(to: string, body: unknown): void
  disconnect(peer: string, reason: string): void
  /** To all connected servers. */
  tellServers(body: unknown): void
  bad(from: string, detail: string): void
  joined(member: Member): void
  left(member: Member, reason: LeaveReason): void
  /** The member of that name among the servers. */
  server(name: string): Member | undefined
  /** Takes a server out whose name a client of a newer incarnation holds. */
  removeServer(name: string): void
  /** Other servers, to try in place of this one. */
  otherServers(): Member[]
}

/**
 * The clients of the cluster as one server sees them, its own in particular. Every server speaks for the clients
 * attached to it and for no others; a client that no server has is adrift, and out after a while.
 */
export class ServedClients {
  readonly table: ClientTable
  /** Clients connected here: true for those whose messages go through this server. */
  readonly attached = new Map<string, boolean>()
  readonly #ground: ServerGround
  readonly #own: string

  constructor(ground: ServerGround) {
    this.#ground = ground
    this.#own = ground.self.name
    this.table = new ClientTable(ground.options.membersMax, ground.options.removedMax)
  }

  /** Clients whose messages go through this server. */
  *followers(): IterableIterator<string> {
    for (const [name, primary] of this.attached) if (primary) yield name
  }

  /** True when it was taken (again), and lacks part of the view that has this digest. */
  attach(
    from: Member,
    message: ClientServerMessage & { type: 'attach' },
    digest: () => string,
  ): boolean {
    const { epoch, version, primary } = message
    const claim: Claim = { member: from, epoch, version }
    if (!this.#admits(from, claim)) return false
    const known = this.table.get(from.name)
    if (primary) {
      const age = known === undefined ? 1 : compareClaims(claim, known)
      if (age < 0 || (age === 0 && known?.server !== this.#own && known?.server !== '')) {
        return false // said before it moved on
      }
      if (known === undefined || known.server !== this.#own || age > 0) {
        this.#take(claim, this.#own)
        this.#ground.tellServers(wire.claim(claim))
      }
    }
    this.attached.set(from.name, primary)
    this.#ground.send(from.name, wire.attached(version))
    return primary && message.digest !== digest()
  }

  #admits(from: Member, claim: Claim): boolean {
    const { name } = from
    const known = this.table.get(name)
    const outdated = known !== undefined && compareIncarnations(from, known.member) < 0
    if (outdated || this.table.removalOf(claim) !== undefined) {
      this.#sendOff(name, claim.epoch)
      return false
    }
    const full = this.attached.size >= this.#ground.options.clientsMax && !this.attached.has(name)
    if (full || this.table.isFull(name)) {
      this.#ground.send(name, wire.refused(this.#ground.otherServers()))
      return false
    }
    return this.#outranksServer(claim)
  }

  /** False: a server of that name is as new or newer, or it was this one, which is out now. */
  #outranksServer({ member }: Claim): boolean {
    const { name } = member
    const server = name === this.#own ? this.#ground.self : this.#ground.server(name)
    if (server === undefined) return true
    if (compareIncarnations(member, server) <= 0) return false
    this.#ground.removeServer(name)
    return name !== this.#own
  }

  /** The connection to a client is gone. */
  detach(name: string): void {
    if (!this.attached.delete(name)) return
    const entry = this.table.get(name)
    if (entry?.server === this.#own) this.#setAdrift(entry)
  }

  /** A server cannot be reached or is none any more: its clients are looking for another. */
  orphan(server: string): void {
    for (const entry of this.table.of(server)) this.#setAdrift(entry)
  }

  /** No server has had it for too long. */
  evict(name: string): void {
    if (this.table.get(name)?.server === '') this.drop(name, 'evicted')
  }

  /** What a server says about its clients. */
  fromServer(from: Member, message: ServerMessage): void {
    switch (message.type) {
      case 'digest':
        if (message.first) this.sendDigest(from.name, false)
        if (message.digest !== this.table.rosterDigest(from.name)) {
          this.#ground.send(from.name, wire.pull())
        }
        break
      case 'pull':
        for (const part of rosterParts(this.table.of(this.#own))) {
          this.#ground.send(from.name, part)
        }
        break
      case 'roster':
        this.#roster(from, message)
        break
      case 'claim':
        this.#claimed(from, message.claim)
        break
      case 'removed':
        this.#removed(message.removal)
        break
      default:
        unreachable(message)
    }
  }

  /** `first`: the other shall send its own. */
  sendDigest(to: string, first: boolean): void {
    this.#ground.send(to, wire.digest(this.table.rosterDigest(this.#own), first))
  }

  /** Another server's word about one of its clients. */
  #claimed(from: Member, claim: Claim): void {
    const { name } = claim.member
    const removal = this.table.removalOf(claim)
    if (removal !== undefined) {
      this.#ground.send(from.name, wire.removed(removal))
      return
    }
    if (!this.table.isNews(claim, from.name)) return
    if (this.table.isFull(name)) {
      this.#ground.bad(
        from.name,
        `membersMax ${this.#ground.options.membersMax} leaves out ${name}`,
      )
      return
    }
    if (!this.#outranksServer(claim)) return
    if (this.attached.has(name)) this.attached.set(name, false)
    this.#take(claim, from.name)
  }

  /** All clients of another server in a range of names. */
  #roster(from: Member, message: ClientServerMessage & { type: 'roster' }): void {
    const named = new Set(message.claims.map(({ member }) => member.name))
    for (const entry of this.table.of(from.name)) {
      const { name } = entry.member
      if (inRange(name, message) && !named.has(name)) this.#setAdrift(entry)
    }
    for (const claim of message.claims) {
      if (this.#ground.server(this.#own) === undefined) break // one of them took this server out
      this.#claimed(from, claim)
    }
  }

  /** Takes a client out, by its own wish or another's, and tells the other servers. */
  remove(name: string): void {
    const entry = this.table.get(name)
    if (entry === undefined) return
    const removal = removalOf(entry)
    this.#ground.tellServers(wire.removed(removal))
    this.#removed(removal)
  }

  #removed(removal: Removal): void {
    this.table.remember(removal)
    const entry = this.table.get(removal.name)
    if (entry === undefined || !covers(removal, entry)) return
    if (this.attached.delete(removal.name)) this.#sendOff(removal.name, removal.epoch)
    this.drop(removal.name, 'left')
  }

  drop(name: string, reason: LeaveReason): void {
    const entry = this.table.delete(name)
    if (entry === undefined) return
    if (entry.server === '') this.#ground.emit({ type: 'cancelTimer', name: EVICT + name })
    this.#ground.left(entry.member, reason)
  }

  /** This server is out: it has no clients any more, and they know. */
  clear(): void {
    for (const { member } of [...this.table.entries()]) this.drop(member.name, 'left')
    this.table.clear()
    for (const name of [...this.attached.keys()]) {
      this.attached.delete(name)
      this.#ground.send(name, wire.leave(this.#own))
      this.#ground.disconnect(name, 'this server left')
    }
  }

  #take(claim: Claim, server: string): void {
    const before = this.table.get(claim.member.name)
    const same = before !== undefined && sameIncarnation(before.member, claim.member)
    if (before !== undefined && !same) this.drop(claim.member.name, 'replaced')
    if (same && before.server === '') {
      this.#ground.emit({ type: 'cancelTimer', name: EVICT + before.member.name })
    }
    this.table.put(claim, server)
    if (!same) this.#ground.joined(claim.member)
  }

  #setAdrift(entry: ClientEntry): void {
    this.table.put(entry, '')
    const name = EVICT + entry.member.name
    this.#ground.emit({ type: 'startTimer', name, delayMs: this.#ground.options.evictAfterMs })
  }

  #sendOff(name: string, epoch: number): void {
    this.#ground.send(name, wire.out(epoch))
    this.#ground.disconnect(name, 'it is no member any more')
  }
}

/** Timers of clients that are adrift, by name. */
export const EVICT = 'evict/'
