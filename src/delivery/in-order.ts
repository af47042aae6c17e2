import { unreachable } from '../base/unreachable.js'
import { NO_EFFECTS, type Stage } from './stage.js'

export interface InOrderOptions {
  /** Early messages kept at most; one more is refused. Default 65,536. */
  readonly earlyMessages: number
  /** Bytes of early messages kept at most. Default 32 MiB. */
  readonly earlyBytes: number
}

export type InOrderEvent<M> =
  | {
      readonly type: 'message'
      /** Rises from message to message. */
      readonly seq: number
      /** The number of the message before it; 0 when none before it is missing: what is not here yet will not come. */
      readonly after: number
      readonly message: M
      readonly bytes: number
    }
  /** Forgets the early ones; the numbers stay. */
  | { readonly type: 'clear' }

export type InOrderEffect<M> =
  | { readonly type: 'deliver'; readonly seq: number; readonly message: M }
  | { readonly type: 'dropped'; readonly reason: 'duplicate' | 'cleared'; readonly message: M }
  | { readonly type: 'refused'; readonly reason: 'full'; readonly message: M }

/**
 * Gives the numbered messages of one flow out in order: keeps early ones, drops repeats. Numbers may
 * have gaps, since each message names the one before it.
 */
export class InOrder<M> implements Stage<InOrderEvent<M>, InOrderEffect<M>> {
  readonly #maxMessages: number
  readonly #maxBytes: number
  /** By the number of the message before them. */
  readonly #early = new Map<number, Early<M>>()
  #last = 0
  /** No early message has a lower number. */
  #lowest = Number.POSITIVE_INFINITY
  #bytes = 0
  duplicates = 0
  refused = 0

  constructor(options: Partial<InOrderOptions> = {}) {
    this.#maxMessages = options.earlyMessages ?? 65_536
    this.#maxBytes = options.earlyBytes ?? 32 * 1024 * 1024
  }

  /** The number of the message given out last, or 0. */
  get last(): number {
    return this.#last
  }

  get pending(): number {
    return this.#early.size
  }

  get pendingBytes(): number {
    return this.#bytes
  }

  /** The early messages, in no set order. */
  *early(): IterableIterator<M> {
    for (const early of this.#early.values()) yield early.message
  }

  /**
   * The short way for what comes in its turn while nothing is kept: true, and its number is noted. The
   * caller keeps the message.
   */
  passes(seq: number, after: number): boolean {
    if (this.#early.size > 0 || after > this.#last || seq <= this.#last) return false
    this.#last = seq
    return true
  }

  step(event: InOrderEvent<M>): readonly InOrderEffect<M>[] {
    switch (event.type) {
      case 'message':
        return this.#onMessage(event)
      case 'clear':
        return this.#onClear()
      default:
        return unreachable(event)
    }
  }

  #onMessage(event: InOrderEvent<M> & { type: 'message' }): readonly InOrderEffect<M>[] {
    const { seq, after, message, bytes } = event
    if (seq <= this.#last || this.#early.get(after)?.seq === seq) {
      this.duplicates++
      return [{ type: 'dropped', reason: 'duplicate', message }]
    }
    if (after <= this.#last) {
      const effects: InOrderEffect<M>[] = []
      if (this.#lowest < seq) this.#giveOutBelow(seq, effects)
      this.#last = seq
      effects.push({ type: 'deliver', seq, message })
      if (this.#early.size > 0) this.#giveOutNext(effects)
      return effects
    }
    const full = this.#early.size >= this.#maxMessages || this.#bytes + bytes > this.#maxBytes
    if (full || this.#early.has(after)) {
      this.refused++
      return [{ type: 'refused', reason: 'full', message }]
    }
    this.#early.set(after, new Early(seq, message, bytes))
    this.#bytes += bytes
    if (seq < this.#lowest) this.#lowest = seq
    return NO_EFFECTS
  }

  /** Early ones whose predecessors will not come. */
  #giveOutBelow(seq: number, effects: InOrderEffect<M>[]): void {
    const passed = [...this.#early].filter(([, early]) => early.seq < seq)
    passed.sort(([, a], [, b]) => a.seq - b.seq)
    for (const [after] of passed) this.#take(after, effects)
    this.#lowest = Number.POSITIVE_INFINITY
    for (const early of this.#early.values()) this.#lowest = Math.min(this.#lowest, early.seq)
  }

  #giveOutNext(effects: InOrderEffect<M>[]): void {
    while (this.#take(this.#last, effects));
  }

  #take(after: number, effects: InOrderEffect<M>[]): boolean {
    const early = this.#early.get(after)
    if (early === undefined) return false
    this.#early.delete(after)
    this.#bytes -= early.bytes
    this.#last = early.seq
    effects.push({ type: 'deliver', seq: early.seq, message: early.message })
    return true
  }

  #onClear(): readonly InOrderEffect<M>[] {
    const effects: InOrderEffect<M>[] = []
    for (const { message } of this.#early.values()) {
      effects.push({ type: 'dropped', reason: 'cleared', message })
    }
    this.#early.clear()
    this.#lowest = Number.POSITIVE_INFINITY
    this.#bytes = 0
    return effects
  }
}

class Early<M> {
  readonly seq: number
  readonly message: M
  readonly bytes: number

  constructor(seq: number, message: M, bytes: number) {
    this.seq = seq
    this.message = message
    this.bytes = bytes
  }
}
