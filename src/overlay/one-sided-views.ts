import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import { Departures } from './departures.js'
import { GivenUpMembers, lostFromWire } from './given-up-members.js'
import { memberFromWire, memberToWire } from './member.js'
import { ALIVE, EXPEL, GONE, kindOf, LOST, PROBE } from './one-sided-message.js'
import type {
  Member,
  Overlay,
  OverlayCapabilities,
  OverlayEffect,
  OverlayEvent,
} from './overlay.js'
import type { ViewEntry, ViewTable } from './view-table.js'

const GONE_MAX = 64
/** Rounds for which a member that left is not taken at the word of others. By then none has it in a view. */
const GONE_ROUNDS = 30
/** Attempts to connect that fail before a member is given up. */
const FAILS_MAX = 5
/** A contact that does not answer is asked again this often, about so many milliseconds apart. */
const ASK_AGAIN_MS = 1_500
const ASK_ATTEMPTS = 20
const STORED_MAX = 32
/** With fewer members stored than this, more are stored at once; else once a round. */
const STORED_FEW = 3

const ROUND = 'round'
const AGAIN = 'again'

/** A contact that was asked to let this node in and has not answered. */
interface Asked {
  readonly contact: Member
  readonly body: unknown
  left: number
}

/**
 * What overlays with asymmetric partial views share: rounds, being in or out, the life and death of
 * peers, and the memory of those that were given up. Nobody knows who has this node in a view, so a
 * node that left answers whatever still comes with GONE, and whoever reads that forgets it, and for a
 * while does not believe others that still have it. The same incarnation may join again: its own word
 * counts, and so does a request of its that is passed on.
 */
export abstract class OneSidedViews implements Overlay {
  abstract readonly name: string
  readonly capabilities: OverlayCapabilities = { membership: 'partial', direct: false }
  protected readonly self: Member
  protected readonly random: Random
  protected readonly table: ViewTable
  protected readonly lost = new GivenUpMembers()
  protected isOut = false
  /** Who said it left, as of which round. */
  readonly #gone = new Departures(GONE_MAX)
  #rounds = 0
  readonly #roundMs: number
  /** Connected peers, members or not, with their incarnations. */
  readonly #up = new Map<string, string>()
  #asked: Asked | undefined
  #hurries = false

  constructor(self: Member, random: Random, table: ViewTable, roundMs: number) {
    this.self = self
    this.random = random
    this.table = table
    this.#roundMs = roundMs
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    this.table.begin()
    this.#handle(event)
    const { size, kept } = this.table
    if (kept.length < STORED_FEW && size > kept.length && !this.isOut) this.#persist()
    return this.table.end()
  }

  members(): readonly Member[] {
    return this.table.members()
  }

  nextHop(destination: string): string | undefined {
    return this.isNeighbour(destination) ? destination : undefined
  }

  stored(): unknown {
    return this.table.kept.map(memberToWire)
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      overlay: this.name,
      self: this.self.name,
      out: this.isOut,
      ...this.picture(),
      lost: this.lost.names(),
      connected: [...this.#up.keys()].sort(),
    }
  }

  abstract neighbours(): readonly string[]
  protected abstract isNeighbour(name: string): boolean
  /** The views, for `snapshot`. */
  protected abstract picture(): Readonly<Record<string, unknown>>
  /** Takes the contact of a join in and asks it. */
  protected abstract joinThrough(contact: Member): void
  /** True when a body is a newcomer's request to be let in, which brings this node back in if it is out. */
  protected abstract isRequest(body: unknown): boolean
  /** A message of the overlay's own. False when it is none. */
  protected abstract receive(from: Member, body: unknown): boolean
  protected abstract round(): void
  /** Tells those that need to know that this node leaves. */
  protected abstract farewell(): void
  /** A member that was given up is there again. */
  protected abstract foundAgain(member: Member): void
  /** It is connected now. */
  protected abstract connected(entry: ViewEntry): void
  /** It was given up, or left, and is in no view any more. */
  protected abstract departed(member: Member): void

  /** Asks a contact to let this node in, again until it answers. */
  protected ask(contact: Member, body: unknown): void {
    this.#asked = { contact, body, left: ASK_ATTEMPTS }
    this.once(contact, body)
    this.hurry()
  }

  protected get isAsking(): boolean {
    return this.#asked !== undefined
  }

