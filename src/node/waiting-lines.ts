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
  readonly #lines = new Map<string, Waiter[]>()

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
    let waiting = this.#lines.get(line)
    if (waiting === undefined) {
      waiting = []
      this.#lines.set(line, waiting)
    }
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
    if (waiting.length > LINE_MAX && waiting[0] !== undefined) waiting[0].decided = true
    this.#advance(line, waiting)
  }

  #advance(line: string, waiting: Waiter[]): void {
    if (this.#lines.get(line) !== waiting) return
    while (waiting[0]?.decided === true) {
      const { fate, go } = waiting.shift() as Waiter
      if (waiting.length === 0) this.#lines.delete(line)
      go(fate)
    }
  }
}
