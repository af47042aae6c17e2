import type { Random } from '../base/random.js'
import type { ClusterMember } from './hiscamp-message.js'
import type { Distance } from './hiscamp-options.js'
import { compareIncarnations } from './member.js'
import type { Member } from './overlay.js'

const CLUSTERS_MAX = 32
/** Of one cluster, those heard of last. */
const MEMBERS_MAX = 2
/** Rounds after which news of a member is not believed any more. */
const AGE_MAX = 30

/**
 * Other clusters this node has heard of, each with some of its members. News ages, so that the dead
 * are not talked about for ever. Bounded: those go of which nothing was heard for longest.
 */
export class KnownClusters {
  /** By the founder's incarnation; the freshest news of each first. */
  readonly #clusters = new Map<string, ClusterMember[]>()

  get size(): number {
    return this.#clusters.size
  }

  has(founder: Member): boolean {
    return this.#clusters.has(founder.incarnation)
  }

  learn(news: ClusterMember): void {
    if (news.age > AGE_MAX) return
    const key = news.founder.incarnation
    const members = this.#clusters.get(key) ?? []
    const known = members.find((one) => one.member.name === news.member.name)
    if (known !== undefined) {
      const age = compareIncarnations(news.member, known.member)
      if (age < 0 || (age === 0 && news.age >= known.age)) return
    }
    const founder = members[0]?.founder ?? news.founder // one copy of it is enough
    const others = members.filter((one) => one !== known)
    const all = [...others, { ...news, founder }].sort((a, b) => a.age - b.age)
    this.#clusters.set(key, all.slice(0, MEMBERS_MAX))
    if (this.#clusters.size > CLUSTERS_MAX) {
      const ageOf = (at: string): number => this.#clusters.get(at)?.[0]?.age ?? 0
      this.#clusters.delete(
        [...this.#clusters.keys()].reduce((a, b) => (ageOf(a) > ageOf(b) ? a : b)),
      )
    }
  }

  /** A round has passed. */
  tick(): void {
    for (const [key, members] of this.#clusters) {
      const aged = members.map((one) => ({ ...one, age: one.age + 1 }))
      this.#set(
        key,
        aged.filter(({ age }) => age <= AGE_MAX),
      )
    }
  }

  /** It is gone, or not where it was thought to be. */
  forget(name: string): void {
    for (const [key, members] of this.#clusters) {
      if (members.some(({ member }) => member.name === name)) {
        this.#set(
          key,
          members.filter(({ member }) => member.name !== name),
        )
      }
    }
  }

  drop(founder: Member): void {
    this.#clusters.delete(founder.incarnation)
  }

  clear(): void {
    this.#clusters.clear()
  }

  /** News of some random clusters, to pass on. */
  sample(random: Random, count: number): ClusterMember[] {
    return random.sample([...this.#clusters.values()], count).map((members) => random.pick(members))
  }

  /** A member that is `free`, of a random cluster that has one: of none of `reached`, if there is such. */
  pick(
    random: Random,
    reached: ReadonlySet<string>,
    free: (member: Member) => boolean,
  ): ClusterMember | undefined {
    const known = [...this.#clusters.values()]
      .map((members) => members.filter(({ member }) => free(member)))
      .filter((members) => members.length > 0)
    const others = known.filter((members) => !reached.has(founderOf(members).incarnation))
    const chosen = others.length > 0 ? others : known
    return chosen.length === 0 ? undefined : random.pick(random.pick(chosen))
  }

  /** A member of the cluster whose founder is nearest, not `to` itself, and how far that is. */
  nearest(
    to: Member,
    distance: Distance,
    random: Random,
  ): { far: number; member: Member } | undefined {
    let nearest: { far: number; members: ClusterMember[] } | undefined
    for (const known of this.#clusters.values()) {
      const far = distance(to, founderOf(known))
      if (nearest !== undefined && far >= nearest.far) continue
      const members = known.filter(({ member }) => member.name !== to.name)
      if (members.length > 0) nearest = { far, members }
    }
    return nearest && { far: nearest.far, member: random.pick(nearest.members).member }
  }

  #set(key: string, members: ClusterMember[]): void {
    if (members.length === 0) this.#clusters.delete(key)
    else this.#clusters.set(key, members)
  }
}

/** Of two clusters that could be one, the older is to stay. */
export const isOlder = (founder: Member, than: Member): boolean =>
  founder.incarnation < than.incarnation

const founderOf = (members: readonly ClusterMember[]): Member =>
  (members[0] as ClusterMember).founder
