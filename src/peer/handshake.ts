import { type ErrorCode, TroupeError } from '../base/errors.js'
import { isUlid } from '../base/identity.js'
import { show } from '../base/options.js'
import { unreachable } from '../base/unreachable.js'
import { FRAME, type FrameKind } from '../wire/frame.js'
import type { Crypto } from '../world/crypto.js'
import {
  type Greeting,
  greetingFromWire,
  greetingToWire,
  isCount,
  OUTCOME,
  type Outcome,
  type Purpose,
  purposeFromWire,
} from './greeting.js'
import { Transcript } from './transcript.js'

/** Versions of the conversation after the handshake that this build speaks, both ends included. */
export const PROTOCOL_MIN = 1
export const PROTOCOL_MAX = 1
/** Optional abilities, one bit each; what both offer is used. None so far. */
export const FEATURES = 0

const MAGIC = 'troupe'
export const NONCE_BYTES = 32

export interface HandshakeConfig {
  readonly role: 'dialler' | 'acceptor'
  /** This node's incarnation: told in CHALLENGE, so that a dialler sees whom it has reached already. */
  readonly incarnation: string
  /** 32 unguessable bytes, drawn for this handshake. */
  readonly nonce: Uint8Array
  readonly cookie: Uint8Array | undefined
  readonly crypto: Crypto
  encode(value: unknown): Uint8Array
  /** Throws for what is not a valid encoding. */
  decode(bytes: Uint8Array): unknown
}

export type HandshakeEvent =
  /** The connection stands. */
  | { readonly type: 'start' }
  | { readonly type: 'frame'; readonly kind: FrameKind; readonly body: Uint8Array }
  /** Dialler: the answer to `challenged`. */
  | { readonly type: 'ask'; readonly purpose: Purpose; readonly greeting: Greeting }
  /** Acceptor: the answer to `proven`. `holder`: with REPLACED the incarnation that holds the name. */
  | {
      readonly type: 'answer'
      readonly outcome: Outcome
      readonly greeting: Greeting
      readonly holder: string
    }
  | { readonly type: 'refuse'; readonly error: TroupeError }
  | { readonly type: 'timeout'; readonly afterMs: number }
  | { readonly type: 'closed'; readonly error: Error | undefined }

export type HandshakeEffect =
  | { readonly type: 'send'; readonly kind: FrameKind; readonly body: Uint8Array }
  /** Dialler: say what the connection is for. */
  | { readonly type: 'challenged'; readonly incarnation: string }
  /** Acceptor: the other side is who it says; take it or not. */
  | { readonly type: 'proven'; readonly greeting: Greeting; readonly purpose: Purpose }
  /** The end, seen from either side. What follows on the connection is not the handshake's. */
  | {
      readonly type: 'ended'
      readonly outcome: Outcome
      readonly greeting: Greeting
      readonly holder: string
    }
  /** The other end: close the connection once what was sent is out. */
  | { readonly type: 'failed'; readonly error: TroupeError }

type State = 'idle' | 'hello' | 'challenge' | 'asking' | 'proof' | 'deciding' | 'welcome' | 'over'

/**
 * How two nodes come to believe each other, as a machine for either role:
 *
 *     dialler                                         acceptor
 *     HELLO      versions, features, nonce       ─►
 *                                                ◄─   CHALLENGE  version, features, nonce, incarnation
 *     PROOF      mac, purpose, who I am          ─►
 *                                                ◄─   WELCOME    mac, outcome, who I am, holder
 *                                                     or, at any time, REFUSE code, text
 *
 * A mac is HMAC-SHA-256 under the cookie over the role and every byte said so far, both nonces and
 * the identity it comes with included: it can be neither replayed nor reflected. The cookie itself is
 * never sent. Without a cookie on both sides macs are empty; a cookie on one side only is refused.
 * Nobody is told who the acceptor is before it has seen a proof.
 *
 * A REFUSE carries no mac: it comes before, or because, the two share no secret. So whoever sits on
 * the line can make an attempt fail, as by cutting the line, and no more: nothing but that attempt
 * depends on the code. What a node shall act upon, that it was replaced, is therefore said in a
 * WELCOME. The handshake proves who is there; it does not keep those on the line from
 * reading or changing what follows. TLS does.
 */
export class Handshake {
  readonly #config: HandshakeConfig
  readonly #transcript: Transcript
  #state: State = 'idle'
  #claimed = ''
  #greeting: Greeting | undefined

  constructor(config: HandshakeConfig) {
    this.#config = config
    this.#transcript = new Transcript(config.crypto, config.cookie)
  }

