import type { FrameInfo, GateAccess, MessageContent, MessageName, Ruling } from '../peer/gate.js'
import { FRAME } from '../wire/frame.js'
import type { MessageLabel } from './fault.js'
import { MessageNumbers } from './message-numbers.js'

/** A message at a gate, with its number there. */
export interface NumberedMessage extends MessageLabel {
  readonly ordinal: number
}

/** What a fault does to the frames at one node's gate. */
export interface FaultRule {
  /** It wants to know which message is in a frame. */
  readonly named: boolean
  /**
   * `message` is there for frames that hold one, if some rule at this gate is `named`; `content` opens an
   * envelope, relayed or not.
   */
  judge(
    frame: FrameInfo,
    message: NumberedMessage | undefined,
    content: () => MessageContent | undefined,
  ): Ruling | undefined
}

/** Does nothing but keep messages numbered, from when it is added to when it is removed. */
export const COUNTING: FaultRule = { named: true, judge: () => undefined }

/** A rule at work. */
export interface RuleHandle {
  /** Frames to which it did something. */
  readonly hits: number
  /** Ends it; harmless when it has ended. */
  remove(): void
}

/**
 * The rules of faults at one node's gate. Each message is named and numbered once, whatever the number
 * of rules; numbers begin when a rule first comes to an empty gate and end with the last one.
 */
export class FaultGate {
  readonly #access: GateAccess
  readonly #rules: Entry[] = []
  /** Rules that want messages named. */
  #named = 0
  #numbers = new MessageNumbers()
  #leave: (() => void) | undefined

  constructor(access: GateAccess) {
    this.#access = access
  }

  get node(): string {
    return this.#access.node
  }

  add(rule: FaultRule): RuleHandle {
    const entry = new Entry(rule, () => this.#remove(entry))
    this.#rules.push(entry)
    if (rule.named) this.#named++
    this.#leave ??= this.#access.gate.add((frame) => this.#judge(frame))
    return entry
  }

  #remove(entry: Entry): void {
    const at = this.#rules.indexOf(entry)
    if (at === -1) return
    this.#rules.splice(at, 1)
    if (entry.rule.named) this.#named--
    if (this.#rules.length > 0) return
    this.#leave?.()
    this.#leave = undefined
    this.#numbers = new MessageNumbers()
  }

  #judge(frame: FrameInfo): readonly Ruling[] | undefined {
    const message = this.#named > 0 ? this.#number(frame) : undefined
    const content = (): MessageContent | undefined => this.#access.content(frame)
    let rulings: Ruling[] | undefined
    for (const entry of this.#rules.slice()) {
      const ruling = entry.rule.judge(frame, message, content)
      if (ruling === undefined) continue
      entry.hits++
      rulings ??= []
      rulings.push(ruling)
    }
    return rulings
  }

  #number(frame: FrameInfo): NumberedMessage | undefined {
    const name = this.#nameOf(frame)
    if (name === undefined) return undefined
    const { from, to, name: what } = name
    return { from, to, name: what, ordinal: this.#numbers.next(frame.direction, name) }
  }

  #nameOf(frame: FrameInfo): MessageName | undefined {
    const name = ROOMS.get(frame.kind)
    if (name === undefined) return this.#access.message(frame)
    const { direction, peer } = frame
    const { node } = this.#access
    return direction === 'out' ? { from: node, to: peer, name } : { from: peer, to: node, name }
  }
}

/** Frames that a room sends of its own accord are messages too. */
const ROOMS: ReadonlyMap<number, string> = new Map([
  [FRAME.OVERLAY, 'overlay'],
  [FRAME.BROADCAST, 'broadcast'],
  [FRAME.DELIVERY, 'delivery'],
  [FRAME.ROUTE, 'route'],
])

class Entry implements RuleHandle {
  readonly rule: FaultRule
  readonly remove: () => void
  hits = 0

  constructor(rule: FaultRule, remove: () => void) {
    this.rule = rule
    this.remove = remove
  }
}
