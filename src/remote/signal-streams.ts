import { codeOf, messageOf, TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { show } from '../base/options.js'
import { unreachable } from '../base/unreachable.js'
import type { Carrier } from '../cluster/carrier.js'
import type { Codec } from '../wire/codec.js'
import { ENVELOPE, Envelope } from '../wire/envelope.js'
import type { World } from '../world/world.js'
import { isValueFault } from './answers.js'
import type { RemotePeer, RemotePeers } from './remote-peer.js'
import {
  type Packet,
  SignalStream,
  type SignalStreamOptions,
  type StreamEffect,
  type StreamEvent,
} from './signal-stream.js'

/** One signal as bytes: encoded once, however often it travels. */
export interface PackedSignal {
  /** Picks the lane: a signal for an actor follows the messages to it. */
  readonly key: number
  /** Null: only its number travels. */
  bytes: Uint8Array | null
  /** Makes what is sent when the peer takes no message as large. */
  readonly instead: ((error: unknown) => Uint8Array | null) | undefined
}

/** Arguments for those that cannot travel because of `error`; undefined: nothing can be sent for them. */
export type Instead = (error: unknown) => readonly unknown[] | undefined

export type SignalHandler = (from: RemotePeer, args: readonly unknown[]) => void

/** What both sides remember of each other is void. */
export interface SignalsLost {
  /** The peer was given up: nothing this node asked of it holds, nothing it asked holds here. */
  lost(peer: RemotePeer, reason: TroupeError): void
  /** The peer had given this node up and is back: it remembers nothing. It can be asked again. */
  restarted(peer: RemotePeer): void
}

/**
 * Signals by name to other nodes, each once and in order while both sides keep each other: drives a
 * `SignalStream` a peer. They travel on the default channel.
 */
export class SignalStreams {
  readonly #world: Pick<World, 'clock' | 'turn'>
  readonly #carrier: Carrier
  readonly #codec: Codec
  readonly #peers: RemotePeers
  readonly #options: SignalStreamOptions
  readonly #log: Logger
  readonly #channel: number
  readonly #handlers = new Map<string, SignalHandler>()
  readonly #listeners: SignalsLost[] = []
  readonly #drains = new Set<() => void>()
  #session = 0

  constructor(parts: {
    readonly world: Pick<World, 'clock' | 'turn'>
    readonly carrier: Carrier
    readonly codec: Codec
    readonly peers: RemotePeers
    readonly options: SignalStreamOptions
    readonly log: Logger
  }) {
    this.#world = parts.world
    this.#carrier = parts.carrier
    this.#codec = parts.codec
    this.#peers = parts.peers
    this.#options = parts.options
    this.#log = parts.log
    this.#channel = parts.carrier.channelIndex('default')
  }

  handle(op: string, handler: SignalHandler): void {
    this.#handlers.set(op, handler)
  }

  listen(listener: SignalsLost): void {
    this.#listeners.push(listener)
  }

  /**
   * Sends now, and again until the peer has it. That the peer takes no message as large may turn out
   * later: `instead` is asked then too, so that one signal does not hold up all behind it.
   * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, when there is nothing to send instead
   */
  send(
    peer: RemotePeer,
    key: number,
    op: string,
    args: readonly unknown[],
    instead?: Instead,
  ): void {
    if (peer.gone) return
    const limit = this.#codec.maxMessageBytes - PACKET_BYTES
    const pack = (given: readonly unknown[]): Uint8Array =>
      this.#codec.encodeValue([op, ...given], limit)
    const packInstead = (error: unknown): Uint8Array | null => {
      const other = isValueFault(error) ? instead?.(error) : undefined
      return other === undefined ? null : pack(other)
    }
    let bytes: Uint8Array | null
    try {
      bytes = pack(args)
    } catch (error) {
      bytes = packInstead(error)
      if (bytes === null) throw error
    }
    const signal = { key, bytes, instead: instead && packInstead }
    this.#step(peer, { type: 'send', signal })
  }

  /** A SIGNAL envelope's arguments. @throws TroupeError ERR_DECODE when they are none */
  received(peer: RemotePeer, key: number, args: readonly unknown[]): void {
    const [mine, yours, seq, ack, bytes] = args
    if (args.length !== 5 || !isNumber(mine) || mine === 0 || !isNumber(yours)) throw bad(args)
    if (!isNumber(seq) || !isNumber(ack)) throw bad(args)
    if (bytes !== null && !(bytes instanceof Uint8Array)) throw bad(args)
    const signal = bytes === null ? undefined : { key, bytes, instead: undefined }
    this.#step(peer, { type: 'packet', packet: { mine, yours, seq, ack, signal } })
  }

  nodeUp(peer: RemotePeer): void {
    this.#step(peer, { type: 'peerUp' })
  }

  nodeDown(peer: RemotePeer, reason: TroupeError): void {
    this.#step(peer, { type: 'peerDown', session: ++this.#session })
    peer.stream = undefined
    for (const listener of this.#listeners) listener.lost(peer, reason)
    this.#drained()
  }

  /** Resolves when all peers in reach have what was sent, at the latest after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void> {
    if (!this.#pending) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel()
        this.#drains.delete(done)
        resolve()
      }
      const timer = this.#world.clock.after(timeoutMs, done)
      this.#drains.add(done)
    })
  }

  get #pending(): boolean {
    for (const peer of this.#peers.values()) {
      if (peer.up && peer.stream !== undefined && peer.stream.pending > 0) return true
    }
    return false
  }

  #drained(): void {
    if (this.#drains.size > 0 && !this.#pending) for (const done of [...this.#drains]) done()
  }

  /** No timer is left. */
  close(): void {
    for (const peer of this.#peers.values()) {
      peer.streamTimer?.cancel()
      peer.streamTimer = undefined
    }
  }

  #step(peer: RemotePeer, event: StreamEvent<PackedSignal>): void {
    if (peer.stream === undefined) {
      if (event.type === 'peerDown') return
      const { hasForgotten, hasForgottenUnheard } = this.#peers
      const session = ++this.#session
      peer.stream = new SignalStream(session, !hasForgotten, this.#options, hasForgottenUnheard)
    }
    for (const effect of peer.stream.step(event)) this.#perform(peer, effect)
    this.#drained()
  }

  #perform(peer: RemotePeer, effect: StreamEffect<PackedSignal>): void {
    switch (effect.type) {
      case 'transmit':
        this.#transmit(peer, effect.packet)
        return
      case 'deliver':
        this.#deliver(peer, effect.signal)
        return
      case 'restarted':
        for (const listener of this.#listeners) listener.restarted(peer)
        return
      case 'gaveUp':
        this.#gaveUp(peer)
        return
      case 'ackSoon':
        this.#world.turn.micro(() => {
          if (peer.stream !== undefined) this.#step(peer, { type: 'ackDue' })
        })
        return
      case 'startTimer':
        peer.streamTimer = this.#world.clock.after(
          effect.delayMs,
          () => {
            peer.streamTimer = undefined
            if (peer.stream === undefined) return
            this.#step(peer, { type: 'retryDue', session: ++this.#session })
          },
          true,
        )
        return
      case 'cancelTimer':
        peer.streamTimer?.cancel()
        peer.streamTimer = undefined
        return
      default:
        unreachable(effect)
    }
  }

  #transmit(peer: RemotePeer, packet: Packet<PackedSignal>): void {
    const { mine, yours, seq, ack, signal } = packet
    const args = [mine, yours, seq, ack, signal?.bytes ?? null]
    const key = signal?.key ?? 0
    const envelope = new Envelope(ENVELOPE.SIGNAL, 0, '', 0, key, args, undefined, undefined)
    try {
      this.#carrier.send(peer.name, this.#channel, envelope)
    } catch (error) {
      if (signal !== undefined && shrink(signal, error)) this.#transmit(peer, packet)
      // There is no way now. The stream sends again, or gives up.
      else this.#log.debug({ node: peer.name, error }, 'a signal could not be sent now')
    }
  }

  #deliver(peer: RemotePeer, signal: PackedSignal): void {
    try {
      const value = this.#codec.decodeValue(signal.bytes as Uint8Array, this.#codec.maxMessageBytes)
      const [op, ...args] = Array.isArray(value) ? (value as unknown[]) : []
      const handler = typeof op === 'string' ? this.#handlers.get(op) : undefined
      if (handler === undefined) throw new TroupeError('ERR_DECODE', `no signal is ${show(op)}`)
      handler(peer, args)
    } catch (error) {
      this.#log.warn({ node: peer.name, reason: messageOf(error) }, 'a signal was refused')
    }
  }

  #gaveUp(peer: RemotePeer): void {
    const detail = `node ${peer.name} acknowledged no signal for ${this.#options.giveUpMs} ms`
    this.#log.warn({ node: peer.name }, detail)
    const reason = new TroupeError('ERR_PEER_SILENT', detail)
    for (const listener of this.#listeners) listener.lost(peer, reason)
  }
}

/** The most that an envelope adds to the bytes of a signal. */
const PACKET_BYTES = 128

/** True when the signal is smaller now, and may be tried again. */
function shrink(signal: PackedSignal, error: unknown): boolean {
  const { bytes, instead } = signal
  if (bytes === null || instead === undefined || codeOf(error) !== 'ERR_TOO_LARGE') return false
  try {
    signal.bytes = instead(error)
  } catch {
    return false // what there is instead is too large for this node itself
  }
  return signal.bytes === null || signal.bytes.length < bytes.length
}

const isNumber = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

const bad = (args: readonly unknown[]): TroupeError =>
  new TroupeError('ERR_DECODE', `${show(args)} is no signal`)
