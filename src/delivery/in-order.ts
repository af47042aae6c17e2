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
      readonly seq: number
      readonly message: M
      readonly bytes: number
    }
  /** Nothing below `next` that is not here yet will come any more. */
  | { readonly type: 'skip'; readonly next: number }
  /** Forgets the early ones; the numbers stay. */
  | { readonly type: 'clear' }

export type InOrderEffect<M> =
  | { readonly type: 'deliver'; readonly seq: number; readonly message: M }
  | { readonly type: 'dropped'; readonly reason: 'duplicate' | 'cleared'; readonly message: M }
  | { readonly type: 'refused'; readonly reason: 'farAhead' | 'full'; readonly message: M }

/**
 * Gives the numbered messages of one flow out in order: keeps early ones, drops repeats. Numbers
 * rise by one; a gap waits until it is filled or skipped.
 */
export class InOrder<M> implements Stage<InOrderEvent<M>, InOrderEffect<M>> {
  readonly #maxMessages: number
  readonly #maxBytes: number
  readonly #early = new Map<number, Early<M>>()
  #next: number
  #bytes = 0
  duplicates = 0
  refused = 0

  constructor(next = 1, options: Partial<InOrderOptions> = {}) {
    this.#next = next
    this.#maxMessages = options.earlyMessages ?? 65_536
    this.#maxBytes = options.earlyBytes ?? 32 * 1024 * 1024
  }

  /** The number that is given out next. */
  get next(): number {
    return this.#next
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

  step(event: InOrderEvent<M>): readonly InOrderEffect<M>[] {
    switch (event.type) {
      case 'message':
        return this.#onMessage(event.seq, event.message, event.bytes)
      case 'skip':
        return this.#onSkip(event.next)
      case 'clear':
        return this.#onClear()
      default:
        return unreachable(event)
    }
  }

  #onMessage(seq: number, message: M, bytes: number): readonly InOrderEffect<M>[] {
    if (seq === this.#next) {
      this.#next++
      const effects: InOrderEffect<M>[] = [{ type: 'deliver', seq, message }]
      if (this.#early.size > 0) this.#giveOut(effects)
      return effects
    }
    if (seq < this.#next || this.#early.has(seq)) {
      this.duplicates++
      return [{ type: 'dropped', reason: 'duplicate', message }]
    }
    const farAhead = !(seq <= this.#next + this.#maxMessages)
    if (farAhead || this.#early.size >= this.#maxMessages || this.#bytes + bytes > this.#maxBytes) {
      this.refused++
      return [{ type: 'refused', reason: farAhead ? 'farAhead' : 'full', message }]
    }
    this.#early.set(seq, new Early(message, bytes))
    this.#bytes += bytes
    return NO_EFFECTS
  }

  #onSkip(next: number): readonly InOrderEffect<M>[] {
    if (!(next > this.#next)) return NO_EFFECTS
    const effects: InOrderEffect<M>[] = []
    if (this.#early.size > 0) {
      const passed = [...this.#early.keys()].filter((seq) => seq < next).sort((a, b) => a - b)
      for (const seq of passed) this.#take(seq, effects)
    }
    this.#next = next
    this.#giveOut(effects)
    return effects
  }

  #onClear(): readonly InOrderEffect<M>[] {
    const effects: InOrderEffect<M>[] = []
    for (const { message } of this.#early.values()) {
      effects.push({ type: 'dropped', reason: 'cleared', message })
    }
    this.#early.clear()
    this.#bytes = 0
    return effects
  }

  #giveOut(effects: InOrderEffect<M>[]): void {
    while (this.#take(this.#next, effects)) this.#next++
  }

  #take(seq: number, effects: InOrderEffect<M>[]): boolean {
    const early = this.#early.get(seq)
    if (early === undefined) return false
    this.#early.delete(seq)
    this.#bytes -= early.bytes
    effects.push({ type: 'deliver', seq, message: early.message })
    return true
  }
}

class Early<M> {
  readonly message: M
  readonly bytes: number

  constructor(message: M, bytes: number) {
    this.message = message
    this.bytes = bytes
  }
}
