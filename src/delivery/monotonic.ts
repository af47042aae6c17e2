import { durationMs, type Fields, integer, readOptions } from '../base/options.js'
import { RingQueue } from '../base/ring-queue.js'
import { unreachable } from '../base/unreachable.js'
import { NO_EFFECTS, type Stage } from './stage.js'

export interface MonotonicOptions {
  /** The newest message of a slot goes out at the latest so long after one of it began to wait. Default 1,000. */
  readonly sendWindowMs: number
  /** Slots that may wait. Default 65,536. */
  readonly maxSlots: number
  /** Bytes that may wait. Default 32 MiB. */
  readonly maxBytes: number
}

export const MONOTONIC_FIELDS: Fields<MonotonicOptions> = {
  sendWindowMs: { fallback: 1_000, check: durationMs(1) },
  maxSlots: { fallback: 65_536, check: integer(1) },
  maxBytes: { fallback: 32 * 1024 * 1024, check: integer(1) },
}

/** Names receiving actor, method and partition key together: of a slot only the newest message matters. */
export type Slot = string | number

export type MonotonicEvent<M> =
  /** A tell; asks do not come here. `congested`: the lane is above its high-water mark. */
  | {
      readonly type: 'send'
      readonly slot: Slot
      readonly message: M
      readonly bytes: number
      readonly congested: boolean
      readonly nowMs: number
    }
  /** The lane takes more again. */
  | { readonly type: 'writable' }
  /** The timer started by `startTimer` fired. */
  | { readonly type: 'timer'; readonly nowMs: number }
  /** Nothing that waits will be of use: the peer is gone. */
  | { readonly type: 'clear' }

export type MonotonicEffect<M> =
  | { readonly type: 'send'; readonly message: M }
  /** `superseded` by a newer one of its slot, or `cleared`. */
  | {
      readonly type: 'dropped'
      readonly reason: 'superseded' | 'cleared'
      readonly message: M
    }
  /** As much waits as may: the message was not taken. */
  | { readonly type: 'full'; readonly message: M }
  /** Comes back as `timer`. Starting a running timer starts it anew. */
  | { readonly type: 'startTimer'; readonly delayMs: number }

/**
 * Where only the latest state matters (positions, gauges): while the lane is congested the newest
 * message of each slot waits and replaces the one before it; when the lane takes more, what waits
 * goes out in the order in which it was sent. A lane that stays congested gets the newest of each
 * slot once a send window all the same. Nothing waits, and nothing is dropped, on a free lane.
 */
export class Monotonic<M> implements Stage<MonotonicEvent<M>, MonotonicEffect<M>> {
  readonly #options: MonotonicOptions
  /** In the order in which the messages were sent. */
  readonly #waiting = new Map<Slot, Waiting<M>>()
  /** In the order in which the slots began to wait; some are over. */
  readonly #spells = new RingQueue<Spell>()
  #bytes = 0
  #timer = false
  sent = 0
  superseded = 0
  /** Sent into a congested lane because the window was over. */
  overdue = 0
  refused = 0

  constructor(options: Partial<MonotonicOptions> = {}) {
    this.#options = readOptions('monotonic', MONOTONIC_FIELDS, options)
  }

  get pending(): number {
    return this.#waiting.size
  }

  get pendingBytes(): number {
    return this.#bytes
  }

  step(event: MonotonicEvent<M>): readonly MonotonicEffect<M>[] {
    switch (event.type) {
      case 'send':
        return this.#onSend(event)
      case 'writable':
        return this.#onWritable()
      case 'timer':
        return this.#onTimer(event.nowMs)
      case 'clear':
        return this.#onClear()
      default:
        return unreachable(event)
    }
  }

