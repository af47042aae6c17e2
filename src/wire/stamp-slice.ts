/** A stamp of the delivery stages, as an envelope has it. */
export interface EnvelopeStamp {
  /** Where it lies. */
  readonly slice: StampSlice
}

/** Part of larger bytes, of which a view would cost more than the stamp. */
export class StampSlice implements EnvelopeStamp {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  static of(bytes: Uint8Array): StampSlice {
    return new StampSlice(bytes, 0, bytes.length)
  }

  get length(): number {
    return this.end - this.start
  }

  get slice(): StampSlice {
    return this
  }

  /** The same memory. */
  view(): Uint8Array {
    const { bytes, start, end } = this
    if (start === 0 && end === bytes.length) return bytes
    return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
  }

  /** Memory of its own. */
  copy(): StampSlice {
    return StampSlice.of(this.view().slice())
  }
}
