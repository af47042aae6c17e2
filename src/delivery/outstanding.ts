import type { AcknowledgedOptions } from './acknowledged-options.js'
import { type AckRange, type AckStamp, type CausalMark, MAX_RANGES } from './stamp.js'

export const ENTRY = {
  /** The lane did not take it: goes out as soon as it can. */
  UNSENT: 0,
  SENT: 1,
  /** The receiver has it and waits for what belongs before it. */
  HELD: 2,
  /** Acknowledged: only its number is still of use. */
  SETTLED: 3,
} as const

export type EntryState = (typeof ENTRY)[keyof typeof ENTRY]

/** Numbers kept of each message, side by side. */
const STATE = 0
const SENT_MS = 1
const ATTEMPTS = 2
const KEY = 3
const PREVIOUS = 4
const EXPIRES_MS = 5
const BYTES = 6
const WIDTH = 8

const FIRST = 16
/** Keys that are remembered at least. */
const KEYS_MIN = 64

/** Marks of messages in a row that have one clock. */
export class MarkRun {
  readonly label: number
  readonly #id: number
  readonly #mark: CausalMark

  constructor(id: number, mark: CausalMark) {
    this.label = mark.label
    this.#id = id
    this.#mark = mark
  }

  /** Is that the mark that `markOf` would give? */
  takes(id: number, { label, seq, after, clock }: CausalMark): boolean {
    const { clock: first, seq: firstSeq } = this.#mark
    const next = firstSeq + id - this.#id
    return (
      clock === undefined &&
      first === undefined &&
      label === this.label &&
      seq === next &&
      after === next - 1
    )
  }

  markOf(id: number): CausalMark {
    if (id === this.#id) return this.#mark
    const seq = this.#mark.seq + id - this.#id
    return { label: this.label, seq, clock: undefined, after: seq - 1 }
  }
}

/**
 * The messages of a flow by id, from the oldest that is not settled (`base`) to the newest
 * (`next` - 1). Rings of numbers, which cost the garbage collector nothing, and one of messages. What
 * is asked of an id is right for those between the two only; see `has`.
 */
export class Outstanding<M> {
  #numbers = new Float64Array(WIDTH * FIRST)
  #messages: (M | undefined)[] = ring(FIRST)
  /** Empty as long as no message has a mark. */
  #marks: (MarkRun | undefined)[] = []
  #mask = FIRST - 1
  /** The newest message in order, and its key: in a run of one key nothing is looked up. */
  #lastKey = 0
  #lastId = 0
  /** The newest in order of other keys. */
  readonly #lastOfKey = new Map<number, number>()
  base = 1
  next = 1
  /** Bytes of what is not settled. */
  bytes = 0
  /** Messages that are not settled. */
  unsettled = 0
  /** Messages of which the receiver said that it holds them. */
  held = 0

  /** Ids between the oldest unsettled one and the newest, both included. */
  get span(): number {
    return this.next - this.base
  }

  /** More than that part of a window is in use. */
  isOver({ windowMessages, windowBytes }: AcknowledgedOptions, part: number): boolean {
    return part * this.span > windowMessages || part * this.bytes > windowBytes
  }

  has(id: number): boolean {
    return id >= this.base && id < this.next
  }

  /** True for an id that was given out and is not settled. */
  isOpen(id: number): boolean {
    return this.has(id) && this.stateOf(id) !== ENTRY.SETTLED
  }

  stateOf(id: number): EntryState {
    return this.#get(id, STATE) as EntryState
  }

  keyOf(id: number): number {
    return this.#get(id, KEY)
  }

  /** The message before it in its order, or 0. */
  previousOf(id: number): number {
    return this.#get(id, PREVIOUS)
  }

  /** The newest in the order of that key, or 0, or one that is settled. */
  lastOf(key: number): number {
    return key === this.#lastKey ? this.#lastId : (this.#lastOfKey.get(key) ?? 0)
  }

  /** When to give it up, Infinity for never. */
  expiresMs(id: number): number {
    return this.#get(id, EXPIRES_MS)
  }

  sentMs(id: number): number {
    return this.#get(id, SENT_MS)
  }

  /** Undefined in a filler, and once it expired or was acknowledged. */
  messageOf(id: number): M | undefined {
    return this.#messages[id & this.#mask]
  }

  markOf(id: number): CausalMark | undefined {
    return this.runOf(id)?.markOf(id)
  }

  /** Where its mark is kept. */
  runOf(id: number): MarkRun | undefined {
    return this.#marks.length === 0 ? undefined : this.#marks[id & this.#mask]
  }

