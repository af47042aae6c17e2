import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import { Departures } from './departures.js'
import { Dials } from './dials.js'
import { type KnownNode, KnownNodes } from './known-nodes.js'
import { compareIncarnations, sameIncarnation } from './member.js'
import {
  type LeaveReason,
  type Member,
  NO_EFFECTS,
  type Overlay,
  type OverlayCapabilities,
  type OverlayEffect,
  type OverlayEvent,
} from './overlay.js'
import {
  gone,
  hello,
  out,
  type PresenceMessage,
  presenceFromWire,
  presenceToWire,
  readPresenceMessage,
} from './presence-message.js'
import type { PresenceOptions } from './presence-options.js'

const CAPABILITIES: OverlayCapabilities = { membership: 'all', direct: true }
/** Nodes remembered that are out, so that late news does not bring them back. */
const OUT_MAX = 1_024
/** Nodes dialled at a time: a crowd that starts at once must not drown the medium in handshakes. */
const DIALS_MAX = 8
/** Periods after which a dial that came to nothing, unheard, makes way for others. */
const DIAL_PERIODS_MAX = 5
const TICK = 'presence'

/**
 * Membership by presence: every node publishes that it is there, and who hears of a node connects to
 * it, the smaller name at once and the other a period later; the two are members to each other once
 * both have proven themselves. A node whose presence is
 * missed and that the failure detector gave up is evicted. A node that does not hear itself is cut
 * off from the medium, and evicts nobody. Nothing is joined; `leave` takes a node out for all.
 */
export class PresenceOverlay implements Overlay {
  readonly name: string
  readonly capabilities = CAPABILITIES
  readonly #self: Member
  readonly #options: PresenceOptions
  readonly #random: Random
  readonly #known: KnownNodes
  readonly #up = new Map<string, Member>()
  readonly #dials = new Dials(DIALS_MAX, DIAL_PERIODS_MAX)
  readonly #outs = new Departures(OUT_MAX)
  #epoch = 1
  #isOut = false
  /** Its own presence came back since the last tick: the medium works, both ways. */
  #echoed = false
  /** Another node was heard under this name, so often. */
  #doubles = 0
  #effects: OverlayEffect[] = []

  constructor(name: string, self: Member, options: PresenceOptions, random: Random) {
    this.name = name
    this.#self = self
    this.#known = new KnownNodes(self)
    this.#options = options
    this.#random = random
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    this.#effects = []
    this.#handle(event)
    return this.#effects.length === 0 ? NO_EFFECTS : this.#effects
  }

  members(): readonly Member[] {
    return this.#known.members()
  }

  neighbours(): readonly string[] {
    return this.#known.names().sort()
  }

  nextHop(destination: string): string | undefined {
    return this.#known.get(destination)?.isMember ? destination : undefined
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      overlay: this.name,
      self: this.#self.name,
      epoch: this.#epoch,
      out: this.#isOut,
      members: this.members().map((member) => [member.name, member.incarnation]),
      expected: this.neighbours().filter((name) => this.nextHop(name) === undefined),
      connected: [...this.#up.keys()].sort(),
      missed: this.#known.all().flatMap((one) => (one.missed > 0 ? [one.member.name] : [])),
    }
  }

