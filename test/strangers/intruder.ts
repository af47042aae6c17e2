import { randomBytes } from 'node:crypto'
import { newIncarnation } from '../../src/base/identity.js'
import type { Member } from '../../src/index.js'
import { presentRecord } from '../../src/overlay/member-set.js'
import { wire } from '../../src/overlay/mesh-message.js'
import { type Greeting, INTENT, OPEN_SESSION, type Purpose } from '../../src/peer/greeting.js'
import { Handshake, type HandshakeEffect, type HandshakeEvent } from '../../src/peer/handshake.js'
import { ENVELOPE, Envelope, type EnvelopeKind } from '../../src/wire/envelope.js'
import { FRAME } from '../../src/wire/frame.js'
import { encodeEnvelopeBody } from '../../src/wire/frame-writer.js'
import { readEnvelope } from '../../src/wire/read-envelope.js'
import { realCrypto } from '../../src/world/real/real-crypto.js'
import { codec, frame, RawSocket, valueFrame } from './raw-socket.js'

export interface Answer {
  readonly kind: EnvelopeKind
  readonly args: readonly unknown[]
}

/** Shakes hands over a bare socket; resolves when the node has let it in, or rejects with why not. */
export function shakeHands(
  socket: RawSocket,
  {
    member,
    cookie,
    purpose,
    clock,
  }: {
    readonly member: Member
    readonly cookie: string | undefined
    readonly purpose: Purpose
    readonly clock: number
  },
): Promise<void> {
  const greeting: Greeting = {
    member,
    overlay: 'full-mesh',
    channels: [['default', 1]],
    credit: [],
    clock,
    maxMessageBytes: 64 * 1024 * 1024,
  }
  const handshake = new Handshake({
    role: 'dialler',
    incarnation: member.incarnation,
    nonce: randomBytes(32),
    cookie: cookie === undefined ? undefined : new TextEncoder().encode(cookie),
    crypto: realCrypto,
    encode: (value) => codec.encodeValue(value),
    decode: (bytes) => codec.decodeValue(bytes),
  })
  return new Promise((resolve, reject) => {
    const perform = (effect: HandshakeEffect): void => {
      if (effect.type === 'send') socket.write(frame(effect.kind, effect.body))
      else if (effect.type === 'challenged') step({ type: 'ask', purpose, greeting })
      else if (effect.type === 'failed') reject(effect.error)
      else if (effect.type === 'ended') {
        if (effect.outcome === 0) resolve()
        else reject(new Error(`the connection was not wanted: ${effect.outcome}`))
      }
    }
    const step = (event: HandshakeEvent): void => handshake.step(event).forEach(perform)
    socket.onFrame = ({ kind, body }) => step({ type: 'frame', kind, body })
    void socket.closed.then(() => step({ type: 'closed', error: undefined }))
    step({ type: 'start' })
  })
}

/**
 * A peer that knows the cookie and keeps none of the rules that come after: bare sockets, and frames
 * made by hand.
 */
export class Intruder {
  readonly member: Member
  readonly membership: RawSocket
  /** The one lane of the default channel. */
  readonly data: RawSocket
  readonly #answers = new Map<number, (answer: Answer) => void>()
  #lastCall = 0
  /** The node's number of what it remembers of us, which signals must name. */
  #session = 0
  #signals = 0
  #questioned: ((callId: number) => void) | undefined

  private constructor(member: Member, membership: RawSocket, data: RawSocket) {
    this.member = member
    this.membership = membership
    this.data = data
    membership.onFrame = ({ kind, body }) => {
      if (kind !== FRAME.PING) return
      const [number] = codec.decodeValue(body) as [number]
      membership.write(valueFrame(FRAME.PONG, [number, []]))
    }
    data.onFrame = ({ kind, body }) => {
      if (kind === FRAME.ENVELOPE) this.#heard(readEnvelope(body, 0, body.length))
    }
  }

