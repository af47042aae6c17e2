import type { EventEmitter } from 'eventemitter3'
import { asksDelivery, type DeliveryOptions } from '../base/delivery-options.js'
import { TroupeError } from '../base/errors.js'
import { type Logger, silentLogger } from '../base/logger.js'
import { show } from '../base/options.js'
import type { Random } from '../base/random.js'
import type { DeliveryPlan } from '../delivery/delivery-plan.js'
import type { Member } from '../overlay/overlay.js'
import type { Busy } from '../peer/grants.js'
import { SENT, type SendOutcome, type Sends, type Transport } from '../peer/transport.js'
import type { Envelope } from '../wire/envelope.js'
import type { Address } from '../world/network.js'
import { type BroadcastOptions, readBroadcastOptions } from './broadcast-driver.js'
import { type BroadcastHandler, BroadcastHandlers, checkHandler } from './broadcast-handlers.js'
import type { Carrier, CarrierSink } from './carrier.js'
import { ChannelPlans } from './channel-plans.js'
import type { ClusterEvents } from './cluster-events.js'
import { type ClusterParts, type ClusterTiming, readClusterTiming } from './cluster-options.js'
import { type ClusterStats, clusterStats } from './cluster-stats.js'
import { type ReceiveDoor, type SendDoor, standAtReceive, standAtSend } from './doors.js'
import { durableDriver } from './durable-driver.js'
import {
  type ForwardHandler,
  Forwarding,
  type ForwardOptions,
  readForward,
  readForwardDelivery,
} from './forwarding.js'
import { Inbound } from './inbound.js'
import { type JoinOptions, Joins, readJoin } from './joins.js'
import { NameContest } from './name-contest.js'
import { OverlayMemory } from './overlay-memory.js'
import { Reporter } from './reporter.js'
import { unknownNode } from './router.js'
import { Running } from './running.js'
import { answerPlan } from './stored-envelope.js'

/**
 * Nodes that know each other: who is a member, who can be reached, and a way for messages to every
 * one of them. Made of a transport, an overlay, a failure detector and a router. The peer service of
 * Partisan (`join`, `leave`, `members`, `forward`) is complete without anything above it.
 */
export class Cluster implements Carrier {
  /** See ClusterEvents. A listener that throws is logged and hurts nobody else. */
  readonly events: EventEmitter<ClusterEvents>
  readonly #parts: ClusterParts
  readonly #timing: ClusterTiming
  readonly #logger: Logger
  readonly #reporter: Reporter
  readonly #transport: Transport
  readonly #forwarding: Forwarding
  readonly #handlers: BroadcastHandlers
  readonly #broadcast: BroadcastOptions
  readonly #plans: ChannelPlans
  readonly #random: Random
  readonly #joins = new Joins()
  #self: Member
  #sink: CarrierSink | undefined
  #running: Running | undefined
  #memory: OverlayMemory | undefined
  #stopped: Promise<void> | undefined
  #leaving = false

