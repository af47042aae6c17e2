import { hashText } from '../base/random.js'
import { StampReader, StampWriter } from './stamp-bytes.js'

/**
 * The clock of a causal message:
 *
 *     varint  seq            counts the messages of the label from its sender, to whomever
 *     varint  seq - after    after: the one before it to the same receiver; 0 when all before it are
 *                            settled, that is have arrived or were given up
 *     varint  count of rows, and for each of them
 *         node    destination
 *         varint  count of entries, and for each of them
 *             node    sender
 *             varint  number of the sender's latest message to that destination
 *
 * A message that says `SAME` (stamp.ts) has no rows, nor their count: they are those of the message `after`.
 *
 * A node is 0 and 48 bits at its first mention in a clock, and from then on a varint: its number in
 * the order of first mentions, from 2. The sender of the message is 1 without any mention.
 */
export interface CausalClock {
  readonly seq: number
  readonly after: number
  /** `nodeId`s, first the sender's, then in the order of their first mention; the three lists below are indices into it. */
  readonly nodes: readonly number[]
  /** One entry a position in all three. */
  readonly destinations: readonly number[]
  readonly senders: readonly number[]
  readonly seqs: readonly number[]
}

export interface ClockLimits {
  readonly maxNodes: number
  readonly maxEntries: number
}

/**
 * A node incarnation on the wire: 48 bits of hash. Two of 1,000 nodes share one with a probability of
 * 2 in 10^9.
 */
export const nodeId = (incarnation: string): number =>
  hashText(incarnation) + (hashText(`${incarnation}.`) & 0xffff) * 2 ** 32

/** Writes clocks row by row; holds its memory. The dense number 0 is the sender itself. */
export class ClockWriter {
  readonly #out = new StampWriter()
  /** Number of a node in the clock being written, by dense node number; 0 where it was not met. */
  readonly #mentions: number[] = []
  readonly #met: number[] = []

  begin(seq: number, after: number, rows: number): void {
    for (const node of this.#met) this.#mentions[node] = 0
    this.#met.length = 0
    this.#mention(0)
    this.#out.begin()
    this.#out.varint(seq)
    this.#out.varint(seq - after)
    this.#out.varint(rows)
  }

  /** `node`: the dense number, `id`: its `nodeId`. */
  row(node: number, id: number, entries: number): void {
    this.#node(node, id)
    this.#out.varint(entries)
  }

  entry(node: number, id: number, seq: number): void {
    this.#node(node, id)
    this.#out.varint(seq)
  }

  take(): Uint8Array {
    return this.#out.take()
  }

  #node(node: number, id: number): void {
    const mention = this.#mentions[node] ?? 0
    this.#out.varint(mention)
    if (mention > 0) return
    this.#mention(node)
    this.#out.u48(id)
  }

  #mention(node: number): void {
    while (this.#mentions.length <= node) this.#mentions.push(0)
    this.#met.push(node)
    this.#mentions[node] = this.#met.length
  }
}

/** Why a clock was not taken: over a limit, or not by the layout. */
export type ClockFault = 'tooManyEntries' | 'malformed'

/**
 * Reads a clock that came from the node with that `nodeId`, from `start` to the end of the bytes, and
 * checks all of it; with `same` only its two numbers. Never throws.
 */
export function decodeClock(
  bytes: Uint8Array,
  start: number,
  sender: number,
  limits: ClockLimits,
  same = false,
): CausalClock | ClockFault {
  return new ClockReader(bytes, start, sender, limits).read(same)
}

const NONE: readonly number[] = []

/** By node of the clock being read: the row it is the destination of, or a sender in; from 1. */
const rowOf: number[] = []
const seenIn: number[] = []

class ClockReader {
  readonly #in: StampReader
  readonly #limits: ClockLimits
  readonly #nodes: number[]
  #destinations: number[] = []
  #senders: number[] = []
  #seqs: number[] = []
  #fault: ClockFault | undefined

  constructor(bytes: Uint8Array, start: number, sender: number, limits: ClockLimits) {
    this.#in = new StampReader(bytes, start)
    this.#limits = limits
    this.#nodes = [sender]
  }

  read(same: boolean): CausalClock | ClockFault {
    const seq = this.#in.varint()
    const distance = this.#in.varint()
    const rows = same ? 0 : this.#in.varint()
    if (this.#in.failed || seq === 0 || distance === 0 || distance > seq) return 'malformed'
    const after = seq - distance
    const nodes = this.#nodes
    if (rows === 0) {
      if (!this.#in.complete) return 'malformed'
      return { seq, after, nodes, destinations: NONE, senders: NONE, seqs: NONE }
    }
    if (rows > this.#limits.maxNodes) return 'tooManyEntries'
    rowOf[0] = seenIn[0] = 0
    for (let row = 1; row <= rows && this.#fault === undefined; row++) this.#row(row)
    if (this.#fault !== undefined) return this.#fault
    if (!this.#in.complete || repeats(nodes)) return 'malformed'
    return {
      seq,
      after,
      nodes,
      destinations: this.#destinations,
      senders: this.#senders,
      seqs: this.#seqs,
    }
  }

  #row(row: number): void {
    const destination = this.#node()
    const count = this.#in.varint()
    if (count === 0 || (rowOf[destination] as number) > 0) this.#fault ??= 'malformed'
    if (this.#seqs.length + count > this.#limits.maxEntries) this.#fault ??= 'tooManyEntries'
    rowOf[destination] = row
    for (let i = 0; i < count && this.#fault === undefined; i++) {
      const sender = this.#node()
      const seq = this.#in.varint()
      if (seq === 0 || seenIn[sender] === row || sender === destination) this.#fault ??= 'malformed'
      seenIn[sender] = row
      this.#destinations.push(destination)
      this.#senders.push(sender)
      this.#seqs.push(seq)
    }
    if (this.#in.failed) this.#fault ??= 'malformed'
  }

  #node(): number {
    const mention = this.#in.varint()
    const { length } = this.#nodes
    if (mention > 0) {
      if (mention > length) this.#fault ??= 'malformed'
      return mention - 1
    }
    if (length >= this.#limits.maxNodes) this.#fault ??= 'tooManyEntries'
    this.#nodes.push(this.#in.u48())
    rowOf[length] = seenIn[length] = 0
    return length
  }
}

function repeats(nodes: readonly number[]): boolean {
  if (nodes.length > 16) return new Set(nodes).size < nodes.length
  for (let i = 1; i < nodes.length; i++) {
    for (let j = 0; j < i; j++) if (nodes[i] === nodes[j]) return true
  }
  return false
}
