/** What is to become of a message that came. */
export type Arrival =
  /** Hand it over. */
  | 'new'
  /** It was handled: say so again. */
  | 'handled'
  /** It was handed over, and is not handled yet. */
  | 'running'
  /** Further ahead than any honest sender's window reaches. */
  | 'farAhead'

/** Numbers between the lowest unsettled one of a sender and its newest that was sent. */
export const DURABLE_WINDOW_MAX = 16_384

/** What a flow looks like in the store, and in what is told to its sender. */
export interface SeenSet {
  /** Which outbox of the sender, and which of its numberings. */
  readonly outbox: string
  readonly epoch: number
  readonly floor: number
  /** from, to, from, to, … above `floor`, both ends included. */
  readonly ranges: readonly number[]
}

/**
 * The receiving half of durable delivery from one node on one channel: which numbers were handled, as
 * the highest one without a gap below it and those above. It outlives both nodes' starts in the store.
 */
export class DurableIncoming {
  readonly outbox: string
  readonly epoch: number
  #floor = 0
  readonly #handled = new Set<number>()
  readonly #running = new Set<number>()

  constructor(outbox: string, epoch: number) {
    this.outbox = outbox
    this.epoch = epoch
  }

  static of({ outbox, epoch, floor, ranges }: SeenSet): DurableIncoming {
    const incoming = new DurableIncoming(outbox, epoch)
    incoming.#floor = floor
    for (let at = 0; at < ranges.length; at += 2) {
      for (let seq = ranges[at] as number; seq <= (ranges[at + 1] as number); seq++) {
        incoming.#handled.add(seq)
      }
    }
    return incoming
  }

  /** Handed over, and not handled yet. */
  get running(): number {
    return this.#running.size
  }

  /** A message came; `low`: the sender sends no number below it any more. */
  arrived(seq: number, low: number): Arrival {
    this.#raise(low - 1)
    if (seq <= this.#floor || this.#handled.has(seq)) return 'handled'
    if (this.#running.has(seq)) return 'running'
    if (seq > this.#floor + DURABLE_WINDOW_MAX) return 'farAhead'
    this.#running.add(seq)
    return 'new'
  }

  /** It could not be handed over: it comes again. */
  returned(seq: number): void {
    this.#running.delete(seq)
  }

  handled(seq: number): void {
    if (!this.#running.delete(seq) || seq <= this.#floor) return
    this.#handled.add(seq)
    this.#close()
  }

  seen(): SeenSet {
    const ranges: number[] = []
    for (const seq of [...this.#handled].sort((a, b) => a - b)) {
      if (ranges.length > 0 && ranges.at(-1) === seq - 1) ranges[ranges.length - 1] = seq
      else ranges.push(seq, seq)
    }
    const { outbox, epoch } = this
    return { outbox, epoch, floor: this.#floor, ranges }
  }

  #raise(floor: number): void {
    if (floor <= this.#floor) return
    this.#floor = floor
    for (const seq of this.#handled) if (seq <= floor) this.#handled.delete(seq)
    this.#close()
  }

  #close(): void {
    while (this.#handled.delete(this.#floor + 1)) this.#floor++
  }
}

/** A seen-set by the rules, of whatever came from a peer or a store; else undefined. */
export function readSeenSet(value: unknown): SeenSet | undefined {
  if (!Array.isArray(value) || value.length < 4) return undefined
  const [outbox, epoch, floor, ranges] = value as unknown[]
  if (!isOutbox(outbox) || !isCount(epoch) || !isCount(floor) || !Array.isArray(ranges)) {
    return undefined
  }
  if (ranges.length % 2 === 1 || ranges.length > DURABLE_WINDOW_MAX) return undefined
  let last = floor
  for (let at = 0; at < ranges.length; at++) {
    const edge: unknown = ranges[at]
    if (!isCount(edge) || edge < last + (at % 2 === 0 ? 1 : 0)) return undefined
    last = edge
  }
  if (last > floor + DURABLE_WINDOW_MAX) return undefined
  return { outbox, epoch, floor, ranges }
}

export const isOutbox = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{16}$/.test(value)

export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0
