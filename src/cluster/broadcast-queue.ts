import { RingQueue } from '../base/ring-queue.js'

const FRAMES_MAX = 4_096
const BYTES_MAX = 4 * 1024 * 1024

/** Broadcast frames that the connection to a neighbour did not take: as many as the bounds allow, the newest. */
export class BroadcastQueue {
  readonly #frames = new RingQueue<Uint8Array>()
  #bytes = 0

  get empty(): boolean {
    return this.#frames.size === 0
  }

  /** How many of the oldest had to go for it. */
  push(frame: Uint8Array): number {
    this.#frames.push(frame)
    this.#bytes += frame.length
    let dropped = 0
    while (this.#frames.size > FRAMES_MAX || this.#bytes > BYTES_MAX) {
      this.#shift()
      dropped++
    }
    return dropped
  }

  /** Hands on what is taken, in order. */
  drain(take: (frame: Uint8Array) => boolean): void {
    for (let next = this.#frames.peek(); next !== undefined; next = this.#frames.peek()) {
      if (!take(next)) return
      this.#shift()
    }
  }

  #shift(): void {
    this.#bytes -= this.#frames.shift()?.length ?? 0
  }
}