  #onSend(event: MonotonicEvent<M> & { type: 'send' }): readonly MonotonicEffect<M>[] {
    const { slot, message, bytes, congested, nowMs } = event
    if (!congested && this.#waiting.size === 0) {
      this.sent++
      return [{ type: 'send', message }]
    }
    const effects: MonotonicEffect<M>[] = []
    const older = this.#waiting.get(slot)
    if (congested && !this.#fits(bytes, older)) {
      this.refused++
      return [{ type: 'full', message }]
    }
    if (older !== undefined) {
      this.#remove(slot, older)
      this.superseded++
      effects.push({ type: 'dropped', reason: 'superseded', message: older.message })
    }
    if (congested) this.#keep(slot, new Waiting(message, bytes, older?.spell), nowMs, effects)
    else {
      this.#sendAll(effects)
      this.sent++
      effects.push({ type: 'send', message })
    }
    return effects
  }

  #fits(bytes: number, older: Waiting<M> | undefined): boolean {
    const { maxSlots, maxBytes } = this.#options
    if (older !== undefined) return this.#bytes - older.bytes + bytes <= maxBytes
    return this.#waiting.size < maxSlots && this.#bytes + bytes <= maxBytes
  }

  #keep(slot: Slot, waiting: Waiting<M>, nowMs: number, effects: MonotonicEffect<M>[]): void {
    this.#waiting.set(slot, waiting)
    this.#bytes += waiting.bytes
    if (waiting.spell !== undefined) return
    waiting.spell = new Spell(slot, nowMs)
    this.#spells.push(waiting.spell)
    if (!this.#timer) this.#start(this.#options.sendWindowMs, effects)
  }

  #start(delayMs: number, effects: MonotonicEffect<M>[]): void {
    this.#timer = true
    effects.push({ type: 'startTimer', delayMs })
  }

  #remove(slot: Slot, waiting: Waiting<M>): void {
    this.#waiting.delete(slot)
    this.#bytes -= waiting.bytes
  }

  #onWritable(): readonly MonotonicEffect<M>[] {
    if (this.#waiting.size === 0) return NO_EFFECTS
    const effects: MonotonicEffect<M>[] = []
    this.#sendAll(effects)
    return effects
  }

  #sendAll(effects: MonotonicEffect<M>[]): void {
    for (const { message } of this.#waiting.values()) {
      this.sent++
      effects.push({ type: 'send', message })
    }
    this.#waiting.clear()
    this.#spells.clear()
    this.#bytes = 0
  }

  #onTimer(nowMs: number): readonly MonotonicEffect<M>[] {
    const effects: MonotonicEffect<M>[] = []
    const { sendWindowMs } = this.#options
    this.#timer = false
    for (let spell = this.#spells.peek(); spell !== undefined; spell = this.#spells.peek()) {
      const waiting = this.#waiting.get(spell.slot)
      const over = waiting?.spell !== spell
      if (!over && spell.sinceMs + sendWindowMs > nowMs) break
      this.#spells.shift()
      if (over || waiting === undefined) continue
      this.#remove(spell.slot, waiting)
      this.sent++
      this.overdue++
      effects.push({ type: 'send', message: waiting.message })
    }
    const next = this.#spells.peek()
    if (next !== undefined) this.#start(next.sinceMs + sendWindowMs - nowMs, effects)
    return effects
  }

  #onClear(): readonly MonotonicEffect<M>[] {
    const effects: MonotonicEffect<M>[] = []
    for (const { message } of this.#waiting.values()) {
      effects.push({ type: 'dropped', reason: 'cleared', message })
    }
    this.#waiting.clear()
    this.#spells.clear()
    this.#bytes = 0
    return effects
  }
}

class Waiting<M> {
  readonly message: M
  readonly bytes: number
  spell: Spell | undefined

  constructor(message: M, bytes: number, spell: Spell | undefined) {
    this.message = message
    this.bytes = bytes
    this.spell = spell
  }
}

/** A slot has been waiting without a break since then. */
class Spell {
  readonly slot: Slot
  readonly sinceMs: number

  constructor(slot: Slot, sinceMs: number) {
    this.slot = slot
    this.sinceMs = sinceMs
  }
}
