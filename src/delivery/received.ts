import { type Fields, integer, readOptions } from '../base/options.js'
import { unreachable } from '../base/unreachable.js'
import type { ShortStamp } from './short-stamp.js'
import { NO_EFFECTS, type RefusalReason, Refusals, type Stage } from './stage.js'
import {
  type AckRange,
  type AckStamp,
  type DataStamp,
  MAX_RANGES,
  MAX_WINDOW,
  OF_FLOW,
  type ResetStamp,
} from './stamp.js'

export interface ReceivedOptions {
  /** Bytes of messages that wait for others of their key; more are refused and come again. Default 32 MiB. */
  readonly heldBytes: number
}

export const RECEIVED_FIELDS: Fields<ReceivedOptions> = {
  heldBytes: { fallback: 32 * 1024 * 1024, check: integer(1) },
}

export type ReceivedEvent<M> =
  | {
      readonly type: 'data'
      readonly stamp: DataStamp
      readonly message: M | undefined
      readonly bytes: number
      /** True: handed over when `taken` says so, not before. */
      readonly confirm: boolean
    }
  | { readonly type: 'taken'; readonly session: number; readonly id: number }
  /** It could not be taken: forgotten, so that it comes again. */
  | { readonly type: 'returned'; readonly session: number; readonly id: number }
  /** What was at hand when `ackSoon` came out is handled. */
  | { readonly type: 'ackDue' }
  /** The sender was given up: what waits for its other messages is forgotten. */
  | { readonly type: 'senderGone' }

export type ReceivedEffect<M> =
  /** `message` is undefined for a filler. Answer with `taken` or `returned` where `confirm` is set. */
  | {
      readonly type: 'deliver'
      readonly session: number
      readonly id: number
      readonly message: M | undefined
      readonly bytes: number
      readonly confirm: boolean
      readonly stamp: DataStamp
    }
  /** Feed `ackDue` after what is at hand was handled. */
  | { readonly type: 'ackSoon' }
  | { readonly type: 'ack'; readonly ack: AckStamp }
  /** This side knows nothing of the session that the sender goes on with. */
  | { readonly type: 'reset'; readonly reset: ResetStamp }
  | { readonly type: 'refused'; readonly reason: RefusalReason }

const HELD = 0
const HANDED = 1
const DONE = 2

/** An id above the floor. */
class Slot<M> {
  state: number
  readonly stamp: DataStamp | undefined
  message: M | undefined
  bytes: number
  readonly confirm: boolean

  constructor(
    state: number,
    stamp: DataStamp | undefined,
    message: M | undefined,
    bytes: number,
    confirm: boolean,
  ) {
    this.state = state
    this.stamp = stamp
    this.message = message
    this.bytes = bytes
    this.confirm = confirm
  }
}

/**
 * The receiving half of acknowledged delivery from one sender incarnation on one channel: what was
 * handed over, as the highest id without a gap below it (`floor`) and the ids above. Drops
 * duplicates, holds back what must not pass others of its key, and acknowledges what was handed over.
 * The ids above the floor are bounded by MAX_WINDOW, the bytes that wait by `heldBytes`.
 */
export class Received<M> implements Stage<ReceivedEvent<M>, ReceivedEffect<M>> {
  readonly #tag: number
  readonly #heldMax: number
  readonly #later = new Map<number, Slot<M>>()
  /** Held ids by the id they wait for. */
  readonly #waiting = new Map<number, number[]>()
  readonly #done = new Slot<M>(DONE, undefined, undefined, 0, false)
  #session = 0
  #floor = 0
  #highest = 0
  #heldBytes = 0
  #unfinished = 0
  #ackOwed = false
  readonly refusals = new Refusals()
  handedOver = 0
  duplicates = 0

  /** `tag`: `flowTag` of sender, receiver and channel. */
  constructor(tag: number, options: Partial<ReceivedOptions> = {}) {
    this.#tag = tag
    this.#heldMax = readOptions('received', RECEIVED_FIELDS, options).heldBytes
  }

