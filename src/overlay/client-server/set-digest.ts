import { hashText } from '../../base/random.js'

/** 64 bits over a set of texts, kept up to date as they come and go: equal digests mean equal sets. */
export class SetDigest {
  #low = 0
  #high = 0

  add(text: string): void {
    this.#low = (this.#low + hashText(text)) >>> 0
    this.#high = (this.#high + hashText(`+${text}`)) >>> 0
  }

  delete(text: string): void {
    this.#low = (this.#low - hashText(text)) >>> 0
    this.#high = (this.#high - hashText(`+${text}`)) >>> 0
  }

  /** 16 hexadecimal digits. */
  get text(): string {
    return hex(this.#high) + hex(this.#low)
  }
}

const hex = (word: number): string => word.toString(16).padStart(8, '0')

export const isDigest = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{16}$/.test(value)