  /** The id of a new message; `inOrder`: it names the one of its key before it. */
  add(
    message: M | undefined,
    bytes: number,
    key: number,
    inOrder: boolean,
    causal: CausalMark | undefined,
    expiresMs: number,
  ): number {
    const id = this.next++
    if (id - this.base > this.#mask) this.#grow()
    const i = id & this.#mask
    const numbers = this.#numbers
    const at = WIDTH * i
    numbers[at + STATE] = ENTRY.UNSENT
    numbers[at + SENT_MS] = 0
    numbers[at + ATTEMPTS] = 0
    numbers[at + KEY] = key
    numbers[at + PREVIOUS] = inOrder ? this.#follow(key, id) : 0
    numbers[at + EXPIRES_MS] = expiresMs
    numbers[at + BYTES] = bytes
    this.#messages[i] = message
    if (causal !== undefined) this.#setMark(id, causal)
    this.bytes += bytes
    this.unsettled++
    return id
  }

  /** One more attempt; returns how many there were. */
  attempt(id: number, nowMs: number): number {
    if (this.held > 0) this.mark(id, ENTRY.SENT)
    const numbers = this.#numbers
    const at = WIDTH * (id & this.#mask)
    numbers[at + STATE] = ENTRY.SENT
    numbers[at + SENT_MS] = nowMs
    const attempts = (numbers[at + ATTEMPTS] as number) + 1
    numbers[at + ATTEMPTS] = attempts
    return attempts
  }

  /** The last attempt was none; returns how many are left. */
  unsent(id: number): number {
    const at = WIDTH * (id & this.#mask) + ATTEMPTS
    const attempts = (this.#numbers[at] as number) - 1
    this.#numbers[at] = attempts
    this.mark(id, ENTRY.UNSENT)
    return attempts
  }

  mark(id: number, state: EntryState): void {
    if (this.stateOf(id) === ENTRY.HELD) this.held--
    if (state === ENTRY.HELD) this.held++
    this.#numbers[WIDTH * (id & this.#mask) + STATE] = state
  }

  /** The receiver has it. */
  hold(id: number): void {
    if (this.isOpen(id)) this.mark(id, ENTRY.HELD)
  }

  /** What the receiver had and does not name any more counts as sent now. True when there is such. */
  unhold({ floor, ranges }: AckStamp, nowMs: number): boolean {
    const end = ranges.length < MAX_RANGES ? this.next : (ranges.at(-1)?.to ?? 0)
    let at = 0
    let given = false
    for (let id = Math.max(floor + 1, this.base); id < end; id++) {
      while (at < ranges.length && (ranges[at] as AckRange).to < id) at++
      if (this.stateOf(id) !== ENTRY.HELD || (ranges[at]?.from ?? end) <= id) continue
      this.mark(id, ENTRY.SENT)
      this.#numbers[WIDTH * (id & this.#mask) + SENT_MS] = nowMs
      given = true
    }
    return given
  }

  /** Only its number, and its mark, are left. */
  empty(id: number): void {
    const at = WIDTH * (id & this.#mask) + BYTES
    this.bytes -= this.#numbers[at] as number
    this.#numbers[at] = 0
    this.#messages[id & this.#mask] = undefined
  }

  settle(id: number): void {
    const i = id & this.#mask
    const numbers = this.#numbers
    const at = WIDTH * i
    if (numbers[at + STATE] === ENTRY.HELD) this.held--
    numbers[at + STATE] = ENTRY.SETTLED
    this.bytes -= numbers[at + BYTES] as number
    this.unsettled--
    this.#messages[i] = undefined
    if (this.#marks.length > 0) this.#marks[i] = undefined
  }

  /** Lets go of what is settled at the old end. */
  trim(): void {
    while (this.base < this.next && this.stateOf(this.base) === ENTRY.SETTLED) this.base++
  }

  /** Forgets all and counts from 1 again. */
  clear(): void {
    this.#numbers = new Float64Array(WIDTH * FIRST)
    this.#messages = ring(FIRST)
    this.#marks = []
    this.#mask = FIRST - 1
    this.#lastId = 0
    this.#lastOfKey.clear()
    this.base = this.next = 1
    this.bytes = this.unsettled = this.held = 0
  }

  #get(id: number, field: number): number {
    return this.#numbers[WIDTH * (id & this.#mask) + field] as number
  }

  /** The message of that key before this one; it may be settled. */
  #follow(key: number, id: number): number {
    const before = this.#lastId
    this.#lastId = id
    if (before === 0) {
      this.#lastKey = key
      return 0
    }
    if (key === this.#lastKey) return before
    const others = this.#lastOfKey
    others.set(this.#lastKey, before)
    this.#lastKey = key
    const previous = others.get(key) ?? 0
    if (others.size > KEYS_MIN + 2 * this.span) this.#forgetKeys()
    return previous
  }

  /** Of keys whose messages are all settled. */
  #forgetKeys(): void {
    for (const [key, id] of this.#lastOfKey) if (id < this.base) this.#lastOfKey.delete(key)
  }

  #setMark(id: number, mark: CausalMark): void {
    if (this.#marks.length === 0) this.#marks = ring(this.#mask + 1)
    const last = this.#marks[(id - 1) & this.#mask]
    const run = last?.takes(id, mark) ? last : new MarkRun(id, mark)
    this.#marks[id & this.#mask] = run
  }

  #grow(): void {
    const { base, next } = this
    const old = this.#mask
    const size = 2 * (old + 1)
    const numbers = new Float64Array(WIDTH * size)
    const messages = ring<M>(size)
    const marks = this.#marks.length === 0 ? [] : ring<MarkRun>(size)
    this.#mask = size - 1
    for (let id = base; id < next - 1; id++) {
      const from = id & old
      const to = id & this.#mask
      messages[to] = this.#messages[from]
      if (marks.length > 0) marks[to] = this.#marks[from]
      for (let field = 0; field < WIDTH; field++) {
        numbers[WIDTH * to + field] = this.#numbers[WIDTH * from + field] as number
      }
    }
    this.#numbers = numbers
    this.#messages = messages
    this.#marks = marks
  }
}

const ring = <T>(size: number): (T | undefined)[] => new Array(size).fill(undefined)
