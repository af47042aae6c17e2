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
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193)
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

const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0')
