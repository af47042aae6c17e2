const FIRST = 1_024
/** Days of the calendar, a power of two, and how much virtual time one of them is. */
const DAYS = 16_384
const DAY_MS = 1
/** Children of one place of the heap: four make it half as deep as two. */
const WIDTH = 4
const NONE = -1

/**
 * What is due in virtual time, earliest first and equal times in the order they were pushed: a calendar
 * queue (Brown, CACM 1988). What is due today lies in a heap, which stays so small that the cache holds
 * it; what is due later hangs in no order on its day. Built for millions of events: numbers lie in typed
 * arrays, and nothing is allocated for an event.
 */
export class EventCalendar {
  /** The virtual time: of the event that `pop` took last, or later. */
  nowMs = 0
  /** Events taken so far. */
  taken = 0
  /** Of the event that `pop` took last. */
  kind = 0
  a = 0
  b = 0
  c = 0
  ref: unknown = undefined

  #size = 0
  #pushed = 0
  /** The day whose events are in the heap, counted from the beginning. */
  #today = 0
  /** Today's events: when, and in which slot the rest of each lies. */
  #heapSize = 0
  #heapTimes = new Float64Array(FIRST)
  #heapSlots = new Int32Array(FIRST)
  /** The first slot of each day; the calendar begins anew after the last. */
  readonly #days = new Int32Array(DAYS).fill(NONE)
  /** All events, by slot: when, which push, what, and the next slot of the same day or that is free. */
  #times = new Float64Array(FIRST)
  #orders = new Float64Array(FIRST)
  #kinds = new Uint8Array(FIRST)
  #numbers = new Int32Array(3 * FIRST)
  #next = new Int32Array(FIRST)
  readonly #refs: unknown[] = []
  #free = NONE

  get size(): number {
    return this.#size
  }

  /** When the next event is due; Infinity when there is none. */
  get nextAt(): number {
    if (this.#heapSize === 0) this.#turn()
    return this.#heapSize === 0 ? Number.POSITIVE_INFINITY : (this.#heapTimes[0] as number)
  }

  /** `at` is finite and not before `nowMs`; `kind` is 0 to 255; `a`, `b` and `c` are 32-bit integers. */
  push(at: number, kind: number, a: number, b: number, c: number, ref: unknown): void {
    const slot = this.#slot()
    this.#times[slot] = at
    this.#orders[slot] = ++this.#pushed
    this.#kinds[slot] = kind
    this.#numbers[3 * slot] = a
    this.#numbers[3 * slot + 1] = b
    this.#numbers[3 * slot + 2] = c
    this.#refs[slot] = ref
    this.#size++
    const day = dayOf(at)
    if (day <= this.#today) this.#rise(at, slot)
    else this.#note(day, slot)
  }

  /** Takes the next event into the fields above; false when there is none. */
  pop(): boolean {
    if (this.#heapSize === 0) this.#turn()
    if (this.#heapSize === 0) return false
    const slot = this.#heapSlots[0] as number
    this.nowMs = this.#heapTimes[0] as number
    this.taken++
    this.kind = this.#kinds[slot] as number
    this.a = this.#numbers[3 * slot] as number
    this.b = this.#numbers[3 * slot + 1] as number
    this.c = this.#numbers[3 * slot + 2] as number
    this.ref = this.#refs[slot]
    this.#refs[slot] = undefined
    this.#next[slot] = this.#free
    this.#free = slot
    this.#size--
    const last = --this.#heapSize
    if (last > 0) this.#sink(last)
    return true
  }

  #slot(): number {
    const slot = this.#free
    if (slot === NONE) {
      if (this.#size === this.#times.length) this.#grow()
      return this.#size
    }
    this.#free = this.#next[slot] as number
    return slot
  }

  #note(day: number, slot: number): void {
    const at = day % DAYS
    this.#next[slot] = this.#days[at] as number
    this.#days[at] = slot
  }

  /** Turns the pages up to the next day on which something is due. */
  #turn(): void {
    while (this.#heapSize === 0 && this.#size > 0) {
      const day = ++this.#today
      let slot = this.#days[day % DAYS] as number
      if (slot === NONE) continue
      this.#days[day % DAYS] = NONE
      while (slot !== NONE) {
        const next = this.#next[slot] as number
        const at = this.#times[slot] as number
        if (dayOf(at) === day) this.#rise(at, slot)
        else this.#note(day, slot) // due when the calendar comes round again
        slot = next
      }
    }
  }

  #rise(at: number, slot: number): void {
    if (this.#heapSize === this.#heapTimes.length) this.#growHeap()
    let here = this.#heapSize++
    while (here > 0) {
      const parent = (here - 1) >> 2
      if (!this.#isBefore(at, slot, parent)) break
      this.#move(parent, here)
      here = parent
    }
    this.#put(here, at, slot)
  }

  /** The last event takes the place of the first, and goes down to where it belongs. */
  #sink(last: number): void {
    const times = this.#heapTimes
    const at = times[last] as number
    const slot = this.#heapSlots[last] as number
    let here = 0
    for (;;) {
      const first = WIDTH * here + 1
      if (first >= last) break
      const end = Math.min(first + WIDTH, last)
      let least = first
      for (let child = first + 1; child < end; child++) {
        const time = times[child] as number
        if (time > (times[least] as number)) continue
        if (this.#isBefore(time, this.#heapSlots[child] as number, least)) least = child
      }
      if (this.#isBefore(at, slot, least)) break
      this.#move(least, here)
      here = least
    }
    this.#put(here, at, slot)
  }

  /** Whether an event comes before the one at that place of the heap. */
  #isBefore(at: number, slot: number, place: number): boolean {
    const time = this.#heapTimes[place] as number
    if (at !== time) return at < time
    const other = this.#heapSlots[place] as number
    return (this.#orders[slot] as number) < (this.#orders[other] as number)
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#heapTimes[from] as number, this.#heapSlots[from] as number)
  }

  #put(place: number, at: number, slot: number): void {
    this.#heapTimes[place] = at
    this.#heapSlots[place] = slot
  }

  #growHeap(): void {
    this.#heapTimes = grown(this.#heapTimes)
    this.#heapSlots = grown(this.#heapSlots)
  }

  #grow(): void {
    this.#times = grown(this.#times)
    this.#orders = grown(this.#orders)
    this.#kinds = grown(this.#kinds)
    this.#numbers = grown(this.#numbers)
    this.#next = grown(this.#next)
  }
}

const dayOf = (at: number): number => Math.floor(at / DAY_MS)

function grown<T extends Float64Array | Int32Array | Uint8Array>(from: T): T {
  const to = new (from.constructor as new (length: number) => T)(2 * from.length)
  to.set(from)
  return to
}