  /** The contact that was asked; it need not be asked again. */
  protected answered(): Member | undefined {
    const contact = this.#asked?.contact
    this.#asked = undefined
    return contact
  }

  /** Nobody to talk to: one of the lost is asked soon, and again, until somebody answers. */
  protected hurry(): void {
    if (this.#hurries || this.isOut) return
    this.#hurries = true
    this.startTimer(AGAIN, ASK_AGAIN_MS * (0.75 + 0.5 * this.random.float()))
  }

  /**
   * True when this may become a member here: not this node, and not one that is being removed or that
   * left. Who is connected proves its incarnation; what others tell of another one under its name is
   * not believed.
   */
  protected mayTake(member: Member): boolean {
    const { name, incarnation } = member
    if (name === this.self.name || this.lost.isExpelled(member)) return false
    const left = this.#gone.epochOf(member)
    if (left !== undefined && this.#rounds - left < GONE_ROUNDS) return false
    return (this.#up.get(name) ?? incarnation) === incarnation
  }

  /** The same of one whose own request was passed on: whatever it said before, it wants in now. */
  protected mayEnter(member: Member): boolean {
    this.#gone.delete(member.name)
    return this.mayTake(member)
  }

  protected send(to: string, body: unknown): void {
    if (this.#up.has(to)) this.table.emit({ type: 'send', to, body })
  }

  protected once(to: Member, body: unknown): void {
    this.table.emit({ type: 'sendOnce', to, body })
  }

  protected bad(from: string, detail: string): void {
    this.table.emit({ type: 'badMessage', from, detail })
  }

  protected startTimer(name: string, delayMs: number): void {
    this.table.emit({ type: 'startTimer', name, delayMs: Math.round(delayMs) })
  }

  /** It said so itself. */
  protected hasLeft(member: Member): void {
    this.table.remove(member.name, 'left')
    this.lost.delete(member.name)
    this.#gone.add(member, this.#rounds)
  }

  protected giveUp(member: Member): void {
    this.table.remove(member.name, 'evicted')
    this.lost.add(member)
    this.departed(member)
    if (this.neighbours().length === 0) this.hurry()
  }

  #handle(event: OverlayEvent): void {
    switch (event.type) {
      case 'start':
        this.#startRound()
        if (event.restored !== undefined) this.#restore(event.restored)
        break
      case 'join':
        if (event.contact.name === this.self.name) break
        this.isOut = false
        this.lost.delete(event.contact.name)
        this.joinThrough(event.contact)
        break
      case 'leave':
        if (event.name !== this.self.name) this.#expel(event.name)
        else if (!this.isOut) this.#goOut()
        break
      case 'peerUp':
        this.#peerUp(event.peer)
        break
      case 'peerDown':
        if (this.#up.get(event.peer) === event.incarnation) this.#up.delete(event.peer)
        break
      case 'nodeDown':
        this.#nodeDown(event.peer, event.incarnation)
        break
      case 'connectFailed':
        this.#connectFailed(event.peer)
        break
      case 'message':
        this.#message(event.from, event.body)
        break
      case 'timer':
        if (event.name === ROUND) this.#round()
        if (event.name === AGAIN) this.#again()
        break
      case 'roundTrip': // nothing was measured
      case 'published': // nor published
      case 'introduced': // only for overlays that know addresses and no names
        break
      default:
        unreachable(event)
    }
  }

  #restore(restored: unknown): void {
    const list = Array.isArray(restored) ? restored.map(memberFromWire) : [undefined]
    if (list.length > STORED_MAX || list.includes(undefined)) {
      this.bad(this.self.name, 'the stored members are damaged')
      return
    }
    for (const member of list as Member[]) {
      if (member.name !== this.self.name) this.lost.add(member)
    }
    if (this.lost.size > 0) this.hurry()
  }

  #peerUp(peer: Member): void {
    this.#up.set(peer.name, peer.incarnation)
    if (this.isOut) {
      this.send(peer.name, [GONE]) // whoever still wants the connection lets go of it; or a join follows
      return
    }
    if (this.lost.isExpelled(peer)) this.send(peer.name, [EXPEL, peer.incarnation])
    const entry = this.table.get(peer.name)
    if (entry === undefined) return
    if (!this.table.renew(peer)) {
      this.table.remove(peer.name, 'evicted') // of the newer incarnation there is hearsay only
      return
    }
    entry.fails = 0
    this.connected(entry)
  }

  #nodeDown(name: string, incarnation: string): void {
    const entry = this.table.get(name)
    if (entry?.member.incarnation === incarnation) this.giveUp(entry.member)
  }

  #connectFailed(name: string): void {
    const entry = this.table.get(name)
    if (entry !== undefined && ++entry.fails >= FAILS_MAX) this.giveUp(entry.member)
  }

