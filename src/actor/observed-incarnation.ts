import type { Timer } from '../world/clock.js'
import type { Handler, Waits } from '../world/waits.js'
import type { Cell } from './cell.js'
import type { ExitReason } from './exit-reason.js'
import { Incarnation } from './incarnation.js'
import type { Message } from './message.js'

/**
 * An incarnation in a simulation that looks for escaped waits: what its handlers wait for is counted.
 * A class of its own, so that on a real node nothing is asked a message.
 */
export class ObservedIncarnation extends Incarnation {
  readonly #waits: Waits
  readonly #timers = new Set<() => void>()
  /** The last handler that lets no other message in. */
  exclusive: Handler | undefined

  constructor(cell: Cell, incarnation: number, waits: Waits) {
    super(cell, incarnation)
    this.#waits = waits
    this.exclusive = undefined
  }

  override begin(): void {
    this.#alone('onStart', () => super.begin())
  }

  override handle(message: Message): void {
    if (message.method.reentrant) {
      const handler = new Work(this, message.method.name, message)
      this.#waits.run(handler, () => super.handle(message))
    } else this.#alone(message.method.name, () => super.handle(message))
  }

  override perform(run: () => unknown): void {
    this.#alone('onDown or onExit', () => super.perform(run))
  }

  override runOnStop(reason: ExitReason, done: (thrown: unknown, threw: boolean) => void): void {
    this.#alone('onStop', () => super.runOnStop(reason, done))
  }

  #alone(method: string, body: () => void): void {
    const handler = new Work(this, method, undefined)
    this.exclusive = handler
    this.#waits.run(handler, body)
  }

  override after(delayMs: number, run: () => unknown): Timer {
    return this.#observed(false, (fired) =>
      super.after(delayMs, () => {
        fired()
        return run()
      }),
    )
  }

  override every(intervalMs: number, run: () => unknown): Timer {
    return this.#observed(true, () => super.every(intervalMs, run))
  }

  /** The callback is a message: a handler that lets none in would wait for it in vain. */
  #observed(lasting: boolean, arm: (fired: () => void) => Timer): Timer {
    const { current } = this.#waits
    if (current === undefined || (current.owner === this && !current.reentrant)) return arm(nothing)
    let close = nothing
    const done = (): void => {
      this.#timers.delete(done)
      close()
    }
    const timer = arm(done)
    close = this.#waits.open(lasting) ?? nothing
    this.#timers.add(done)
    return {
      cancel() {
        done()
        timer.cancel()
      },
    }
  }

  override signal(): AbortSignal {
    const signal = super.signal()
    if (this.current?.sink?.settled === false && !signal.aborted) {
      const close = this.#waits.open(true)
      if (close !== undefined) signal.addEventListener('abort', close, { once: true })
    }
    return signal
  }

  override end(): { begun: Message[]; stashed: Message[] } {
    const held = super.end()
    for (const done of [...this.#timers]) done()
    return held
  }
}

const nothing = (): void => {}

class Work implements Handler {
  readonly owner: ObservedIncarnation
  readonly method: string
  /** Of a reentrant method. */
  readonly #message: Message | undefined

  constructor(owner: ObservedIncarnation, method: string, message: Message | undefined) {
    this.owner = owner
    this.method = method
    this.#message = message
  }

  get actor(): string {
    return String(this.owner.cell.ref)
  }

  get reentrant(): boolean {
    return this.#message !== undefined
  }

  get pending(): boolean {
    const { owner } = this
    if (owner.ended) return false
    if (this.#message !== undefined) return owner.suspends(this.#message)
    return owner.busy && owner.exclusive === this
  }
}
