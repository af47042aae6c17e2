import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import { FarView } from './far-view.js'
import {
  type ClusterMember,
  clusterMemberToWire,
  type Greeting,
  type HiScampMessage,
  hiscampMessageFromWire,
  NEWS_MAX,
  hiscampWire as wire,
} from './hiscamp-message.js'
import { type HiScampOptions, readHiScampOptions } from './hiscamp-options.js'
import { isOlder, KnownClusters } from './known-clusters.js'
import { memberToWire } from './member.js'
import { GONE } from './one-sided-message.js'
import type { Member, OverlayFactory } from './overlay.js'
import { FAR, IN_VIEW, PARTIAL, Scamp } from './scamp.js'
import { isSubscription, scampWire } from './scamp-message.js'
import type { ViewEntry } from './view-table.js'

const NAME = 'hiscamp'

/**
 * SCAMP in two levels. Nodes that are near each other form clusters, in which views are kept as SCAMP
 * keeps them; beside them every node holds a few members of other clusters (the cluster-level view),
 * so that what is gossiped over `neighbours()` seldom takes a long way. Ganesh, Kermarrec, Massoulié:
 * "HiScamp: Self-Organizing Hierarchical Membership Protocol" (2002).
 *
 * A cluster is known by its founder, whose place it has, even when the founder is gone. A newcomer is
 * passed on to the nearest cluster that anybody on the way knows; where that is farther than
 * `threshold`, it founds one. Many that come at once found too many: a cluster whose founder would have
 * found an older one near enough dissolves, as those of its members that are near to that one move there.
 *
 * Departure: the paper keeps one entry for another cluster at a few members and elects them; here
 * every node has `farLinks` of its own, drawn among the clusters it has heard of, which needs no
 * agreement and leaves a cluster as many ways out as it has members.
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function hiscamp(
  options: Partial<HiScampOptions> & Pick<HiScampOptions, 'distance'>,
): OverlayFactory {
  const read = readHiScampOptions(options)
  return { name: NAME, create: (self, random) => new HiScamp(self, random, read) }
}

/** Hops of a newcomer to its cluster (one that is a member and looks for another has less), and of a new cluster's announcement, at most. */
const SEEK_HOPS = 16
const ANNOUNCE_HOPS = 64
/** A node without near members looks for some ever more seldom, at least once in so many rounds. */
const LONE_ROUNDS_MAX = 16

class HiScamp extends Scamp {
  readonly #options: HiScampOptions
  readonly #clusters = new KnownClusters()
  readonly #far: FarView
  #founder: Member
  /** Somebody of an older cluster that is near enough to move to, heard of since the last round. */
  #better: ClusterMember | undefined
  /** Rounds from one search for near members to the next, and those that are left until then. */
  #loneRounds = 1
  #loneLeft = 1

