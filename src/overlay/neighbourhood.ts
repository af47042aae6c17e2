import type { Random } from '../base/random.js'
import { wire } from './hyparview-message.js'
import type { HyParViewOptions } from './hyparview-options.js'
import { NeighbourRequests } from './neighbour-requests.js'
import type { Member } from './overlay.js'
import type { PartialViews } from './partial-views.js'
import type { StepEffects } from './step-effects.js'

/** A node that is alone looks for others this often, later less often. */
const REPAIR_MIN_MS = 1_000
const REPAIR_MAX_MS = 30_000
/** Lost members are asked again after so many cycles at most. */
const PROBE_ROUNDS_MAX = 6
/** In how many rounds a node insists that could, and after how many it may at the latest. */
const INSIST_STUCK = 1 / 4
const INSIST_FULL = 1 / 16
const INSIST_ROUNDS_MAX = 1_024
/** Whose spares had no more room within so many rounds knows that there are others; one spare less is soon made up for. */
const CROWDED_ROUNDS = 8

/**
 * Makes, keeps and ends the links to neighbours (HyParView, section 4.2 and 4.3). Where it goes
 * beyond the paper: several spares are asked at once, as many as there are free slots; lost members
 * are asked again now and then, which heals partitions; and a node insists once in a while, ever
 * less often, when all its spares refuse to fill its free slots, or when the cluster is so small
 * that it knows everybody: few nodes that have all the neighbours they can have may be apart from
 * the rest.
 */
export class Neighbourhood {
  /** Connected peers, neighbours or not. */
  readonly up = new Map<string, Member>()
  readonly requests: NeighbourRequests
  readonly counters = {
    evictions: 0,
    promotions: 0,
    refusals: 0,
    failures: 0,
    timeouts: 0,
    insisted: 0,
  }
  /** A neighbour left for an exchange of links: its slot is kept for the one to come. */
  held = false
  readonly #views: PartialViews
  readonly #effects: StepEffects
  readonly #random: Random
  readonly #sparesTold: number
  /** The rounds in which a neighbour failed, and in which this node insisted because of that. */
  #lostIn = -1
  #rescuedIn = -1
  /** Former neighbours that were told so in this round and the last, and still are connected. */
  #parted = new Set<string>()
  #partedBefore = new Set<string>()
  #repairing = false
  #repairs = 0
  #probeAt = 0
  #probeGap = 1
  #insistAt = 0
  #insistGap = 1
  /** The latest round in which all room for spares was taken. */
  #crowdedIn = -CROWDED_ROUNDS

  constructor(
    views: PartialViews,
    effects: StepEffects,
    random: Random,
    options: HyParViewOptions,
  ) {
    this.#views = views
    this.#effects = effects
    this.#random = random
    const { activeSize, answerTimeoutMs, ka, kp } = options
    this.#sparesTold = Math.min(SPARES_TOLD, ka + kp + 1)
    this.requests = new NeighbourRequests(2 * activeSize, answerTimeoutMs, effects)
  }

