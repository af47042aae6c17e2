import { TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { show } from '../base/options.js'
import type { Carrier, Member } from '../cluster/carrier.js'
import { FULL } from '../cluster/carrier.js'
import { ENVELOPE, Envelope } from '../wire/envelope.js'
import type { Calls } from './calls.js'
import type { InboundCall } from './inbound-call.js'
import type { RemotePeer, RemotePeers } from './remote-peer.js'
import type { Seeker } from './seeker.js'

/**
 * Answers one kind of request; what it throws, or rejects with, is the answer too. `call` tells whether
 * the asker still waits; undefined for a notice.
 */
export type ControlHandler = (
  from: Member,
  args: readonly unknown[],
  call: InboundCall | undefined,
) => unknown

export interface RequestOptions {
  /** Deadline in milliseconds; default: the node's askTimeoutMs. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Requests and notices between the runtimes of two nodes: method tables, names, spawns, placement,
 * groups. They travel on the default channel, all of one node in order.
 */
export class Control {
  readonly #carrier: Carrier
  readonly #peers: RemotePeers
  readonly #calls: Calls
  readonly #seeker: Seeker
  readonly #log: Logger
  readonly #timeoutMs: number
  readonly #channel: number
  readonly #handlers = new Map<string, ControlHandler>()

  constructor(
    carrier: Carrier,
    peers: RemotePeers,
    calls: Calls,
    seeker: Seeker,
    timeoutMs: number,
    log: Logger,
  ) {
    this.#seeker = seeker
    this.#carrier = carrier
    this.#peers = peers
    this.#calls = calls
    this.#timeoutMs = timeoutMs
    this.#log = log
    this.#channel = carrier.channelIndex('default')
  }

  handle(op: string, handler: ControlHandler): void {
    this.#handlers.set(op, handler)
  }

  /**
   * Asks the runtime of another node. Rejects with what its handler threw, ERR_UNKNOWN_NODE,
   * ERR_NODE_DOWN, ERR_NO_ROUTE, ERR_LANE_FULL, ERR_ASK_TIMEOUT or ERR_ABORTED.
   */
  request(
    node: string,
    op: string,
    args: readonly unknown[],
    options: RequestOptions = {},
  ): Promise<unknown> {
    const peer = this.#peers.named(node)
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs
    const who = `node ${node}`
    if (peer === undefined) {
      if (!this.#seeker.searches) return Promise.reject(unknownNode(node))
      const sought = { node, who, method: op, timeoutMs, signal: options.signal, bytes: 0 }
      return this.#seeker.ask(sought, (signal) =>
        this.request(node, op, args, { ...options, signal }),
      )
    }
    const call = this.#calls.open(peer, this.#channel, 0, 0, who, op, timeoutMs, options.signal)
    if (call.settled) return call.take()
    try {
      if (this.#send(node, op, call.id, args) === FULL) {
        const detail = `the lane to node ${node} is full`
        this.#calls.refuse(call, new TroupeError('ERR_LANE_FULL', detail))
      }
    } catch (error) {
      this.#calls.refuse(call, error)
    }
    return call.take()
  }

  /** Tells the runtime of another node. False when it was not accepted; it may be lost on the way as well. */
  notify(node: string, op: string, args: readonly unknown[]): boolean {
    if (this.#peers.named(node) === undefined) {
      if (!this.#seeker.searches) return false
      const found = (): void => void this.notify(node, op, args)
      this.#seeker.seek(node, 0, found, () => {})
      return true
    }
    try {
      return this.#send(node, op, 0, args) !== FULL
    } catch (error) {
      this.#log.debug({ node, op, error }, 'a notice could not be sent')
      return false
    }
  }

  #send(node: string, op: string, callId: number, args: readonly unknown[]): number {
    const envelope = new Envelope(ENVELOPE.CONTROL, 0, op, callId, 0, args, undefined, undefined)
    return this.#carrier.send(node, this.#channel, envelope)
  }

  /** A request (with `call`) or notice of a peer, its arguments decoded. */
  received(
    from: Member,
    peer: RemotePeer,
    op: number | string,
    args: readonly unknown[],
    call: InboundCall | undefined,
  ): void {
    const handler = typeof op === 'string' ? this.#handlers.get(op) : undefined
    try {
      if (handler === undefined) {
        throw new TroupeError('ERR_UNKNOWN_HANDLER', `no node request is called ${show(op)}`)
      }
      const answer = handler(from, args, call)
      if (answer instanceof Promise) {
        answer.then(
          (value) => call?.reply(value),
          (error: unknown) => this.#refuse(peer, op, call, error),
        )
      } else call?.reply(answer)
    } catch (error) {
      this.#refuse(peer, op, call, error)
    }
  }

  #refuse(
    peer: RemotePeer,
    op: number | string,
    call: InboundCall | undefined,
    error: unknown,
  ): void {
    if (call !== undefined) call.fail(error)
    else
      this.#log.warn({ node: peer.name, op: String(op), error }, 'a notice of a node was refused')
  }
}

export const unknownNode = (node: string): TroupeError =>
  new TroupeError('ERR_UNKNOWN_NODE', `no member is called ${show(node)}`, { data: { node } })
