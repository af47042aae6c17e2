/** A stream of random numbers. Everything drawn in troupe comes from one of these. */
export interface Random {
  /** An integer from 0 to 2^32 - 1. */
  u32(): number
  /** An integer from 0 to `below` - 1; `below` from 1 to 2^32. Uniform, without modulo bias. */
  int(below: number): number
  /** A number in [0, 1) with 32 random bits. */
  float(): number
  /** A uniform element. @throws RangeError when there is none */
  pick<T>(items: readonly T[]): T
  /** A uniform subset of `count` elements (all, if there are fewer) in random order. */
  sample<T>(items: readonly T[], count: number): T[]
  /** A stream of its own that depends on this stream's seed and the label only, not on what was drawn. */
  fork(label: string): Random
}

/** xoshiro128** by Blackman and Vigna, seeded through a hash of any text or number: integers only. */
export function seededRandom(seed: number | string): Random {
  return new Xoshiro(String(seed))
}

class Xoshiro implements Random {
  readonly #seed: string
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: string) {
    this.#seed = seed
    const next = splitMix(hashText(seed))
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next() | 1 // never all zero
  }

  u32(): number {
    const result = Math.imul(rotl(Math.imul(this.#b, 5), 7), 9) >>> 0
    const t = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= t
    this.#d = rotl(this.#d, 11)
    return result
  }

  int(below: number): number {
    if (!(below >= 1 && below <= 2 ** 32 && Number.isInteger(below))) {
      throw new RangeError(`int(${below}): below must be an integer from 1 to 2^32`)
    }
    const size = below >>> 0
    if (size === 0) return this.u32() // 2^32
    for (;;) {
      const drawn = this.u32()
      const rest = drawn % size
      if (drawn - rest <= 2 ** 32 - size) return rest // not in the last run of `size`, which is cut short
    }
  }

  float(): number {
    return this.u32() / 2 ** 32
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('pick: nothing to pick from')
    return items[this.int(items.length)] as T
  }

  sample<T>(items: readonly T[], count: number): T[] {
    const pool = items.slice()
    const size = Math.min(count, pool.length)
    for (let i = 0; i < size; i++) {
      const j = i + this.int(pool.length - i)
      const swapped = pool[i] as T
      pool[i] = pool[j] as T
      pool[j] = swapped
    }
    pool.length = size
    return pool
  }

  fork(label: string): Random {
    return new Xoshiro(`${this.#seed}/${label}`)
  }
}

/** FNV-1a over UTF-16 code units: a 32-bit hash that is the same on every machine. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k))

function splitMix(state: number): () => number {
  return () => {
    state = (state + 0x9e3779b9) | 0
    let t = state ^ (state >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    return t ^ (t >>> 15)
  }
}
