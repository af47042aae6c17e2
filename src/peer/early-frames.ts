import type { InFrame } from './frame-stream.js'
import type { Lane } from './lane.js'

/** A frame that came before its peer was up; without a lane it came on the membership lane. */
export interface EarlyFrame {
  readonly lane: Lane | undefined
  readonly frame: InFrame
}

const FRAMES_MAX = 4096
const BYTES_MAX = 4 * 1024 * 1024

/** What a peer sent before all lanes it needs to be up stood. Kept in order, and not without end. */
export class EarlyFrames {
  #frames: EarlyFrame[] = []
  /** Of control frames; lanes stop reading after their first. */
  #bytes = 0

  /** False: there are too many already. */
  hold(lane: Lane | undefined, frame: InFrame): boolean {
    if (lane === undefined) this.#bytes += frame.end - frame.start
    if (this.#frames.length >= FRAMES_MAX || this.#bytes > BYTES_MAX) return false
    this.#frames.push({ lane, frame })
    return true
  }

  /** All of them, oldest first; none are left. */
  take(): readonly EarlyFrame[] {
    const frames = this.#frames
    if (frames.length === 0) return frames
    this.#frames = []
    this.#bytes = 0
    return frames
  }
}
