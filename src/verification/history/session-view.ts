import type { HistoryKey } from './history.js'
import type { SessionGraph } from './session-graph.js'

/** The newest write of each strand to each key, as its place in the strand; by `slot`. */
export type Newest = ReadonlyMap<number, number>

/** What a session has done and seen so far. */
export class SessionView {
  readonly lastWrite = new Map<HistoryKey, number>()
  /** Whose write the last read of a key saw, if somebody's. */
  readonly lastRead = new Map<HistoryKey, number>()
  /** Of each strand: the newest write that was seen. */
  readonly seen = new Map<number, number>()
  /** Writes that were seen, by key. */
  readonly seenOf = new Map<HistoryKey, Set<number>>()
  #below = new Map<number, number>()
  #above = new Map<number, number>()
  #shared = false

  /** What the writes that were seen follow. */
  get below(): Newest {
    return this.#below
  }

  /** What a write of this session follows: what was seen, and what that follows. A copy that will not change. */
  past(): Newest {
    this.#shared = true
    return this.#above
  }

  /** A write of this session that what comes later in it follows, too. */
  wrote(at: number, index: number): void {
    this.#own()
    raise(this.#above, at, index)
  }

  read(graph: SessionGraph, writer: number, slot: (op: number) => number, past: Newest): void {
    const { strands } = graph
    const key = graph.keyOf(writer)
    this.lastRead.set(key, writer)
    const strand = strands.strandOf(writer)
    const known = this.seen.get(strand)
    if (known === undefined || strands.indexOf(known) < strands.indexOf(writer)) {
      this.seen.set(strand, writer)
    }
    const seen = this.seenOf.get(key) ?? new Set()
    this.seenOf.set(key, seen)
    if (seen.has(writer)) return
    seen.add(writer)
    this.#own()
    for (const [at, index] of past) {
      raise(this.#below, at, index)
      raise(this.#above, at, index)
    }
    raise(this.#above, slot(writer), strands.indexOf(writer))
  }

  /** What was handed out as a copy is copied before it changes. */
  #own(): void {
    if (this.#shared) this.#above = new Map(this.#above)
    this.#shared = false
  }
}

function raise(newest: Map<number, number>, at: number, index: number): void {
  const known = newest.get(at)
  if (known === undefined || known < index) newest.set(at, index)
}
