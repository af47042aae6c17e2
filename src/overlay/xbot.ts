import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import { wire } from './hyparview-message.js'
import { LinkCosts } from './link-costs.js'
import type { Neighbourhood } from './neighbourhood.js'
import type { Member } from './overlay.js'
import type { PartialViews } from './partial-views.js'
import type { StepEffects } from './step-effects.js'
import type { Exchange } from './xbot-exchange.js'
import { type ExchangeCosts, type XBotMessage, xbotWire } from './xbot-message.js'
import type { XBotOptions } from './xbot-options.js'

/** What X-BOT stands on: the HyParView it improves. */
export interface XBotGround {
  readonly self: Member
  readonly views: PartialViews
  readonly hood: Neighbourhood
  readonly effects: StepEffects
  readonly random: Random
}

/** One round every so many cycles. */
const ROUND_CYCLES = 2

/**
 * X-BOT (Leitão, Marques, Pereira, Rodrigues, SRDS'09): swaps links so that they cost less while all
 * degrees stay. Before an exchange the initiator is linked to an old neighbour and the candidate to
 * one that leaves it; after it, initiator and candidate are linked, and the other two. Beyond the
 * paper, by default the one that leaves the candidate weighs all four links, so that each finished
 * exchange makes the sum smaller; the paper compares its own two. Replies carry the initiator's
 * number for the exchange: late ones do no harm.
 */
export class XBot {
  readonly #ground: XBotGround
  readonly #options: XBotOptions
  readonly #costs: LinkCosts
  readonly #counters = { begun: 0, finished: 0, refused: 0, timeouts: 0 }
  /** A node takes part in one exchange at a time. */
  #exchange: Exchange | undefined
  /** Spares whose cost is being measured for the round that runs. */
  #candidates: readonly Member[] = []
  #number = 0
  #cycles: number

  constructor(ground: XBotGround, options: XBotOptions) {
    this.#ground = ground
    this.#options = options
    this.#costs = new LinkCosts(ground.self, options.oracle, ground.effects)
    this.#cycles = ground.random.int(ROUND_CYCLES)
  }

