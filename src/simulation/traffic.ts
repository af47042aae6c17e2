import { Codec } from '../wire/codec.js'
import { HEAD_BYTES } from '../wire/frame.js'

/** Every so many messages one is put through the codec. */
const SAMPLE_EVERY = 64

/** Counts what overlays send. Bytes are those of frames, by the real codec on one message in 64. */
export class Traffic {
  messages = 0
  /** Those of them that took a long way. */
  farMessages = 0
  /** Frames that let go of a connection. */
  releases = 0
  dials = 0
  readonly #codec = new Codec()
  #sampled = 0
  #sampledBytes = 0

  sent(body: unknown, far: boolean): void {
    if (far) this.farMessages++
    if (this.messages++ % SAMPLE_EVERY !== 0) return
    this.#sampled++
    this.#sampledBytes += HEAD_BYTES + this.#codec.encodeValue(body).length
  }

  /** Estimated, of messages and releases. */
  get bytes(): number {
    const each = this.#sampled === 0 ? 0 : this.#sampledBytes / this.#sampled
    return each * this.messages + HEAD_BYTES * this.releases
  }

  clear(): void {
    this.messages = 0
    this.farMessages = 0
    this.releases = 0
    this.dials = 0
    this.#sampled = 0
    this.#sampledBytes = 0
  }
}
