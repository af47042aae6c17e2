import type { Direction, MessageName } from '../peer/gate.js'

/** Senders and receivers of all names that are counted at one gate; then the oldest name is forgotten and counts from 1 again. */
const COUNTS_MAX = 10_000

interface Count {
  in: number
  out: number
}

/**
 * Numbers messages as they cross one gate: 1 for the first with that sender, receiver and name. What
 * goes out is counted apart from what comes in, for a relay sees the same message twice.
 */
export class MessageNumbers {
  /** By name, sender and receiver: every frame passes here, and no key has to be put together. */
  readonly #names = new Map<string, Map<string, Map<string, Count>>>()
  #size = 0

  next(direction: Direction, { from, to, name }: MessageName): number {
    const count = this.#names.get(name)?.get(from)?.get(to) ?? this.#first(name, from, to)
    return direction === 'out' ? ++count.out : ++count.in
  }

  #first(name: string, from: string, to: string): Count {
    if (this.#size >= COUNTS_MAX) this.#forgetOldest()
    const senders = this.#names.get(name) ?? new Map<string, Map<string, Count>>()
    this.#names.set(name, senders)
    const receivers = senders.get(from) ?? new Map<string, Count>()
    senders.set(from, receivers)
    const count = { in: 0, out: 0 }
    receivers.set(to, count)
    this.#size++
    return count
  }

  #forgetOldest(): void {
    for (const [name, senders] of this.#names) {
      this.#names.delete(name)
      for (const receivers of senders.values()) this.#size -= receivers.size
      return
    }
  }
}
