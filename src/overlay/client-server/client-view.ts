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
  readonly #seen = new Map<string, Seen>()
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
      const others = [...this.#seen.values()].map(({ member }) => member)
      const all = [this.#self, ...others.filter(({ name }) => name !== this.#self.name)]
      this.#members = all.sort((a, b) => (a.name < b.name ? -1 : 1))
    }
    return this.#members
  }

  has(name: string): boolean {
    return this.#seen.has(name)
  }

  /** Sets what lies in a range of names to what the server has there. False: not all had a place. */
  setRange(range: { after: string; until: string }, members: readonly Seen[]): boolean {
    const named = new Set(members.map(({ member }) => member.name))
    for (const { member } of [...this.#seen.values()]) {
      const { name } = member
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
    if (this.#seen.get(name)?.member.incarnation === incarnation) this.#delete(name, reason)
  }

  /** A server is out. Where an earlier start of it is known, this one took its place before that. */
  left(server: Member): void {
    const before = this.#seen.get(server.name)
    if (before === undefined) return
    const age = compareIncarnations(server, before.member)
    if (age > 0) this.#put({ member: server, server: true })
    if (age >= 0) this.#delete(server.name, 'left')
  }

  clear(): void {
    for (const name of [...this.#seen.keys()]) this.#delete(name, 'left')
  }

  #put(seen: Seen): boolean {
    const { member } = seen
    const before = this.#seen.get(member.name)
    if (before === undefined && this.#seen.size >= this.#membersMax) return false
    if (before !== undefined) {
      if (viewKey(before) === viewKey(seen)) return true
      this.#delete(member.name, 'replaced')
    }
    this.#seen.set(member.name, seen)
    this.#digest.add(viewKey(seen))
    this.#members = undefined
    if (member.name !== this.#self.name) this.#emit({ type: 'memberJoined', member })
    return true
  }

  #delete(name: string, reason: LeaveReason): void {
    const seen = this.#seen.get(name)
    if (seen === undefined) return
    this.#seen.delete(name)
    this.#digest.delete(viewKey(seen))
    this.#members = undefined
    if (name !== this.#self.name) this.#emit({ type: 'memberLeft', member: seen.member, reason })
  }
}
