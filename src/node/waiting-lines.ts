import { RingQueue } from '../base/ring-queue.js'
import type { Fate } from '../peer/passage.js'

/** Messages that may wait in one line; then the first goes on as it is. */
const LINE_MAX = 10_000

interface Waiter {
  fate: Fate | undefined
  decided: boolean
  readonly go: (fate: Fate | undefined) => void
}

/** Messages whose fate is decided later, and those behind them: each line keeps its order. */
export class WaitingLines {
  readonly #lines = new Map<string, RingQueue<Waiter>>()

  /** True when something waits in that line: what comes now has to queue up. */
  busy(line: string): boolean {
    return this.#lines.has(line)
  }

  /** Calls `go` when the fate is known and all before it in the line have gone. */
  push(
    line: string,
    fate: Fate | undefined | Promise<Fate | undefined>,
    go: (fate: Fate | undefined) => void,
  ): void {
    const waiting = this.#lines.get(line) ?? new RingQueue<Waiter>()
    this.#lines.set(line, waiting)
    const later = fate instanceof Promise
    const waiter: Waiter = { fate: later ? undefined : fate, decided: !later, go }
    waiting.push(waiter)
    if (later) {
      void fate.then((decided) => {
        waiter.fate = decided
        waiter.decided = true
        this.#advance(line, waiting)
      })
    }
    const first = waiting.peek()
    if (waiting.size > LINE_MAX && first !== undefined) first.decided = true
    this.#advance(line, waiting)
  }

  #advance(line: string, waiting: RingQueue<Waiter>): void {
    if (this.#lines.get(line) !== waiting) return
    while (waiting.peek()?.decided === true) {
      const { fate, go } = waiting.shift() as Waiter
      if (waiting.size === 0) this.#lines.delete(line)
      go(fate)
    }
  }
}