  constructor(self: Member, random: Random, options: HiScampOptions) {
    const rules = { name: NAME, copies: options.redundancy, tellsDrops: true, indirect: false }
    super(self, random, rules, options)
    this.#options = options
    this.#founder = self
    this.#far = new FarView({
      table: this.table,
      clusters: this.#clusters,
      random,
      max: options.farMax,
      mayTake: (member) => this.mayTake(member),
    })
  }

  override neighbours(): readonly string[] {
    const far = this.#far.list.filter((entry) => (entry.views & PARTIAL) === 0)
    return [...this.table.names(PARTIAL), ...far.map((entry) => entry.member.name)].sort()
  }

  protected override isNeighbour(name: string): boolean {
    return this.table.has(name, PARTIAL | FAR)
  }

  protected override picture(): Readonly<Record<string, unknown>> {
    return {
      cluster: this.#founder.name,
      ...super.picture(),
      hView: this.table.names(FAR),
      clusters: this.#clusters.size,
    }
  }

  protected override joinThrough(contact: Member): void {
    if (this.#far.addContact(contact)) this.once(contact, this.#greeting('far'))
    if (this.#isAlone()) this.ask(contact, this.#seeking())
  }

  protected override isRequest(body: unknown): boolean {
    const message = hiscampMessageFromWire(body)
    return isSubscription(body) || (message?.type === 'seek' && message.ttl >= SEEK_HOPS)
  }

  protected override foundAgain(member: Member): void {
    this.once(member, this.#greeting('far'))
    if (this.#isAlone() && !this.isAsking) this.ask(member, this.#seeking())
  }

  protected override departed(member: Member): void {
    super.departed(member)
    if (this.isOut) return
    this.#clusters.forget(member.name)
    this.#fillFar()
  }

  protected override farewell(): void {
    super.farewell()
    for (const { member, views } of this.#far.list) {
      if ((views & (PARTIAL | IN_VIEW)) === 0) this.once(member, [GONE])
    }
    this.#clusters.clear()
    this.#far.clear()
    this.#founder = this.self
  }

  protected override round(): void {
    this.#clusters.tick()
    super.round()
    const near = this.table.list(PARTIAL)
    if (near.length > 0) this.send(this.random.pick(near).member.name, this.#greeting('near'))
    for (const { member } of this.#far.list) this.send(member.name, this.#greeting('far'))
    this.#far.trim(this.#farWanted())
    this.#fillFar()
    if (!this.isAsking) this.#look()
  }

  /** For a cluster it should rather be in, or for near members where it has none. */
  #look(): void {
    const better = this.#better
    this.#better = undefined
    if (!this.#isAlone()) this.#loneRounds = this.#loneLeft = 1
    if (better !== undefined) {
      this.ask(better.member, wire.move(better.founder))
      return
    }
    if (!this.#isAlone() || this.#far.size === 0 || --this.#loneLeft > 0) return
    this.#loneRounds = Math.min(2 * this.#loneRounds, LONE_ROUNDS_MAX)
    this.#loneLeft = this.#loneRounds
    this.ask(this.random.pick(this.#far.list).member, this.#seeking(SEEK_HOPS - 1))
  }

  protected override connected(entry: ViewEntry): void {
    super.connected(entry)
    if ((entry.views & FAR) !== 0) this.send(entry.member.name, this.#greeting('far'))
  }

  protected override receive(from: Member, body: unknown): boolean {
    const message = hiscampMessageFromWire(body)
    if (message === undefined) return super.receive(from, body)
    this.#handle(from, message)
    return true
  }

  protected override ping(_entry: ViewEntry): unknown {
    return wire.near(this.#founder)
  }

  /** Whoever acts as the contact says first of which cluster it is. */
  protected override admit(subscriber: Member): void {
    this.once(subscriber, wire.welcome(this.#founder))
    super.admit(subscriber)
  }

  protected override accepted(_from: Member): void {
    this.answered()
  }

  #handle(from: Member, message: HiScampMessage): void {
    switch (message.type) {
      case 'seek':
        this.#seek(message.member, message.raw, message.ttl)
        break
      case 'move':
        if (message.into === this.#founder.incarnation) this.#letIn(from)
        else this.once(from, wire.found(this.#founder))
        break
      case 'welcome':
        this.#welcomed(from, message.founder)
        break
      case 'found':
        this.answered()
        if (this.#isAlone()) this.#founder = this.self // that of a cluster of which nobody is left, else
        this.#met(message.founder, from)
        break
      case 'announce':
        this.#announced(message.of, message.raw, message.ttl)
        break
      case 'near':
        if (!this.mayTake(from)) break
        if (message.of === this.#founder.incarnation) this.#greetedByNear(from, 'near')
        else this.#greetedByFar(from, 'near')
        break
      case 'greet':
        this.#greeted(from, message)
        break
      default:
        unreachable(message)
    }
  }

  #seek(seeker: Member, raw: unknown, ttl: number): void {
    if (!this.mayEnter(seeker)) return
    if (ttl >= SEEK_HOPS) this.tellLost(seeker)
    const own = this.#distance(seeker, this.#founder)
    const nearest = this.#clusters.nearest(seeker, this.#distance, this.random)
    const left = Math.min(ttl, SEEK_HOPS) - 1
    if (nearest !== undefined && nearest.far < own && left > 0) {
      this.once(nearest.member, wire.seek(raw, left))
    } else if (own <= this.#options.threshold) {
      this.#letIn(seeker)
    } else {
      const next = left > 0 ? this.#anyNeighbour(seeker.name) : undefined
      if (next === undefined) this.#found(seeker)
      else this.once(next, wire.seek(raw, left))
    }
  }

  #letIn(newcomer: Member): void {
    if (!this.mayTake(newcomer)) return
    if (this.isRepeated(newcomer)) this.once(newcomer, scampWire.accept())
    else this.enter(newcomer)
  }

  /** It is the first of its cluster, which some nodes of other clusters shall know. */
  #found(founder: Member): void {
    this.once(founder, wire.found(this.#founder))
    if (this.#clusters.has(founder)) return
    const of = { founder, member: founder, age: 0 }
    this.#clusters.learn(of)
    const raw = clusterMemberToWire(of)
    const copies = this.#far.size + this.#options.redundancy
    for (let i = 0; i < copies; i++) this.#announce(founder.name, raw, ANNOUNCE_HOPS)
    this.#fillFar()
  }

  #announced(of: ClusterMember, raw: unknown, ttl: number): void {
    const left = Math.min(ttl, ANNOUNCE_HOPS) - 1
    const { founder, member } = of
    this.#learn(of)
    const { size } = this.#far
    const isNew = !this.#isOwn(founder) && !this.#far.reaches(founder) && this.mayTake(member)
    if (isNew && size < this.#options.farMax && this.random.int(size + 1) === 0) {
      this.#addFar(member, founder)
    } else if (left > 0) this.#announce(member.name, raw, left)
  }

  #announce(except: string, raw: unknown, ttl: number): void {
    const next = this.#anyNeighbour(except)
    if (next !== undefined) this.once(next, wire.announce(raw, ttl))
  }

  #anyNeighbour(except: string): Member | undefined {
    const names = this.neighbours().filter((name) => name !== except)
    return names.length === 0 ? undefined : this.table.get(this.random.pick(names))?.member
  }

  #welcomed(from: Member, founder: Member): void {
    if (!this.mayTake(from)) return
    if (!this.#isOwn(founder)) {
      this.#met(founder, from)
      if (!this.isAsking || !this.#isNear(founder)) return
      if (!this.#isAlone() && !this.#supersedes(founder)) return
      this.#moveTo(founder)
    }
    this.keep(from)
    this.#far.drop(from.name)
    this.#fillFar()
  }

  /** Its place in the old cluster goes to those it leaves, as when it unsubscribes. */
  #moveTo(founder: Member): void {
    this.unsubscribe(false)
    for (const entry of [...this.table.list(PARTIAL)]) this.forget(entry)
    for (const { member } of [...this.table.list(IN_VIEW)]) this.table.drop(member.name, IN_VIEW)
    this.#founder = founder
    this.#better = undefined
    this.#clusters.drop(founder)
    for (const { member } of [...this.#far.list]) {
      const cluster = this.#far.founderOf(member.name)
      if (cluster === undefined || this.#isOwn(cluster)) this.#far.drop(member.name)
    }
  }

  #greeted(from: Member, { how, founder, news }: HiScampMessage & { type: 'greet' }): void {
    if (!this.mayTake(from)) return
    for (const one of news) this.#learn(one)
    if (this.#isOwn(founder)) this.#greetedByNear(from, how)
    else {
      this.#met(founder, from)
      this.#greetedByFar(from, how)
    }
  }

  #greetedByNear(from: Member, how: Greeting): void {
    this.#clusters.forget(from.name)
    if (how === 'near') this.pinged(from)
    if (how === 'far') this.once(from, this.#greeting('answer'))
    if (how === 'answer' || this.#far.has(from.name)) this.keep(from)
    this.#far.drop(from.name)
  }

  #greetedByFar(from: Member, how: Greeting): void {
    this.table.drop(from.name, IN_VIEW)
    const entry = this.table.get(from.name)
    if (entry !== undefined && (entry.views & PARTIAL) !== 0) this.forget(entry)
    if (how !== 'answer') this.once(from, this.#greeting('answer'))
    this.#fillFar()
  }

  /** Somebody said itself of which cluster it is. */
  #met(founder: Member, member: Member): void {
    this.#clusters.forget(member.name)
    this.#learn({ founder, member, age: 0 })
    this.#far.met(member.name, founder)
  }

  #learn(of: ClusterMember): void {
    if (this.#isOwn(of.founder) || !this.mayTake(of.member)) return
    this.#clusters.learn(of)
    const best = this.#better?.founder ?? of.founder
    if (isOlder(best, of.founder) || !this.#isNear(of.founder)) return
    if (this.#supersedes(of.founder)) this.#better = of
  }

  /** True where the founder of this node's cluster should have joined that one. */
  #supersedes(founder: Member): boolean {
    if (!isOlder(founder, this.#founder)) return false
    return this.#distance(this.#founder, founder) <= this.#options.threshold
  }

  /** With few near members a node keeps more far ones: c + 1 in all, as in a view of SCAMP's. */
  #farWanted(): number {
    const few = this.options.redundancy + 1 - this.table.list(PARTIAL).length
    return Math.min(this.#options.farMax, Math.max(this.#options.farLinks, few))
  }

  #fillFar(): void {
    if (this.isOut) return
    this.#far.tidy()
    while (this.#far.size < this.#farWanted()) {
      const next = this.#far.next()
      if (next === undefined || !this.#addFar(next.member, next.founder)) break
    }
  }

  #addFar(member: Member, founder: Member): boolean {
    const added = this.#far.add(member, founder)
    if (added) this.once(member, this.#greeting('far'))
    return added
  }

  #greeting(how: Greeting): unknown {
    const near = this.table.list(IN_VIEW) // which said themselves of which cluster they are
    const mates =
      how !== 'answer' || near.length === 0
        ? []
        : [{ founder: this.#founder, member: this.random.pick(near).member, age: 0 }]
    const others = this.#clusters.sample(this.random, NEWS_MAX - mates.length)
    return wire.greet(how, this.#founder, [...mates, ...others])
  }

  #seeking(ttl = SEEK_HOPS): unknown {
    return wire.seek(memberToWire(this.self), ttl)
  }

  #isOwn(founder: Member): boolean {
    return founder.incarnation === this.#founder.incarnation
  }

  #isNear(founder: Member): boolean {
    return this.#distance(this.self, founder) <= this.#options.threshold
  }

  #isAlone(): boolean {
    return this.table.list(PARTIAL).length === 0 && this.table.list(IN_VIEW).length === 0
  }

  readonly #distance = (a: Member, b: Member): number => {
    try {
      const far: unknown = this.#options.distance(a, b)
      return typeof far === 'number' && far >= 0 ? far : Number.POSITIVE_INFINITY
    } catch {
      return Number.POSITIVE_INFINITY
    }
  }
}