  #message(from: Member, body: unknown): void {
    if (from.name === this.self.name) return
    if (this.isOut) {
      if (this.isRequest(body)) this.isOut = false
      else if (kindOf(body) === 0) this.bad(from.name, 'not a message of this overlay')
      else if (kindOf(body) !== GONE) this.once(from, [GONE])
    }
    if (this.isOut || !this.table.renew(from)) return
    if (kindOf(body) !== GONE) this.#gone.delete(from.name)
    if (!this.#common(from, body) && !this.receive(from, body)) {
      this.bad(from.name, 'not a message of this overlay')
    }
  }

  #common(from: Member, body: unknown): boolean {
    if (!Array.isArray(body)) return false
    if (body[0] === LOST && body.length === 2) return this.#hearOfLost(body[1])
    if (body[0] === EXPEL && body.length === 2) return this.#expelled(from, body[1])
    if (body.length !== 1) return false
    switch (body[0] as unknown) {
      case GONE:
        this.hasLeft(from)
        if (this.#asked?.contact.name === from.name) this.#asked = undefined
        this.table.emit({ type: 'release', peer: from.name })
        this.departed(from)
        return true
      case PROBE:
        this.once(from, [ALIVE])
        return true
      case ALIVE:
        if (!this.lost.has(from.name)) return true
        this.lost.delete(from.name)
        this.foundAgain(from)
        return true
      default:
        return false
    }
  }

  /** Meant for an incarnation before this one, it finds a node that has come back since. */
  #expelled(from: Member, incarnation: unknown): boolean {
    if (incarnation === this.self.incarnation) {
      this.send(from.name, [GONE])
      this.#goOut()
    }
    return typeof incarnation === 'string'
  }

  /** Whoever lets a newcomer in tells it. */
  protected tellLost(newcomer: Member): void {
    const news = this.lost.news(this.random)
    if (news.length > 0) this.once(newcomer, [LOST, news])
  }

  #hearOfLost(list: unknown): boolean {
    const news = lostFromWire(list)
    if (news === undefined) return false
    for (const [member, left] of news) {
      const known = this.table.get(member.name) !== undefined
      if (!known && this.mayTake(member)) this.lost.hear(member, left)
    }
    return true
  }

  #expel(name: string): void {
    const member = this.table.get(name)?.member ?? this.lost.get(name)
    if (member === undefined) return
    this.lost.add(member, true)
    this.once(member, [EXPEL, member.incarnation])
    this.table.remove(name, 'left')
    this.departed(member)
  }

  #goOut(): void {
    this.farewell()
    this.table.clear('left')
    for (const peer of this.#up.keys()) {
      this.table.emit({ type: 'disconnect', peer, reason: 'this node left' })
    }
    this.lost.clear()
    this.#gone.clear()
    this.#asked = undefined
    this.#hurries = false
    this.isOut = true
    this.table.emit({ type: 'cancelTimer', name: AGAIN })
    this.table.emit({ type: 'selfLeft' })
    this.#persist()
  }

  #startRound(): void {
    this.startTimer(ROUND, this.#roundMs * (0.75 + 0.5 * this.random.float()))
  }

  #round(): void {
    this.#startRound()
    this.#rounds++
    if (this.isOut) return
    this.#probe()
    this.round()
    if (this.table.changed) this.#persist()
  }

  #again(): void {
    this.#hurries = false
    if (this.#asked !== undefined) {
      if (this.#asked.left-- > 0) this.once(this.#asked.contact, this.#asked.body)
      else this.#asked = undefined
    }
    const alone = this.neighbours().length === 0
    if (alone) this.#probe()
    if (this.#asked !== undefined || (alone && this.lost.size > 0)) this.hurry()
  }

  #probe(): void {
    const lost = this.lost.next(this.random, this.neighbours().length === 0)
    if (lost === undefined) return
    const { member, expelled } = lost
    this.once(member, expelled ? [EXPEL, member.incarnation] : [PROBE])
  }

  #persist(): void {
    this.table.keep((others) => this.random.sample(others, STORED_MAX))
  }
}