  snapshot(): Readonly<Record<string, unknown>> {
    const { role } = this.#exchange ?? {}
    return { ...this.#counters, ...(role && { role }), held: this.#ground.hood.held }
  }

  cycle(): void {
    this.#cycles++
    if (this.#cycles % ROUND_CYCLES === 0) this.#round()
  }

  roundTrip(peer: string, incarnation: string, ms: number): void {
    const { round } = this.#ground.views
    this.#costs.learn(peer, incarnation, ms, round)
    if (this.#exchange?.role === 'leaver' && this.#exchange.old.name === peer) this.#weigh()
    const { active } = this.#ground.views
    const known = (member: Member): boolean => this.#cost(member) !== undefined
    if (this.#candidates.length > 0 && [...active.members, ...this.#candidates].every(known)) {
      this.#propose()
    }
  }

  timer(name: string): void {
    if (name === MEASURE) this.#propose()
    else if (name === EXCHANGE) this.#timedOut()
    else if (name === HOLD) this.#endHold()
  }

  leave(): void {
    this.#end()
    this.#candidates = []
  }

  message(from: Member, message: XBotMessage): void {
    switch (message.type) {
      case 'optimization':
        this.#optimization(from, message)
        break
      case 'replace':
        this.#replace(from, message)
        break
      case 'switch':
        this.#switch(from, message)
        break
      case 'switchReply':
        this.#switched(from, message)
        break
      case 'replaceReply':
        this.#replaced(from, message)
        break
      case 'optimizationReply':
        this.#optimized(from, message)
        break
      case 'disconnectWait':
        this.#disconnectWait(from)
        break
      default:
        unreachable(message)
    }
  }

  /** Initiator: looks for a spare that is closer than a neighbour. */
  #round(): void {
    const { views, random, effects } = this.#ground
    if (this.#exchange !== undefined || !views.active.isFull) return
    this.#candidates = random.sample(views.passive.members, this.#options.candidates)
    let waits = false
    for (const member of views.active.members) {
      if (this.#costs.find(member, views.round)) waits = true
    }
    for (const member of this.#candidates) {
      if (this.#costs.find(member, views.round)) waits = true
    }
    if (waits) effects.startTimer(MEASURE, this.#options.stepTimeoutMs)
    else this.#propose()
  }

  #propose(): void {
    const { views, effects } = this.#ground
    const candidates = this.#candidates
    this.#candidates = []
    effects.cancelTimer(MEASURE)
    if (this.#exchange !== undefined || !views.active.isFull) return
    for (const old of this.#optimisable()) {
      for (const candidate of candidates) {
        const costs = this.#gain(old, candidate)
        if (costs === undefined) continue
        const id = ++this.#number
        this.#counters.begun++
        this.#begin({ role: 'initiator', id, old, candidate }, 4)
        effects.sendOnce(candidate, xbotWire.optimization(id, old, costs))
        return
      }
    }
  }

  #gain(old: Member, candidate: Member): ExchangeCosts | undefined {
    const { views, hood } = this.#ground
    if (views.passive.get(candidate.name) === undefined) return undefined // it was taken meanwhile
    if (hood.requests.get(candidate.name) !== undefined) return undefined
    if (!this.#mayFollow(candidate, old)) return undefined
    const costs = { old: this.#cost(old), candidate: this.#cost(candidate) }
    if (costs.old === undefined || costs.candidate === undefined) return undefined
    return costs.candidate < costs.old ? (costs as ExchangeCosts) : undefined
  }

  /** Candidate. */
  #optimization(from: Member, message: XBotMessage & { type: 'optimization' }): void {
    const { self, views, hood, effects } = this.#ground
    const { id, old, costs } = message
    const busy = this.#exchange !== undefined || views.active.has(from.name)
    if (!busy && old.name !== self.name) {
      if (hood.isWelcome(from, false)) {
        hood.admit(from)
        effects.sendOnce(from, xbotWire.optimizationReply(id, true, false))
        return
      }
      const leaving = this.#optimisable().find(
        (member) => member.name !== old.name && this.#mayFollow(from, member),
      )
      if (leaving !== undefined) {
        this.#begin({ role: 'candidate', id, initiator: from, leaving }, 3)
        effects.send(leaving.name, xbotWire.replace(id, from.name, old, costs))
        return
      }
    }
    effects.sendOnce(from, xbotWire.optimizationReply(id, false, false))
  }

  /** The one that leaves the candidate. */
  #replace(from: Member, message: XBotMessage & { type: 'replace' }): void {
    const { self, views, effects } = this.#ground
    const { id, initiator, old, costs } = message
    const candidate = views.active.get(from.name)
    const fits =
      this.#exchange === undefined &&
      candidate !== undefined &&
      initiator !== self.name &&
      old.name !== self.name &&
      !views.active.has(old.name) &&
      !views.isGone(old) &&
      this.#mayFollow(old, candidate)
    if (!fits) {
      effects.send(from.name, xbotWire.replaceReply(id, false))
      return
    }
    this.#begin({ role: 'leaver', id, initiator, old, candidate, costs, asked: false }, 1)
    if (!this.#costs.find(old, views.round)) this.#weigh()
  }

  /** The one that leaves the candidate knows all four costs, or as much as there is to know. */
  #weigh(): void {
    const exchange = this.#exchange
    if (exchange?.role !== 'leaver' || exchange.asked) return
    const { id, initiator, old, candidate, costs } = exchange
    const now = this.#cost(candidate)
    const then = this.#cost(old)
    const each = this.#options.accept === 'each'
    const better =
      now !== undefined &&
      then !== undefined &&
      (each ? then < now : costs.candidate + then < costs.old + now)
    if (!better) {
      this.#refuse(exchange)
      return
    }
    this.#begin({ ...exchange, asked: true }, 1)
    this.#ground.effects.sendOnce(old, xbotWire.switch(id, initiator))
  }

  /** Old neighbour: takes who asks in place of the initiator. */
  #switch(from: Member, { id, initiator }: XBotMessage & { type: 'switch' }): void {
    const { views, hood, effects } = this.#ground
    const leaving = views.active.get(initiator)
    const ok =
      this.#exchange === undefined &&
      leaving !== undefined &&
      !views.active.has(from.name) &&
      this.#mayFollow(from, leaving)
    if (ok) {
      hood.letGo(leaving, xbotWire.disconnectWait())
      hood.admit(from)
    }
    effects.sendOnce(from, xbotWire.switchReply(id, ok))
  }

  #switched(from: Member, { id, ok }: XBotMessage & { type: 'switchReply' }): void {
    const { views, hood, effects } = this.#ground
    const exchange = this.#exchange
    if (exchange?.role !== 'leaver' || exchange.id !== id || exchange.old.name !== from.name) {
      if (ok && !views.active.has(from.name)) hood.turnDown(from)
      return
    }
    if (!ok) {
      this.#refuse(exchange)
      return
    }
    const { candidate } = exchange
    this.#end()
    effects.send(candidate.name, xbotWire.replaceReply(id, true))
    if (views.active.has(candidate.name)) hood.letGo(candidate, xbotWire.disconnectWait())
    hood.admit(from)
  }

  #replaced(from: Member, { id, ok }: XBotMessage & { type: 'replaceReply' }): void {
    const { hood, effects } = this.#ground
    const exchange = this.#exchange
    if (exchange?.role !== 'candidate' || exchange.id !== id) return
    if (exchange.leaving.name !== from.name) return
    if (!ok) {
      this.#refuse(exchange)
      return
    }
    const { initiator, leaving } = exchange
    this.#end()
    hood.giveBack(leaving)
    hood.admit(initiator)
    effects.sendOnce(initiator, xbotWire.optimizationReply(id, true, true))
  }

  #optimized(from: Member, message: XBotMessage & { type: 'optimizationReply' }): void {
    const { views, hood } = this.#ground
    const { id, ok, switched } = message
    const exchange = this.#exchange
    if (exchange?.role !== 'initiator' || exchange.id !== id) {
      if (ok && !views.active.has(from.name)) hood.turnDown(from)
      return
    }
    if (exchange.candidate.name !== from.name) return
    this.#end()
    if (!ok) {
      this.#counters.refused++
      return
    }
    this.#counters.finished++
    if (switched) hood.giveBack(exchange.old)
    else if (views.active.has(exchange.old.name)) hood.letGo(exchange.old, wire.disconnect(false))
    hood.admit(from)
  }

