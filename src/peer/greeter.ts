import { TroupeError } from '../base/errors.js'
import { unreachable } from '../base/unreachable.js'
import { FRAME, type FrameKind } from '../wire/frame.js'
import type { Timer } from '../world/clock.js'
import type { Connection } from '../world/network.js'
import { FrameStream, type StreamOwner } from './frame-stream.js'
import type { Greeting, Outcome, Purpose } from './greeting.js'
import { OUTCOME } from './greeting.js'
import { Handshake, type HandshakeEffect, type HandshakeEvent, NONCE_BYTES } from './handshake.js'
import type { PeerContext } from './peer-context.js'

/** What becomes of a handshake. `failed` or an end is reported once, and neither after `cancel`. */
export interface GreeterHost {
  /** Dialler: `ask` what the connection is for, or `cancel`. */
  challenged(greeter: Greeter, incarnation: string): void
  /** Acceptor: `answer` or `refuse`, now or later. */
  proven(greeter: Greeter, greeting: Greeting, purpose: Purpose): void
  /** Dialler: the acceptor's answer. With OPEN the stream is the host's to hand on; `holder` is told with REPLACED. */
  ended(greeter: Greeter, outcome: Outcome, greeting: Greeting, holder: string): void
  failed(greeter: Greeter, error: TroupeError): void
}

/** Drives one handshake over one connection, on either side, and closes what does not end well. */
export class Greeter implements StreamOwner {
  readonly stream: FrameStream
  readonly remote: string
  readonly channel = 'membership'
  readonly lane = 0
  /** The other node's name: what the dialler expects, else '' until it has told. */
  peer: string
  readonly #context: PeerContext
  readonly #host: GreeterHost
  readonly #handshake: Handshake
  readonly #dialled: boolean
  readonly #timer: Timer
  #over = false

  constructor(
    context: PeerContext,
    connection: Connection,
    host: GreeterHost,
    role: 'dialler' | 'acceptor',
    peer: string,
    timeoutMs: number,
  ) {
    this.#context = context
    this.#host = host
    this.#dialled = role === 'dialler'
    this.peer = peer
    this.remote = connection.remote
    const { world, plainCodec, cookie, self } = context
    this.#handshake = new Handshake({
      role,
      incarnation: self.incarnation,
      nonce: world.entropy.bytes(NONCE_BYTES),
      cookie,
      crypto: world.crypto,
      encode: (value) => plainCodec.encodeValue(value),
      decode: (bytes) => plainCodec.decodeValue(bytes),
    })
    this.#timer = world.clock.after(timeoutMs, () =>
      this.#step({ type: 'timeout', afterMs: timeoutMs }),
    )
    this.stream = new FrameStream(context, connection, this)
    this.#step({ type: 'start' })
  }

  ask(purpose: Purpose, greeting: Greeting): void {
    this.#step({ type: 'ask', purpose, greeting })
  }

  /** With OPEN the stream is the caller's to hand on, at once; otherwise it closes. */
  answer(outcome: Outcome, greeting: Greeting, holder = ''): void {
    this.#step({ type: 'answer', outcome, greeting, holder })
    if (outcome !== OUTCOME.OPEN) this.stream.close()
  }

  refuse(error: TroupeError): void {
    this.#step({ type: 'refuse', error })
  }

  /** Nobody wants the end of this handshake any more. */
  cancel(): void {
    if (this.#over) return
    this.#finish()
    this.stream.abort()
  }

  get over(): boolean {
    return this.#over
  }

  frame(kind: FrameKind, bytes: Buffer, start: number, end: number): void {
    if (kind > FRAME.REFUSE) {
      throw new TroupeError('ERR_HANDSHAKE', `frame ${kind} before the end of the handshake`)
    }
    this.#step({ type: 'frame', kind, body: bytes.subarray(start, end) })
  }

  heard(): void {}

  took(): void {}

  drained(): void {}

  credited(): void {}

  broken(error: unknown): void {
    const known = error instanceof TroupeError ? error : undefined
    this.#step({
      type: 'refuse',
      error: known ?? new TroupeError('ERR_HANDSHAKE', 'bytes are no frame', { cause: error }),
    })
  }

  closed(error: Error | undefined): void {
    this.#step({ type: 'closed', error })
  }

  #step(event: HandshakeEvent): void {
    if (this.#over) return
    for (const effect of this.#handshake.step(event)) this.#perform(effect)
  }

  #perform(effect: HandshakeEffect): void {
    switch (effect.type) {
      case 'send':
        this.stream.writeFrame(effect.kind, effect.body)
        return
      case 'challenged':
        this.#host.challenged(this, effect.incarnation)
        return
      case 'proven':
        this.#whenLetIn(effect.greeting.member.name, FRAME.PROOF, () =>
          this.#host.proven(this, effect.greeting, effect.purpose),
        )
        return
      case 'ended':
        if (!this.#dialled) {
          this.#finish()
          return
        }
        this.#whenLetIn(effect.greeting.member.name, FRAME.WELCOME, () => {
          this.#finish()
          if (effect.outcome !== OUTCOME.OPEN) this.stream.close()
          this.#host.ended(this, effect.outcome, effect.greeting, effect.holder)
        })
        return
      case 'failed':
        this.#finish()
        this.stream.close()
        this.#host.failed(this, effect.error)
        return
      default:
        unreachable(effect)
    }
  }

  /** A frame that says who sent it crossed the gate without a name: now it has one and crosses again. */
  #whenLetIn(name: string, kind: FrameKind, go: () => void): void {
    if (this.peer === name) {
      go()
      return
    }
    this.peer = name
    if (!this.#context.gate.in(this, kind, undefined, 0).drop) go()
  }

  #finish(): void {
    this.#over = true
    this.#timer.cancel()
  }
}