  step(event: HandshakeEvent): readonly HandshakeEffect[] {
    if (this.#state === 'over') return NOTHING
    switch (event.type) {
      case 'start':
        return this.#start()
      case 'frame':
        return this.#frame(event.kind, event.body)
      case 'ask':
        return this.#ask(event.purpose, event.greeting)
      case 'answer':
        return this.#answer(event.outcome, event.greeting, event.holder)
      case 'refuse':
        return this.#refuse(event.error)
      case 'timeout':
        return this.#refuse(
          new TroupeError('ERR_HANDSHAKE_TIMEOUT', `no end after ${event.afterMs} ms`),
        )
      case 'closed':
        return this.#fail('ERR_HANDSHAKE', 'the other side broke off', event.error)
      default:
        return unreachable(event)
    }
  }

  #start(): readonly HandshakeEffect[] {
    if (this.#config.role === 'acceptor') {
      this.#state = 'hello'
      return NOTHING
    }
    this.#state = 'challenge'
    const { nonce, cookie } = this.#config
    const hello = [MAGIC, PROTOCOL_MIN, PROTOCOL_MAX, FEATURES, nonce, cookie !== undefined]
    return [this.#say(FRAME.HELLO, hello)]
  }

  #frame(kind: FrameKind, body: Uint8Array): readonly HandshakeEffect[] {
    let fields: unknown
    try {
      fields = this.#config.decode(body)
    } catch (cause) {
      return this.#broken(`frame ${kind} cannot be decoded`, cause)
    }
    if (!Array.isArray(fields)) return this.#broken(`frame ${kind} holds no array`)
    if (kind === FRAME.REFUSE && this.#config.role === 'dialler') return this.#onRefuse(fields)
    if (kind === FRAME.HELLO && this.#state === 'hello') return this.#onHello(fields, body)
    if (kind === FRAME.CHALLENGE && this.#state === 'challenge') {
      return this.#onChallenge(fields, body)
    }
    if (kind === FRAME.PROOF && this.#state === 'proof') return this.#onProof(fields, body)
    if (kind === FRAME.WELCOME && this.#state === 'welcome') return this.#onWelcome(fields)
    return this.#broken(`frame ${kind} does not belong here`)
  }

  #onHello(fields: readonly unknown[], body: Uint8Array): readonly HandshakeEffect[] {
    const [magic, least, most, features, nonce, hasCookie] = fields
    if (magic !== MAGIC || !isCount(least) || !isCount(most) || !isCount(features)) {
      return this.#broken('HELLO is malformed')
    }
    if (least > PROTOCOL_MAX || most < PROTOCOL_MIN) {
      return this.#refuse(
        new TroupeError(
          'ERR_PROTOCOL',
          `versions ${PROTOCOL_MIN} to ${PROTOCOL_MAX} are spoken here, ${least} to ${most} there`,
        ),
      )
    }
    if (!isBytes(nonce, NONCE_BYTES)) return this.#broken('HELLO is malformed')
    if (hasCookie !== (this.#config.cookie !== undefined)) return this.#noCookie(hasCookie === true)
    this.#transcript.heard(body)
    this.#state = 'proof'
    const version = Math.min(most, PROTOCOL_MAX)
    const { incarnation, cookie } = this.#config
    return [
      this.#say(FRAME.CHALLENGE, [
        version,
        features & FEATURES,
        this.#config.nonce,
        cookie !== undefined,
        incarnation,
      ]),
    ]
  }

  #onChallenge(fields: readonly unknown[], body: Uint8Array): readonly HandshakeEffect[] {
    const [version, features, nonce, hasCookie, incarnation] = fields
    if (!isCount(version) || version < PROTOCOL_MIN || version > PROTOCOL_MAX) {
      return this.#fail('ERR_PROTOCOL', `version ${show(version)} was chosen there`)
    }
    if (!isCount(features) || !isBytes(nonce, NONCE_BYTES) || !isUlid(incarnation)) {
      return this.#broken('CHALLENGE is malformed')
    }
    if (hasCookie !== (this.#config.cookie !== undefined)) return this.#noCookie(hasCookie === true)
    if (incarnation === this.#config.incarnation) {
      return this.#fail('ERR_JOIN_SELF', 'that address is this node')
    }
    this.#transcript.heard(body)
    this.#claimed = incarnation
    this.#state = 'asking'
    return [{ type: 'challenged', incarnation }]
  }

  #ask(purpose: Purpose, greeting: Greeting): readonly HandshakeEffect[] {
    if (this.#state !== 'asking') return NOTHING
    const said = this.#config.encode([
      purpose.intent,
      purpose.session,
      purpose.channel,
      purpose.lane,
      greetingToWire(greeting),
    ])
    this.#state = 'welcome'
    return [this.#say(FRAME.PROOF, [this.#transcript.mac('dialler', said), said])]
  }

  #onProof(fields: readonly unknown[], body: Uint8Array): readonly HandshakeEffect[] {
    const said = this.#proven('dialler', fields)
    if (said instanceof TroupeError) return this.#refuse(said)
    this.#transcript.heard(body)
    const purpose = purposeFromWire(said)
    const greeting = greetingFromWire(said[4])
    if (purpose === undefined || greeting === undefined) return this.#broken('PROOF is malformed')
    this.#greeting = greeting
    this.#state = 'deciding'
    return [{ type: 'proven', greeting, purpose }]
  }

