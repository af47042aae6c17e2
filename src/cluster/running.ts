import type { TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { Random } from '../base/random.js'
import type { DeliveryPlan } from '../delivery/delivery-plan.js'
import { newer } from '../overlay/member.js'
import type { LeaveReason, Member, Overlay } from '../overlay/overlay.js'
import { FULL, SENT, type SendOutcome, type Sends, type Transport } from '../peer/transport.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import { BroadcastDriver, type BroadcastOptions } from './broadcast-driver.js'
import type { BroadcastHandlers } from './broadcast-handlers.js'
import type { CarrierSink } from './carrier.js'
import type { ClusterParts, ClusterTiming } from './cluster-options.js'
import { DeliveryDriver } from './delivery-driver.js'
import type { Taker } from './doors.js'
import type { DurableDriver, DurableWires } from './durable-driver.js'
import { FailureDetector } from './failure-detector.js'
import type { Forwarding } from './forwarding.js'
import { LeaseDetector } from './lease-detector.js'
import { NodeWatch } from './node-watch.js'
import { OverlayDriver } from './overlay-driver.js'
import type { OverlayMemory } from './overlay-memory.js'
import { Reach } from './reach.js'
import type { Reporter } from './reporter.js'
import { memberOf } from './route-message.js'
import { laneIsFull, noRoute, Router, unknownNode } from './router.js'
import { bodyBytes, stored } from './stored-envelope.js'

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
  /** Which has taken up what earlier starts have stored. */
  readonly durable: DurableDriver
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
  readonly reach: Reach
  readonly router: Router
  readonly watch: NodeWatch
  readonly delivery: DeliveryDriver
  readonly durable: DurableDriver
  /** What durable delivery needs of a running cluster. */
  readonly durableWires: DurableWires
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
    const { direct } = overlay.capabilities
    const detector = direct
      ? new FailureDetector(timing.downAfterMs)
      : new LeaseDetector(timing.leaseMs, timing.downAfterMs)
    this.watch = new NodeWatch(world.clock, detector, {
      nodeUp: (node, again) => this.#nodeUp(node, again),
      nodeDown: (node, reason, orderly) => this.#nodeDown(node, reason, orderly),
      ping: (node, fresh) => this.reach.ping(node.name, fresh),
      holds: (node) => this.#holds(node),
      forgotten: (node) => this.#forgotten(node),
    })
    this.reach = new Reach({
      self,
      overlay,
      transport,
      codec,
      clock: world.clock,
      ttl: timing.relayTtl,
      alive: (node, sought) => this.watch.feed({ type: sought ? 'contact' : 'alive', node }),
      bye: (node) => this.watch.feed({ type: 'bye', node }),
      badMessage,
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
        medium: parts.medium,
      },
      {
        memberJoined: (member) => this.#memberJoined(member),
        memberLeft: (member, reason) => this.#memberLeft(member, reason),
        selfLeft: () => {
          this.durable.selfLeft()
          ground.selfLeft()
        },
        neighboursChanged: () => this.broadcasts.refresh(),
        // Whoever joins waits for a neighbour, which may be an old member.
        stepped: () => ground.changed(),
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
      clock: world.clock,
      relayTtl: timing.relayTtl,
      member: (node) => this.member(node),
      isDown: (node) => this.watch.isDown(node),
      reach: this.reach,
      contact: (node) => this.#contact(node),
      used: (peer, sent) => this.watch.feed({ type: sent ? 'used' : 'wanted', peer }),
      undelivered: (to, channel, envelope, reason) => {
        // What is acknowledged is sent again, in its own time.
        if (envelope.stamp === undefined) ground.sink()?.undelivered(to, channel, envelope, reason)
      },
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
      member: (node) => this.member(node),
      deliver: (from, channel, envelope, again) =>
        envelope.kind >= ENVELOPE.DURABLE
          ? this.durable.receive(from, channel, envelope)
          : this.take(from, channel, envelope, again),
      undelivered: (to, channel, envelope, reason) => {
        if (this.durable.undelivered(to, channel, envelope, reason)) return
        ground.sink()?.undelivered(to, channel, envelope, reason)
      },
      badMessage,
    })
    this.durable = ground.durable
    this.durableWires = {
      member: (node) => this.member(node),
      seek: (node) => this.seek(node, 0, () => this.durable.reached(node), ignored),
      send: (node, channel, envelope, plan) => this.delivery.send(node, channel, envelope, plan),
      take: (from, channel, envelope) => this.take(from, channel, envelope, true),
      undelivered: (to, channel, envelope, reason) =>
        ground.sink()?.undelivered(to, channel, envelope, reason),
      badMessage,
    }
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

  /**
   * The newest incarnation of a node that is a member, or a peer that will be one; where not all are
   * connected, also one that was reached.
   */
  member(node: string): Member | undefined {
    const { self } = this.#ground
    if (node === self.name) return self
    const { direct } = this.overlay.capabilities
    return newer(this.#members.get(node), direct ? this.watch.up(node) : this.watch.known(node))
  }

  isMember(node: string): boolean {
    return this.#members.has(node)
  }

  /**
   * A member, and messages to it can travel now. Where a contact may hand newcomers on to others, it
   * is enough to be connected to any member.
   */
  isUsable(node: string): boolean {
    const { transport } = this.#ground
    if (this.overlay.capabilities.membership === 'partial') {
      return this.overlay.neighbours().some((name) => transport.isUp(name))
    }
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
    const { callId } = envelope
    const taken = this.#ground.forwarding.deliver(from, envelope, again && callId > 0)
    if (taken && callId > 0) this.durable.handled(callId, from.incarnation)
    return taken
  }

  /** The last connection to a peer. What waits for it need not, where there are other ways. */
  connectionLost(peer: Member, reason: TroupeError): void {
    const { overlay, watch } = this
    this.delivery.changed()
    if (overlay.capabilities.direct || watch.up(peer.name)?.incarnation !== peer.incarnation) return
    this.#ground.transport.giveUp(peer, reason)
  }

  /**
   * A lane gave a message back that it had not written. True when it goes another way: where not all
   * are connected, a lost connection is no lost node.
   */
  detour(to: Member, channel: string, envelope: Envelope, reason: TroupeError): boolean {
    const { overlay, watch, router } = this
    if (overlay.capabilities.direct || watch.isDown(to.name)) return false
    if ((watch.known(to.name)?.incarnation ?? to.incarnation) !== to.incarnation) return false
    if (reason.code !== 'ERR_NODE_DOWN' && reason.code !== 'ERR_CONNECTION_LOST') return false
    const index = this.#ground.transport.channels.find(channel)
    if (index === undefined) return false
    try {
      return router.resend(to, index, envelope) !== FULL
    } catch {
      return false
    }
  }

  /** See `Carrier.seek`. */
  seek(
    node: string,
    bytes: number,
    found: () => void,
    failed: (reason: TroupeError) => void,
  ): void {
    const item = {
      bytes,
      forWord: true,
      go: (): void => (this.member(node) === undefined ? failed(noRoute(node)) : found()),
      fail: (): void => failed(noRoute(node)),
    }
    if (!this.reach.searches) failed(unknownNode(node))
    else if (!this.reach.hold(node, item)) failed(laneIsFull(node))
  }

  async ready(node: string, channel: number, key: number, sends: Sends): Promise<void> {
    await this.router.ready(node, channel, key, sends)
    await this.delivery.ready(node, channel)
    await this.durable.ready()
  }

  /** With delivery stages. */
  sendPlanned(node: string, channel: number, envelope: Envelope, plan: DeliveryPlan): SendOutcome {
    if (plan.durable && node !== this.#ground.self.name) {
      return this.durable.send(node, channel, envelope, plan)
    }
    if (!this.reach.searches || this.member(node) !== undefined) {
      return this.delivery.send(node, channel, envelope, plan)
    }
    const message = stored(envelope, this.#ground.parts.codec)
    const lost = (reason: TroupeError): void => {
      const name = this.#ground.transport.channels.name(channel)
      this.#ground.sink()?.undelivered(memberOf(node, '', 0), name, message, reason)
    }
    const found = (): void => {
      try {
        this.delivery.send(node, channel, message, plan)
      } catch (error) {
        lost(error as TroupeError)
      }
    }
    this.seek(node, bodyBytes(message), found, lost)
    return SENT
  }

  /** Who has no connection hears no goodbye of it. */
  sayBye(): void {
    for (const { name } of this.watch.leased()) this.reach.bye(name)
  }

  stop(): void {
    this.durable.stop()
    this.delivery.stop()
    this.broadcasts.stop()
    this.reach.stop()
    this.driver.stop()
    this.watch.stop()
  }

  #contact(node: Member): void {
    this.watch.feed({ type: 'contact', node })
    this.watch.feed({ type: 'used', peer: node.name })
  }

  #holds(node: Member): boolean {
    return (
      (this.#ground.sink()?.holds(node) ?? false) ||
      this.delivery.holds(node) ||
      this.durable.holds(node.name)
    )
  }

  #forgotten(node: Member): void {
    this.#ground.sink()?.forgotten(node)
    if (this.#members.get(node.name)?.incarnation !== node.incarnation) this.delivery.gone(node)
  }

  #arrived(from: Member, channel: number, envelope: Envelope): void {
    if (envelope.stamp === undefined) this.take(from, channel, envelope, false)
    else this.delivery.receive(from, channel, envelope)
  }

  #memberJoined(member: Member): void {
    this.delivery.changed()
    this.#members.set(member.name, member)
    this.#ground.reporter.memberJoined(member)
    this.watch.feed({ type: 'memberJoined', member })
    this.durable.reached(member.name)
    this.#ground.changed()
  }

  #memberLeft(member: Member, reason: LeaveReason): void {
    this.delivery.changed()
    this.#members.delete(member.name)
    this.#ground.reporter.memberLeft(member, reason)
    this.watch.feed({ type: 'memberLeft', member, reason })
    // Out of view is not gone: it may be in reach all the same.
    const known = reason === 'forgotten' ? this.watch.known(member.name) : undefined
    if (known?.incarnation !== member.incarnation) this.delivery.gone(member)
    this.durable.memberLeft(member.name, reason)
  }

  #nodeUp(node: Member, again: boolean): void {
    this.#ground.sink()?.nodeUp(node)
    this.delivery.nodeUp(node)
    this.durable.reached(node.name)
    if (!again) this.#ground.reporter.nodeUp(node)
    this.#ground.changed()
  }

  /** What still waits for it is given up first: `nodeDown` is the end of all that was begun with it. */
  #nodeDown(node: Member, reason: TroupeError, orderly: boolean): void {
    this.delivery.changed()
    this.#ground.transport.giveUp(node, reason)
    this.#ground.sink()?.nodeDown(node, reason)
    this.#ground.reporter.nodeDown(node, reason, orderly)
    // A member may come back as it was. Who never became one is not waited for, unless it is
    // pinged on: then it is gone when it is forgotten.
    const mayReturn = this.member(node.name)?.incarnation === node.incarnation
    if (!mayReturn) this.delivery.gone(node)
    this.driver.feed({ type: 'nodeDown', peer: node.name, incarnation: node.incarnation })
  }
}

const ignored = (): void => {}
