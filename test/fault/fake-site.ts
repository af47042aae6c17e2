import {
  type Direction,
  type FrameInfo,
  GATED,
  Gate,
  type GateAccess,
  type Gated,
  type MessageName,
} from '../../src/peer/gate.js'
import { FRAME, type FrameKind } from '../../src/wire/frame.js'

/** A frame at a gate that stands alone, with the message that is said to be in it. */
export interface FakeFrame extends FrameInfo {
  readonly name: MessageName | undefined
}

export function frame(
  direction: Direction,
  peer: string,
  kind: FrameKind,
  name?: MessageName,
): FakeFrame {
  return {
    direction,
    peer,
    channel: 'default',
    lane: 0,
    kind,
    envelope: undefined,
    bytes: 9,
    name,
  }
}

/** Message `name` on its way between this node (`node`) and another. */
export function message(node: string, from: string, to: string, name = 'add'): FakeFrame {
  const out = from === node
  return frame(out ? 'out' : 'in', out ? to : from, FRAME.ENVELOPE, { from, to, name })
}

/** A node that is nothing but a gate. */
export class FakeSite implements Gated, GateAccess {
  readonly node: string
  readonly gate = new Gate()
  readonly resets: string[] = []
  #asked: FakeFrame | undefined

  constructor(node: string) {
    this.node = node
  }

  get [GATED](): GateAccess {
    return this
  }

  message(): MessageName | undefined {
    return this.#asked?.name
  }

  content(): undefined {
    return undefined
  }

  reset(peer: string): number {
    return this.resets.push(peer)
  }

  /** The gate's verdict in a word. */
  judge(what: FakeFrame): string {
    this.#asked = what
    const side = { peer: what.peer, channel: what.channel, lane: what.lane }
    const verdict = this.gate[what.direction](side, what.kind, what.envelope, what.bytes)
    if (verdict.drop) return 'drop'
    const { delayMs, copies, asideMs, flips } = verdict
    const words = [
      delayMs > 0 && `late ${delayMs}`,
      asideMs > 0 && 'aside',
      copies > 1 && `${copies} copies`,
      flips.length > 0 && 'flipped',
    ].filter(Boolean)
    return words.join(', ') || 'pass'
  }

  /** The verdicts on messages of one name, one after the other. */
  run(count: number, from: string, to: string, name = 'add'): string[] {
    return Array.from({ length: count }, () => this.judge(message(this.node, from, to, name)))
  }
}