  get pending(): number {
    return this.#unfinished
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** All ids up to this one were handed over. */
  get floor(): number {
    return this.#floor
  }

  step(event: ReceivedEvent<M>): readonly ReceivedEffect<M>[] {
    switch (event.type) {
      case 'data':
        return this.#onData(event)
      case 'taken':
        return this.#onTaken(event.session, event.id)
      case 'returned':
        return this.#onReturned(event.session, event.id)
      case 'ackDue':
        return this.#onAckDue()
      case 'senderGone':
        return this.#dropHeld()
      default:
        return unreachable(event)
    }
  }

  /**
   * The short way of `data` for the next message of a session of which none is missing, and none waits:
   * true, and nothing is noted. The caller hands it over, then calls `tookNext`, or nothing if it was not taken.
   */
  isNext({ tag, session, id }: ShortStamp): boolean {
    return (
      id === this.#floor + 1 &&
      session === this.#session &&
      (tag === OF_FLOW || tag === this.#tag) &&
      this.#later.size === 0
    )
  }

  /** True when an acknowledgement is due soon, and was not before: feed `ackDue`. */
  tookNext(): boolean {
    this.#floor++
    this.handedOver++
    if (this.#ackOwed) return false
    this.#ackOwed = true
    return true
  }

  #onData(event: ReceivedEvent<M> & { type: 'data' }): readonly ReceivedEffect<M>[] {
    const { stamp, message, bytes, confirm } = event
    if (stamp.tag !== this.#tag && stamp.tag !== OF_FLOW) return this.#refuse('otherIncarnation')
    if (stamp.session < this.#session) return this.#refuse('staleSession')
    if (stamp.session > this.#session) {
      if (!stamp.open) return this.#unknownSession(stamp.session)
      this.#begin(stamp.session)
    }
    const effects: ReceivedEffect<M>[] = []
    const { id, after } = stamp
    if (id <= this.#floor || this.#later.has(id)) {
      this.duplicates++
      if (stamp.filler) this.#empty(id)
      this.#oweAck(effects)
      return effects
    }
    if (id > this.#floor + MAX_WINDOW) return this.#refuse('farAhead')
    const content = stamp.filler ? undefined : message
    if (after > this.#floor && this.#later.get(after)?.state !== DONE) {
      if (this.#heldBytes + bytes > this.#heldMax) return this.#refuse('full')
      this.#hold(new Slot(HELD, stamp, content, bytes, confirm), id, after)
    } else this.#hand(stamp, content, bytes, confirm, effects)
    this.#oweAck(effects)
    return effects
  }

  #refuse(reason: RefusalReason): readonly ReceivedEffect<M>[] {
    this.refusals[reason]++
    return [{ type: 'refused', reason }]
  }

  #unknownSession(session: number): readonly ReceivedEffect<M>[] {
    this.refusals.unknownSession++
    return [
      { type: 'reset', reset: { kind: 'reset', tag: this.#tag, session } },
      { type: 'refused', reason: 'unknownSession' },
    ]
  }

  #begin(session: number): void {
    this.#session = session
    this.#floor = 0
    this.#highest = 0
    this.#later.clear()
    this.#waiting.clear()
    this.#heldBytes = 0
    this.#unfinished = 0
    this.#ackOwed = false
  }

  #oweAck(effects: ReceivedEffect<M>[]): void {
    if (this.#ackOwed) return
    this.#ackOwed = true
    effects.push({ type: 'ackSoon' })
  }

  #hold(slot: Slot<M>, id: number, after: number): void {
    this.#add(id, slot)
    this.#heldBytes += slot.bytes
    const others = this.#waiting.get(after)
    if (others === undefined) this.#waiting.set(after, [id])
    else others.push(id)
  }

  #add(id: number, slot: Slot<M>): void {
    this.#later.set(id, slot)
    if (slot.state !== DONE) this.#unfinished++
    if (id > this.#highest) this.#highest = id
  }

  /** Hands a message up; with `confirm` it is done when `taken` comes, else at once. */
  #hand(
    stamp: DataStamp,
    message: M | undefined,
    bytes: number,
    confirm: boolean,
    effects: ReceivedEffect<M>[],
  ): void {
    const { id, session } = stamp
    effects.push({ type: 'deliver', session, id, message, bytes, confirm, stamp })
    if (confirm) this.#add(id, new Slot<M>(HANDED, undefined, undefined, 0, true))
    else this.#finish(id, effects)
  }

  /** Marks an id as done and hands up what waited for it, and what waited for that. */
  #finish(id: number, effects: ReceivedEffect<M>[]): void {
    this.#mark(id)
    if (this.#waiting.size === 0) return
    const finished = [id]
    for (let done = finished.pop(); done !== undefined; done = finished.pop()) {
      const free = this.#waiting.get(done)
      if (free === undefined) continue
      this.#waiting.delete(done)
      for (const next of free) {
        const slot = this.#later.get(next) as Slot<M>
        const { stamp, message, bytes, confirm } = slot
        this.#heldBytes -= bytes
        slot.message = undefined
        slot.bytes = 0
        const session = this.#session
        effects.push({
          type: 'deliver',
          session,
          id: next,
          message,
          bytes,
          confirm,
          stamp: stamp as DataStamp,
        })
        if (confirm) slot.state = HANDED
        else {
          this.#unfinished--
          this.#mark(next)
          finished.push(next)
        }
      }
    }
  }

  #mark(id: number): void {
    this.handedOver++
    if (id !== this.#floor + 1) {
      this.#later.set(id, this.#done)
      if (id > this.#highest) this.#highest = id
      return
    }
    this.#later.delete(id)
    this.#floor = id
    while (this.#later.size > 0 && this.#later.get(this.#floor + 1)?.state === DONE) {
      this.#later.delete(++this.#floor)
    }
  }

  #onTaken(session: number, id: number): readonly ReceivedEffect<M>[] {
    const slot = session === this.#session ? this.#later.get(id) : undefined
    if (slot?.state !== HANDED) return NO_EFFECTS
    const effects: ReceivedEffect<M>[] = []
    this.#unfinished--
    this.#finish(id, effects)
    this.#oweAck(effects)
    return effects
  }

  #onReturned(session: number, id: number): readonly ReceivedEffect<M>[] {
    const slot = session === this.#session ? this.#later.get(id) : undefined
    if (slot?.state !== HANDED) return NO_EFFECTS
    this.#later.delete(id)
    this.#unfinished--
    // It may have been told to be here, as held.
    const effects: ReceivedEffect<M>[] = []
    this.#oweAck(effects)
    return effects
  }

  /** The message of a held id expired at its sender. */
  #empty(id: number): void {
    const slot = this.#later.get(id)
    if (slot?.state !== HELD) return
    this.#heldBytes -= slot.bytes
    slot.bytes = 0
    slot.message = undefined
  }

