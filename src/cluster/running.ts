import type { TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { Random } from '../base/random.js'
import { compareIncarnations } from '../overlay/member.js'
import type { LeaveReason, Member, Overlay } from '../overlay/overlay.js'
import type { Transport } from '../peer/transport.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import { BroadcastDriver, type BroadcastOptions } from './broadcast-driver.js'
import type { BroadcastHandlers } from './broadcast-handlers.js'
import type { CarrierSink } from './carrier.js'
import type { ClusterParts, ClusterTiming } from './cluster-options.js'
import { DeliveryDriver } from './delivery-driver.js'
import type { Taker } from './doors.js'
import type { Forwarding } from './forwarding.js'
import { NodeWatch } from './node-watch.js'
import { OverlayDriver } from './overlay-driver.js'
import type { OverlayMemory } from './overlay-memory.js'
import type { Reporter } from './reporter.js'
import { Router } from './router.js'

/** What a running cluster is built on. */
export interface RunningGround {
  readonly parts: ClusterParts
  readonly timing: ClusterTiming
  readonly self: Member
  readonly transport: Transport
  readonly memory: OverlayMemory
  readonly random: Random
  readonly logger: Logger
  readonly reporter: Reporter
  readonly forwarding: Forwarding
  readonly handlers: BroadcastHandlers
  readonly broadcast: BroadcastOptions
  /** What stands above, if anything. */
  sink(): CarrierSink | undefined
  /** A node became a member or reachable: joins may be done. */
  changed(): void
  selfLeft(): void
}

/**
 * The machines of a cluster from `start` to `stop`, and the wires between them: what the overlay
 * decides about members goes to the detector, what the detector decides about nodes goes to the
 * overlay, and both to whoever listens.
 */
export class Running implements Taker {
  readonly overlay: Overlay
  readonly driver: OverlayDriver
  readonly router: Router
  readonly watch: NodeWatch
  readonly delivery: DeliveryDriver
  readonly broadcasts: BroadcastDriver
  readonly #ground: RunningGround
  /** Members by name, as the overlay's stream of differences tells them; this node is not in it. */
  readonly #members = new Map<string, Member>()

  constructor(ground: RunningGround) {
    const { parts, timing, self, transport, memory, random, logger, reporter } = ground
    const { codec, world } = parts
    this.#ground = ground
    this.overlay = parts.overlay.create(self, random.fork('overlay'))
    const { overlay } = this
    const badMessage = (from: string, detail: string): void => reporter.badMessage(from, detail)
    this.watch = new NodeWatch(world.clock, timing.downAfterMs, {
      nodeUp: (node, again) => this.#nodeUp(node, again),
      nodeDown: (node, reason, orderly) => this.#nodeDown(node, reason, orderly),
    })
    this.driver = new OverlayDriver(
      {
        overlay,
        transport,
        codec,
        clock: world.clock,
        random: random.fork('dial'),
        logger,
        memory,
      },
      {
        memberJoined: (member) => this.#memberJoined(member),
        memberLeft: (member, reason) => this.#memberLeft(member, reason),
        selfLeft: () => ground.selfLeft(),
        neighboursChanged: () => this.broadcasts.refresh(),
        badMessage,
      },
    )
    this.router = new Router({
      self,
      overlay,
      transport,
      channels: transport.channels,
      codec,
      turn: world.turn,
      relayTtl: timing.relayTtl,
      member: (node) => this.member(node),
      isDown: (node) => this.watch.isDown(node),
      deliver: (from, channel, envelope) => this.#arrived(from, channel, envelope),
      badMessage,
    })
    this.delivery = new DeliveryDriver({
      self,
      clock: world.clock,
      turn: world.turn,
      random: random.fork('delivery'),
      codec,
      channels: transport.channels,
      router: this.router,
      options: parts.delivery,
      member: (node) => this.#newest(node),
      deliver: (from, channel, envelope, again) => this.take(from, channel, envelope, again),
      undelivered: (to, channel, envelope, reason) =>
        ground.sink()?.undelivered(to, channel, envelope, reason),
      badMessage,
    })
    this.broadcasts = new BroadcastDriver({
      self,
      overlay,
      transport,
      codec,
      clock: world.clock,
      turn: world.turn,
      random: random.fork('broadcast'),
      logger,
      options: ground.broadcast,
      handlers: ground.handlers,
      badMessage,
    })
  }

  /** The newest incarnation of a node that is a member, or a peer that will be one. */
  member(node: string): Member | undefined {
    const { self } = this.#ground
    if (node === self.name) return self
    return this.#members.get(node) ?? this.watch.up(node)
  }

  /** As `member`, also where the membership has not heard of a new start that is connected already. */
  #newest(node: string): Member | undefined {
    const known = this.member(node)
    const up = this.watch.up(node)
    if (known === undefined || up === undefined) return known
    return compareIncarnations(known, up) < 0 ? up : known
  }

  isMember(node: string): boolean {
    return this.#members.has(node)
  }

  /** A member, and messages to it can travel now. */
  isUsable(node: string): boolean {
    if (!this.#members.has(node)) return false
    return !this.overlay.capabilities.direct || this.watch.isConnected(node)
  }

  /**
   * A newer start holds this node's name where `teller` is, and there is no way back: it leaves. Not
   * at the word of a node that is no member here; what others hold is no concern of this cluster.
   */
  replaced(teller: Member, reason: TroupeError): void {
    const { self, logger } = this.#ground
    if (!this.#members.has(teller.name)) return
    logger.warn({ err: reason, teller: teller.name }, 'this node was replaced while it was away')
    this.driver.feed({ type: 'leave', name: self.name })
  }

  /** An envelope from a connected peer. What comes ahead of its sender's membership makes it known. */
  envelope(from: Member, channel: number, envelope: Envelope): void {
    if (this.watch.up(from.name)?.incarnation !== from.incarnation) {
      this.watch.feed({ type: 'heard', peer: from })
      if (this.watch.up(from.name)?.incarnation !== from.incarnation) return // it left
    }
    this.#arrived(from, channel, envelope)
  }

  /** An envelope for this node, past all stages of delivery. False: not now. */
  take(from: Member, channel: number, envelope: Envelope, again: boolean): boolean {
    if (envelope.kind !== ENVELOPE.FORWARD) {
      return this.#ground.sink()?.envelope(from, channel, envelope, again) ?? true
    }
    this.#ground.forwarding.deliver(from, envelope)
    return true
  }

  stop(): void {
    this.delivery.stop()
    this.broadcasts.stop()
    this.driver.stop()
    this.watch.stop()
  }

  #arrived(from: Member, channel: number, envelope: Envelope): void {
    if (envelope.stamp === undefined) this.take(from, channel, envelope, false)
    else this.delivery.receive(from, channel, envelope)
  }

  #memberJoined(member: Member): void {
    this.#members.set(member.name, member)
    this.#ground.reporter.memberJoined(member)
    this.watch.feed({ type: 'memberJoined', member })
    this.#ground.changed()
  }

  #memberLeft(member: Member, reason: LeaveReason): void {
    this.#members.delete(member.name)
    this.#ground.reporter.memberLeft(member, reason)
    this.watch.feed({ type: 'memberLeft', member, reason })
    this.delivery.gone(member)
  }

  #nodeUp(node: Member, again: boolean): void {
    this.#ground.sink()?.nodeUp(node)
    this.delivery.nodeUp(node)
    if (!again) this.#ground.reporter.nodeUp(node)
    this.#ground.changed()
  }

  /** What still waits for it is given up first: `nodeDown` is the end of all that was begun with it. */
  #nodeDown(node: Member, reason: TroupeError, orderly: boolean): void {
    this.#ground.transport.giveUp(node, reason)
    this.#ground.sink()?.nodeDown(node, reason)
    this.#ground.reporter.nodeDown(node, reason, orderly)
    // A member may come back as it was. Who never became one is not waited for.
    if (this.#members.get(node.name)?.incarnation !== node.incarnation) this.delivery.gone(node)
    this.driver.feed({ type: 'nodeDown', peer: node.name, incarnation: node.incarnation })
  }
}
