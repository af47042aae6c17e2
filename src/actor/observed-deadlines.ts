import type { Clock } from '../world/clock.js'
import type { Turn } from '../world/turn.js'
import type { Waits } from '../world/waits.js'
import { type Deadline, Deadlines } from './deadlines.js'

/** Deadlines of a simulated node: every call under way counts for the handler that made it. */
export class ObservedDeadlines extends Deadlines {
  readonly #waits: Waits
  readonly #open = new Map<Deadline, () => void>()

  constructor(clock: Clock, turn: Turn, waits: Waits) {
    super(clock, turn)
    this.#waits = waits
  }

  override add(deadline: Deadline, timeoutMs: number): void {
    super.add(deadline, timeoutMs)
    const close = this.#waits.open()
    if (close !== undefined) this.#open.set(deadline, close)
  }

  /** A call removes itself when it settles, by its deadline too. */
  override remove(deadline: Deadline): void {
    super.remove(deadline)
    const close = this.#open.get(deadline)
    if (close === undefined) return
    this.#open.delete(deadline)
    close()
  }
}
