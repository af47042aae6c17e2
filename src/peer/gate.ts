import type { EncodedBody, Envelope, EnvelopeKind } from '../wire/envelope.js'
import { FRAME, type FrameKind } from '../wire/frame.js'
import { readEnvelope } from '../wire/read-envelope.js'

export type Direction = 'out' | 'in'

/** One frame at the gate. */
export interface FrameInfo {
  readonly direction: Direction
  /** The other node's name; '' while a handshake has not told it yet. */
  readonly peer: string
  readonly channel: string
  readonly lane: number
  readonly kind: FrameKind
  /** The message, where the frame is an ENVELOPE. On the way out its arguments, on the way in its encoded body. */
  readonly envelope: Envelope | undefined
  /** The frame's body, where it is encoded already. */
  readonly body?: Uint8Array
  /** Length of the frame; 0 for a message on its way out, which is not encoded yet. */
  readonly bytes: number
}

/** What a rule wants done with a frame. */
export type Ruling =
  | { readonly type: 'drop' }
  | { readonly type: 'delay'; readonly ms: number }
  | { readonly type: 'twice' }
  /** Out of its order: what is behind it on its lane does not wait. */
  | { readonly type: 'aside'; readonly ms: number }
  /** Flips one bit of the body, counted from its end (the arguments of a message stand there), modulo its bits. */
  | { readonly type: 'corrupt'; readonly bit: number }
  /** On the way out: another message in its place; as an envelope for a frame that has one, else as its body. */
  | { readonly type: 'replace'; readonly by: Envelope | Uint8Array }

export type Rule = (frame: FrameInfo) => Ruling | readonly Ruling[] | undefined

/** What all rules together decided. */
export class Verdict {
  readonly drop: boolean
  readonly delayMs: number
  /** How often the frame goes through: 1, and one more for every `twice`. */
  readonly copies: number
  /** Above 0: so much later, without those behind it. */
  readonly asideMs: number
  /** Bits to flip, counted from the body's end. */
  readonly flips: readonly number[]
  /** What leaves in its place. */
  readonly by: Envelope | Uint8Array | undefined

  constructor(
    drop: boolean,
    delayMs: number,
    copies: number,
    asideMs = 0,
    flips: readonly number[] = [],
    by?: Envelope | Uint8Array,
  ) {
    this.drop = drop
    this.delayMs = delayMs
    this.copies = copies
    this.asideMs = asideMs
    this.flips = flips
    this.by = by
  }
}

export const PASS = new Verdict(false, 0, 1)
const DROP = new Verdict(true, 0, 0)

/** One verdict of many rulings: drop beats the rest, times add up, each `twice` adds a copy, the last `replace` counts. */
export function verdictOf(rulings: readonly Ruling[]): Verdict {
  if (rulings.length === 0) return PASS
  let delayMs = 0
  let copies = 1
  let asideMs = 0
  const flips: number[] = []
  let by: Envelope | Uint8Array | undefined
  for (const ruling of rulings) {
    if (ruling.type === 'drop') return DROP
    if (ruling.type === 'delay') delayMs += ruling.ms
    else if (ruling.type === 'twice') copies++
    else if (ruling.type === 'aside') asideMs += ruling.ms
    else if (ruling.type === 'replace') by = ruling.by
    else flips.push(ruling.bit)
  }
  const same = delayMs === 0 && copies === 1 && asideMs === 0 && flips.length === 0
  if (same && by === undefined) return PASS
  return new Verdict(false, delayMs, copies, asideMs, flips, by)
}

/** Which lane a frame is on. Lanes hand themselves in, so that an open gate costs nothing a frame. */
export interface GateSide {
  readonly peer: string
  readonly channel: string
  readonly lane: number
}

type Crossing = (
  side: GateSide,
  kind: FrameKind,
  envelope: Envelope | undefined,
  bytes: number,
  /** The body, where it is encoded: from `start` to `end` of these bytes. */
  raw?: Uint8Array,
  start?: number,
  end?: number,
) => Verdict

const open: Crossing = () => PASS

