import type { ActorSystem } from '../actor/actor-system.js'
import type { Definition } from '../actor/definition.js'
import type { ExitReason } from '../actor/exit-reason.js'
import type { MethodDefinition } from '../actor/method-definition.js'
import type { Outbound } from '../actor/outbound.js'
import { type AnyRef, routeOf } from '../actor/ref.js'
import { RemoteRoute } from '../actor/routes.js'
import type { SendOptions } from '../actor/send-options.js'
import { asksDelivery } from '../base/delivery-options.js'
import { codeOf, type ErrorCode, TroupeError } from '../base/errors.js'
import { incarnationOf, serialOf } from '../base/identity.js'
import type { Carrier, DeliveryPlan } from '../cluster/carrier.js'
import { FULL, SENT } from '../cluster/carrier.js'
import { ENVELOPE, type EncodedBody, Envelope } from '../wire/envelope.js'
import { type Addressee, Addressees } from './addressees.js'
import { isValueFault } from './answers.js'
import type { Calls } from './calls.js'
import { type Control, unknownNode } from './control.js'
import { keyHash, receiverKey } from './key-hash.js'
import type { MethodTables } from './method-tables.js'
import type { RemotePeer, RemotePeers } from './remote-peer.js'
import { packedBytes, type Seeker } from './seeker.js'
import { expiring, laneFull, type WaitingAsks } from './waiting-asks.js'
import { encodeReason } from './wire-reason.js'

/** Where a ref leads, worked out once per ref and incarnation of its node. */
class Destination implements Addressee {
  readonly peer: RemotePeer
  readonly incarnation: string
  /** Of the actor's class: only its methods have an index. */
  readonly definition: Definition
  /** The actor's serial number, or its name. */
  readonly to: number | string
  readonly key: number
  /** The id is of an earlier start of that node: the actor is no more. */
  readonly dead: boolean
  /** What methods are called on the wire, by their index here, once the peer's table is known. */
  wires: readonly (number | string)[] | undefined

  constructor(peer: RemotePeer, definition: Definition, to: number | string, dead: boolean) {
    this.peer = peer
    this.incarnation = peer.incarnation
    this.definition = definition
    this.to = to
    this.key = receiverKey(to)
    this.dead = dead
    this.wires = undefined
  }
}

/** Turns tells and asks to actors of other nodes into envelopes. */
export class Outbox implements Outbound {
  readonly addressees = new Addressees()
  readonly #system: ActorSystem
  readonly #carrier: Carrier
  readonly #peers: RemotePeers
  readonly #calls: Calls
  readonly #tables: MethodTables
  readonly #control: Control
  readonly #waiting: WaitingAsks
  readonly #seeker: Seeker
  readonly #askTimeoutMs: number
  readonly #channels = new Map<string, number>()
  readonly #defaultChannel: number

  constructor(parts: {
    readonly system: ActorSystem
    readonly carrier: Carrier
    readonly peers: RemotePeers
    readonly calls: Calls
    readonly tables: MethodTables
    readonly control: Control
    readonly waiting: WaitingAsks
    readonly seeker: Seeker
    readonly askTimeoutMs: number
  }) {
    this.#system = parts.system
    this.#carrier = parts.carrier
    this.#peers = parts.peers
    this.#calls = parts.calls
    this.#tables = parts.tables
    this.#control = parts.control
    this.#waiting = parts.waiting
    this.#seeker = parts.seeker
    this.#askTimeoutMs = parts.askTimeoutMs
    this.#defaultChannel = parts.carrier.channelIndex('default')
  }

  tell(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): boolean {
    return this.send(ref, method, args, undefined, options)
  }

  /** A tell whose arguments may be encoded already, for several receivers. */
  send(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    body: EncodedBody | undefined,
    options: SendOptions | undefined,
  ): boolean {
    const at = this.#destination(ref)
    const channel = this.#channel(method, options)
    const plan = this.#plan(channel, method, options)
    if (at === undefined) {
      const name = plan?.durable ? registeredNameOf(ref) : undefined
      if (name === undefined) return this.#sendLater(ref, method, args, body, options)
      const key = this.#key(receiverKey(name), method, args, options)
      const envelope = new Envelope(ENVELOPE.TELL, name, method.name, 0, key, args, body, undefined)
      return this.#carry(ref, method, args, ref.node, channel, envelope, plan)
    }
    if (at.dead) return this.#dead(ref, method, args, 'ERR_NO_ACTOR')
    const key = this.#key(at.key, method, args, options)
    // Indices of methods mean nothing to another start of the node.
    const wire = plan?.durable ? method.name : this.#wireMethod(at, method)
    const envelope = new Envelope(ENVELOPE.TELL, at.to, wire, 0, key, args, body, undefined)
    if (this.#waiting.size > 0 && this.#waiting.holds(at.incarnation, channel, key)) {
      return this.#dead(ref, method, args, 'ERR_LANE_FULL')
    }
    return this.#carry(ref, method, args, at.peer.name, channel, envelope, plan)
  }

