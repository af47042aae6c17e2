import { Heap } from '../../src/base/heap.js'
import { newIncarnation } from '../../src/base/identity.js'
import { hashText, type Random, seededRandom } from '../../src/base/random.js'
import { type FinderEffect, type FinderEvent, RouteFinder } from '../../src/cluster/route-finder.js'
import type { Member } from '../../src/overlay/overlay.js'

/** The ULID of a node's start. */
export function incarnationOfStart(start: number, name = ''): string {
  const hash = hashText(name)
  const bytes = Uint8Array.from([0, hash, hash >> 8, hash >> 16, hash >> 24])
  return newIncarnation(1_700_000_000_000 + start, bytes)
}

export const memberOfStart = (name: string, start = 1): Member => ({
  name,
  incarnation: incarnationOfStart(start, name),
  generation: start,
  addresses: [],
  tags: [],
})

interface Flight {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

class Stop {
  readonly member: Member
  readonly finder: RouteFinder
  readonly timers = new Map<string, number>()
  readonly told: string[] = []
  /** Peers that pass nothing on. */
  readonly deaf = new Set<string>()

  constructor(member: Member, ttl: number) {
    this.member = member
    this.finder = new RouteFinder(
      member,
      { ttl },
      { hop: () => undefined, relays: (peer) => !this.deaf.has(peer) },
    )
  }
}

/** Route finders over a graph whose edges come and go, under virtual time. */
export class RouteNetwork {
  readonly random: Random
  readonly stops = new Map<string, Stop>()
  readonly edges = new Set<string>()
  nowMs = 0
  /** Messages that travelled. */
  sent = 0
  readonly #ttl: number
  #order = 0
  readonly #flights = new Heap<Flight>((a, b) =>
    a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs,
  )

  constructor(seed: number | string, ttl = 32) {
    this.random = seededRandom(seed)
    this.#ttl = ttl
  }

  add(name: string, start = 1): void {
    this.stops.set(name, new Stop(memberOfStart(name, start), this.#ttl))
  }

  stop(name: string): Stop {
    return this.stops.get(name) as Stop
  }

  connect(a: string, b: string): void {
    if (this.edges.has(edge(a, b)) || a === b) return
    this.edges.add(edge(a, b))
    this.feed(a, { type: 'peerUp', peer: this.stop(b).member })
    this.feed(b, { type: 'peerUp', peer: this.stop(a).member })
  }

  cut(a: string, b: string): void {
    if (!this.edges.delete(edge(a, b))) return
    this.feed(a, { type: 'peerDown', peer: b })
    this.feed(b, { type: 'peerDown', peer: a })
  }

  want(from: string, to: string): void {
    const { nowMs } = this
    this.feed(from, { type: 'want', node: to, except: undefined, fresh: false, nowMs })
  }

  ping(from: string, to: string, fresh = false): void {
    this.feed(from, { type: 'ping', node: to, fresh, nowMs: this.nowMs })
  }

  feed(at: string, event: FinderEvent): void {
    const stop = this.stop(at)
    for (const effect of stop.finder.step(event)) this.#perform(stop, effect)
  }

  run(ms: number): void {
    const end = this.nowMs + ms
    for (;;) {
      const next = this.#flights.peek()
      if (next === undefined || next.atMs > end) break
      this.#flights.pop()
      this.nowMs = next.atMs
      next.run()
    }
    this.nowMs = end
  }

  /** The nodes on the way from one to another as relays would take it; undefined where it ends early. */
  path(from: string, to: string): string[] | undefined {
    const path = [from]
    let before: string | undefined
    for (let at = from; at !== to; ) {
      const hop: string | undefined = this.stop(at).finder.hop(to, this.nowMs, before)
      if (hop === undefined || path.includes(hop)) return undefined
      before = at
      at = hop
      path.push(at)
    }
    return path
  }

  #later(ms: number, run: () => void): void {
    this.#flights.push({ atMs: this.nowMs + ms, order: this.#order++, run })
  }

  #perform(stop: Stop, effect: FinderEffect): void {
    const { name } = stop.member
    switch (effect.type) {
      case 'send':
        this.sent++
        this.#later(1 + this.random.int(20), () => {
          if (!this.edges.has(edge(name, effect.to))) return
          const { nowMs } = this
          this.feed(effect.to, { type: 'message', from: name, body: effect.body, nowMs })
        })
        break
      case 'startTimer': {
        const number = this.#order
        stop.timers.set(effect.node, number)
        this.#later(effect.delayMs, () => {
          if (stop.timers.get(effect.node) !== number) return
          this.feed(name, { type: 'timer', node: effect.node, nowMs: this.nowMs })
        })
        break
      }
      case 'cancelTimer':
        stop.timers.delete(effect.node)
        break
      case 'alive':
        stop.told.push(`alive ${effect.node.name}`)
        break
      case 'bye':
        stop.told.push(`bye ${effect.node.name}`)
        break
      case 'badMessage':
        stop.told.push(`bad ${effect.from}`)
        break
      default:
        stop.told.push(`${effect.type} ${effect.node}`)
    }
  }
}

const edge = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`)