  /** Comes in under a name, and with `join` becomes a member. */
  static async enter(
    port: number,
    cookie: string,
    { name = 'intruder', join = true }: { name?: string; join?: boolean } = {},
  ): Promise<Intruder> {
    const member: Member = {
      name,
      incarnation: newIncarnation(Date.now(), randomBytes(5)),
      generation: Date.now(),
      addresses: [{ host: '127.0.0.1', port: 1 }],
      tags: [],
    }
    const membership = await RawSocket.open(port)
    await shakeHands(membership, { member, cookie, purpose: OPEN_SESSION, clock: 1 })
    const data = await RawSocket.open(port)
    const purpose = { intent: INTENT.LANE, session: 1, channel: 'default', lane: 0 }
    await shakeHands(data, { member, cookie, purpose, clock: 2 })
    const intruder = new Intruder(member, membership, data)
    if (join) intruder.overlay(wire.join(presentRecord(member)))
    return intruder
  }

  /** A message of the overlay. */
  overlay(body: unknown): void {
    this.membership.write(valueFrame(FRAME.OVERLAY, body))
  }

  /** An envelope whose arguments are as given, or already bytes of whatever kind. */
  send(
    kind: EnvelopeKind,
    to: number | string,
    method: number | string,
    callId: number,
    args: readonly unknown[] | Uint8Array,
  ): void {
    this.data.write(frame(FRAME.ENVELOPE, ...envelopeBody(kind, to, method, callId, args)))
  }

  /** Asks as `send` does; resolves with the answer, of whichever kind. */
  ask(
    to: number | string,
    method: number | string,
    args: readonly unknown[] | Uint8Array = [],
    kind: EnvelopeKind = ENVELOPE.ASK,
  ): Promise<Answer> {
    const callId = ++this.#lastCall
    const answered = this.answer(callId)
    this.send(kind, to, method, callId, args)
    return answered
  }

  /** True once the node has told its session; asks for it otherwise. */
  knowsSession(): boolean {
    if (this.#session === 0) this.send(ENVELOPE.SIGNAL, 0, '', 0, [1, 0, 0, 0, null])
    return this.#session !== 0
  }

  /** A signal between the runtimes of two nodes, such as `watch`. */
  signal(op: string, args: readonly unknown[]): void {
    const bytes = codec.encodeValue([op, ...args])
    this.send(ENVELOPE.SIGNAL, 0, '', 0, [1, this.#session, ++this.#signals, 0, bytes])
  }

  /** The number of the next question that the node asks. */
  nextQuestion(): Promise<number> {
    return new Promise((resolve) => {
      this.#questioned = resolve
    })
  }

  /** The number of a new call, for what is sent by hand. */
  nextCall(): number {
    return ++this.#lastCall
  }

  answer(callId: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#answers.set(callId, resolve)
      void this.data.closed.then(() => reject(new Error('the node closed the lane')))
    })
  }

  /** The code of the error that an ask gets. */
  async failure(
    to: number | string,
    method: number | string,
    args: readonly unknown[] | Uint8Array = [],
    kind: EnvelopeKind = ENVELOPE.ASK,
  ): Promise<string> {
    return codeOf(await this.ask(to, method, args, kind))
  }

  close(): void {
    this.membership.destroy()
    this.data.destroy()
  }

  #heard(envelope: Envelope): void {
    const { callId, kind, body } = envelope
    if (kind === ENVELOPE.ASK) this.#questioned?.(callId)
    if (kind === ENVELOPE.SIGNAL && body !== undefined) {
      this.#session = (codec.decodeArgs(body) as [number])[0]
    }
    if (kind !== ENVELOPE.REPLY && kind !== ENVELOPE.FAILURE) return
    const settle = this.#answers.get(callId)
    this.#answers.delete(callId)
    if (body !== undefined) settle?.({ kind, args: codec.decodeArgs(body) })
  }
}

/** The body of an ENVELOPE frame, in pieces. */
export function envelopeBody(
  kind: EnvelopeKind,
  to: number | string,
  method: number | string,
  callId: number,
  args: readonly unknown[] | Uint8Array,
): readonly Uint8Array[] {
  const encoded = args instanceof Uint8Array ? { head: args, payloads: [] } : undefined
  const plain = args instanceof Uint8Array ? undefined : args
  const envelope = new Envelope(kind, to, method, callId, 0, plain, encoded, undefined)
  return encodeEnvelopeBody(envelope, codec).chunks
}

/** The code in an answer that is a failure: `[[kind, name, code, …]]`. */
export function codeOf({ kind, args }: Answer): string {
  const [failure] = args
  if (kind !== ENVELOPE.FAILURE || !Array.isArray(failure)) return 'no failure'
  return String(failure[2])
}