  /** @throws TroupeError ERR_BAD_OPTION */
  constructor(parts: ClusterParts, timing?: Partial<ClusterTiming>) {
    const logger = parts.logger ?? silentLogger
    this.#parts = parts
    this.#timing = readClusterTiming(timing)
    this.#logger = logger
    this.#reporter = new Reporter(logger)
    this.events = this.#reporter.events
    this.#random = parts.world.random.fork('cluster')
    const { name, incarnation, generation, tags } = parts.identity
    this.#self = { name, incarnation, generation, tags, addresses: [] }
    this.#forwarding = new Forwarding(parts.codec, logger, (from, detail) =>
      this.#reporter.badMessage(from, detail),
    )
    this.#handlers = new BroadcastHandlers({
      codec: parts.codec,
      logger,
      member: (node) => this.member(node),
      badMessage: (from, detail) => this.#reporter.badMessage(from, detail),
    })
    this.#broadcast = readBroadcastOptions(parts.broadcast)
    const inbound = new Inbound({
      reporter: this.#reporter,
      running: () => this.#running,
      sink: () => this.#sink,
      holderKeeps: (newcomer, holder) => contest.holderKeeps(newcomer, holder, this.#self),
    })
    this.#transport = parts.transport(inbound)
    this.#plans = new ChannelPlans(this.#transport.channels, parts.channelDelivery)
    const contest = new NameContest(this.#transport, this.#timing.probeMs)
  }

  /** This node as others know it; its addresses are known once `start` has resolved. */
  get self(): Member {
    return this.#self
  }

  /** Whoever stands above: gets envelopes and news about nodes. Once, before `start`. */
  attach(sink: CarrierSink): void {
    this.#sink = sink
  }

  /**
   * Listens, and takes up the membership of the last start if the world has a store.
   * @throws TroupeError ERR_ADDRESS_IN_USE, ERR_STORE, with nothing left open
   */
  async start(): Promise<void> {
    const { world, codec, overlay } = this.#parts
    const memory = new OverlayMemory(world.store, codec, this.#logger, overlay.name)
    const restored = await memory.restore()
    const durable = durableDriver(
      this.#parts,
      this.#transport.channels,
      this.#logger,
      () => this.#running?.durableWires,
    )
    // Peers come as soon as it listens: nothing is waited for from then on.
    await durable.restoreBefore(() => this.#transport.start())
    if (this.#stopped !== undefined) return durable.stop()
    this.#memory = memory
    const { name, incarnation, generation, tags } = this.#self
    this.#self = { name, incarnation, generation, tags, addresses: this.#transport.addresses }
    const running = new Running({
      parts: this.#parts,
      timing: this.#timing,
      self: this.#self,
      transport: this.#transport,
      memory,
      random: this.#random,
      logger: this.#logger,
      reporter: this.#reporter,
      forwarding: this.#forwarding,
      handlers: this.#handlers,
      broadcast: this.#broadcast,
      durable,
      sink: () => this.#sink,
      changed: () => this.#joins.check(),
      selfLeft: () => this.#selfLeft(),
    })
    this.#running = running
    running.driver.feed(restored === undefined ? { type: 'start' } : { type: 'start', restored })
  }

  /**
   * Joins the cluster of the peer at an address: `host:port`, `[::1]:9000` or an `Address`. Resolves
   * to the peer's name once it can be used, that is, it is a member here and connected. What may pass
   * (nobody listens yet) is tried again until the deadline.
   *
   * @throws TroupeError ERR_JOIN_TIMEOUT at the deadline; at once what does not pass by itself:
   *   ERR_BAD_ADDRESS, ERR_BAD_OPTION, ERR_NAME_TAKEN, ERR_COOKIE, ERR_PROTOCOL, ERR_OVERLAY_MISMATCH, ERR_JOIN_SELF,
   *   ERR_NODE_STOPPED
   */
  async join(address: string | Address, options?: JoinOptions): Promise<string> {
    const asked = readJoin(address, options)
    const running = this.#need()
    this.#leaving = false
    return this.#joins.add(asked, {
      transport: this.#transport,
      clock: this.#parts.world.clock,
      random: this.#random,
      contact: (peer) => running.driver.feed({ type: 'join', contact: peer }),
      isUsable: (name) => running.isUsable(name),
    })
  }

  /**
   * Takes a node out of the membership: this one without a name, else another. It gets to know and
   * is alone then; it may join again.
   *
   * @throws TroupeError ERR_UNKNOWN_NODE, ERR_NODE_STOPPED
   */
  leave(name: string = this.#self.name): void {
    const running = this.#need()
    if (name !== this.#self.name && !running.isMember(name)) throw unknownNode(name)
    if (name === this.#self.name) {
      this.#leaving = true
      // Who is out already does not leave; what happens to it later is not by this wish.
      this.#parts.world.turn.micro(() => {
        this.#leaving = false
      })
    }
    running.driver.feed({ type: 'leave', name })
  }

  /** Members as known here, this node included, sorted by name. */
  members(): readonly Member[] {
    return this.#running?.overlay.members() ?? [this.#self]
  }

  member(node: string): Member | undefined {
    if (node === this.#self.name) return this.#self
    return this.#running?.member(node)
  }

  /**
   * True when that node is a member (or about to be one) and messages can travel to it now; where not
   * all are connected, when it has been in contact and its lease lasts.
   */
  isUp(node: string): boolean {
    return this.#running?.watch.isConnected(node) ?? false
  }

  get partial(): boolean {
    return this.#running?.overlay.capabilities.membership === 'partial'
  }

  get relays(): boolean {
    return this.#running?.overlay.capabilities.direct === false
  }

  seek(
    node: string,
    bytes: number,
    found: () => void,
    failed: (reason: TroupeError) => void,
  ): void {
    const running = this.#running
    if (running === undefined) failed(this.#stoppedError())
    else running.seek(node, bytes, found, failed)
  }

  channelIndex(name: string): number {
    return this.#transport.channels.index(name)
  }

  channelName(index: number): string {
    return this.#transport.channels.name(index)
  }

  plan(
    channel: number,
    method: DeliveryOptions | undefined,
    send: DeliveryOptions | undefined,
  ): DeliveryPlan | undefined {
    return this.#plans.of(channel, method, send)
  }

  answerPlan(question: Envelope): DeliveryPlan | undefined {
    return question.stamp === undefined ? undefined : answerPlan(question.stamp)
  }

  waits(channel: number): boolean {
    return this.#transport.channels.options(channel).policy === 'wait'
  }

  send(node: string, channel: number, envelope: Envelope, plan?: DeliveryPlan): SendOutcome {
    const running = this.#running
    if (running === undefined) throw this.#stoppedError()
    if (plan === undefined) return running.router.send(node, channel, envelope)
    return running.sendPlanned(node, channel, envelope, plan)
  }

  handled(receipt: number, incarnation: string): void {
    this.#running?.durable.handled(receipt, incarnation)
  }

  /** Puts a function where this node's messages leave, in place of one before; see doors.ts. */
  standAtSend(door: SendDoor | undefined): void {
    standAtSend(this, door)
  }

  /** The same where messages for this node arrive. Nothing arrives before `start` and after `stop`. */
  standAtReceive(door: ReceiveDoor | undefined): void {
    if (this.#running !== undefined) standAtReceive(this.#running, door)
  }

  withhold(node: string, channel: number, key: number, busy: Busy): void {
    this.#transport.withhold(node, channel, key, busy)
  }

  async ready(node: string, channel: number, key: number, sends: Sends = 'tell'): Promise<void> {
    await this.#need().ready(node, channel, key, sends)
  }

  /**
   * Sends a plain value to a named handler on a node, at most once unless its channel or its options
   * ask for more. True when it was accepted below
   * the lane's high-water mark; false: slow down, or it was not taken.
   *
   * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, ERR_UNKNOWN_NODE, ERR_NODE_DOWN,
   *   ERR_NO_ROUTE, ERR_UNKNOWN_CHANNEL, ERR_BAD_OPTION, ERR_NODE_STOPPED
   */
  forward(node: string, handler: string, message: unknown, options?: ForwardOptions): boolean {
    if (typeof node !== 'string') throw unknownNode(show(node))
    const how = readForward(options)
    const channel = this.channelIndex(how.channel)
    const envelope = this.#forwarding.envelope(handler, message, how)
    const asked = asksDelivery(how) ? readForwardDelivery(how) : undefined
    return this.send(node, channel, envelope, this.plan(channel, undefined, asked)) === SENT
  }

  /**
   * Handles what is forwarded to that name, in place of an earlier handler. The function returned ends it.
   * @throws TroupeError ERR_BAD_OPTION
   */
  onForward(handler: string, run: ForwardHandler): () => void {
    return this.#forwarding.on(handler, run)
  }

  /** True when the overlay connects all nodes with all. Known once `start` has resolved. */
  get direct(): boolean {
    return this.#running?.overlay.capabilities.direct ?? true
  }

  /**
   * Sends a plain value to the handlers of that name on every node that can be reached over the overlay,
   * this one included: as a copy, at most once to each incarnation of a node, in no order. A node that is
   * cut off, or joins a little later, gets it while it is kept (see `BroadcastOptions.keepMs`). True when
   * it is on its way to all neighbours; false: slow down.
   *
   * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, ERR_BAD_OPTION, ERR_NODE_STOPPED
   */
  broadcast(handler: string, message: unknown): boolean {
    checkHandler('broadcast', handler)
    return this.#need().broadcasts.broadcast(handler, message)
  }

  /**
   * Handles what is broadcast to that name, in place of an earlier handler. The function returned ends it.
   * A broadcast to a name that is not handled here is counted and dropped.
   *
   * @throws TroupeError ERR_BAD_OPTION
   */
  onBroadcast(handler: string, run: BroadcastHandler): () => void {
    return this.#handlers.on(handler, run)
  }

  /** What was counted since the start. */
  stats(): ClusterStats {
    return clusterStats(this.#running, this.#transport.stats())
  }

  /** Smoothed round-trip time to a connected node, in ms. */
  rttMs(node: string): number | undefined {
    return this.#transport.rttMs(node)
  }

  /** The overlay's own picture of itself, for tests and dashboards. */
  snapshot(): Readonly<Record<string, unknown>> | undefined {
    return this.#running?.overlay.snapshot()
  }

  /**
   * Ends pending joins, waits for acknowledgements and flushes lanes for at most `drainMs`, says goodbye to all peers and closes.
   * This node stays a member: others see it go down, and up again when it starts anew.
   */
  stop(drainMs = 0): Promise<void> {
    this.#stopped ??= this.#stop(drainMs)
    return this.#stopped
  }

  async #stop(drainMs: number): Promise<void> {
    const running = this.#running
    const { clock } = this.#parts.world
    const endMs = clock.now() + drainMs
    const acknowledged = running?.delivery.drain(drainMs)
    if (acknowledged !== undefined) await acknowledged
    running?.sayBye()
    this.#running = undefined
    running?.stop()
    this.#joins.fail(this.#stoppedError())
    await this.#transport.stop(Math.max(0, endMs - clock.now()))
    await this.#parts.medium?.close()
    await this.#memory?.flush()
    await running?.durable.flush()
  }

  #selfLeft(): void {
    const wanted = this.#leaving
    this.#leaving = false
    this.#reporter.left(wanted)
  }

  #need(): Running {
    if (this.#running === undefined) throw this.#stoppedError()
    return this.#running
  }

  #stoppedError(): TroupeError {
    const state = this.#stopped === undefined ? 'has not started' : 'is stopping or has stopped'
    return new TroupeError('ERR_NODE_STOPPED', `node ${this.#self.name} ${state}`)
  }
}
