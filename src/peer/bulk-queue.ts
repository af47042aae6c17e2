import { RingQueue } from '../base/ring-queue.js'
import type { Envelope } from '../wire/envelope.js'
import { Fragmenter, mayBegin } from '../wire/fragment.js'
import { FRAGMENT_ABOVE } from '../wire/frame.js'
import type { EncodedFrame } from '../wire/frame-writer.js'

/** One frame that waits among the large ones. */
export class BulkItem {
  readonly frame: EncodedFrame
  /** The message, to be named should it never be written; undefined for other frames. */
  readonly envelope: Envelope | undefined
  fragmenter: Fragmenter | undefined = undefined
  /** Bytes of the frame that were handed to the connection. */
  handedBytes = 0

  constructor(frame: EncodedFrame, envelope: Envelope | undefined) {
    this.frame = frame
    this.envelope = envelope
  }
}

/** Frames that must keep their order: those of one partition key. */
class BulkStream {
  readonly key: number
  readonly items = new RingQueue<BulkItem>()

  constructor(key: number) {
    this.key = key
  }
}

/** What to write next: a fragment, or a small frame that waited for a large one of its key. */
export interface Helping {
  readonly pieces: readonly Uint8Array[]
  readonly bytes: number
  /** This was the last of its frame. */
  readonly completes: boolean
  /** A FRAGMENT frame: its arrival is acknowledged. */
  readonly isFragment: boolean
}

/**
 * Large frames on their way, in fragments: in turn one of the key that has been under way longest, and
 * one of the key with the least left to send. So a shorter frame overtakes longer ones, the longest
 * goes on all the same, and frames alike go one after the other: sent side by side they would all
 * arrive at the end, and while their answers come back the way there would lie idle. A key's frames
 * keep their order, so small ones of that key queue here too, until the key has none left.
 */
export class BulkQueue {
  /** What the other side takes; it bounds what is under way by the same number. */
  maxMessageBytes: number
  readonly #byKey = new Map<number, BulkStream>()
  /** Streams whose first item is under way, or small; the oldest first. */
  #active: BulkStream[] = []
  readonly #waiting = new RingQueue<BulkStream>()
  #isOldestNext = false
  #begun = 0
  #begunBytes = 0
  #number = 0

  constructor(maxMessageBytes: number) {
    this.maxMessageBytes = maxMessageBytes
  }

  get empty(): boolean {
    return this.#byKey.size === 0
  }

  has(key: number): boolean {
    return this.#byKey.has(key)
  }

  push(key: number, item: BulkItem): void {
    let stream = this.#byKey.get(key)
    if (stream === undefined) {
      stream = new BulkStream(key)
      this.#byKey.set(key, stream)
      this.#waiting.push(stream)
    }
    stream.items.push(item)
  }

  /** The next piece of work, a fragment carrying at most `maxBytes`; undefined when there is none. */
  next(maxBytes: number): Helping | undefined {
    this.#admit()
    if (this.#active.length === 0) return undefined
    const at = this.#pick()
    const stream = this.#active[at] as BulkStream
    const item = stream.items.peek() as BulkItem
    const { fragmenter } = item
    const pieces = fragmenter === undefined ? item.frame.chunks : fragmenter.next(maxBytes)
    const completes = fragmenter === undefined || fragmenter.done
    const left = fragmenter === undefined ? 0 : fragmenter.bytesLeft
    const bytes = item.frame.bytes - left - item.handedBytes
    item.handedBytes += bytes
    if (completes) this.#complete(at, stream, item)
    return { pieces, bytes, completes, isFragment: fragmenter !== undefined }
  }

  /** A connection broke: what was under way begins anew on the next. Returns the bytes that are queued again. */
  rewind(): number {
    let bytes = 0
    for (const stream of this.#active) {
      const item = stream.items.peek() as BulkItem
      bytes += item.handedBytes
      item.handedBytes = 0
      item.fragmenter = undefined
      this.#waiting.unshift(stream)
    }
    this.#active = []
    this.#begun = this.#begunBytes = this.#number = 0
    return bytes
  }

  /** Takes out the oldest frame of which nothing was written. */
  dropOldest(): BulkItem | undefined {
    const stream = this.#waiting.peek()
    const item = stream?.items.shift()
    if (stream?.items.size === 0) {
      this.#waiting.shift()
      this.#byKey.delete(stream.key)
    }
    return item
  }

  /** All that waits or is under way. */
  *items(): Generator<BulkItem> {
    for (const { items } of this.#byKey.values()) yield* items
  }

  /** Takes out everything, each key's frames in order. */
  *drain(): Generator<[key: number, item: BulkItem]> {
    this.rewind()
    for (let s = this.#waiting.shift(); s !== undefined; s = this.#waiting.shift()) {
      this.#byKey.delete(s.key)
      for (let i = s.items.shift(); i !== undefined; i = s.items.shift()) yield [s.key, i]
    }
  }

  /** Where the stream stands whose turn it is. */
  #pick(): number {
    this.#isOldestNext = !this.#isOldestNext
    if (this.#isOldestNext) return 0
    let best = 0
    let least = Number.POSITIVE_INFINITY
    for (let at = 0; at < this.#active.length; at++) {
      const left = (this.#active[at] as BulkStream).items.peek()?.fragmenter?.bytesLeft ?? 0
      if (left >= least) continue
      best = at
      least = left
    }
    return best
  }

  /** Begins what may begin: the other side bounds what is under way, and so do we. */
  #admit(): void {
    for (let stream = this.#waiting.peek(); stream !== undefined; stream = this.#waiting.peek()) {
      const { frame } = stream.items.peek() as BulkItem
      if (!this.#fits(frame)) return
      this.#waiting.shift()
      this.#begin(stream)
      this.#active.push(stream)
    }
  }

  #fits(frame: EncodedFrame): boolean {
    const { bytes } = frame
    return bytes <= FRAGMENT_ABOVE || this.#mayBegin(bytes)
  }

  #mayBegin(bytes: number): boolean {
    return mayBegin(this.#begun, this.#begunBytes, bytes, this.maxMessageBytes)
  }

  #begin(stream: BulkStream): void {
    const item = stream.items.peek() as BulkItem
    if (item.frame.bytes <= FRAGMENT_ABOVE) return
    item.fragmenter = new Fragmenter(this.#number++, item.frame)
    this.#begun++
    this.#begunBytes += item.frame.bytes
  }

  #complete(at: number, stream: BulkStream, item: BulkItem): void {
    stream.items.shift()
    if (item.fragmenter !== undefined) {
      this.#begun--
      this.#begunBytes -= item.frame.bytes
    }
    const next = stream.items.peek()
    if (next !== undefined && next.frame.bytes <= FRAGMENT_ABOVE) return
    this.#active.splice(at, 1)
    if (next === undefined) this.#byKey.delete(stream.key)
    else this.#waiting.push(stream)
  }
}
