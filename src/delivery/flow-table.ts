import type { Random } from '../base/random.js'
import { Acknowledged } from './acknowledged.js'
import type { AcknowledgedOptions } from './acknowledged-options.js'
import { Flow } from './flow.js'
import { Received, type ReceivedOptions } from './received.js'
import { flowTag } from './stamp.js'

/** Departed peers whose numbers are kept in case they come back. */
const GONE_MAX = 1_024

/** The flows of one node by peer incarnation and channel. */
export class FlowTable<M> {
  readonly #self: string
  readonly #random: Random
  readonly #tells: boolean
  readonly #peers = new Map<string, Map<string, Flow<M>>>()
  readonly #byName = new Map<string, Flow<M>>()
  /** Peers that were given up, the longest gone first. */
  readonly #gone = new Set<string>()
  /** Messages that flows which were forgotten have delivered. */
  delivered = 0
  /** As high as any session of a flow that was forgotten. */
  #session = 0

  /** `tells`: see `Acknowledged`. */
  constructor(self: string, random: Random, tells: boolean) {
    this.#self = self
    this.#random = random
    this.#tells = tells
  }

  all(): Iterable<Flow<M>> {
    return this.#byName.values()
  }

  of(peer: string): Iterable<Flow<M>> {
    return this.#peers.get(peer)?.values() ?? []
  }

  find(peer: string, channel: string): Flow<M> | undefined {
    return this.#peers.get(peer)?.get(channel)
  }

  named(name: string): Flow<M> | undefined {
    return this.#byName.get(name)
  }

  get(peer: string, channel: string): Flow<M> {
    let channels = this.#peers.get(peer)
    if (channels === undefined) {
      channels = new Map()
      this.#peers.set(peer, channels)
    }
    let flow = channels.get(channel)
    if (flow === undefined) {
      flow = new Flow(peer, channel)
      channels.set(channel, flow)
      this.#byName.set(flow.name, flow)
    }
    return flow
  }

  sender(flow: Flow<M>, options: AcknowledgedOptions): Acknowledged<M> {
    if (flow.sender === undefined) {
      const ends = { self: this.#self, peer: flow.peer, channel: flow.channel }
      const random = this.#random.fork(flow.name)
      flow.sender = new Acknowledged(ends, this.#session + 1, random, options, this.#tells)
    }
    return flow.sender
  }

  receiver(flow: Flow<M>, options: ReceivedOptions): Received<M> {
    flow.receiver ??= new Received(flowTag(flow.peer, this.#self, flow.channel), options)
    return flow.receiver
  }

  isGone(peer: string): boolean {
    return this.#gone.has(peer)
  }

  /** What was numbered goes on to be known for a while: the same incarnation may come back. */
  setGone(peer: string): void {
    this.#gone.delete(peer)
    this.#gone.add(peer)
    if (this.#gone.size > GONE_MAX) this.#forget(this.#gone.values().next().value as string)
  }

  setBack(peer: string): void {
    this.#gone.delete(peer)
  }

  #forget(peer: string): void {
    this.#gone.delete(peer)
    for (const flow of this.of(peer)) {
      const { name, sender } = flow
      flow.forgotten = true
      this.#byName.delete(name)
      this.#session = Math.max(this.#session, sender?.session ?? 0)
      this.delivered += sender?.outcomes.delivered ?? 0
    }
    this.#peers.delete(peer)
  }
}
