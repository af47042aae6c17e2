import { hashText } from '../base/random.js'

/** A rolling 64-bit hash over what happened, in order. Two runs are the same run when it is equal. */
export class EventHash {
  #a = 0x811c9dc5
  #b = 0x9e3779b9
  readonly #texts = new Map<string, number>()

  /** Mixes in an integer from 0 to 2^53. */
  number(value: number): void {
    this.#mix(value >>> 0)
    if (value >= 2 ** 32) this.#mix(Math.floor(value / 2 ** 32))
  }

  /** Mixes in one of a limited number of texts, such as a link's name. */
  text(text: string): void {
    let hash = this.#texts.get(text)
    if (hash === undefined) {
      hash = hashText(text)
      this.#texts.set(text, hash)
    }
    this.#mix(hash)
  }

  /** Mixes in a text that will not come again. */
  once(text: string): void {
    this.#mix(hashText(text))
    this.#mix(text.length)
  }

  bytes(bytes: Uint8Array): void {
    let hash = 0x811c9dc5
    let i = 0
    for (const whole = bytes.length - 3; i < whole; i += 4) {
      const word = byte(bytes, i) | (byte(bytes, i + 1) << 8) | (byte(bytes, i + 2) << 16)
      hash = Math.imul(hash ^ word ^ (byte(bytes, i + 3) << 24), 0x01000193)
      hash = (hash << 13) | (hash >>> 19) // high bits reach low ones
    }
    for (; i < bytes.length; i++) hash = Math.imul(hash ^ byte(bytes, i), 0x01000193)
    this.#mix(hash >>> 0)
    this.#mix(bytes.length)
  }

  /** 16 hexadecimal digits. */
  get value(): string {
    return hex(this.#a) + hex(this.#b)
  }

  #mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x01000193)
    this.#a ^= this.#a >>> 15
    this.#b = Math.imul(this.#b + value, 0x85ebca6b)
    this.#b ^= this.#b >>> 13
  }
}

const byte = (bytes: Uint8Array, at: number): number => bytes[at] as number

const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0')
