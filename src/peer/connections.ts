import type { Clock, Timer } from '../world/clock.js'

/** As much of a stream as is needed to count and to end it. */
export interface Closable {
  abort(): void
}

/** Every connection of the node until it is really closed: their number, and a last resort for slow ends. */
export class Connections {
  readonly #clock: Clock
  /** How long an orderly end may take. */
  lingerMs: number
  readonly #open = new Map<Closable, Timer | undefined>()
  readonly #waiters: (() => void)[] = []

  constructor(clock: Clock, lingerMs: number) {
    this.#clock = clock
    this.lingerMs = lingerMs
  }

  get size(): number {
    return this.#open.size
  }

  opened(stream: Closable): void {
    this.#open.set(stream, undefined)
  }

  /** An orderly end has begun: after `lingerMs` it is cut short. */
  closing(stream: Closable): void {
    if (!this.#open.has(stream) || this.#open.get(stream) !== undefined) return
    const cut = this.#clock.after(this.lingerMs, () => stream.abort(), true)
    this.#open.set(stream, cut)
  }

  closed(stream: Closable): void {
    this.#open.get(stream)?.cancel()
    this.#open.delete(stream)
    if (this.#open.size > 0) return
    for (const resolve of this.#waiters.splice(0)) resolve()
  }

  /** Resolves when no connection is left. */
  none(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiters.push(resolve)
    })
  }

  abortAll(): void {
    for (const stream of [...this.#open.keys()]) stream.abort()
  }
}
