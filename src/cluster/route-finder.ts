import { unreachable } from '../base/unreachable.js'
import type { Member } from '../overlay/overlay.js'
import { Allowance } from './allowance.js'
import { RecentSet } from './recent-set.js'
import {
  ROUTE,
  type RouteKind,
  type RouteMessage,
  type RouteWire,
  routeFromWire,
  routeToWire,
} from './route-message.js'
import { RouteTable } from './route-table.js'

export interface RouteFinderOptions {
  /** Hops a search, an answer and a ping may take. */
  readonly ttl: number
  /** How long an answer is waited for, in ms. Default 1,000. */
  readonly searchMs?: number
  /** Floods a search may take. Default 2. */
  readonly tries?: number
  /** How long a name that was not found is not searched again for a message, in ms. Default 1,000. */
  readonly missMs?: number
}

/** What the overlay knows of ways. */
export interface KnownWays {
  /** The next hop to a node, or undefined when it knows none. */
  hop(node: string): string | undefined
  /** False for a peer beyond which nobody can be reached. */
  relays(peer: string): boolean
}

export type FinderEvent =
  | { readonly type: 'peerUp'; readonly peer: Member }
  | { readonly type: 'peerDown'; readonly peer: string }
  /**
   * Something waits for a way to that node, not through `except`; `fresh`: and for a word from it.
   * Comes back as `found` or `failed`.
   */
  | {
      readonly type: 'want'
      readonly node: string
      readonly except: string | undefined
      readonly fresh: boolean
      readonly nowMs: number
    }
  /** Asks a node for a sign of life (`alive`); `fresh`: over a way that is searched anew. */
  | {
      readonly type: 'ping'
      readonly node: string
      readonly fresh: boolean
      readonly nowMs: number
    }
  /** Tells a node that this one stops. */
  | { readonly type: 'bye'; readonly node: string; readonly nowMs: number }
  /** The body of a ROUTE frame of a connected peer. */
  | {
      readonly type: 'message'
      readonly from: string
      readonly body: unknown
      readonly nowMs: number
    }
  /** A relayed message of `source` came in from a peer: there is a way back. */
  | {
      readonly type: 'passed'
      readonly source: Member
      readonly from: string
      readonly nowMs: number
    }
  /** The route to that node leads nowhere, or in a circle. */
  | { readonly type: 'stuck'; readonly node: string }
  | { readonly type: 'timer'; readonly node: string; readonly nowMs: number }

export type FinderEffect =
  | { readonly type: 'send'; readonly to: string; readonly body: RouteWire }
  /** There is a way to that node now. */
  | { readonly type: 'found'; readonly node: string }
  | { readonly type: 'failed'; readonly node: string }
  /** It has just given a sign of life; `sought`: that was searched for. */
  | { readonly type: 'alive'; readonly node: Member; readonly sought: boolean }
  /** It said that it stops. */
  | { readonly type: 'bye'; readonly node: Member }
  /** Comes back as `timer`. */
  | { readonly type: 'startTimer'; readonly node: string; readonly delayMs: number }
  | { readonly type: 'cancelTimer'; readonly node: string }
  | { readonly type: 'badMessage'; readonly from: string; readonly detail: string }

/** What became of searches, and of the messages of others. */
export interface RouteStats {
  /** Begun by this node: for a message that found no way, a ping or a seeker. */
  searches: number
  /** Of those: the node answered, or connected. */
  found: number
  /** Of those: nobody answered. */
  failed: number
  /** Floods of others that were passed on. */
  flooded: number
  /** Answers and pings of others that were passed on. */
  forwarded: number
  /** Out of hops, or without a way. */
  dropped: number
  /** Floods beyond the rate of a peer. */
  limited: number
}

const ROUTES_MAX = 16_384
const ROUTE_AGE_MS = 300_000
const RECENT_MAX = 8_192
const SEARCHES_MAX = 1_024
const MISSES_MAX = 1_024
/** Own searches a second, and in a burst; one more waits its turn. */
const SEARCH_RATE = [50, 100] as const
/** Floods a second that are passed on for one peer, and in a burst. */
const FLOOD_RATE = [1_000, 2_000] as const
const BUSY_MS = 100

interface Search {
  /** Floods sent. */
  tries: number
  /** Turns it waited for its first flood. */
  waits: number
}

/**
 * Finds ways to nodes that are no neighbours, over the neighbours there are. A search floods: the
 * arcs on which it first arrives are a spanning tree rooted at the searcher, so every node learns the
 * next hop back to it. The node that was looked for answers along that tree, and every node on the
 * path learns the hop towards it: AODV (Perkins and Royer, WMCSA'99) without its hellos, for neighbours
 * here are connections. A node that is connected to the one looked for passes the flood to that one only.
 */
