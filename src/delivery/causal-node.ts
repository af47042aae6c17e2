import { RingQueue } from '../base/ring-queue.js'
import type { CausalClock } from './causal-clock.js'
import { InOrder } from './in-order.js'

/** A causal message that is here and was not handed over. */
export class Arrival<M> {
  readonly message: M
  readonly bytes: number
  readonly clock: CausalClock
  /** Dense numbers of `clock.nodes`; -1 for one that departed. */
  readonly nodes: readonly number[]
  /** Its clock is that of the message before it from the same node. */
  readonly same: boolean
  /** Entries of the clock before this one are no reason to wait any more. */
  checked = 0

  constructor(
    message: M,
    bytes: number,
    clock: CausalClock,
    nodes: readonly number[],
    same: boolean,
  ) {
    this.message = message
    this.bytes = bytes
    this.clock = clock
    this.nodes = nodes
    this.same = same
  }
}

/** How long a node is gone: it is forgotten at the second tick of the timer. */
export const PRESENT = 0
export const GONE = 1
export const LONG_GONE = 2

/** What one node knows of another in one causal order. */
export class CausalNode<M> {
  readonly index: number
  readonly id: number
  /** Its incarnation once it was met by name; '' while others only mention it. */
  name = ''
  /** The number of the latest message to it, and of the latest that arrived or was given up. */
  sent = 0
  settled = 0
  /** On which way the latest to it went, and what counted the changes of the clock then. */
  flow = 0
  session = 0
  unchanged = -1
  /** Its messages to this node up to this number were handed over, or will not come. */
  delivered = 0
  /** The latest of them that was handed over. */
  handed = 0
  /** The number of its message that told last what of its own is under way. */
  heard = 0
  absence = PRESENT
  forgotten = false
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
    this.#order ??= new InOrder<Arrival<M>>(UNBOUNDED)
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