  #dropHeld(): readonly ReceivedEffect<M>[] {
    for (const [id, { state, bytes }] of this.#later) {
      if (state !== HELD) continue
      this.#later.delete(id)
      this.#heldBytes -= bytes
      this.#unfinished--
    }
    this.#waiting.clear()
    return NO_EFFECTS
  }

  #onAckDue(): readonly ReceivedEffect<M>[] {
    if (!this.#ackOwed) return NO_EFFECTS
    this.#ackOwed = false
    const { ranges } = this
    return [
      {
        type: 'ack',
        ack: { kind: 'ack', tag: this.#tag, session: this.#session, floor: this.#floor, ranges },
      },
    ]
  }

  /** What is here above the floor, the lowest first; MAX_RANGES of them at most. */
  get ranges(): readonly AckRange[] {
    if (this.#later.size === 0) return NO_RANGES
    const ranges: AckRange[] = []
    let from = 0
    let to = 0
    let held = false
    for (const id of this.#laterIds()) {
      const slot = this.#later.get(id)
      if (slot === undefined) continue
      const waits = slot.state !== DONE
      if (id !== to + 1 || waits !== held || from === 0) {
        if (from > 0) ranges.push({ from, to, held })
        if (ranges.length === MAX_RANGES) return ranges
        from = id
        held = waits
      }
      to = id
    }
    ranges.push({ from, to, held })
    return ranges
  }

  /** Rising. Few are sorted; of many it is cheaper to look at every id there may be. */
  *#laterIds(): Iterable<number> {
    if (this.#later.size <= SORTED_MAX) yield* [...this.#later.keys()].sort((a, b) => a - b)
    else for (let id = this.#floor + 1; id <= this.#highest; id++) yield id
  }
}

const NO_RANGES: readonly AckRange[] = []
const SORTED_MAX = 256
