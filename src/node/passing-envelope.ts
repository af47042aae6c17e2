import type { MessageKind, Passing } from '../peer/passage.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import { ReceivedBody } from '../wire/received-body.js'
import { checkedArgs } from './delivered-message.js'
import type { House } from './house.js'
import { kindOf, messageName } from './message-names.js'

/** An envelope on its way out or in, as functions see it; most of it is worked out when it is read. */
export class PassingEnvelope implements Passing {
  readonly at: 'send' | 'receive'
  readonly peer: string
  readonly #house: House
  readonly #channel: number
  readonly #envelope: Envelope
  #args: readonly unknown[] | undefined

  constructor(
    at: 'send' | 'receive',
    house: House,
    peer: string,
    channel: number,
    envelope: Envelope,
    args = envelope.args,
  ) {
    this.at = at
    this.peer = peer
    this.#house = house
    this.#channel = channel
    this.#envelope = envelope
    this.#args = args
  }

  get node(): string {
    return this.#house.system.nodeName
  }

  get channel(): string {
    return this.#house.cluster.channelName(this.#channel)
  }

  get lane(): number | undefined {
    return this.#house.peers.laneOf(this.peer, this.#channel, this.#envelope.key)
  }

  /** Messages of one line keep their order. */
  get line(): string {
    return `${this.peer} ${this.#channel} ${this.lane ?? this.#envelope.key}`
  }

  get kind(): MessageKind {
    return kindOf(this.#envelope.kind)
  }

  get actor(): string {
    const { kind, to, method } = this.#envelope
    if (kind !== ENVELOPE.TELL && kind !== ENVELOPE.ASK) return ''
    const { system, remote } = this.#house
    if (this.at === 'send') return remote.described(this.peer, to, method).ref.toString()
    const cell = typeof to === 'number' ? system.cell(to) : system.named(to)
    return cell === undefined ? String(to) : cell.ref.toString()
  }

  get method(): string {
    const receiver = this.at === 'send' ? this.peer : this.node
    return messageName(this.#house, receiver, this.#envelope)
  }

  get args(): readonly unknown[] {
    if (this.#args === undefined) {
      const { body } = this.#envelope
      this.#args = body === undefined ? [] : this.#house.codec.decodeArgs(body)
    }
    return this.#args
  }

  get callId(): number | undefined {
    return this.#envelope.callId === 0 ? undefined : this.#envelope.callId
  }

  get bytes(): number {
    const { body } = this.#envelope
    if (body === undefined) return 0
    if (body instanceof ReceivedBody) return body.end - body.start
    return body.payloads.reduce((sum, payload) => sum + payload.length, body.head.length)
  }

  changed(args: readonly unknown[]): PassingEnvelope {
    const copied = this.#house.codec.copyArgs(checkedArgs(args))
    return new PassingEnvelope(
      this.at,
      this.#house,
      this.peer,
      this.#channel,
      this.#envelope,
      copied,
    )
  }
}
