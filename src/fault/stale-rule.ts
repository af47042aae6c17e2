import type { FrameInfo, MessageContent, Ruling } from '../peer/gate.js'
import { ENVELOPE, type EncodedBody } from '../wire/envelope.js'
import type { FaultOf } from './fault.js'
import { drawOf } from './fault-draw.js'
import type { FaultRule, NumberedMessage } from './fault-gate.js'

/** Contents that are kept at one gate; then the oldest are forgotten. */
const KEPT_MAX = 1_000
/** Contents that are larger pass as they are. */
const BYTES_MAX = 65_536

/** What a node sends that has arguments of a user's: the rest is between the runtimes. */
const SAYING: ReadonlySet<number> = new Set([ENVELOPE.TELL, ENVELOPE.ASK, ENVELOPE.FORWARD])

/**
 * A node that is behind: whatever it says is what it said the time before. A tell, an ask or a forward
 * has the arguments of the one before it with that name to that receiver; an answer is the one it gave
 * before to the same question, method and arguments, from that node. The first of each passes, and so do
 * errors and what runtimes tell each other. Who is asked, who is answered and all that delivery needs
 * stays: the message is a sound one, with old contents.
 */
export class StaleRule implements FaultRule {
  readonly named = true
  readonly #node: string
  readonly #percent: number
  readonly #draw: (message: NumberedMessage) => number
  /** The contents sent last, by receiver and name, or by asker and question. */
  readonly #last = new Bounded<EncodedBody>()
  /** Questions that are not answered yet, by asker and call. */
  readonly #asked = new Bounded<string>()

  constructor(fault: FaultOf<'byzantine'>, node: string, seed: number | string) {
    this.#node = node
    this.#percent = fault.percent
    this.#draw = drawOf(seed, fault)
  }

  judge(
    { direction }: FrameInfo,
    message: NumberedMessage | undefined,
    content: () => MessageContent | undefined,
  ): Ruling | undefined {
    if (message === undefined) return undefined
    const end = direction === 'out' ? message.from : message.to
    if (end !== this.#node) return undefined // it only relays
    const opened = content()
    if (opened === undefined) return undefined
    if (direction === 'out') return this.#said(message, opened)
    if (opened.kind === ENVELOPE.ASK) this.#question(message, opened)
    return undefined
  }

  #question({ from, name }: NumberedMessage, content: MessageContent): void {
    const body = content.body()
    if (body === undefined) return
    const { to, callId } = content
    const text = `${to} ${name} ${bodyText(body)}`
    this.#asked.put(`${from} ${callId}`, text)
  }

  #said(message: NumberedMessage, content: MessageContent): Ruling | undefined {
    const key = this.#keyOf(message, content)
    const body = key === undefined ? undefined : content.body()
    if (key === undefined || body === undefined || sizeOf(body) > BYTES_MAX) return undefined
    const before = this.#last.put(key, body)
    if (before === undefined || bodyText(before) === bodyText(body)) return undefined
    return this.#draw(message) * 100 < this.#percent ? content.replaced(before) : undefined
  }

  #keyOf({ to, name }: NumberedMessage, content: MessageContent): string | undefined {
    const { kind, callId, to: receiver } = content
    if (SAYING.has(kind)) return `${kind} ${to} ${receiver} ${name}`
    if (kind !== ENVELOPE.REPLY) return undefined
    const question = this.#asked.take(`${to} ${callId}`)
    return question === undefined ? undefined : `${kind} ${to} ${question}`
  }
}

/** The same text for the same bytes, in all likelihood for these alone. */
const bodyText = ({ head, payloads }: EncodedBody): string =>
  [head, ...payloads].map((bytes) => `${bytes.length}:${hashOf(bytes)}`).join()

/** FNV-1a, as `hashText`. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

const sizeOf = ({ head, payloads }: EncodedBody): number =>
  payloads.reduce((sum, bytes) => sum + bytes.length, head.length)

/** A map that forgets the oldest. */
class Bounded<T> {
  readonly #entries = new Map<string, T>()

  /** Gives what was there before. */
  put(key: string, value: T): T | undefined {
    const before = this.take(key)
    this.#entries.set(key, value)
    if (this.#entries.size > KEPT_MAX) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    return before
  }

  take(key: string): T | undefined {
    const value = this.#entries.get(key)
    this.#entries.delete(key)
    return value
  }
}
