import type { Random } from '../base/random.js'
import { type HyParViewMessage, wire } from './hyparview-message.js'
import type { HyParViewOptions } from './hyparview-options.js'
import type { Member } from './overlay.js'
import type { PartialViews } from './partial-views.js'
import type { StepEffects } from './step-effects.js'

/** Replies are taken for so many of the latest shuffles. */
const REPLIES_MAX = 2

/** Renews the spares: nodes trade samples of their views over random walks (HyParView, section 4.4). */
export class Shuffles {
  readonly counters = { shuffles: 0, shufflesTaken: 0, unasked: 0 }
  readonly #self: Member
  readonly #views: PartialViews
  readonly #effects: StepEffects
  readonly #random: Random
  readonly #options: HyParViewOptions
  /** What the latest shuffle told: the first to go when the reply needs room. */
  #told: Member[] = []
  #repliesDue = 0

  constructor(
    self: Member,
    views: PartialViews,
    effects: StepEffects,
    random: Random,
    options: HyParViewOptions,
  ) {
    this.#self = self
    this.#views = views
    this.#effects = effects
    this.#random = random
    this.#options = options
  }

  start(): void {
    const { active, passive } = this.#views
    if (active.size === 0) return
    const { ka, kp, arwl } = this.#options
    const first = this.#random.pick(active.members)
    const others = active.members.filter((member) => member !== first)
    const spares = this.#random.sample(passive.members, kp)
    this.#told = spares
    this.#repliesDue = Math.min(REPLIES_MAX, this.#repliesDue + 1)
    this.counters.shuffles++
    const list = [...this.#random.sample(others, ka), ...spares]
    this.#effects.send(first.name, wire.shuffle(this.#self, list, arwl))
  }

  /** Walks on, or ends here: then both sides take what the other told. */
  shuffle(from: Member, message: HyParViewMessage & { type: 'shuffle' }): void {
    const { origin, members } = message
    const ttl = Math.min(message.ttl, this.#options.arwl) - 1
    const { active, passive } = this.#views
    const next =
      ttl > 0 && active.size > 1 ? active.pickBut(this.#random, from.name, origin.name) : undefined
    if (next !== undefined) {
      this.#effects.send(next.name, wire.shuffleOn(message.came, ttl))
      return
    }
    if (origin.name === this.#self.name) return
    this.counters.shufflesTaken++
    const told = this.#random.sample(passive.members, members.length + 1)
    this.#effects.sendOnce(origin, wire.shuffleReply(told.slice(0, this.#listMax)))
    this.#views.learn(origin, told)
    for (const member of members) this.#views.learn(member, told)
  }

  reply(members: readonly Member[]): void {
    if (this.#repliesDue === 0) {
      this.counters.unasked++
      return
    }
    this.#repliesDue--
    for (const member of members) this.#views.learn(member, this.#told)
  }

  get #listMax(): number {
    return this.#options.ka + this.#options.kp + 1
  }
}
