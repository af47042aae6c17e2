import type { ActorSystem } from '../actor/actor-system.js'
import type { ExitReason } from '../actor/exit-reason.js'
import { ActorRef, type AnyRef } from '../actor/ref.js'
import { TroupeError } from '../base/errors.js'
import { incarnationOf } from '../base/identity.js'
import { show } from '../base/options.js'
import type { Place } from '../supervision/relocation.js'
import type { DownNews, RemoteBonds, RemoteBondsSink } from '../supervision/remote-bonds.js'
import type { Clock } from '../world/clock.js'
import type { Control } from './control.js'
import { receiverKey } from './key-hash.js'
import { type Newcomer, Newcomers } from './newcomers.js'
import type { Outbox } from './outbox.js'
import type { RemotePeer, RemotePeers } from './remote-peer.js'
import type { Seeker } from './seeker.js'
import type { SignalStreams, SignalsLost } from './signal-streams.js'
import { decodeReason, encodeReason, plainReason } from './wire-reason.js'

/**
 * Watches, links and ends of actors across nodes. A bond with a node holds until either side gives
 * the other up: then both ends hear `nodeDown`, once. Watches and links of this node are made anew
 * with a peer that had forgotten them. A watch of an actor whose node is not known yet waits for the
 * news of that node.
 */
export class Signals implements RemoteBonds, SignalsLost {
  readonly #system: ActorSystem
  readonly #peers: RemotePeers
  readonly #outbox: Outbox
  readonly #streams: SignalStreams
  readonly #seeker: Seeker
  /** Nodes that are searched because actors here watch or link actors of theirs. */
  readonly #sought = new Set<string>()
  readonly #stacks: boolean
  readonly #sink: RemoteBondsSink
  readonly #newcomers: Newcomers

  constructor(parts: {
    readonly clock: Clock
    readonly system: ActorSystem
    readonly peers: RemotePeers
    readonly outbox: Outbox
    readonly streams: SignalStreams
    readonly seeker: Seeker
    readonly control: Control
    readonly sink: RemoteBondsSink
    /** Errors in exit reasons travel with their stacks. */
    readonly stacks: boolean
  }) {
    this.#system = parts.system
    this.#peers = parts.peers
    this.#outbox = parts.outbox
    this.#streams = parts.streams
    this.#seeker = parts.seeker
    this.#stacks = parts.stacks
    this.#sink = parts.sink
    this.#newcomers = new Newcomers(parts.clock, (newcomer) => this.#over(newcomer))
    this.#handle()
    parts.streams.listen(this)
    parts.control.handle('stop', (_from, args) => this.#stop(args))
  }

  // outbound

  watch(target: AnyRef, id: number): boolean {
    const at = this.#reachable(target)
    if (at === undefined) return this.#expected(target)
    this.#streams.send(at.peer, receiverKey(at.to), 'watch', [id, at.to])
    return true
  }

  unwatch(target: AnyRef, id: number): void {
    const at = this.#reachable(target)
    if (at !== undefined) this.#streams.send(at.peer, receiverKey(at.to), 'unwatch', [id])
  }

  down(to: Place, id: number, news: DownNews): void {
    const peer = this.#peers.present(to.node)
    if (peer?.incarnation !== to.incarnation) return
    const { incarnation, reason, willRestart } = news
    this.#sendReason(peer, 'down', reason, (wire) => [id, incarnation, wire, willRestart])
  }

  link(target: AnyRef, id: number, from: AnyRef): boolean {
    const at = this.#reachable(target)
    if (at === undefined) return this.#expected(target)
    this.#streams.send(at.peer, receiverKey(at.to), 'link', [id, from, at.to])
    return true
  }

  unlink(node: string, id: number, made: 'here' | 'there'): void {
    const peer = this.#peers.present(node)
    if (peer !== undefined) this.#streams.send(peer, 0, 'unlink', [id, seenThere(made)])
  }

  exit(to: string, id: number, made: 'here' | 'there', reason: ExitReason): void {
    const peer = this.#peers.present(to)
    if (peer === undefined) return
    this.#sendReason(peer, 'exit', reason, (wire) => [id, seenThere(made), wire])
  }

  /** Undefined for nodes that are unknown or down, and for refs to an earlier start of a node. */
  #reachable(target: AnyRef): { peer: RemotePeer; to: number | string } | undefined {
    const at = this.#outbox.destination(target)
    if (at === undefined || at.dead || this.#peers.isDown(at.peer)) return undefined
    return at
  }

  /** True when the actor's node may be about to become known: the bond is made then, or ends. */
  #expected({ node, id }: AnyRef): boolean {
    if (this.#seeker.searches) return this.#searched(node, id)
    if (id === undefined) return false
    const incarnation = incarnationOf(id)
    return this.#peers.isNews(node, incarnation) && this.#newcomers.expect({ node, incarnation })
  }

  /** False when that node, or that start of it, is known to be over. */
  #searched(node: string, id: string | undefined): boolean {
    const peer = this.#peers.named(node)
    if (peer !== undefined) {
      if (id === undefined || !this.#peers.isNews(node, incarnationOf(id))) return false
    }
    if (this.#sought.has(node)) return true
    this.#sought.add(node)
    // Not before the bond is noted: a search may end at once.
    const over = (): void => void Promise.resolve().then(() => this.#searchOver(node))
    this.#seeker.seek(node, 0, over, over)
    return true
  }

  /** Bonds with the start that was found are made, those with others end. */
  #searchOver(node: string): void {
    this.#sought.delete(node)
    const peer = this.#peers.named(node)
    if (peer !== undefined && !this.#peers.isDown(peer)) this.#bond(peer)
    const starts = new Set<string>()
    const { watches, links } = this.#sink.outgoing(node)
    for (const { target } of [...watches, ...links]) {
      starts.add(target.id === undefined ? '' : incarnationOf(target.id))
    }
    if (peer !== undefined) {
      starts.delete(peer.incarnation)
      starts.delete('')
    }
    for (const incarnation of starts) this.#ended({ node, incarnation })
  }

  #over(newcomer: Newcomer): void {
    const { node, incarnation } = newcomer
    const peer = this.#peers.named(node)
    if (peer?.incarnation === incarnation) {
      this.#bond(peer)
      return
    }
    this.#ended(newcomer)
  }

  /** Only what names that very start ends; names belong to the start that is up, and end with ''. */
  #ended({ node, incarnation }: Place): void {
    const reason: ExitReason = { type: 'nodeDown', node }
    const { watches, links } = this.#sink.outgoing(node)
    for (const { id, target } of watches) {
      if (!isOfStart(target, incarnation)) continue
      this.#sink.downed({ node, incarnation }, id, { incarnation: 0, reason, willRestart: false })
    }
    for (const { id, target } of links) {
      if (!isOfStart(target, incarnation)) continue
      this.#sink.exited({ node, incarnation }, id, 'here', reason)
    }
  }

  /** Asks a peer for all that actors here want of it; what it was asked for before is nothing new to it. */
  #bond(peer: RemotePeer): void {
    const { watches, links } = this.#sink.outgoing(peer.name)
    const isThere = ({ target }: { target: AnyRef }): boolean =>
      target.id === undefined || isOfStart(target, peer.incarnation)
    for (const { id, target } of watches.filter(isThere)) this.watch(target, id)
    for (const { id, target, from } of links.filter(isThere)) this.link(target, id, from)
  }