  #handle(event: OverlayEvent): void {
    switch (event.type) {
      case 'start':
        this.#publish()
        this.#startTick()
        break
      case 'timer':
        if (event.name === TICK) this.#tick()
        break
      case 'published':
        this.#published(event.body)
        break
      case 'join':
        this.#join(event.contact)
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
      case 'nodeDown': {
        const known = this.#known.get(event.peer)
        if (known?.member.incarnation === event.incarnation) known.away = true
        break
      }
      case 'message':
        this.#message(event.from, event.body)
        break
      case 'connectFailed': // the driver goes on dialling, until the presence is missed
        this.#dialled(event.peer)
        break
      case 'introduced': // no address was asked
      case 'roundTrip': // nothing was measured
        break
      default:
        unreachable(event)
    }
  }

  // being there

  #publish(): void {
    const body = presenceToWire({ member: this.#self, epoch: this.#epoch })
    this.#emit({ type: 'publish', body })
  }

  #tick(): void {
    this.#startTick()
    if (this.#isOut) return
    if (this.#echoed) this.#countMissed()
    this.#echoed = false
    this.#publish()
    for (const name of this.#dials.overdue()) this.#dialled(name)
    for (const [name, peer] of this.#up) {
      const epoch = this.#outs.epochOf(peer)
      if (epoch !== undefined) this.#send(name, out(name, peer.incarnation, epoch))
      else if (!this.#known.isMember(peer)) this.#send(name, hello(this.#epoch, true))
    }
  }

  #startTick(): void {
    const spread = 0.9 + 0.2 * this.#random.float()
    const delayMs = Math.max(1, Math.round(this.#options.presenceMs * spread))
    this.#emit({ type: 'startTimer', name: TICK, delayMs })
  }

  #countMissed(): void {
    for (const known of this.#known.all()) {
      const { name } = known.member
      if (++known.missed > this.#options.missedMax && known.away && !this.#up.has(name)) {
        this.#drop(name, 'evicted', 'its presence is missed')
      }
    }
  }

  #published(body: unknown): void {
    const presence = presenceFromWire(body)
    if (presence === undefined) {
      this.#bad('the broker', 'what was published is no presence message')
      return
    }
    const { member, epoch } = presence
    if (member.name === this.#self.name) {
      if (member.incarnation === this.#self.incarnation) this.#echoed = true
      else if (++this.#doubles === DOUBLES) {
        this.#bad(member.name, `another node runs under this name: ${member.incarnation}`)
      }
      return
    }
    if (this.#isOut || epoch <= (this.#outs.epochOf(member) ?? -1)) return
    const known = this.#known.get(member.name)
    const age = known === undefined ? 1 : compareIncarnations(member, known.member)
    if (age < 0) return
    if (known !== undefined && age === 0) {
      known.missed = 0
      known.epoch = Math.max(known.epoch, epoch)
      if (!known.asked) this.#dial(known) // it has had a period to dial this node
    } else if (known?.isMember) {
      // Who holds the name is decided where the newcomer shows itself; so it is dialled.
      this.#emit({ type: 'connect', peer: member })
    } else this.#expect(member, epoch)
  }

  /** It is said to be there: this node wants to be connected to it. */
  #expect(member: Member, epoch: number): void {
    const { name } = member
    if (!this.#known.has(name) && this.#known.size >= this.#options.membersMax) return
    const away = !this.#up.has(name)
    const known = { member, isMember: false, epoch, missed: 0, asked: false, away }
    this.#known.set(known)
    if (this.#self.name < name) this.#dial(known)
  }

  #dial(known: KnownNode): void {
    if (!this.#dials.begin(known.member.name)) return // its next presence will ask again
    known.asked = true
    this.#emit({ type: 'connect', peer: known.member })
  }

  /** It came to an end, well or not. */
  #dialled(name: string): void {
    if (!this.#dials.end(name) || this.#isOut) return
    for (const known of this.#known.all()) {
      if (!known.asked && this.#self.name < known.member.name) this.#dial(known)
    }
  }

  // being connected

  #peerUp(peer: Member): void {
    this.#up.set(peer.name, peer)
    this.#dialled(peer.name)
    const known = this.#known.get(peer.name)
    if (known !== undefined && sameIncarnation(known.member, peer)) known.away = false
    // Where one of the two is out, a `join` may follow; who thinks that both are in says hello.
    if (this.#isOut || this.#outs.epochOf(peer) !== undefined) return
    this.#send(peer.name, hello(this.#epoch, !this.#known.isMember(peer)))
  }

  #peerDown(name: string, incarnation: string): void {
    if (this.#up.get(name)?.incarnation === incarnation) this.#up.delete(name)
    const known = this.#known.get(name)
    // Who is no member is not waited for.
    if (known?.member.incarnation === incarnation && !known.isMember) known.away = true
  }

  #message(from: Member, body: unknown): void {
    const message = readPresenceMessage(body)
    if (message === undefined) {
      this.#bad(from.name, 'not a message of this overlay')
      return
    }
    const peer = this.#up.get(from.name)
    if (peer === undefined || !sameIncarnation(peer, from)) return
    switch (message.type) {
      case 'hello':
        this.#hello(from, message.epoch, message.answer)
        break
      case 'gone':
        this.#outs.add(from, message.epoch)
        if (this.#known.isMember(from)) this.#drop(from.name, 'left', 'it left')
        else this.#disconnect(from.name, 'it left')
        break
      case 'out':
        this.#removed(message)
        break
      default:
        unreachable(message)
    }
  }

  #hello(from: Member, epoch: number, answer: boolean): void {
    if (this.#isOut) {
      this.#send(from.name, gone(this.#epoch))
      this.#disconnect(from.name, 'this node is out')
      return
    }
    const outAt = this.#outs.epochOf(from)
    if (outAt !== undefined && epoch <= outAt) {
      this.#send(from.name, out(from.name, from.incarnation, outAt))
      return
    }
    if (!this.#admit(from, epoch)) return
    this.#outs.delete(from.name)
    if (answer) this.#send(from.name, hello(this.#epoch, false))
  }

  /** Makes a proven peer a member; a newer incarnation takes the place of the older. */
  #admit(peer: Member, epoch: number): boolean {
    const known = this.#known.get(peer.name)
    const age = known === undefined ? 1 : compareIncarnations(peer, known.member)
    if (age < 0) return false
    if (known?.isMember && age === 0) {
      known.epoch = Math.max(known.epoch, epoch)
      return true
    }
    const { membersMax } = this.#options
    if (!known?.isMember && this.members().length > membersMax) {
      this.#bad(peer.name, `membersMax ${membersMax} leaves out ${peer.name}`)
      return false
    }
    if (known?.isMember) {
      this.#emit({ type: 'memberLeft', member: known.member, reason: 'replaced' })
    }
    this.#known.set({ member: peer, isMember: true, epoch, missed: 0, asked: true, away: false })
    this.#emit({ type: 'memberJoined', member: peer })
    this.#emit({ type: 'connect', peer })
    return true
  }

  // coming and going

  #join(contact: Member): void {
    if (contact.name === this.#self.name) return
    if (this.#isOut) {
      this.#isOut = false
      this.#epoch++
      this.#echoed = false
      this.#publish()
    }
    this.#outs.delete(contact.name)
    if (!this.#known.has(contact.name)) this.#expect(contact, 0)
    this.#emit({ type: 'connect', peer: contact })
    this.#send(contact.name, hello(this.#epoch, true))
  }

  #leave(name: string): void {
    if (name === this.#self.name) {
      if (!this.#isOut) this.#goOut()
      return
    }
    const known = this.#known.get(name)
    if (!known?.isMember) return
    const { member, epoch } = known
    for (const peer of this.#up.keys()) this.#send(peer, out(name, member.incarnation, epoch))
    this.#outs.add(member, epoch)
    this.#drop(name, 'left', 'it was removed')
  }

  #goOut(): void {
    this.#isOut = true
    for (const peer of this.#up.keys()) this.#send(peer, gone(this.#epoch))
    const strangers = [...this.#up.keys()].filter((name) => !this.#known.has(name))
    for (const name of this.#known.names()) this.#drop(name, 'left', 'this node left')
    for (const name of strangers) this.#disconnect(name, 'this node left')
    this.#outs.clear()
    this.#emit({ type: 'selfLeft' })
  }

  #removed({ name, incarnation, epoch }: Extract<PresenceMessage, { type: 'out' }>): void {
    if (name === this.#self.name) {
      const isMe = incarnation === this.#self.incarnation && epoch >= this.#epoch
      if (isMe && !this.#isOut) this.#goOut()
      return
    }
    const known = this.#known.get(name)
    if (known?.member.incarnation !== incarnation || known.epoch > epoch) return
    this.#outs.add(known.member, epoch)
    this.#drop(name, 'left', 'it was removed')
  }

  #drop(name: string, reason: LeaveReason, why: string): void {
    const known = this.#known.get(name)
    if (known === undefined) return
    this.#known.delete(name)
    this.#dialled(name)
    if (known.isMember) {
      this.#emit({ type: 'memberLeft', member: known.member, reason })
    }
    this.#disconnect(name, why)
  }

  #send(to: string, body: unknown): void {
    this.#emit({ type: 'send', to, body })
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

/** One message of a node that has just died may be late; who is heard again lives. */
const DOUBLES = 3