export class RouteFinder {
  readonly stats: RouteStats = {
    searches: 0,
    found: 0,
    failed: 0,
    flooded: 0,
    forwarded: 0,
    dropped: 0,
    limited: 0,
  }
  readonly #self: Member
  readonly #options: Required<RouteFinderOptions>
  readonly #known: KnownWays
  readonly #routes = new RouteTable(ROUTES_MAX, ROUTE_AGE_MS)
  readonly #recent = new RecentSet(RECENT_MAX)
  readonly #peers = new Map<string, { readonly peer: Member; readonly floods: Allowance }>()
  readonly #searches = new Map<string, Search>()
  /** Until when names that were not found are not searched again. */
  readonly #misses = new Map<string, number>()
  readonly #rate = new Allowance(...SEARCH_RATE)
  #number = 0
  #effects: FinderEffect[] = []

  constructor(self: Member, options: RouteFinderOptions, known: KnownWays) {
    this.#self = self
    this.#options = { searchMs: 1_000, tries: 2, missMs: 1_000, ...options }
    this.#known = known
  }

  step(event: FinderEvent): readonly FinderEffect[] {
    this.#effects = []
    switch (event.type) {
      case 'peerUp':
        this.#peers.set(event.peer.name, {
          peer: event.peer,
          floods: new Allowance(...FLOOD_RATE),
        })
        this.#settled(event.peer)
        // It may know a way to those that are not found without it.
        if (!this.#known.relays(event.peer.name)) break
        for (const node of this.#searches.keys()) {
          this.#send(event.peer.name, this.#made(ROUTE.REQUEST, node))
        }
        break
      case 'peerDown':
        this.#peers.delete(event.peer)
        break
      case 'want':
        this.#want(event)
        break
      case 'ping':
        this.#ping(event.node, event.fresh, event.nowMs)
        break
      case 'bye':
        this.#say(ROUTE.BYE, event.node, event.nowMs)
        break
      case 'message':
        this.#message(event.from, event.body, event.nowMs)
        break
      case 'passed':
        this.#learn(event.source, event.from, 0, event.nowMs)
        break
      case 'stuck':
        this.#routes.drop(event.node)
        break
      case 'timer':
        this.#timer(event.node, event.nowMs)
        break
      default:
        unreachable(event)
    }
    return this.#effects
  }

  /**
   * The connected peer through which a node is reached: the overlay's own way, a direct one, or one
   * that was found; never `except`, from where the message came.
   */
  hop(node: string, nowMs: number, except?: string): string | undefined {
    const own = this.#known.hop(node)
    if (own !== undefined && own !== except && this.#peers.has(own)) return own
    if (node !== except && this.#peers.has(node)) return node
    const hop = this.#routes.use(node, nowMs)?.hop
    return hop !== undefined && hop !== except && this.#peers.has(hop) ? hop : undefined
  }

  /** The start of a node that is connected. */
  peer(node: string): Member | undefined {
    return this.#peers.get(node)?.peer
  }

  /** Routes, searches and misses that are remembered; all are bounded. */
  get size(): { readonly routes: number; readonly searches: number; readonly misses: number } {
    return {
      routes: this.#routes.size,
      searches: this.#searches.size,
      misses: this.#misses.size,
    }
  }

  #want({ node, except, fresh, nowMs }: FinderEvent & { type: 'want' }): void {
    if (!fresh && this.hop(node, nowMs, except) !== undefined) {
      this.#emit({ type: 'found', node })
      return
    }
    if (this.#searches.has(node)) return
    const until = this.#misses.get(node)
    if (until !== undefined && until > nowMs) this.#emit({ type: 'failed', node })
    else this.#search(node, nowMs)
  }

  #ping(node: string, fresh: boolean, nowMs: number): void {
    if (!fresh && this.#say(ROUTE.PING, node, nowMs)) return
    if (this.#searches.has(node)) return
    if (fresh) this.#routes.drop(node)
    this.#search(node, nowMs)
  }

  #search(node: string, nowMs: number): void {
    if (this.#searches.size >= SEARCHES_MAX) {
      this.#emit({ type: 'failed', node })
      return
    }
    this.stats.searches++
    const search: Search = { tries: 0, waits: 0 }
    this.#searches.set(node, search)
    this.#try(node, search, nowMs)
  }

  #try(node: string, search: Search, nowMs: number): void {
    if (!this.#rate.take(nowMs)) {
      search.waits++
      this.#emit({ type: 'startTimer', node, delayMs: BUSY_MS })
      return
    }
    search.tries++
    this.#flood(this.#made(ROUTE.REQUEST, node), undefined)
    this.#emit({ type: 'startTimer', node, delayMs: this.#options.searchMs })
  }

  #timer(node: string, nowMs: number): void {
    const search = this.#searches.get(node)
    if (search === undefined) return
    const { tries, searchMs, missMs } = this.#options
    if (search.tries < tries && search.waits * BUSY_MS < 2 * searchMs) {
      this.#try(node, search, nowMs)
      return
    }
    this.#searches.delete(node)
    this.#misses.delete(node)
    this.#misses.set(node, nowMs + missMs)
    if (this.#misses.size > MISSES_MAX) {
      for (const oldest of this.#misses.keys()) {
        this.#misses.delete(oldest)
        break
      }
    }
    this.stats.failed++
    this.#emit({ type: 'failed', node })
  }

  /** A search is over: there is a way. */
  #settled(node: Member): void {
    this.#misses.delete(node.name)
    if (!this.#searches.delete(node.name)) return
    this.stats.found++
    this.#emit({ type: 'cancelTimer', node: node.name })
    this.#emit({ type: 'alive', node, sought: true })
    this.#emit({ type: 'found', node: node.name })
  }

  #message(from: string, body: unknown, nowMs: number): void {
    const message = routeFromWire(body)
    if (message === undefined) {
      this.#emit({ type: 'badMessage', from, detail: 'a message about routes is malformed' })
      return
    }
    const { kind, author, number, to } = message
    if (author.name === this.#self.name) return // our own, gone in a circle
    if (kind === ROUTE.REQUEST) {
      this.#request(from, message, nowMs)
      return
    }
    this.#learn(author, from, number, nowMs)
    if (to === this.#self.name) this.#arrived(message, nowMs)
    else this.#forward(from, message, nowMs)
  }

  #request(from: string, message: RouteMessage, nowMs: number): void {
    const { author, number, to, ttl } = message
    if (!this.#recent.add(`${author.incarnation}/${number}`)) return
    this.#learn(author, from, number, nowMs)
    if (to === this.#self.name) {
      this.#say(ROUTE.REPLY, author.name, nowMs)
      return
    }
    if (ttl <= 1) {
      this.stats.dropped++
      return
    }
    if (this.#peers.get(from)?.floods.take(nowMs) !== true) {
      this.stats.limited++
      return
    }
    this.stats.flooded++
    const onwards = { ...message, ttl: ttl - 1 }
    if (to !== from && this.#peers.has(to)) this.#send(to, onwards)
    else this.#flood(onwards, from)
  }

  /** To the one that is looked for, and to all who may know a way to it. */
  #flood(request: RouteMessage, from: string | undefined): void {
    for (const peer of this.#peers.keys()) {
      if (peer === from) continue
      if (peer === request.to || this.#known.relays(peer)) this.#send(peer, request)
    }
  }

  #arrived({ kind, author }: RouteMessage, nowMs: number): void {
    if (kind === ROUTE.BYE) {
      this.#emit({ type: 'bye', node: author })
      return
    }
    this.#emit({ type: 'alive', node: author, sought: false })
    if (kind === ROUTE.PING) this.#say(ROUTE.PONG, author.name, nowMs)
  }

  #forward(from: string, message: RouteMessage, nowMs: number): void {
    const hop = this.hop(message.to, nowMs, from)
    if (hop === undefined || message.ttl <= 1) {
      this.stats.dropped++
      return
    }
    this.stats.forwarded++
    this.#send(hop, { ...message, ttl: message.ttl - 1 })
  }

  /** Who is connected speaks for itself. */
  #learn(node: Member, via: string, number: number, nowMs: number): void {
    if (node.name === this.#self.name || !this.#peers.has(via)) return
    if (node.name !== via && this.#peers.has(node.name)) return
    this.#routes.learn(node, via, number, nowMs, (hop) => this.#peers.has(hop))
    this.#settled(node)
  }

  #say(kind: RouteKind, node: string, nowMs: number): boolean {
    const hop = this.hop(node, nowMs)
    if (hop === undefined) return false
    this.#send(hop, this.#made(kind, node))
    return true
  }

  #made(kind: RouteKind, to: string): RouteMessage {
    return { kind, ttl: this.#options.ttl, number: ++this.#number, author: this.#self, to }
  }

  #send(to: string, message: RouteMessage): void {
    this.#emit({ type: 'send', to, body: routeToWire(message) })
  }

  #emit(effect: FinderEffect): void {
    this.#effects.push(effect)
  }
}
