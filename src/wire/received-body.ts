import type { EncodedBody } from './envelope.js'

/**
 * Arguments as they lie in a frame that came in. Views are made only when somebody asks for them:
 * the codec reads the bytes where they are.
 */
export class ReceivedBody implements EncodedBody {
  readonly bytes: Buffer
  readonly start: number
  readonly headEnd: number
  readonly end: number

  constructor(bytes: Buffer, start: number, headEnd: number, end: number) {
    this.bytes = bytes
    this.start = start
    this.headEnd = headEnd
    this.end = end
  }

  /** Bytes in all. */
  get size(): number {
    return this.end - this.start
  }

  get head(): Uint8Array {
    return this.bytes.subarray(this.start, this.headEnd)
  }

  /** All payloads in one piece; where one ends stands in the head. */
  get payloads(): readonly Uint8Array[] {
    return this.headEnd === this.end ? NONE : [this.bytes.subarray(this.headEnd, this.end)]
  }
}

const NONE: readonly Uint8Array[] = []
