/** Children of one place of the heap: four make it half as deep as two, and lie in one line of the cache. */
const WIDTH = 4

/**
 * What is due in virtual time, earliest first and equal times in the order they were pushed. Built for
 * millions of events: numbers lie in typed arrays, and nothing is allocated for an event.
 */
export class EventHeap {
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
  #order = 0
  /** The heap itself: when, which push, and where the rest of the event lies. */
  #times = new Float64Array(1_024)
  #orders = new Float64Array(1_024)
  #slots = new Int32Array(1_024)
  /** The rest of the events, by slot; `#free` are the slots that hold none. */
  #kinds = new Uint8Array(1_024)
  #numbers = new Int32Array(3 * 1_024)
  readonly #refs: unknown[] = []
  readonly #free: number[] = []

  get size(): number {
    return this.#size
  }

  /** When the next event is due; Infinity when there is none. */
  get nextAt(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number)
  }

  /** `kind` is 0 to 255; `a`, `b` and `c` are 32-bit integers. */
  push(at: number, kind: number, a: number, b: number, c: number, ref: unknown): void {
    if (this.#size === this.#times.length) this.#grow()
    const slot = this.#free.pop() ?? this.#size
    this.#kinds[slot] = kind
    this.#numbers[3 * slot] = a
    this.#numbers[3 * slot + 1] = b
    this.#numbers[3 * slot + 2] = c
    this.#refs[slot] = ref
    this.#rise(this.#size++, at, ++this.#order, slot)
  }

  /** Takes the next event into the fields above; false when there is none. */
  pop(): boolean {
    if (this.#size === 0) return false
    const slot = this.#slots[0] as number
    this.nowMs = this.#times[0] as number
    this.taken++
    this.kind = this.#kinds[slot] as number
    this.a = this.#numbers[3 * slot] as number
    this.b = this.#numbers[3 * slot + 1] as number
    this.c = this.#numbers[3 * slot + 2] as number
    this.ref = this.#refs[slot]
    this.#refs[slot] = undefined
    this.#free.push(slot)
    const last = --this.#size
    if (last > 0) this.#sink(last)
    return true
  }

  #rise(place: number, at: number, order: number, slot: number): void {
    const times = this.#times
    let here = place
    while (here > 0) {
      const parent = Math.floor((here - 1) / WIDTH)
      if ((times[parent] as number) <= at) break // it was pushed before: at equal times it stays in front
      this.#move(parent, here)
      here = parent
    }
    this.#put(here, at, order, slot)
  }

  /** The last event takes the place of the first, and goes down to where it belongs. */
  #sink(last: number): void {
    const times = this.#times
    const orders = this.#orders
    const at = times[last] as number
    const order = orders[last] as number
    let here = 0
    for (;;) {
      const first = WIDTH * here + 1
      if (first >= last) break
      const end = Math.min(first + WIDTH, last)
      let least = first
      for (let child = first + 1; child < end; child++) {
        const gap = (times[child] as number) - (times[least] as number)
        if (gap < 0 || (gap === 0 && (orders[child] as number) < (orders[least] as number))) {
          least = child
        }
      }
      const gap = (times[least] as number) - at
      if (gap > 0 || (gap === 0 && (orders[least] as number) > order)) break
      this.#move(least, here)
      here = least
    }
    this.#put(here, at, order, this.#slots[last] as number)
  }

  #move(from: number, to: number): void {
    this.#put(
      to,
      this.#times[from] as number,
      this.#orders[from] as number,
      this.#slots[from] as number,
    )
  }

  #put(place: number, at: number, order: number, slot: number): void {
    this.#times[place] = at
    this.#orders[place] = order
    this.#slots[place] = slot
  }

  #grow(): void {
    const size = 2 * this.#times.length
    this.#times = grown(this.#times, new Float64Array(size))
    this.#orders = grown(this.#orders, new Float64Array(size))
    this.#slots = grown(this.#slots, new Int32Array(size))
    this.#kinds = grown(this.#kinds, new Uint8Array(size))
    this.#numbers = grown(this.#numbers, new Int32Array(3 * size))
  }
}

type Numbers = Float64Array | Int32Array | Uint8Array

function grown<T extends Numbers>(from: T, to: T): T {
  to.set(from)
  return to
}
