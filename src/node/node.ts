import type { EventEmitter } from 'eventemitter3'
import type { Actor, SpawnRest } from '../actor/actor.js'
import type { LookupOptions } from '../actor/actor-node.js'
import { ACCEPTED } from '../actor/cell.js'
import { type ExitReason, NORMAL } from '../actor/exit-reason.js'
import { LocalNode } from '../actor/local-node.js'
import { MethodDefinition } from '../actor/method-definition.js'
import { ActorRef, type AnyRef } from '../actor/ref.js'
import type { SendOptions } from '../actor/send-options.js'
import { badOption, durationMs, type Fields, readOptions } from '../base/options.js'
import { type BroadcastHandler, RESERVED } from '../cluster/broadcast-handlers.js'
import type { ForwardHandler, ForwardOptions } from '../cluster/forwarding.js'
import type { JoinOptions } from '../cluster/joins.js'
import { addressText } from '../overlay/address.js'
import type { Member } from '../overlay/overlay.js'
import { GATED, type GateAccess, type Gated } from '../peer/gate.js'
import { INTERPOSABLE, type Interposable } from '../peer/passage.js'
import type { Group } from '../remote/group.js'
import type { RemoteSpawnOptions, SpawnableClass } from '../remote/remote-spawn.js'
import type { Address } from '../world/network.js'
import type { House } from './house.js'
import type { NodeEvents } from './node-events.js'
import { NodeGate } from './node-gate.js'
import { NodePassages } from './node-passages.js'
import { type NodeStats, statsOf } from './node-stats.js'

/** Where `forward` delivers: the handler that a node registered by this name with `onForward`. */
export interface NamedHandler {
  readonly node: string
  readonly name: string
}

export interface StopOptions {
  /** What the actors get to end in order before they are killed, in ms. Default: the node's `stopTimeoutMs`. */
  readonly timeoutMs?: number
  /** What lanes get to send what they hold, in ms. Default 1,000. */
  readonly drainMs?: number
}

const STOP_FIELDS = {
  timeoutMs: { fallback: undefined, check: durationMs() },
  drainMs: { fallback: 1_000, check: durationMs() },
} as unknown as Fields<StopOptions>

/**
 * A running node: it runs actors, and knows other nodes. Made by `startNode`.
 *
 * Its peer service is complete without actors, in Partisan's own words: `join`, `leave`, `members`,
 * `forward`.
 */
export class Node extends LocalNode implements Gated, Interposable {
  /** See `NodeEvents`. */
  readonly events: EventEmitter<NodeEvents>
  /** Where faults attach: for `troupe/fault`. */
  readonly [GATED]: GateAccess
  /** Where functions attach to messages: for `troupe/fault`. */
  readonly [INTERPOSABLE]: NodePassages
  readonly #house: House
  #stopped: Promise<void> | undefined

  constructor(house: House) {
    super(house.system, house.world.random.fork('actors'))
    this.#house = house
    this.events = house.events
    this[GATED] = new NodeGate(house)
    this[INTERPOSABLE] = new NodePassages(house)
  }

  /** ULID of this start of the node. */
  get incarnation(): string {
    return this.#house.system.incarnation
  }

  /** Where others may dial this node, best first. */
  get addresses(): readonly Address[] {
    return this.#house.cluster.self.addresses
  }

  /** The first of `addresses` as text, for `join`: `127.0.0.1:9000`, `[::1]:9000`. */
  get address(): string {
    const [first] = this.addresses
    return first === undefined ? '' : addressText(first)
  }

  // actors

