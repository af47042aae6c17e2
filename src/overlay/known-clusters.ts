import type { Random } from '../base/random.js'
import type { ClusterMember } from './hiscamp-message.js'
import type { Distance } from './hiscamp-options.js'
import { compareIncarnations } from './member.js'
import type { Member } from './overlay.js'

const CLUSTERS_MAX = 64
/** Of one cluster, those heard of last. */
const MEMBERS_MAX = 3

interface Cluster {
  readonly founder: Member
  members: Member[]
}

/** Other clusters this node has heard of, each with some of its members. Bounded; the oldest go. */
export class KnownClusters {
  readonly #clusters = new Map<string, Cluster>()

  get size(): number {
    return this.#clusters.size
  }

  has(founder: Member): boolean {
    return this.#clusters.has(founder.incarnation)
  }

  learn({ founder, member }: ClusterMember): void {
    const key = founder.incarnation
    const members = this.#clusters.get(key)?.members ?? []
    const known = members.find((one) => one.name === member.name)
    if (known !== undefined && compareIncarnations(member, known) < 0) return
    const others = members.filter((one) => one !== known)
    this.#clusters.delete(key)
    if (this.#clusters.size >= CLUSTERS_MAX) {
      const [oldest] = this.#clusters.keys()
      this.#clusters.delete(oldest as string)
    }
    this.#clusters.set(key, { founder, members: [member, ...others].slice(0, MEMBERS_MAX) })
  }

  /** It is gone, or not where it was thought to be. */
  forget(name: string): void {
    for (const [key, cluster] of this.#clusters) {
      cluster.members = cluster.members.filter((member) => member.name !== name)
      if (cluster.members.length === 0) this.#clusters.delete(key)
    }
  }

  drop(founder: Member): void {
    this.#clusters.delete(founder.incarnation)
  }

  clear(): void {
    this.#clusters.clear()
  }

  /** A member of a random cluster that is none of these. */
  pick(random: Random, except: ReadonlySet<string>): ClusterMember | undefined {
    const others = [...this.#clusters].filter(([key]) => !except.has(key))
    if (others.length === 0) return undefined
    const [, { founder, members }] = random.pick(others)
    return { founder, member: random.pick(members) }
  }

  /** A member of the oldest cluster for which this holds. */
  oldest(random: Random, holds: (founder: Member) => boolean): Member | undefined {
    let oldest: Cluster | undefined
    for (const cluster of this.#clusters.values()) {
      if (oldest !== undefined && isOlder(oldest.founder, cluster.founder)) continue
      if (holds(cluster.founder)) oldest = cluster
    }
    return oldest && random.pick(oldest.members)
  }

  /** A member of the cluster whose founder is nearest, and how far that is. */
  nearest(
    to: Member,
    distance: Distance,
    random: Random,
  ): { far: number; member: Member } | undefined {
    let nearest: { far: number; cluster: Cluster } | undefined
    for (const cluster of this.#clusters.values()) {
      const far = distance(to, cluster.founder)
      if (nearest === undefined || far < nearest.far) nearest = { far, cluster }
    }
    return nearest && { far: nearest.far, member: random.pick(nearest.cluster.members) }
  }
}

/** Of two clusters that could be one, the older is to stay. */
export const isOlder = (founder: Member, than: Member): boolean =>
  founder.incarnation < than.incarnation