  peerUp(peer: Member): void {
    this.up.set(peer.name, peer)
    const request = this.requests.get(peer.name)
    if (request === undefined || request.sent) return
    request.member = peer
    if (request.spare && !request.high && !this.#hasRoom(peer)) {
      this.requests.end(peer.name) // others were faster
      this.#effects.release(peer.name)
    } else this.requests.send(request, this.#isAlone)
  }

  peerDown(name: string, incarnation: string): void {
    if (this.up.get(name)?.incarnation === incarnation) {
      this.up.delete(name)
      if (this.requests.get(name)?.sent) this.#failed(name)
    }
    if (this.#views.active.get(name)?.incarnation === incarnation) this.#lost(name)
  }

  connectFailed(name: string): void {
    if (this.up.has(name)) return
    if (this.requests.get(name) !== undefined) this.#failed(name)
    if (this.#views.active.has(name)) this.#lost(name)
  }

  /** Makes it a neighbour; a random other makes room where that is needed. */
  admit(member: Member): void {
    const { active } = this.#views
    this.requests.end(member.name)
    if (active.has(member.name)) return
    const victim = active.victimFor(member, this.#random)
    if (victim !== undefined) {
      this.counters.evictions++
      const { passive } = this.#views
      const spares = this.#random.sample(passive.members, this.#sparesTold)
      this.letGo(victim, wire.disconnect(false, spares))
    }
    this.#views.back(member)
    this.#views.activate(member)
    this.#parted.delete(member.name)
    this.#partedBefore.delete(member.name)
    this.#effects.connect(member)
    if (active.isFull) this.held = false
  }

  /** Ends a link: the neighbour is told with this body, and becomes a spare. */
  letGo(member: Member, body: unknown): void {
    this.#part(member, body)
    this.#views.demote(member, true)
  }

  /** Ends a link of which the other side has let go already; the neighbour becomes a spare. */
  giveBack(member: Member): void {
    if (!this.#views.active.has(member.name)) return
    this.#views.demote(member, true)
    this.#effects.release(member.name)
  }

  /** To one that believes this node to be its neighbour. */
  turnDown(peer: Member): void {
    this.#part(peer, wire.disconnect(false))
  }

  /** The answer to somebody who wants to be a neighbour. */
  isWelcome(from: Member, high: boolean): boolean {
    return high || this.#views.active.has(from.name) || this.#hasRoom(from)
  }

  /** Wants that member for a neighbour; with `high` it will not refuse. */
  ask(member: Member, high: boolean, spare = false): boolean {
    const { name } = member
    if (this.#views.active.has(name) || this.requests.isFull) return false
    if (this.requests.get(name) !== undefined) return true
    const request = this.requests.start(member, high, spare)
    if (this.up.has(name)) this.requests.send(request, this.#isAlone)
    return true
  }

  answered(from: Member, accepted: boolean): void {
    const request = this.requests.end(from.name)
    const linked = this.#views.active.has(from.name)
    if (linked || (request === undefined && !accepted)) return
    if (!accepted) {
      this.counters.refusals++
      this.#views.passive.mark(from.name, this.#views.round)
      this.#effects.release(from.name)
    } else if (request !== undefined && (request.high || this.#hasRoom(from))) {
      this.counters.promotions++
      this.admit(from)
    } else this.turnDown(from) // too late, or there is no room any more
    this.promote()
  }

  timedOut(name: string): void {
    const request = this.requests.get(name)
    if (request === undefined) return
    this.counters.timeouts++
    if (!request.sent) {
      this.#failed(name)
      return
    }
    this.requests.end(name)
    this.turnDown(request.member)
    this.#views.passive.mark(name, this.#views.round)
    this.promote()
  }

  /** The other side ended the link, or answers that there is none. */
  disconnected(from: Member, gone: boolean, spares: readonly Member[]): void {
    this.requests.end(from.name)
    if (gone) this.#views.gone(from)
    else if (this.#views.active.has(from.name)) this.#views.demote(from, true)
    else this.#views.passive.mark(from.name, this.#views.round)
    this.#parted.delete(from.name)
    if (this.up.has(from.name)) this.#effects.release(from.name)
    // In a storm of joins a newcomer may be pushed out before it knows anybody else.
    if (this.#views.passive.size <= 1) for (const member of spares) this.#views.learn(member)
    this.promote()
  }

  /** Asks spares as long as there are free slots and spares that were not tried in this round. */
  promote(): void {
    const { active, passive, round } = this.#views
    while (!active.isFull && !this.requests.isFull) {
      const spare = passive.pickUntried(round, this.#random, this.#fits)
      if (spare === undefined) break
      passive.mark(spare.name, round)
      this.ask(spare, false, true)
    }
    if (!active.isFull && this.requests.size === 0) this.#rescue()
  }

  /**
   * After many failures a few nodes may be left as neighbours of each other only, with spares that are
   * dead or full: who has lost most of its view insists at once, once a round.
   */
  #rescue(): void {
    const { active, passive, round } = this.#views
    if (this.#lostIn !== round || this.#rescuedIn === round) return
    if (2 * active.size > active.capacity || passive.size === 0) return
    this.#rescuedIn = round
    this.counters.insisted++
    this.ask(this.#random.pick(passive.members), true, true)
  }

  /** Begins the next round. */
  nextRound(): void {
    this.#endParted()
    this.#insist()
    this.#views.round++
    this.promote()
    if (this.#views.lost.size > 0 && this.#views.round >= this.#probeAt) this.#probe()
  }

  /** At the end of each step: who is alone, and waits for nobody's answer, tries again after a while. */
  watchIsolation(): void {
    if (this.#views.passive.isFull) this.#crowdedIn = this.#views.round
    if (this.#views.active.size > 0) {
      this.#repairs = 0
      return
    }
    if (this.#repairing || this.requests.size > 0) return
    if (this.#views.passive.size + this.#views.lost.size === 0) return
    if (this.#repairs === 0 && this.#views.passive.size > 0) {
      this.#repairs = 1 // spares that refused while it had a neighbour do not refuse one that has none
      this.repair()
      return
    }
    const delayMs = Math.min(REPAIR_MAX_MS, REPAIR_MIN_MS * 2 ** this.#repairs)
    this.#repairing = true
    this.#repairs++
    this.#effects.startTimer(REPAIR, Math.round(delayMs * (0.75 + 0.5 * this.#random.float())))
  }

  repair(): void {
    this.#repairing = false
    if (!this.#isAlone) return
    this.#views.round++
    this.promote()
    if (this.requests.size === 0) this.#probe()
  }

  /** This node leaves: all links end, all that is under way is given up. */
  leave(): void {
    for (const { name } of this.#views.active.members) {
      this.#effects.send(name, wire.disconnect(true))
      this.#effects.disconnect(name, LEFT)
    }
    for (const name of this.requests.names()) {
      this.requests.end(name)
      this.#effects.disconnect(name, LEFT)
    }
    this.#effects.cancelTimer(REPAIR)
    this.#repairing = false
    this.#parted.clear()
    this.#partedBefore.clear()
    this.held = false
  }

  get #isAlone(): boolean {
    return this.#views.active.size === 0
  }

  /** It has just lost most of its neighbours: most spares may be dead as well, so it tries more than it has room for. */
  get #isBereft(): boolean {
    const { active, round } = this.#views
    return this.#isAlone || (this.#lostIn === round && 2 * active.size <= active.capacity)
  }

  readonly #fits = (member: Member): boolean =>
    this.requests.get(member.name) === undefined && this.#hasRoom(member)

  #hasRoom(member: Member): boolean {
    const promised = this.requests.promised(member.name, this.#isBereft) + (this.held ? 1 : 0)
    return this.#views.active.hasRoom(member, promised)
  }

  /** A neighbour failed. It is not kept as a spare, and tried again much later. */
  #lost(name: string): void {
    const member = this.#views.drop(name, 'forgotten')
    if (member === undefined) return
    this.counters.failures++
    this.#lostIn = this.#views.round
    this.#remember(member)
    this.#insistGap = 1
    this.#effects.disconnect(name, 'the connection was lost')
    this.promote()
  }

  /** Who was to become a neighbour cannot be reached. */
  #failed(name: string): void {
    const request = this.requests.end(name)
    if (request === undefined) return
    const spare = this.#views.passive.get(name)
    if (spare !== undefined) {
      this.#views.forget(spare)
      this.#remember(spare)
    }
    this.#effects.disconnect(name, 'it cannot be reached')
    this.promote()
  }

  #remember(member: Member): void {
    if (!this.#views.lost.add(member)) return
    this.#probeGap = 1
    this.#probeAt = this.#views.round + 1
  }

  #probe(): void {
    const member = this.#views.lost.pick(this.#random)
    if (member === undefined) return
    this.#probeGap = Math.min(PROBE_ROUNDS_MAX, this.#probeGap * 2)
    this.#probeAt = this.#views.round + this.#probeGap
    this.ask(member, true)
  }

  #part(member: Member, body: unknown): void {
    const { name } = member
    this.#effects.send(name, body)
    this.#effects.release(name)
    if (this.up.has(name)) this.#parted.add(name)
  }

  /** A parting that was not heard leaves one side with a neighbour the other does not have. */
  #endParted(): void {
    for (const name of this.#partedBefore) {
      if (!this.up.has(name) || this.#views.active.has(name)) continue
      if (this.requests.get(name) === undefined) this.#effects.disconnect(name, 'no neighbour')
    }
    if (this.#parted.size === 0 && this.#partedBefore.size === 0) return
    this.#partedBefore = this.#parted
    this.#parted = new Set()
  }

  /** Takes a spare for a neighbour that would refuse, or that this node has no room for. */
  #insist(): void {
    const { active, passive, round } = this.#views
    if (round < this.#insistAt || passive.size === 0) return
    if (this.requests.size > 0 || this.held) return
    const chance = !active.isFull
      ? passive.hasUntried(round)
        ? 0
        : INSIST_STUCK
      : round - this.#crowdedIn < CROWDED_ROUNDS
        ? 0
        : INSIST_FULL
    if (chance === 0 || this.#random.float() >= chance) return
    this.#insistAt = round + this.#insistGap
    this.#insistGap = Math.min(INSIST_ROUNDS_MAX, this.#insistGap * 4)
    this.counters.insisted++
    this.ask(this.#random.pick(passive.members), true, !active.isFull)
  }
}

export const REPAIR = 'repair'
const LEFT = 'this node left'
const SPARES_TOLD = 4