  #carry(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    node: string,
    channel: number,
    envelope: Envelope,
    plan: DeliveryPlan | undefined,
  ): boolean {
    try {
      const outcome = this.#carrier.send(node, channel, envelope, plan)
      if (outcome === SENT) return true
      return outcome === FULL ? this.#dead(ref, method, args, 'ERR_LANE_FULL') : false
    } catch (error) {
      const code = codeOf(error) as ErrorCode | undefined
      if (code === undefined || isValueFault(error)) throw error
      return this.#dead(ref, method, args, code)
    }
  }

  /** To a node that nobody here knows: refused, or searched. */
  #sendLater(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    body: EncodedBody | undefined,
    options: SendOptions | undefined,
  ): boolean {
    if (!this.#seeker.searches) return this.#dead(ref, method, args, 'ERR_UNKNOWN_NODE')
    const packed = body ?? this.#seeker.pack(args)
    let accepted = true
    const failed = (error: unknown): void => {
      accepted = this.#dead(ref, method, args, codeOf(error) as ErrorCode)
    }
    const found = (): void => {
      try {
        this.send(ref, method, args, packed, options)
      } catch (error) {
        failed(error)
      }
    }
    this.#seeker.seek(ref.node, packedBytes(packed), found, failed)
    return accepted
  }

  ask(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): Promise<unknown> {
    const at = this.#destination(ref)
    if (at?.dead) return this.#refused(noActor(ref))
    try {
      if (at !== undefined) return this.#ask(at, ref, method, args, undefined, options)
      return this.#askLater(ref, method, args, options)
    } catch (error) {
      return this.#refused(error)
    }
  }

  #askLater(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): Promise<unknown> {
    if (!this.#seeker.searches) throw unknownNode(ref.node)
    const body = this.#seeker.pack(args)
    const timeoutMs = options?.timeoutMs ?? this.#askTimeoutMs
    const { node } = ref
    const bytes = packedBytes(body)
    const sought = {
      node,
      who: ref,
      method: method.name,
      timeoutMs,
      signal: options?.signal,
      bytes,
    }
    const asked = this.#seeker.ask(sought, async (signal) => {
      const at = this.#destination(ref)
      if (at === undefined) throw unknownNode(node)
      if (at.dead) throw noActor(ref)
      return this.#ask(at, ref, method, args, body, { ...options, signal })
    })
    return this.#system.aTurnLater(asked)
  }

  #ask(
    at: Destination,
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    body: EncodedBody | undefined,
    options: SendOptions | undefined,
  ): Promise<unknown> {
    const channel = this.#channel(method, options)
    const key = this.#key(at.key, method, args, options)
    const { peer, to } = at
    const timeoutMs = options?.timeoutMs ?? this.#askTimeoutMs
    const signal = options?.signal
    const call = this.#calls.open(peer, channel, to, key, ref, method.name, timeoutMs, signal)
    if (call.settled) return this.#system.aTurnLater(call.take())
    const wire = this.#wireMethod(at, method)
    const envelope = new Envelope(ENVELOPE.ASK, to, wire, call.id, key, args, body, undefined)
    const plan = this.#plan(channel, method, options)
    call.plan = plan
    try {
      const wait = this.#waiting.holds(at.incarnation, channel, key)
      if (!wait) {
        const bounded = plan && expiring(plan, Math.max(1, timeoutMs))
        if (this.#carrier.send(peer.name, channel, envelope, bounded) !== FULL) return call.take()
      }
      const waits = wait || this.#carrier.waits(channel)
      if (!waits || !this.#waiting.add(call, envelope, plan, timeoutMs)) {
        this.#calls.refuse(call, laneFull(peer.name, ref))
      }
    } catch (error) {
      this.#calls.refuse(call, error)
    }
    return call.settled ? this.#system.aTurnLater(call.take()) : call.take()
  }

  #refused(error: unknown): Promise<never> {
    return this.#system.aTurnLater(Promise.reject(error))
  }

  /**
   * Resolves when the lanes on which messages to this ref travel by default, or by its options, are
   * below their low-water mark. Lanes that a partition key from the arguments picks are not among them.
   */
  async ready(ref: AnyRef): Promise<void> {
    const at = this.#destination(ref)
    if (at === undefined || at.dead) return
    const { options } = ref
    const key = options?.partitionKey === undefined ? at.key : keyHash(options.partitionKey)
    const channels = new Set<number>()
    for (const method of ref.definition.methods) channels.add(this.#channel(method, options))
    const { name } = at.peer
    await Promise.all([...channels].map((channel) => this.#carrier.ready(name, channel, key)))
  }

  /** Rejects with ERR_NODE_DOWN when the node goes down before it said that the actor has ended. */
  async stop(ref: AnyRef, reason: ExitReason, timeoutMs: number): Promise<void> {
    const at = this.#destination(ref)
    const deadlineMs = Math.min(timeoutMs + this.#askTimeoutMs, LONGEST_MS)
    if (at === undefined) {
      if (!this.#seeker.searches) throw unknownNode(ref.node)
      const { node } = ref
      const sought = { node, who: ref, method: 'stop', timeoutMs: deadlineMs, bytes: 0 }
      await this.#seeker.ask({ ...sought, signal: undefined }, () =>
        this.stop(ref, reason, timeoutMs),
      )
      return
    }
    if (at.dead) return
    const args = [at.to, encodeReason(reason, false), timeoutMs]
    await this.#control.request(at.peer.name, 'stop', args, { timeoutMs: deadlineMs })
  }

  /** The peer and the address there; undefined for a node nobody knows. */
  destination(ref: AnyRef): { peer: RemotePeer; to: number | string; dead: boolean } | undefined {
    return this.#destination(ref)
  }

  #destination(ref: AnyRef): Destination | undefined {
    const route = routeOf(ref)
    if (!(route instanceof RemoteRoute)) return undefined
    const known = route.destination as Destination | undefined
    if (known !== undefined && !known.peer.gone) return known
    const peer = this.#peers.named(route.node)
    if (peer === undefined) return undefined
    const { id } = route
    const to = id === undefined ? (route.registeredName ?? '') : serialOf(id)
    const dead = id !== undefined && incarnationOf(id) !== peer.incarnation
    const destination = new Destination(peer, route.definition, to, dead)
    route.destination = destination
    if (!dead) this.addressees.remember(destination)
    return destination
  }

  /** Who holds a name, or belongs to a group, may be of another class: there a method travels by its name. */
  #wireMethod(at: Destination, method: MethodDefinition): number | string {
    const { definition } = at
    const { index } = method
    if (typeof at.to === 'string' || definition.methods[index] !== method) return method.name
    if (at.wires === undefined) at.wires = this.#tables.wires(at.peer, definition)
    return at.wires?.[index] ?? method.name
  }

  #key(
    receiver: number,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): number {
    const key = method.partitionKey(args, options)
    return key === undefined ? receiver : keyHash(key)
  }

  #channel(method: MethodDefinition, options: SendOptions | undefined): number {
    const name = options?.channel ?? method.channel
    if (name === undefined) return this.#defaultChannel
    let index = this.#channels.get(name)
    if (index === undefined) {
      index = this.#carrier.channelIndex(name)
      this.#channels.set(name, index)
    }
    return index
  }

  #plan(
    channel: number,
    method: MethodDefinition,
    options: SendOptions | undefined,
  ): DeliveryPlan | undefined {
    const asked = options !== undefined && asksDelivery(options) ? options : undefined
    return this.#carrier.plan(channel, method.delivery, asked)
  }

  #dead(ref: AnyRef, method: MethodDefinition, args: readonly unknown[], code: ErrorCode): false {
    this.#system.deadLetter(ref, method.name, args, code)
    return false
  }
}

/** What a timer takes. */
const LONGEST_MS = 2 ** 31 - 1

const noActor = (ref: AnyRef): TroupeError =>
  new TroupeError('ERR_NO_ACTOR', `${ref} is of an earlier start of node ${ref.node}`)

/** The name by which a ref is to be found on its node; undefined where it leads to one actor by its id. */
function registeredNameOf(ref: AnyRef): string | undefined {
  const route = routeOf(ref)
  return route instanceof RemoteRoute && route.id === undefined ? route.registeredName : undefined
}
