import { RingQueue } from '../base/ring-queue.js'
import { DURABLE_WINDOW_MAX } from './durable-incoming.js'

/** What waits to be sent to one node on one channel. */
export class DurableEntry<M> {
  /** Its number in the flow; 0 for what only keeps its place here: asks. */
  readonly seq: number
  readonly message: M
  readonly bytes: number
  /** Only this start of the receiver's node may get it; '' for any. */
  readonly incarnation: string
  /** Wall time at which it is given up, Infinity for never. */
  readonly expiresAtMs: number
  /** It is in the store, or need not be. */
  stored: boolean
  /** Settled, or given up. */
  over = false

  constructor(
    seq: number,
    message: M,
    bytes: number,
    incarnation: string,
    expiresAtMs: number,
    stored: boolean,
  ) {
    this.seq = seq
    this.message = message
    this.bytes = bytes
    this.incarnation = incarnation
    this.expiresAtMs = expiresAtMs
    this.stored = stored
  }
}

/** What a receiver has told of a flow: all up to `floor` and these ranges, both ends included, are handled. */
export interface DurableAck {
  readonly floor: number
  /** from, to, from, to, … rising, all above `floor`. */
  readonly ranges: readonly number[]
}

/**
 * The sending half of durable delivery to one node on one channel, above acknowledged delivery: what
 * is stored is sent in the order of its numbers to whichever start of the node is there, and sent
 * again, in that order, to the next one, until the node says that it was handled.
 */
export class DurableOutgoing<M> {
  /** Sent to the present start of the node, the oldest first. */
  readonly #sent = new Map<number, DurableEntry<M>>()
  #line = new RingQueue<DurableEntry<M>>()
  readonly #windowMax: number
  #incarnation = ''
  /** The number of the newest message. */
  #last = 0
  /** Messages with a number that are not over. */
  pending = 0
  resent = 0

  /** `windowMessages`: so many may be sent and not handled. `last`: the highest number used before. */
  constructor(windowMessages: number, last = 0) {
    this.#windowMax = windowMessages
    this.#last = last
  }

  /** No number below it will ever be sent again. */
  get low(): number {
    for (const seq of this.#sent.keys()) return seq
    for (const { seq, over } of this.#line) if (seq > 0 && !over) return seq
    return this.#last + 1
  }

  get idle(): boolean {
    return this.pending === 0 && this.#line.size === 0
  }

  /** What is not sent, settled ones among it that have not been swept away. */
  get waiting(): number {
    return this.#line.size
  }

  add(entry: DurableEntry<M>): void {
    this.#line.push(entry)
    if (entry.seq === 0) return
    this.#last = Math.max(this.#last, entry.seq)
    this.pending++
  }

  /**
   * Says which start of the node is there now. With another one than before all is to be sent again;
   * returns what no later one may get.
   */
  reach(incarnation: string): readonly DurableEntry<M>[] {
    if (incarnation === this.#incarnation) return NONE
    this.#incarnation = incarnation
    this.#rewind()
    const dead = this.#waiting().filter((entry) => isFor(entry, incarnation) === false)
    for (const entry of dead) this.end(entry)
    return dead
  }

  /** The present start of the node was given up: what it was sent may be lost. */
  lost(): void {
    this.#incarnation = ''
  }

  /** What is to be sent next, or undefined. It stays at the head until `took`. */
  next(): DurableEntry<M> | undefined {
    for (let head = this.#line.peek(); head !== undefined; head = this.#line.peek()) {
      if (!head.over) {
        if (!head.stored || (head.seq > 0 && this.#isFull(head.seq))) return undefined
        return head
      }
      this.#line.shift()
    }
    return undefined
  }

  /** The head was sent. */
  took(): void {
    const entry = this.#line.shift()
    if (entry === undefined) return
    if (entry.seq > 0) this.#sent.set(entry.seq, entry)
  }

  /** Settles what was handled; returns it. */
  acknowledged({ floor, ranges }: DurableAck): readonly DurableEntry<M>[] {
    const done: DurableEntry<M>[] = []
    for (const entry of this.#sent.values()) {
      if (entry.seq > floor) break
      done.push(entry)
    }
    for (let at = 0; at < ranges.length; at += 2) {
      const from = Math.max(ranges[at] as number, this.low)
      const to = Math.min(ranges[at + 1] as number, this.#last)
      for (let seq = from; seq <= to; seq++) {
        const entry = this.#sent.get(seq)
        if (entry !== undefined) done.push(entry)
      }
    }
    for (const entry of done) this.end(entry)
    return done
  }

  /** It is settled, or given up. */
  end(entry: DurableEntry<M>): void {
    if (entry.over) return
    entry.over = true
    if (entry.seq === 0) return
    this.pending--
    this.#sent.delete(entry.seq)
  }

  /** The sent message with that number. */
  sent(seq: number): DurableEntry<M> | undefined {
    return this.#sent.get(seq)
  }

  /** What waits here beyond its time, and not in a lane or a mailbox. */
  overdue(nowMs: number): readonly DurableEntry<M>[] {
    const late = this.#waiting().filter((entry) => entry.expiresAtMs <= nowMs)
    for (const entry of late) this.end(entry)
    return late
  }

  /** When the next of them is, or Infinity. */
  get expiresAtMs(): number {
    return this.#waiting().reduce(
      (next, { expiresAtMs }) => Math.min(next, expiresAtMs),
      Number.POSITIVE_INFINITY,
    )
  }

  /** All that is not over, the oldest first. */
  all(): DurableEntry<M>[] {
    return [...this.#sent.values(), ...this.#waiting()]
  }

  #waiting(): DurableEntry<M>[] {
    return [...this.#line].filter((entry) => !entry.over)
  }

  #rewind(): void {
    const again = [...this.#sent.values()]
    this.resent += again.length
    const line = new RingQueue<DurableEntry<M>>()
    for (const entry of again) line.push(entry)
    for (const entry of this.#waiting()) line.push(entry)
    this.#sent.clear()
    this.#line = line
  }

  #isFull(seq: number): boolean {
    return this.#sent.size >= this.#windowMax || seq - this.low >= DURABLE_WINDOW_MAX
  }
}

/** False when that start of the node may not get it. An ask is for the start it was asked of. */
const isFor = <M>({ incarnation }: DurableEntry<M>, present: string): boolean =>
  incarnation === '' || incarnation === present

const NONE: readonly never[] = Object.freeze([])
