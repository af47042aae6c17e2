import { performance } from 'node:perf_hooks'
import v8 from 'node:v8'
import { runOutside } from './outside.js'

/** So many bytes may come in between two collections of all memory. V8 begins one after 64 MB of buffers anyway. */
const ROOM_BYTES = 64 * 1024 * 1024
/** The rate is looked at after so many bytes; what takes longer than SLOW_MS for them is no trouble. */
const LOOK_BYTES = 4 * 1024 * 1024
const SLOW_MS = 250
/** Objects above this take so long to mark that V8's own pace is the better one. */
const HEAP_MAX_BYTES = 2 * ROOM_BYTES
/** While there is room: the percentage is made anew, or given back when little has come in. */
const AGAIN_MS = 1_000
const AGAIN_BYTES = 2 * LOOK_BYTES

/** What decides how far V8 lets a heap grow. */
export interface HeapGrowth {
  nowMs(): number
  /** Bytes of objects that a full collection has to mark. */
  heapBytes(): number
  /** How much the heap may grow by until the next full collection; 0: V8's own measure. */
  setPercent(percent: number): void
  /** Calls `run` again and again, without keeping the process alive, until the function it returns is called. */
  every(delayMs: number, run: () => void): () => void
}

/**
 * Buffers lie outside of V8's heap, and V8 marks the whole heap after every few megabytes of them
 * when the heap is small: at 100 MB a second twenty times, each time some 10 ms of a processor. While bytes
 * move fast, this lets 64 MB come in between two collections; when they no longer do, V8's own
 * measure is back. One for each thread; the measure itself is the process's.
 */
export class CollectorRoom {
  readonly #growth: HeapGrowth
  #bytes = 0
  #sinceMs: number
  #stop: (() => void) | undefined
  #left = false

  constructor(growth: HeapGrowth) {
    this.#growth = growth
    this.#sinceMs = growth.nowMs()
  }

  /** True while V8's measure is replaced. */
  get given(): boolean {
    return this.#stop !== undefined
  }

  /** So many bytes came in or went out. */
  moved(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < LOOK_BYTES || this.#stop !== undefined || this.#left) return
    const nowMs = this.#growth.nowMs()
    const fast = nowMs - this.#sinceMs < SLOW_MS
    this.#bytes = 0
    this.#sinceMs = nowMs
    if (!fast) return
    this.#stop = this.#growth.every(AGAIN_MS, () => this.#again())
    this.#set()
  }

  /** V8's own measure from now on, whatever moves. */
  leave(): void {
    this.#left = true
    this.#giveBack()
  }

  #again(): void {
    if (this.#bytes < AGAIN_BYTES) this.#giveBack()
    else this.#set()
    this.#bytes = 0
    this.#sinceMs = this.#growth.nowMs()
  }

  #set(): void {
    const heap = Math.max(1, this.#growth.heapBytes())
    const percent = Math.ceil((100 * ROOM_BYTES) / heap)
    this.#growth.setPercent(heap > HEAP_MAX_BYTES ? 0 : Math.max(100, percent))
  }

  #giveBack(): void {
    if (this.#stop === undefined) return
    this.#stop()
    this.#stop = undefined
    this.#growth.setPercent(0)
  }
}

const FLAG = '--heap-growing-percent'

/** Young objects are collected apart; those of the snapshot are never marked. */
const NOT_MARKED = new Set(['new_space', 'new_large_object_space', 'read_only_space'])

const v8Growth: HeapGrowth = {
  nowMs: performance.now.bind(performance),
  heapBytes() {
    let bytes = 0
    for (const space of v8.getHeapSpaceStatistics()) {
      if (!NOT_MARKED.has(space.space_name)) bytes += space.space_used_size
    }
    return bytes
  },
  setPercent(percent) {
    v8.setFlagsFromString(`${FLAG}=${percent}`)
  },
  every(delayMs, run) {
    const timer = runOutside(() => setInterval(run, delayMs))
    timer.unref()
    return () => clearInterval(timer)
  },
}

export const collectorRoom = new CollectorRoom(v8Growth)

/** Who starts the process with the flag has decided. */
const given = (flag: string): boolean => flag.replaceAll('_', '-').startsWith(FLAG)
/** Others that run Node's programs do not all let V8's flags change, or have no V8. */
const { electron, bun, deno } = process.versions
if ((electron ?? bun ?? deno) !== undefined || process.execArgv.some(given)) collectorRoom.leave()
