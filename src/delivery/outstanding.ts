import type { AcknowledgedOptions } from './acknowledged-options.js'
import type { CausalMark } from './stamp.js'

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

/** A message from its first attempt to its acknowledgement. */
export class Entry<M> {
  readonly id: number
  readonly key: number
  /** The message before it in its order, or 0. */
  readonly previous: number
  /** Undefined in a filler, and once it expired or was acknowledged. */
  message: M | undefined
  bytes: number
  readonly causal: CausalMark | undefined
  /** When to give it up, Infinity for never. */
  readonly expiresMs: number
  state: EntryState = ENTRY.UNSENT
  sentMs = 0
  attempts = 0

  constructor(
    id: number,
    key: number,
    previous: number,
    message: M | undefined,
    bytes: number,
    causal: CausalMark | undefined,
    expiresMs: number,
  ) {
    this.id = id
    this.key = key
    this.previous = previous
    this.message = message
    this.bytes = bytes
    this.causal = causal
    this.expiresMs = expiresMs
  }
}

/**
 * The messages of a flow by id, from the oldest that is not settled (`base`) to the newest
 * (`next` - 1), on a ring.
 */
export class Outstanding<M> {
  #ring: (Entry<M> | undefined)[] = new Array(16)
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

  get(id: number): Entry<M> | undefined {
    if (!(id >= this.base && id < this.next)) return undefined
    return this.#ring[id & (this.#ring.length - 1)]
  }

  /** True for an id that was given out and is not settled. */
  isOpen(id: number): boolean {
    const entry = this.get(id)
    return entry !== undefined && entry.state !== ENTRY.SETTLED
  }

  /** A new message, with the next id; `inOrder`: it names the one of its key before it. */
  add(
    message: M | undefined,
    bytes: number,
    key: number,
    inOrder: boolean,
    causal: CausalMark | undefined,
    expiresMs: number,
  ): Entry<M> {
    const id = this.next++
    const previous = inOrder ? (this.#lastOfKey.get(key) ?? 0) : 0
    const entry = new Entry(id, key, previous, message, bytes, causal, expiresMs)
    if (inOrder) this.#lastOfKey.set(key, id)
    if (this.span > this.#ring.length) this.#grow()
    this.#ring[id & (this.#ring.length - 1)] = entry
    this.bytes += bytes
    this.unsettled++
    return entry
  }

  mark(entry: Entry<M>, state: EntryState): void {
    if (entry.state === ENTRY.HELD) this.held--
    if (state === ENTRY.HELD) this.held++
    entry.state = state
  }

  settle(entry: Entry<M>): void {
    this.mark(entry, ENTRY.SETTLED)
    this.bytes -= entry.bytes
    this.unsettled--
    if (this.#lastOfKey.get(entry.key) === entry.id) this.#lastOfKey.delete(entry.key)
  }

  /** Lets go of what is settled at the old end. */
  trim(): void {
    const mask = this.#ring.length - 1
    while (this.base < this.next) {
      if ((this.#ring[this.base & mask] as Entry<M>).state !== ENTRY.SETTLED) return
      this.#ring[this.base & mask] = undefined
      this.base++
    }
  }

  /** Forgets all and counts from 1 again. */
  clear(): void {
    this.#ring = new Array(16)
    this.#lastOfKey.clear()
    this.base = this.next = 1
    this.bytes = this.unsettled = this.held = 0
  }

  #grow(): void {
    const old = this.#ring
    this.#ring = new Array(2 * old.length)
    for (let id = this.base; id < this.next; id++) {
      this.#ring[id & (this.#ring.length - 1)] = old[id & (old.length - 1)]
    }
  }
}
