import { compareIncarnations } from '../member.js'
import type { LeaveReason, Member, OverlayEffect } from '../overlay.js'
import { type Gone, inRange, type Seen, viewKey } from './client-server-message.js'
import { SetDigest } from './set-digest.js'

/**
 * The members as a client's server tells them, this client included once the server knows it.
 * `emit` hears of every difference but those about this client.
 */
export class ClientView {
  readonly #self: Member
  readonly #membersMax: number
  readonly #emit: (effect: OverlayEffect) => void
  readonly #known = new Map<string, Member>()
  /** Names of those that are servers. */
  readonly #servers = new Set<string>()
  #digest = new SetDigest()
  #members: readonly Member[] | undefined

  constructor(self: Member, membersMax: number, emit: (effect: OverlayEffect) => void) {
    this.#self = self
    this.#membersMax = membersMax
    this.#emit = emit
  }

  get digest(): string {
    return this.#digest.text
  }

  /** Sorted by name, this client always among them. */
  members(): readonly Member[] {
    if (this.#members === undefined) {
      const others = [...this.#known.values()].filter(({ name }) => name !== this.#self.name)
      const all = [this.#self, ...others]
      this.#members = all.sort((a, b) => (a.name < b.name ? -1 : 1))
    }
    return this.#members
  }

  has(name: string): boolean {
    return this.#known.has(name)
  }

  /** Sets what lies in a range of names to what the server has there. False: not all had a place. */
  setRange(range: { after: string; until: string }, members: readonly Seen[]): boolean {
    const named = new Set(members.map(({ member }) => member.name))
    for (const name of [...this.#known.keys()]) {
      if (inRange(name, range) && !named.has(name)) this.#delete(name, 'left')
    }
    return this.add(members)
  }

  /** False: not all had a place. */
  add(members: readonly Seen[]): boolean {
    let all = true
    for (const seen of members) all = this.#put(seen) && all
    return all
  }

  remove({ name, incarnation, reason }: Gone): void {
    if (this.#known.get(name)?.incarnation === incarnation) this.#delete(name, reason)
  }

  /** A server is out. Where an earlier start of it is known, this one took its place before that. */
  left(server: Member): void {
    const before = this.#known.get(server.name)
    if (before === undefined) return
    const age = compareIncarnations(server, before)
    if (age > 0) this.#put({ member: server, server: true })
    if (age >= 0) this.#delete(server.name, 'left')
  }

  clear(): void {
    for (const name of [...this.#known.keys()]) this.#delete(name, 'left')
  }

  #put(seen: Seen): boolean {
    const { member, server } = seen
    const { name } = member
    const before = this.#known.get(name)
    if (before === undefined && this.#known.size >= this.#membersMax) return false
    if (before !== undefined) {
      if (this.#keyOf(before) === viewKey(seen)) return true
      this.#delete(name, 'replaced')
    }
    this.#known.set(name, member)
    if (server) this.#servers.add(name)
    this.#digest.add(viewKey(seen))
    this.#members = undefined
    if (name !== this.#self.name) this.#emit({ type: 'memberJoined', member })
    return true
  }

  #delete(name: string, reason: LeaveReason): void {
    const member = this.#known.get(name)
    if (member === undefined) return
    this.#digest.delete(this.#keyOf(member))
    this.#known.delete(name)
    this.#servers.delete(name)
    this.#members = undefined
    if (name !== this.#self.name) this.#emit({ type: 'memberLeft', member, reason })
  }

  #keyOf(member: Member): string {
    return viewKey({ member, server: this.#servers.has(member.name) })
  }
}