  /** A neighbour leaves for the exchange that runs: its slot is kept for who comes in its place. */
  #disconnectWait(from: Member): void {
    const { hood, effects, views } = this.#ground
    const exchange = this.#exchange
    const leaves =
      exchange?.role === 'initiator'
        ? exchange.old.name
        : exchange?.role === 'candidate'
          ? exchange.leaving.name
          : undefined
    if (leaves === from.name && views.active.has(from.name)) {
      hood.giveBack(from)
      hood.held = true
      effects.startTimer(HOLD, this.#options.stepTimeoutMs)
    } else hood.disconnected(from, false, [])
  }

  #endHold(): void {
    this.#ground.hood.held = false
    this.#ground.hood.promote()
  }

  /** Says no to whoever waits for this node's part. */
  #refuse(exchange: Exchange): void {
    const { effects } = this.#ground
    const { id } = exchange
    this.#end()
    if (exchange.role === 'leaver') {
      effects.send(exchange.candidate.name, xbotWire.replaceReply(id, false))
    } else if (exchange.role === 'candidate') {
      effects.sendOnce(exchange.initiator, xbotWire.optimizationReply(id, false, false))
    }
  }

  /** Whoever did not answer may have done its part: it shall undo that. */
  #timedOut(): void {
    const { views, effects } = this.#ground
    const exchange = this.#exchange
    if (exchange === undefined) return
    this.#counters.timeouts++
    this.#refuse(exchange)
    const silent =
      exchange.role === 'initiator'
        ? exchange.candidate
        : exchange.role === 'leaver' && exchange.asked
          ? exchange.old
          : undefined
    if (silent !== undefined && !views.active.has(silent.name)) {
      effects.sendOnce(silent, wire.disconnect(false))
    }
  }

  #begin(exchange: Exchange, steps: number): void {
    this.#exchange = exchange
    this.#ground.effects.startTimer(EXCHANGE, steps * this.#options.stepTimeoutMs)
  }

  #end(): void {
    this.#exchange = undefined
    this.#ground.effects.cancelTimer(EXCHANGE)
  }

  /** Neighbours whose links may be swapped, costliest first. What is not known may be the costliest. */
  #optimisable(): Member[] {
    const { active } = this.#ground.views
    const ranked = active.members.map((member) => ({ member, cost: this.#cost(member) }))
    ranked.sort((a, b) => (b.cost ?? COSTLIEST) - (a.cost ?? COSTLIEST) || byName(a, b))
    return ranked
      .slice(this.#options.unbiased)
      .filter(({ cost }) => cost !== undefined)
      .map(({ member }) => member)
  }

  /** Reserved slots stay with those they are reserved for. */
  #mayFollow(next: Member, last: Member): boolean {
    const { active } = this.#ground.views
    return active.isTagged(next) === active.isTagged(last)
  }

  #cost(member: Member): number | undefined {
    return this.#costs.of(member, this.#ground.views.round)
  }
}

const MEASURE = 'xbot-measure'
const EXCHANGE = 'xbot-exchange'
const HOLD = 'xbot-hold'
const COSTLIEST = Number.MAX_VALUE

const byName = (a: { member: Member }, b: { member: Member }): number =>
  a.member.name < b.member.name ? -1 : 1