  #sendReason(
    peer: RemotePeer,
    op: string,
    reason: ExitReason,
    args: (reason: readonly unknown[]) => readonly unknown[],
  ): void {
    const wire = encodeReason(reason, this.#stacks)
    this.#streams.send(peer, 0, op, args(wire), () => args(plainReason(wire)))
  }

  // inbound

  #handle(): void {
    const streams = this.#streams
    const sink = this.#sink
    streams.handle('watch', (peer, [id, to]) => sink.watched(peer.place, idOf(id), targetOf(to)))
    streams.handle('unwatch', (peer, [id]) => sink.unwatched(peer.place, idOf(id)))
    streams.handle('down', (peer, [id, incarnation, reason, willRestart]) => {
      if (!isCount(incarnation) || typeof willRestart !== 'boolean') throw malformed('down')
      sink.downed(peer.place, idOf(id), { incarnation, reason: reasonOf(reason), willRestart })
    })
    streams.handle('link', (peer, [id, from, to]) => {
      if (!(from instanceof ActorRef) || from.node !== peer.name) throw malformed('link')
      sink.linked(peer.place, idOf(id), from, targetOf(to))
    })
    streams.handle('unlink', (peer, [id, made]) => {
      sink.unlinked(peer.place, idOf(id), madeOf(made))
    })
    streams.handle('exit', (peer, [id, made, reason]) => {
      sink.exited(peer.place, idOf(id), madeOf(made), reasonOf(reason))
    })
  }

  /** Another node ends an actor of this one; answers when it has ended. */
  async #stop([to, wire, timeoutMs]: readonly unknown[]): Promise<void> {
    const target = targetOf(to)
    const reason = reasonOf(wire)
    if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) throw malformed('stop')
    const system = this.#system
    const cell = typeof target === 'number' ? system.cell(target) : system.named(target)
    await cell?.stop(reason, timeoutMs)
  }

  // news of peers

  nodeUp(peer: RemotePeer): void {
    if (this.#newcomers.came(peer.incarnation)) this.#bond(peer)
  }

  lost(peer: RemotePeer): void {
    this.#newcomers.came(peer.incarnation)
    this.#sink.nodeDown(peer.place)
  }

  restarted(peer: RemotePeer): void {
    this.#sink.forgotten(peer.place)
    this.#bond(peer)
  }

  /** The node stops: no timer is left. */
  close(): void {
    this.#newcomers.close()
  }
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

const isOfStart = ({ id }: AnyRef, incarnation: string): boolean =>
  (id === undefined ? '' : incarnationOf(id)) === incarnation

/** The same as the peer sees it. */
const seenThere = (made: 'here' | 'there'): 'here' | 'there' => (made === 'here' ? 'there' : 'here')

function madeOf(value: unknown): 'here' | 'there' {
  if (value === 'here' || value === 'there') return value
  throw malformed('signal')
}

function idOf(value: unknown): number {
  if (isCount(value)) return value
  throw malformed('signal')
}

function targetOf(value: unknown): number | string {
  if (isCount(value) || (typeof value === 'string' && value.length <= 512)) return value
  throw malformed('signal')
}

function reasonOf(wire: unknown): ExitReason {
  const reason = decodeReason(wire)
  if (reason === undefined) throw new TroupeError('ERR_DECODE', `${show(wire)} is no exit reason`)
  return reason
}

const malformed = (op: string): TroupeError =>
  new TroupeError('ERR_DECODE', `a field of a '${op}' is wrong`)
