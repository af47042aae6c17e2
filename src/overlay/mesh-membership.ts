import { compareIncarnations, sameIncarnation } from './member.js'
import { isPresent, type MemberRecord, MemberSet, presentRecord } from './member-set.js'
import { type MeshMessage, wire } from './mesh-message.js'
import { type Member, NO_EFFECTS, type OverlayEffect } from './overlay.js'

/**
 * The membership of one node of a full mesh: its own record, the set, and the effects of the step
 * that runs. `apply` is the one place where the membership of others changes and where that is told.
 */
export class MeshMembership {
  readonly set: MemberSet
  #self: MemberRecord
  #effects: OverlayEffect[] = []
  #dirty = false

  constructor(self: Member, membersMax: number, removedMax: number) {
    this.set = new MemberSet(membersMax, removedMax)
    this.#self = presentRecord(self)
    this.set.merge(this.#self)
  }

  /** This node's own record, which nobody else adds to. */
  get self(): MemberRecord {
    return this.#self
  }

  /** True after this node left or was removed, until it joins or is joined. */
  get isOut(): boolean {
    return !isPresent(this.#self)
  }

  begin(): void {
    this.#effects = []
    this.#dirty = false
  }

  emit(effect: OverlayEffect): void {
    this.#effects.push(effect)
  }

  disconnect(peer: string, reason: string): void {
    this.emit({ type: 'disconnect', peer, reason })
  }

  bad(from: string, detail: string): void {
    this.emit({ type: 'badMessage', from, detail })
  }

  startTimer(name: string, delayMs: number): void {
    this.emit({ type: 'startTimer', name, delayMs })
  }

  end(): readonly OverlayEffect[] {
    if (this.#dirty) this.emit({ type: 'persist' })
    return this.#effects.length === 0 ? NO_EFFECTS : this.#effects
  }

  members(): readonly Member[] {
    return this.isOut ? [this.#self.member] : this.set.members()
  }

  /** Present members but this node. */
  others(): Member[] {
    return this.set.members().filter((member) => member.name !== this.#self.member.name)
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      self: this.#self.member.name,
      out: this.isOut,
      members: this.members().map((member) => [member.name, member.incarnation]),
      removed: this.set.records().filter((record) => !isPresent(record)).length,
      digest: this.set.digest('', ''),
    }
  }

  /** True when exactly this incarnation is in the set. */
  isMember(peer: Member): boolean {
    return this.set.member(peer.name)?.incarnation === peer.incarnation
  }

  /**
   * Joins a record of another node in. False: nothing new in it. Who is `connected` under that name
   * and has lost it to a newer incarnation gets to know, and makes room for that one.
   */
  apply(record: MemberRecord, connected?: Member): boolean {
    const change = this.set.merge(record)
    if (change === undefined) return false
    this.#dirty = true
    const { before, after } = change
    if (connected !== undefined && compareIncarnations(after.member, connected) > 0) {
      const { name } = connected
      this.emit({ type: 'send', to: name, body: wire.news([after]) })
      this.emit({ type: 'disconnect', peer: name, reason: 'a newer incarnation holds its name' })
    }
    const was = before !== undefined && isPresent(before) ? before.member : undefined
    const is = isPresent(after) ? after.member : undefined
    if (was !== undefined && is !== undefined && sameIncarnation(was, is)) return true
    if (was !== undefined) {
      const replaced = !sameIncarnation(was, after.member)
      const reason = replaced ? 'replaced' : after.evicted ? 'evicted' : 'left'
      this.emit({ type: 'memberLeft', member: was, reason })
    }
    if (is !== undefined) {
      this.emit({ type: 'memberJoined', member: is })
      this.emit({ type: 'connect', peer: is, patient: is.name < this.#self.member.name })
    } else if (was !== undefined) {
      this.emit({ type: 'disconnect', peer: was.name, reason: 'it is no member any more' })
    }
    return true
  }

  /** Adds this node (again) with a dot that no remove has seen. */
  addSelf(removed = this.#self.removed): void {
    this.#self = presentRecord(this.#self.member, removed)
    this.set.merge(this.#self)
    this.#dirty = true
  }

  /** This node is no member any more: it forgets the others and is alone. */
  goOut(removed: MemberRecord): void {
    const others = this.others()
    this.#self = { ...removed, member: this.#self.member }
    this.set.clear()
    this.set.merge(this.#self)
    this.#dirty = true
    for (const member of others) this.emit({ type: 'memberLeft', member, reason: 'left' })
    for (const { name } of others) {
      this.emit({ type: 'disconnect', peer: name, reason: 'this node left' })
    }
    this.emit({ type: 'selfLeft' })
  }

  /** What the sender of a part of its state lacks of that part. */
  lacking(message: MeshMessage & { type: 'state' }): MemberRecord[] {
    const theirs = new Map(message.records.map((record) => [record.member.name, record]))
    return this.set.records().filter((mine) => {
      const { name } = mine.member
      if (name <= message.after || (message.until !== '' && name > message.until)) return false
      const other = theirs.get(name)
      if (other === undefined) return true
      const age = compareIncarnations(mine.member, other.member)
      return age > 0 || (age === 0 && (mine.added > other.added || mine.removed > other.removed))
    })
  }

  /** The others; this node's next incarnation adds itself. */
  stored(): unknown {
    const others = this.set.records().filter((r) => r.member.name !== this.#self.member.name)
    return wire.state(others, '', '', false)
  }
}
