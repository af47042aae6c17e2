import type { ActorSystem } from '../actor/actor-system.js'
import { ACCEPTED, type Cell } from '../actor/cell.js'
import { Message } from '../actor/message.js'
import type { ReplySink } from '../actor/reply-sink.js'
import { messageOf, TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { show } from '../base/options.js'
import type { Carrier, Member } from '../cluster/carrier.js'
import type { Codec } from '../wire/codec.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import { type Answers, TO_REPLY_TABLE } from './answers.js'
import type { Calls } from './calls.js'
import type { Control } from './control.js'
import { DurableTell } from './durable-tell.js'
import { decodeFailure } from './failure.js'
import { InboundCall } from './inbound-call.js'
import type { RemotePeer, RemotePeers } from './remote-peer.js'
import type { SignalStreams } from './signal-streams.js'

/** Envelopes of other nodes by what became of them. */
export class InboxCounters {
  received = 0
  /** From an incarnation that is no member. */
  stale = 0
  /** A field was wrong, or the body could not be read. */
  refused = 0
}

export interface InboxParts {
  readonly system: ActorSystem
  readonly carrier: Carrier
  readonly codec: Codec
  readonly peers: RemotePeers
  readonly calls: Calls
  readonly answers: Answers
  readonly control: Control
  readonly signals: SignalStreams
  readonly inboundMax: number
  readonly log: Logger
}

/**
 * What other nodes send becomes messages, answers, signals and requests. Every field is checked, and
 * whatever a peer sends nothing leaves `receive` as an exception.
 */
export class Inbox {
  readonly counters = new InboxCounters()
  readonly #parts: InboxParts
  readonly #channels = new Map<string, number>()

  constructor(parts: InboxParts) {
    this.#parts = parts
  }

  /** False only with `again`: a tell whose receiver's mailbox is full, or a durable one to a name that nobody has yet. */
  receive(from: Member, channel: number, envelope: Envelope, again = false): boolean {
    this.counters.received++
    try {
      const peer = this.#parts.peers.sender(from)
      if (peer === undefined) this.counters.stale++
      else if (!isSound(envelope)) this.#refuse(from, envelope, 'a field is wrong')
      else if (envelope.kind === ENVELOPE.TELL) {
        return this.#tell(peer, channel, envelope, again)
      } else this.#dispatch(from, peer, channel, envelope)
    } catch (error) {
      this.#refuse(from, envelope, error)
    }
    return true
  }

  #dispatch(from: Member, peer: RemotePeer, channel: number, envelope: Envelope): void {
    switch (envelope.kind) {
      case ENVELOPE.ASK:
        this.#ask(peer, channel, envelope)
        return
      case ENVELOPE.REPLY:
      case ENVELOPE.FAILURE:
        this.#answer(peer, envelope)
        return
      case ENVELOPE.ABORT:
        this.abort(peer, envelope.callId)
        return
      case ENVELOPE.SIGNAL:
        this.#parts.signals.received(peer, envelope.key, this.#args(envelope))
        return
      case ENVELOPE.CONTROL:
        this.#control(from, peer, channel, envelope)
        return
      default:
        this.#refuse(from, envelope, 'its kind is unknown here')
    }
  }

  /** @throws TroupeError ERR_DECODE */
  #args(envelope: Envelope): readonly unknown[] {
    const { body, args } = envelope
    if (body !== undefined) return this.#parts.codec.decodeArgs(body)
    if (args === undefined) throw new TroupeError('ERR_DECODE', 'an envelope has no arguments')
    return args
  }

  /** False only with `again`, see `receive`. */
  #tell(peer: RemotePeer, channel: number, envelope: Envelope, again: boolean): boolean {
    const { carrier, system } = this.#parts
    const { callId, to } = envelope
    const cell = this.#cell(to)
    if (again && (cell?.full ?? (callId > 0 && typeof to === 'string'))) return false
    const durable =
      callId > 0 ? new DurableTell(carrier, peer, callId, () => system.stopped) : undefined
    this.#deliver(peer, channel, cell, envelope, this.#args(envelope), durable)
    return true
  }

  #ask(peer: RemotePeer, channel: number, envelope: Envelope): void {
    const call = this.#open(peer, this.#answerChannel(channel, envelope), envelope)
    if (call === undefined) return
    let args: readonly unknown[]
    try {
      args = this.#args(envelope)
    } catch (error) {
      this.counters.refused++
      call.fail(error)
      return
    }
    this.#deliver(peer, channel, this.#cell(envelope.to), envelope, args, call)
  }

  /** Undefined for a repeated question, and for one without a number. */
  #open(peer: RemotePeer, channel: number, envelope: Envelope): InboundCall | undefined {
    const { callId, key } = envelope
    const { inbound } = peer
    if (callId === 0 || inbound.has(callId)) {
      this.counters.refused++
      return undefined
    }
    if (inbound.size >= this.#parts.inboundMax) {
      // The oldest goes on, but hears no more of its asker: its deadline is over in all likelihood.
      for (const oldest of inbound.keys()) {
        inbound.delete(oldest)
        break
      }
    }
    const { answers, carrier } = this.#parts
    const plan = carrier.answerPlan(envelope)
    const call = new InboundCall(answers, peer, callId, channel, key, plan)
    inbound.set(callId, call)
    return call
  }

  #deliver(
    peer: RemotePeer,
    channel: number,
    cell: Cell | undefined,
    envelope: Envelope,
    args: readonly unknown[],
    call: ReplySink | undefined,
  ): void {
    const { to, method } = envelope
    const { carrier, system } = this.#parts
    const definition = this.#mayCall(to, method) ? cell?.definition.method(method) : undefined
    if (cell === undefined) system.receive(to, method, args, call)
    else if (definition === undefined) system.unknownMethod(cell.ref, method, args, call)
    else if (cell.accept(Message.of(definition, args, call)) !== ACCEPTED && cell.slow) {
      carrier.withhold(peer.name, channel, envelope.key, cell)
    }
  }

  #cell(to: number | string): Cell | undefined {
    const { system } = this.#parts
    return typeof to === 'number' ? system.cell(to) : system.named(to)
  }

  /** An index means something only for a class the sender knows for sure, not for the holder of a name. */
  #mayCall(to: number | string, method: number | string): boolean {
    return typeof to === 'number' || typeof method === 'string'
  }

  /** The channel of the question, unless the method names one that this node has. */
  #answerChannel(asked: number, envelope: Envelope): number {
    const method = this.#cell(envelope.to)?.definition.method(envelope.method)
    const name = method?.answerChannel
    if (name === undefined) return asked
    let index = this.#channels.get(name)
    if (index === undefined) {
      try {
        index = this.#parts.carrier.channelIndex(name)
      } catch {
        this.#parts.log.warn({ channel: name, type: method?.type }, 'this node has no such channel')
        index = NO_CHANNEL
      }
      this.#channels.set(name, index)
    }
    return index === NO_CHANNEL ? asked : index
  }

  #answer(peer: RemotePeer, envelope: Envelope): void {
    const { calls, system } = this.#parts
    const { callId, kind, method } = envelope
    const failed = kind === ENVELOPE.FAILURE
    let args: readonly unknown[]
    try {
      args = this.#args(envelope)
    } catch (error) {
      this.counters.refused++
      if (method === TO_REPLY_TABLE) system.replies.take(callId)?.reject(error)
      else calls.undecodable(peer, callId, error)
      return
    }
    if (method === TO_REPLY_TABLE) {
      const reply = system.replies.take(callId)
      if (reply === undefined) system.counters.lateAnswers++
      else if (failed) reply.reject(decodeFailure(args[0]))
      else reply.resolve(args[0])
    } else if (failed) calls.fail(peer, callId, args[0])
    else calls.reply(peer, callId, args[0])
  }

  /** The asker gave up. */
  abort(peer: RemotePeer, callId: number): void {
    const detail = `node ${peer.name} does not wait for this answer any more`
    peer.inbound.get(callId)?.abandon(new TroupeError('ERR_ABORTED', detail))
  }

  #control(from: Member, peer: RemotePeer, channel: number, envelope: Envelope): void {
    const call = envelope.callId === 0 ? undefined : this.#open(peer, channel, envelope)
    if (envelope.callId !== 0 && call === undefined) return
    let args: readonly unknown[]
    try {
      args = this.#args(envelope)
    } catch (error) {
      if (call === undefined) throw error
      this.counters.refused++
      call.fail(error)
      return
    }
    this.#parts.control.received(from, peer, envelope.method, args, call)
  }

  #refuse(from: Member, envelope: Envelope, why: unknown): void {
    this.counters.refused++
    const reason = messageOf(why)
    const { kind, to, method } = envelope
    this.#parts.log.warn(
      { node: from.name, kind: show(kind), to: show(to), method: show(method), reason },
      'an envelope was refused',
    )
  }
}

const NO_CHANNEL = -1
const TEXT_CHARS = 512

function isSound(envelope: Envelope): boolean {
  const { to, method, callId } = envelope
  return isAddress(to) && isAddress(method) && isCount(callId)
}

const isAddress = (value: unknown): boolean =>
  typeof value === 'string' ? value.length <= TEXT_CHARS : isCount(value)

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
