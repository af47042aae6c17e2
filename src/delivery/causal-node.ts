import { RingQueue } from '../base/ring-queue.js'
import type { CausalClock } from './causal-clock.js'
import { InOrder } from './in-order.js'

/** A causal message that is here and was not handed over, or a place where the sender gave some up. */
export class Arrival<M> {
  readonly seq: number
  /** Undefined in a place without a message. */
  readonly message: M | undefined
  readonly bytes: number
  readonly clock: CausalClock
  /** Dense numbers of `clock.nodes`; -1 for one that departed. */
  readonly nodes: readonly number[]
  /** Entries of the clock before this one are no reason to wait any more. */
  checked = 0

  constructor(
    seq: number,
    message: M | undefined,
    bytes: number,
    clock: CausalClock,
    nodes: readonly number[],
  ) {
    this.seq = seq
    this.message = message
    this.bytes = bytes
    this.clock = clock
    this.nodes = nodes
  }
}

const NO_CLOCK: CausalClock = {
  seq: 1,
  floor: 0,
  nodes: [],
  destinations: [],
  senders: [],
  seqs: [],
}

/** The messages up to `seq` are settled at their sender: those that are not here will not come. */
export const passed = <M>(seq: number): Arrival<M> =>
  new Arrival<M>(seq, undefined, 0, NO_CLOCK, [])

/** How long a node is gone: it is forgotten at the second tick of the timer. */
export const PRESENT = 0
export const GONE = 1
export const LONG_GONE = 2

/** What one node knows of another in one causal order. */
export class CausalNode<M> {
  readonly index: number
  readonly id: number
  /** The number of the latest message to it, and of the latest that it is known to have. */
  sent = 0
  settled = 0
  /** All its messages to this node up to this one were handed over. */
  delivered = 0
  absence = PRESENT
  /** Its messages as they are to be handed over, each waiting for those before it. */
  readonly queue = new RingQueue<Arrival<M>>()
  /** Others whose oldest message waits for one of this node. */
  readonly waiters: CausalNode<M>[] = []
  /** For which message of the node in whose `waiters` it stands; 0 when it does not wait. */
  waitsForSeq = 0
  #order: InOrder<Arrival<M>> | undefined

  constructor(index: number, id: number) {
    this.index = index
    this.id = id
  }

  /** Its messages by number, the early ones kept. */
  get order(): InOrder<Arrival<M>> {
    this.#order ??= new InOrder<Arrival<M>>(1, UNBOUNDED)
    return this.#order
  }

  *arrivals(): IterableIterator<Arrival<M>> {
    yield* this.queue
    if (this.#order !== undefined) yield* this.#order.early()
  }
}

/** The label as a whole has its bound. */
const UNBOUNDED = {
  earlyMessages: Number.MAX_SAFE_INTEGER,
  earlyBytes: Number.MAX_SAFE_INTEGER,
}
