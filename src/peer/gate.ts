import type { Envelope } from '../wire/envelope.js'
import type { FrameKind } from '../wire/frame.js'

export type Direction = 'out' | 'in'

/** One frame at the gate. */
export interface FrameInfo {
  readonly direction: Direction
  /** The other node's name; '' while a handshake has not told it yet. */
  readonly peer: string
  readonly channel: string
  readonly lane: number
  readonly kind: FrameKind
  /** The message, where the frame is one. On the way out its arguments, on the way in its encoded body. */
  readonly envelope: Envelope | undefined
  /** Length of the frame; 0 for a message on its way out, which is not encoded yet. */
  readonly bytes: number
}

/** What a rule wants done with a frame. */
export type Ruling =
  | { readonly type: 'drop' }
  | { readonly type: 'delay'; readonly ms: number }
  | { readonly type: 'twice' }

export type Rule = (frame: FrameInfo) => Ruling | undefined

/** What all rules together decided. */
export class Verdict {
  readonly drop: boolean
  readonly delayMs: number
  /** How often the frame goes through: 1, and one more for every `twice`. */
  readonly copies: number

  constructor(drop: boolean, delayMs: number, copies: number) {
    this.drop = drop
    this.delayMs = delayMs
    this.copies = copies
  }
}

export const PASS = new Verdict(false, 0, 1)
const DROP = new Verdict(true, 0, 0)

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
) => Verdict

const open: Crossing = () => PASS

/**
 * The one place every frame crosses, both ways: faults and traces attach here. Without rules it is
 * one constant function; the first rule swaps it, the last one's removal puts it back. All rules are
 * asked about every frame: drop beats the rest, delays add up, each `twice` adds a copy.
 *
 * A message crosses whole, as ENVELOPE or RELAY, when it is sent and when it has arrived, however
 * many fragments it travels in. On the way out its fragments cross as FRAGMENT besides, so that a cut
 * link is cut at once; one that is dropped is held back until no rule drops it, as in a byte stream.
 * A delayed frame delays those behind it on its lane. Handshake frames and fragments know no `twice`.
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
    return (side, kind, envelope, bytes) =>
      this.#judge({
        direction,
        peer: side.peer,
        channel: side.channel,
        lane: side.lane,
        kind,
        envelope,
        bytes,
      })
  }

  #judge(frame: FrameInfo): Verdict {
    let drop = false
    let delayMs = 0
    let copies = 1
    for (const rule of this.#rules.slice()) {
      const ruling = rule(frame)
      if (ruling === undefined) continue
      if (ruling.type === 'drop') drop = true
      else if (ruling.type === 'delay') delayMs += ruling.ms
      else copies++
    }
    if (drop) return DROP
    return delayMs === 0 && copies === 1 ? PASS : new Verdict(false, delayMs, copies)
  }
}