/**
 * The one place every frame crosses, both ways: faults and traces attach here. Without rules it is
 * one constant function; the first rule swaps it, the last one's removal puts it back. All rules are
 * asked about every frame, see `verdictOf`.
 *
 * A message crosses whole, as ENVELOPE or RELAY, when it is sent and when it has arrived, however
 * many fragments it travels in. On the way out its fragments cross as FRAGMENT besides, so that a cut
 * link is cut at once; one that is dropped is held back until no rule drops it, as in a byte stream.
 * A delayed frame delays those behind it on its lane. Handshake frames know `drop` and `delay` only,
 * as do heartbeats and goodbyes on the way out; fragments know `drop`.
 */
export class Gate {
  in: Crossing = open
  out: Crossing = open
  readonly #rules: Rule[] = []

  /** Adds a rule; the function that comes back removes it, once. */
  add(rule: Rule): () => void {
    const entry: Rule = (frame) => rule(frame)
    this.#rules.push(entry)
    this.#swap()
    return () => {
      const at = this.#rules.indexOf(entry)
      if (at === -1) return
      this.#rules.splice(at, 1)
      this.#swap()
    }
  }

  get isOpen(): boolean {
    return this.#rules.length === 0
  }

  #swap(): void {
    this.out = this.isOpen ? open : this.#guarded('out')
    this.in = this.isOpen ? open : this.#guarded('in')
  }

  #guarded(direction: Direction): Crossing {
    return (side, kind, envelope, bytes, raw, start, end) => {
      const { peer, channel, lane } = side
      const body = raw?.subarray(start, end)
      const message =
        envelope ?? (kind === FRAME.ENVELOPE && body !== undefined ? read(body) : undefined)
      return this.#judge(
        body === undefined
          ? { direction, peer, channel, lane, kind, envelope: message, bytes }
          : { direction, peer, channel, lane, kind, envelope: message, bytes, body },
      )
    }
  }

  #judge(frame: FrameInfo): Verdict {
    let rulings: Ruling[] | undefined
    for (const rule of this.#rules.slice()) {
      const ruling = rule(frame)
      if (ruling === undefined) continue
      rulings ??= []
      if (isList(ruling)) rulings.push(...ruling)
      else rulings.push(ruling)
    }
    return rulings === undefined ? PASS : verdictOf(rulings)
  }
}

const isList = (ruling: Ruling | readonly Ruling[]): ruling is readonly Ruling[] =>
  Array.isArray(ruling)

/** Undefined for a malformed one: whoever handles the frame says so. */
function read(body: Uint8Array): Envelope | undefined {
  try {
    return readEnvelope(body, 0, body.length)
  } catch {
    return undefined
  }
}

/** A message as a fault names it: who sends it to whom, and its method or what else it is. */
export interface MessageName {
  readonly from: string
  readonly to: string
  /** The method, or the handler of a `forward`; for the rest what it is: `reply`, `failure`, `abort`, `signal`, `control`. */
  readonly name: string
}

/** A message with its contents, opened. */
export interface MessageContent {
  readonly kind: EnvelopeKind
  /** The actor or handler it is for, as its envelope says it. */
  readonly to: number | string
  readonly callId: number
  /** Its arguments, as bytes of their own; undefined where they cannot be encoded. */
  body(): EncodedBody | undefined
  /** The same message with these arguments in place of its own. */
  replaced(body: EncodedBody): Ruling
}

/** How faults get at a node. */
export interface GateAccess {
  readonly node: string
  readonly gate: Gate
  /**
   * The message in a frame of kind ENVELOPE or RELAY, undefined in others and in malformed ones.
   * Where the method is not known by name (its receiver alone knows it) the name is `tell` or `ask`.
   */
  message(frame: FrameInfo): MessageName | undefined
  /** The same message opened. */
  content(frame: FrameInfo): MessageContent | undefined
  /** Breaks all connections to that peer at once and says how many. */
  reset(peer: string): number
}

/** The key under which a node shows its gate; the same in every copy of the package. */
export const GATED: unique symbol = Symbol.for('troupe.gated')

/** Something with a gate: a node. */
export interface Gated {
  readonly [GATED]: GateAccess
}