  #answer(outcome: Outcome, greeting: Greeting, holder: string): readonly HandshakeEffect[] {
    if (this.#state !== 'deciding' || this.#greeting === undefined) return NOTHING
    const said = this.#config.encode([outcome, greetingToWire(greeting), holder])
    const welcome = this.#say(FRAME.WELCOME, [this.#transcript.mac('acceptor', said), said])
    this.#state = 'over'
    return [welcome, { type: 'ended', outcome, greeting: this.#greeting, holder }]
  }

  #onWelcome(fields: readonly unknown[]): readonly HandshakeEffect[] {
    const said = this.#proven('acceptor', fields)
    if (said instanceof TroupeError) return this.#refuse(said)
    const [outcome, self, holder] = said
    const greeting = greetingFromWire(self)
    if (greeting === undefined || !isOutcome(outcome)) return this.#broken('WELCOME is malformed')
    if (typeof holder !== 'string' || isUlid(holder) !== (outcome === OUTCOME.REPLACED)) {
      return this.#broken('WELCOME is malformed')
    }
    if (greeting.member.incarnation !== this.#claimed) {
      return this.#broken(`${greeting.member.incarnation} answers for ${this.#claimed}`)
    }
    this.#state = 'over'
    return [{ type: 'ended', outcome, greeting, holder }]
  }

  /** What was said under a good mac, decoded. */
  #proven(role: 'dialler' | 'acceptor', fields: readonly unknown[]): unknown[] | TroupeError {
    const [mac, said] = fields
    if (!(mac instanceof Uint8Array) || !(said instanceof Uint8Array)) {
      return new TroupeError('ERR_HANDSHAKE', 'a proof is malformed')
    }
    if (!this.#transcript.proves(role, said, mac)) {
      return new TroupeError('ERR_COOKIE', `the ${role} does not know the cookie`)
    }
    try {
      const wire = this.#config.decode(said)
      if (Array.isArray(wire)) return wire
    } catch (cause) {
      return new TroupeError('ERR_HANDSHAKE', 'a proof cannot be decoded', { cause })
    }
    return new TroupeError('ERR_HANDSHAKE', 'a proof is malformed')
  }

  #onRefuse(fields: readonly unknown[]): readonly HandshakeEffect[] {
    const [code, text] = fields
    const known = REFUSALS.find((each) => each === code) ?? 'ERR_HANDSHAKE'
    const detail = typeof text === 'string' ? text.slice(0, 300) : 'no reason given'
    const suffix = ` (${known})` // it is written once more below
    const plain = detail.endsWith(suffix) ? detail.slice(0, -suffix.length) : detail
    return this.#fail(known, `refused: ${plain}`)
  }

  #noCookie(theirs: boolean): readonly HandshakeEffect[] {
    const detail = theirs ? 'a cookie is used there and none here' : 'a cookie is needed'
    return this.#refuse(new TroupeError('ERR_COOKIE', detail))
  }

  #broken(detail: string, cause?: unknown): readonly HandshakeEffect[] {
    return this.#refuse(new TroupeError('ERR_HANDSHAKE', detail, { cause }))
  }

  /** Ends it; an acceptor says why, a dialler just goes. */
  #refuse(error: TroupeError): readonly HandshakeEffect[] {
    this.#state = 'over'
    const failed: HandshakeEffect = { type: 'failed', error }
    if (this.#config.role === 'dialler') return [failed]
    const body = this.#config.encode([error.code, error.message.slice(0, 300)])
    return [{ type: 'send', kind: FRAME.REFUSE, body }, failed]
  }

  #fail(code: ErrorCode, detail: string, cause?: unknown): readonly HandshakeEffect[] {
    this.#state = 'over'
    return [{ type: 'failed', error: new TroupeError(code, detail, { cause }) }]
  }

  #say(kind: FrameKind, fields: readonly unknown[]): HandshakeEffect {
    const body = this.#config.encode(fields)
    this.#transcript.heard(body)
    return { type: 'send', kind, body }
  }
}

const NOTHING: readonly HandshakeEffect[] = Object.freeze([])

/** Codes a refusal may carry; others arrive as ERR_HANDSHAKE. */
const REFUSALS: readonly ErrorCode[] = [
  'ERR_COOKIE',
  'ERR_PROTOCOL',
  'ERR_NAME_TAKEN',
  'ERR_OVERLAY_MISMATCH',
  'ERR_JOIN_SELF',
  'ERR_HANDSHAKE_TIMEOUT',
  'ERR_TOO_MANY_CONNECTIONS',
  'ERR_NODE_STOPPED',
]

const isBytes = (value: unknown, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length

const isOutcome = (value: unknown): value is Outcome =>
  value === OUTCOME.OPEN ||
  value === OUTCOME.DUPLICATE ||
  value === OUTCOME.GONE ||
  value === OUTCOME.REPLACED