  /**
   * Starts an actor on another node, which must list its class in `remoteSpawn`; resolves when its
   * `onStart` has finished. Rejects with ERR_UNKNOWN_CLASS, ERR_SPAWN_FORBIDDEN, ERR_START_FAILED,
   * ERR_NAME_IN_USE, ERR_UNKNOWN_NODE, ERR_NODE_DOWN, ERR_ASK_TIMEOUT or ERR_NOT_SERIALIZABLE.
   */
  override spawnOn<A extends Actor<unknown>>(
    node: string,
    actorClass: SpawnableClass<A>,
    ...rest: SpawnRest<A, RemoteSpawnOptions>
  ): Promise<ActorRef<A>> {
    return this.system.held(this.#house.remote.spawn.spawn(node, actorClass, ...rest))
  }

  /**
   * A callable ref for who has only the type of an actor (`import type`): the method table is fetched
   * from its node. Takes a registered name, or a ref whose class is not known here. Rejects with
   * ERR_NO_ACTOR, ERR_UNKNOWN_NODE, ERR_NODE_DOWN or ERR_ASK_TIMEOUT.
   */
  override resolve<A extends Actor<unknown>>(
    target: string | AnyRef,
    options?: LookupOptions,
  ): Promise<ActorRef<A>> {
    return this.system.held(this.#house.remote.registry.resolve<A>(target, options))
  }

  /** Who holds a registered name on a node now; undefined when nobody does. Rejects as `resolve`. */
  whereis(name: string, options?: LookupOptions): Promise<AnyRef | undefined> {
    return this.system.held(this.#house.remote.registry.whereis(name, options))
  }

  /** A process group of actors that offer the methods of this class, over all nodes. @throws TroupeError ERR_BAD_OPTION */
  override group<A extends Actor<unknown>>(
    actorClass: abstract new () => A,
    name: string,
  ): Group<A> {
    return this.#house.remote.groups.group(actorClass, name)
  }

  /** Ends an actor of any node; resolves when it has ended, or is not there. See `Actor.stop`. */
  stopActor(ref: AnyRef, reason: ExitReason = NORMAL, timeoutMs?: number): Promise<void> {
    return this.system.held(this.system.stop(ref, reason, timeoutMs))
  }

  // cluster

  /**
   * Joins the cluster of the node at an address. Resolves to that node's name once it can be used;
   * never blocks this node. Rejects at its deadline with ERR_JOIN_TIMEOUT, and at once with what does
   * not pass by itself: ERR_BAD_ADDRESS, ERR_NAME_TAKEN, ERR_COOKIE, ERR_PROTOCOL,
   * ERR_OVERLAY_MISMATCH, ERR_JOIN_SELF, ERR_NODE_STOPPED.
   */
  join(address: string | Address, options?: JoinOptions): Promise<string> {
    return this.system.held(this.#house.cluster.join(address, options))
  }

  /**
   * Takes a node out of the membership: this one without a name. It hears of it and may join again.
   * @throws TroupeError ERR_UNKNOWN_NODE, ERR_NODE_STOPPED
   */
  leave(name?: string): void {
    this.#house.cluster.leave(name)
  }

  /** Members as known here, this node included, sorted by name. */
  override members(): readonly Member[] {
    return this.#house.cluster.members()
  }

  /** True when messages can travel to that node now. */
  isUp(node: string): boolean {
    return node === this.name || this.#house.cluster.isUp(node)
  }

  /**
   * Partisan's forward: sends a plain value to a named handler of any node (see `onForward`), at most
   * once unless its channel or options ask for more. False: slow down, or it was not taken.
   *
   * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, ERR_UNKNOWN_NODE, ERR_NODE_DOWN,
   *   ERR_NO_ROUTE, ERR_UNKNOWN_CHANNEL, ERR_NODE_STOPPED
   */
  forward(to: NamedHandler, message: unknown, options?: ForwardOptions): boolean
  /** The same to an actor, by the name of a method: a tell for who has neither class nor type. */
  forward(to: AnyRef, method: string, args?: readonly unknown[], options?: SendOptions): boolean
  forward(
    to: NamedHandler | AnyRef,
    what: unknown,
    argsOrOptions?: readonly unknown[] | ForwardOptions,
    options?: SendOptions,
  ): boolean {
    if (!(to instanceof ActorRef)) {
      const { cluster } = this.#house
      return cluster.forward(to.node, to.name, what, argsOrOptions as ForwardOptions | undefined)
    }
    return this.#tellByName(to, String(what), (argsOrOptions ?? []) as readonly unknown[], options)
  }

  /** Handles what is forwarded to that name here. The function returned ends it. */
  onForward(handler: string, run: ForwardHandler): () => void {
    return this.#house.cluster.onForward(handler, run)
  }

  /**
   * Sends a plain value to the handlers of that name on every node of the cluster that can be reached
   * over its overlay, this one included: as a copy, at most once to each incarnation of a node, in no
   * order. Who is cut off, or joins a little later, gets it while it is kept (`broadcast.keepMs`). False:
   * a neighbour is slow, so slow down; it is on its way all the same.
   *
   * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE (see `broadcast.messageBytesMax`),
   *   ERR_BAD_OPTION for a name that is none or starts with `troupe/`, ERR_NODE_STOPPED
   */
  broadcast(handler: string, message: unknown): boolean {
    checkFree('broadcast', handler)
    return this.#house.cluster.broadcast(handler, message)
  }

  /**
   * Handles what is broadcast to that name, in place of an earlier handler; `from` is the node that
   * broadcast it. The function returned ends it. Without a handler a broadcast is counted and dropped.
   *
   * @throws TroupeError ERR_BAD_OPTION
   */
  onBroadcast(handler: string, run: BroadcastHandler): () => void {
    checkFree('onBroadcast', handler)
    return this.#house.cluster.onBroadcast(handler, run)
  }

  /** Smoothed round-trip time to a connected node, in ms. */
  rttMs(node: string): number | undefined {
    return this.#house.cluster.rttMs(node)
  }

  /** Counters and sizes of all rooms, as they are now. */
  stats(): NodeStats {
    return statsOf(this.#house)
  }

  /**
   * Stops in stages: no new work, supervisors and actors down in reverse, lanes flushed, goodbye to
   * peers. Ends by `timeoutMs` and `drainMs` whatever actors and peers do. Idempotent.
   */
  stop(options?: StopOptions): Promise<void> {
    const { timeoutMs, drainMs = 0 } = readOptions('stop', STOP_FIELDS, options)
    this.#stopped ??= this.#stop(timeoutMs, drainMs)
    return this.system.held(this.#stopped)
  }

  #tellByName(
    to: AnyRef,
    method: string,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): boolean {
    const { system } = this.#house
    if (!system.isLocal(to)) {
      const known = to.definition.method(method) ?? new MethodDefinition('', method, 0, {})
      return system.outbound.tell(to, known, args, options)
    }
    const cell = system.cellOf(to)
    if (cell !== undefined) return system.deliver(cell, method, args, undefined) === ACCEPTED
    system.deadLetter(to, method, args, 'ERR_NO_ACTOR')
    return false
  }

  async #stop(timeoutMs: number | undefined, drainMs: number): Promise<void> {
    const { system, remote, cluster, world, log } = this.#house
    log.debug({ node: this.name }, 'stopping')
    await system.stopAll(timeoutMs)
    await remote.drain(drainMs)
    remote.close()
    this[INTERPOSABLE].close()
    await cluster.stop(drainMs)
    await world.store?.close()
    try {
      this.events.emit('stopped')
    } catch (err) {
      log.error({ err }, 'a listener of stopped threw')
    }
    this.events.removeAllListeners()
  }
}

function checkFree(of: string, handler: unknown): void {
  if (typeof handler !== 'string' || !handler.startsWith(RESERVED)) return
  throw badOption(of, `given a name that does not start with '${RESERVED}'`, handler)
}
