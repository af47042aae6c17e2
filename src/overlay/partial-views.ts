import type { Random } from '../base/random.js'
import { ActiveView } from './active-view.js'
import type { HyParViewOptions } from './hyparview-options.js'
import { LostMembers } from './lost-members.js'
import { compareIncarnations, sameIncarnation } from './member.js'
import type { LeaveReason, Member } from './overlay.js'
import { NEVER, PassiveView } from './passive-view.js'
import type { StepEffects } from './step-effects.js'

const LOST_MAX = 16
const GONE_MAX = 64

/**
 * All that a node knows of others: active, passive and lost members. This is the one place where
 * they come and go, so that `members()` and what is told about members agree at every step.
 */
export class PartialViews {
  readonly active: ActiveView
  readonly passive: PassiveView
  readonly lost = new LostMembers(LOST_MAX)
  /** Counts cycles; what was tried in one is not tried again before the next. */
  round = 0
  /** Something changed since `persist` was called. */
  activeChanged = false
  passiveChanged = false
  readonly #self: Member
  readonly #random: Random
  readonly #effects: StepEffects
  /** Incarnations that said they are gone, as late news may still tell of them. */
  readonly #gone = new Map<string, Member>()
  #members: readonly Member[] | undefined

  constructor(self: Member, random: Random, effects: StepEffects, options: HyParViewOptions) {
    this.#self = self
    this.#random = random
    this.#effects = effects
    this.active = new ActiveView(options.activeSize, options.reserved)
    this.passive = new PassiveView(options.passiveSize)
  }

  /** This node, its active and its passive members, sorted by name. */
  members(): readonly Member[] {
    this.#members ??= [this.#self, ...this.active.members, ...this.passive.members].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )
    return this.#members
  }

  /** They shall be kept as they are. */
  persist(): void {
    this.activeChanged = false
    this.passiveChanged = false
    this.#effects.emit({ type: 'persist' })
  }

  /** Others in the two views. */
  get size(): number {
    return this.active.size + this.passive.size
  }

  get(name: string): Member | undefined {
    return this.active.get(name) ?? this.passive.get(name)
  }

  /** Makes it a neighbour. There must be room; an older incarnation must not be one. */
  activate(member: Member): void {
    const spare = this.passive.delete(member.name)
    if (spare === undefined) this.#joined(member)
    else if (!sameIncarnation(spare, member)) {
      this.#left(spare, 'replaced')
      this.#joined(member)
    }
    this.active.add(member)
    this.lost.delete(member.name)
    this.activeChanged = true
  }

  /** Makes a neighbour a spare; `tried`: it is not asked again in this round. */
  demote(member: Member, tried: boolean): void {
    if (this.active.delete(member.name) === undefined) return
    this.activeChanged = true
    if (this.passive.isFull) this.forget(this.passive.victim(this.#random, []))
    this.passive.add(member, tried ? this.round : NEVER)
  }

  /** A neighbour is no member any more. */
  drop(name: string, reason: LeaveReason): Member | undefined {
    const member = this.active.delete(name)
    if (member === undefined) return undefined
    this.activeChanged = true
    this.#left(member, reason)
    return member
  }

  /** A spare is no member any more. */
  forget(member: Member, reason: LeaveReason = 'forgotten'): void {
    if (this.passive.delete(member.name) === undefined) return
    this.passiveChanged = true
    this.#left(member, reason)
  }

  /**
   * Takes what others tell for a spare; of those `told` in return the first to go make room. Only a
   * node itself proves that it started anew while it is a neighbour.
   */
  learn(member: Member, told: Member[] = []): boolean {
    const { name } = member
    if (name === this.#self.name || this.active.has(name) || this.isGone(member)) return false
    const spare = this.passive.get(name)
    if (spare !== undefined) {
      if (compareIncarnations(member, spare) <= 0) return false
      this.passive.replace(member)
      this.#left(spare, 'replaced')
    } else {
      if (this.passive.isFull) this.forget(this.passive.victim(this.#random, told))
      this.passive.add(member, NEVER)
    }
    this.#joined(member)
    this.passiveChanged = true
    return true
  }

  /** A spare showed which incarnation of it runs; others may have told of another. */
  correct(member: Member): void {
    const spare = this.passive.get(member.name)
    if (spare === undefined) return
    this.passive.replace(member)
    this.#left(spare, 'replaced')
    this.#joined(member)
    this.passiveChanged = true
  }

  /** It said that it left. Nobody brings this incarnation back. */
  gone(member: Member): void {
    this.#gone.delete(member.name)
    this.#gone.set(member.name, member)
    for (const oldest of this.#gone.keys()) {
      if (this.#gone.size <= GONE_MAX) break
      this.#gone.delete(oldest)
    }
    this.lost.delete(member.name)
    const there = this.get(member.name)
    if (there === undefined || compareIncarnations(there, member) > 0) return
    if (this.drop(there.name, 'left') === undefined) this.forget(there, 'left')
  }

  isGone(member: Member): boolean {
    const gone = this.#gone.get(member.name)
    return gone !== undefined && compareIncarnations(member, gone) <= 0
  }

  /** It is here again by its own will. */
  back(member: Member): void {
    this.#gone.delete(member.name)
  }

  clear(): void {
    for (const { name } of [...this.active.members]) this.drop(name, 'left')
    for (const member of [...this.passive.members]) this.forget(member, 'left')
    this.lost.clear()
  }

  #joined(member: Member): void {
    this.#members = undefined
    this.#effects.emit({ type: 'memberJoined', member })
  }

  #left(member: Member, reason: LeaveReason): void {
    this.#members = undefined
    this.#effects.emit({ type: 'memberLeft', member, reason })
  }
}
