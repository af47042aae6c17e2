import type { Random } from '../base/random.js'
import type { BroadcastFactory } from './broadcast.js'
import {
  ANNOUNCEMENTS_MAX,
  type Announcement,
  type BroadcastMessage,
  type Gossip,
  wire,
} from './broadcast-message.js'
import { type PlumtreeOptions, readPlumtreeOptions } from './broadcast-options.js'
import { Disseminator } from './disseminator.js'
import type { LoggedMessage } from './message-log.js'
import { keyOf, Missing, type MissingMessage } from './missing.js'
import { Trees } from './trees.js'

/**
 * Plumtree (Leitão, Pereira, Rodrigues: "Epidemic Broadcast Trees", SRDS'07): eager links carry
 * messages, lazy links announce them. A message that comes twice makes the second link lazy; one that
 * is announced and does not come is fetched, which makes that link eager: so a spanning tree grows and
 * mends itself.
 *
 * Where it departs from the paper. Senders that broadcast often have trees of their own (Partisan has
 * one for each), the rest share one as in the paper. A request for a message carries no number of links:
 * who answers knows its own. A message that comes twice over one link is no reason to prune it.
 * Announcements that are gathered come late: they count for the shorter path all the same.
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function plumtree(options: Partial<PlumtreeOptions> = {}): BroadcastFactory {
  const read = readPlumtreeOptions(options)
  return {
    name: NAME,
    create: ({ incarnation }, random) => new Plumtree(incarnation, random, read),
  }
}

const NAME = 'plumtree'
const ANNOUNCE = 'announce'
const GRAFT = 'graft '
const GRAFT_LEAST_MS = 200
const REGRAFT_LEAST_MS = 50

class Plumtree extends Disseminator {
  readonly name = NAME
  readonly #options: PlumtreeOptions
  readonly #trees: Trees
  readonly #missing: Missing
  /** Announcements that wait, by peer. */
  readonly #announcements = new Map<string, Announcement[]>()
  #roundTripMs = 0
  /** Broadcasts of this node in this age and the one before. */
  #sent = 0
  #sentBefore = 0

  constructor(self: string, random: Random, options: PlumtreeOptions) {
    super(self, random, options)
    this.#options = options
    this.#trees = new Trees(options.treesMax)
    this.#missing = new Missing(options.missingMax)
  }

  override snapshot(): Readonly<Record<string, unknown>> {
    const trees = Object.fromEntries(
      [this.#trees.shared, ...this.#trees.values()].map(({ root, lazy }) => [
        root,
        {
          eager: this.neighbours()
            .filter((peer) => !lazy.has(peer))
            .toSorted(),
          lazy: [...lazy].toSorted(),
        },
      ]),
    )
    return { ...super.snapshot(), missing: this.#missing.size, trees }
  }

  protected override ownTree(): boolean {
    return ++this.#sent + this.#sentBefore > this.#options.ownTreeAfter
  }

  protected override spread(message: LoggedMessage, body: unknown): void {
    const { origin, counter, own, parent } = message
    const { lazy } = this.#trees.of(rootOf(message))
    if (parent !== undefined) lazy.delete(parent)
    const gossip = this.gossip(message, body)
    const hops = message.hops + 1
    const announcement: Announcement = { origin: origin.incarnation, counter, hops, own }
    let announced: unknown
    for (const peer of this.peers) {
      if (peer === parent) continue
      if (!lazy.has(peer)) this.send(peer, gossip, 1)
      else if (this.#options.announceMs > 0) this.#announceLater(peer, announcement)
      else {
        announced ??= wire.announce([announcement])
        this.send(peer, announced)
      }
    }
    if (parent !== undefined) this.#came(message)
  }

  protected override duplicate({ origin, counter, own }: Gossip, from: string): void {
    const message = this.log.find(origin, counter)
    if (message === undefined || message.parent === from) return // too old, or the network repeated it
    // What came past the trees tells nothing about them.
    if (!message.repaired) this.#prune(own ? origin : '', from)
  }

  protected override control(
    from: string,
    message: Extract<BroadcastMessage, { type: 'announce' | 'prune' | 'graft' }>,
  ): void {
    switch (message.type) {
      case 'announce':
        for (const announcement of message.announcements) this.#announced(from, announcement)
        break
      case 'prune':
        if (this.peers.has(from)) this.#trees.known(message.root).lazy.add(from)
        break
      case 'graft': {
        const { root, origin, counter } = message
        this.#trees.known(root).lazy.delete(from)
        const known = counter > 0 ? this.log.find(origin, counter) : undefined
        if (known?.kept) this.send(from, this.gossip(known, known.body), 1)
        break
      }
    }
  }

  /** It is no news on any tree; neighbours that lack it, too, hear of it by anti-entropy. */
  protected override repaired({ origin, counter }: LoggedMessage): void {
    const key = keyOf(origin.incarnation, counter)
    if (this.#missing.take(key) !== undefined) this.#stopTimer(key)
  }

  protected override timer(name: string): void {
    if (name === ANNOUNCE) this.#sendAnnouncements()
    else if (name.startsWith(GRAFT)) this.#fetch(name.slice(GRAFT.length))
  }

  protected override peerLost(peer: string): void {
    this.#trees.forgetPeer(peer)
    this.#missing.forgetPeer(peer)
    this.#announcements.delete(peer)
  }

  protected override aged(): void {
    this.#trees.tick()
    this.#sentBefore = this.#sent
    this.#sent = 0
  }

  protected override roundTrip(ms: number): void {
    this.#roundTripMs = ms
  }

  /** Its message has come: nobody is asked for it any more; but somebody may be nearer to its origin. */
  #came(message: LoggedMessage): void {
    const key = keyOf(message.origin.incarnation, message.counter)
    const missing = this.#missing.take(key)
    if (missing === undefined) return
    this.#stopTimer(key)
    let nearest = missing.announcers[0]
    for (const one of missing.announcers) {
      if (nearest === undefined || one.hops < nearest.hops) nearest = one
    }
    if (nearest !== undefined) this.#optimise(message, nearest.peer, nearest.hops)
  }

  #announced(from: string, announcement: Announcement): void {
    const { origin, counter, hops } = announcement
    if (this.isForged(from, origin, counter)) return
    if (this.log.seen(origin, counter)) {
      const message = this.#options.announceMs > 0 ? this.log.find(origin, counter) : undefined
      if (message !== undefined && !message.repaired) this.#optimise(message, from, hops)
      return
    }
    const key = keyOf(origin, counter)
    if (this.#missing.announced(key, from, announcement)) this.#startTimer(key, this.#graftMs)
  }

  /** The paper's optimisation: a path that is shorter by enough links takes the place of the present one. */
  #optimise(message: LoggedMessage, peer: string, hops: number): void {
    const { parent } = message
    if (parent === undefined || parent === peer || !this.peers.has(peer)) return
    const root = rootOf(message)
    const { lazy, root: kept } = this.#trees.of(root)
    const { optimiseHops, sharedOptimiseHops } = this.#options
    const least = kept === '' ? sharedOptimiseHops : optimiseHops
    if (message.hops - hops < least || lazy.has(parent)) return
    message.hops = hops
    message.parent = peer
    lazy.delete(peer)
    this.send(peer, wire.graft(root, '', 0))
    this.#prune(root, parent)
  }

  #prune(root: string, peer: string): void {
    if (this.peers.has(peer)) this.#trees.of(root).lazy.add(peer)
    this.send(peer, wire.prune(root))
  }

  /** It is time to fetch a message that was announced: from one after the other. */
  #fetch(key: string): void {
    const missing = this.#missing.get(key)
    const announcer = missing?.announcers.shift()
    if (missing === undefined || announcer === undefined) {
      this.#missing.take(key)
      return
    }
    this.#graft(missing, announcer.peer)
    this.#startTimer(key, this.#regraftMs)
  }

  #graft({ origin, counter, own }: MissingMessage, peer: string): void {
    const root = own ? origin : ''
    this.#trees.of(root).lazy.delete(peer)
    this.send(peer, wire.graft(root, origin, counter))
  }

  #announceLater(peer: string, announcement: Announcement): void {
    if (this.#announcements.size === 0) {
      const delayMs = this.#options.announceMs
      this.emit({ type: 'startTimer', name: ANNOUNCE, delayMs })
    }
    const waiting = this.#announcements.get(peer)
    if (waiting === undefined) this.#announcements.set(peer, [announcement])
    else if (waiting.push(announcement) === ANNOUNCEMENTS_MAX) {
      this.send(peer, wire.announce(waiting))
      this.#announcements.set(peer, [])
    }
  }

  #sendAnnouncements(): void {
    for (const [peer, waiting] of this.#announcements) {
      if (waiting.length > 0) this.send(peer, wire.announce(waiting))
    }
    this.#announcements.clear()
  }

  get #graftMs(): number {
    const { graftMs, announceMs } = this.#options
    return graftMs ?? Math.max(GRAFT_LEAST_MS, announceMs + 6 * this.#roundTripMs)
  }

  get #regraftMs(): number {
    return this.#options.regraftMs ?? Math.max(REGRAFT_LEAST_MS, 2 * this.#roundTripMs)
  }

  #startTimer(key: string, delayMs: number): void {
    this.emit({ type: 'startTimer', name: GRAFT + key, delayMs })
  }

  #stopTimer(key: string): void {
    this.emit({ type: 'cancelTimer', name: GRAFT + key })
  }
}

const rootOf = ({ own, origin }: LoggedMessage): string => (own ? origin.incarnation : '')
