import { HEAD_BYTES } from '../wire/frame.js'
import type { EncodedFrame } from '../wire/frame-writer.js'
import type { Clock } from '../world/clock.js'
import { Aside } from './aside.js'
import { flipBits } from './bit-flip.js'
import { DelayLine } from './delay-line.js'
import type { Verdict } from './gate.js'
import type { QueuedFrame } from './held-queue.js'

/** Where frames of a lane go about which a rule at the gate has spoken: late, beside the others, changed, twice. */
export class Detour {
  readonly #clock: Clock
  readonly #queue: (frame: QueuedFrame) => void
  readonly #release: (frame: QueuedFrame) => void
  #late: DelayLine<QueuedFrame> | undefined = undefined
  #aside: Aside<QueuedFrame> | undefined = undefined

  /** `queue` takes what goes on at once, `release` what has waited. */
  constructor(
    clock: Clock,
    queue: (frame: QueuedFrame) => void,
    release: (frame: QueuedFrame) => void,
  ) {
    this.#clock = clock
    this.#queue = queue
    this.#release = release
  }

  /** Frames are late: those that come next wait behind them. */
  get isLate(): boolean {
    return this.#late !== undefined
  }

  push(verdict: Verdict, frame: QueuedFrame): void {
    if (this.#late?.size === 0) this.#late = undefined
    if (verdict.drop) return
    const { delayMs, asideMs, flips } = verdict
    const changed = flips.length === 0 ? frame : { ...frame, frame: flipped(frame.frame, flips) }
    for (let i = 0; i < verdict.copies; i++) {
      if (asideMs > 0) {
        this.#aside ??= new Aside(this.#clock, (due) => this.#release(due))
        this.#aside.push(changed, delayMs + asideMs)
      } else if (this.#late === undefined && delayMs === 0) {
        this.#queue(changed)
      } else {
        this.#late ??= new DelayLine(this.#clock, (due) => {
          this.#release(due)
          return true
        })
        this.#late.push(changed, delayMs)
      }
    }
  }

  /** Releases all that waits. */
  flush(): void {
    this.#late?.flush()
    this.#aside?.flush()
  }
}

function flipped(frame: EncodedFrame, flips: readonly number[]): EncodedFrame {
  const chunks = frame.chunks.map((chunk) => Uint8Array.from(chunk))
  flipBits(chunks, HEAD_BYTES, flips)
  return { bytes: frame.bytes, chunks }
}
