import { hashText } from '../base/random.js'
import type { Agenda } from './agenda.js'

/**
 * Random numbers that follow from who draws, when, and the how many-th it is at that instant; not
 * from what was drawn before. So one message less changes nothing for those that have nothing to do
 * with it.
 */
export class Draws {
  readonly #agenda: Agenda
  readonly #salt: number
  #atUs = -1
  #ordinal = 0

  constructor(agenda: Agenda, seed: string, label: string) {
    this.#agenda = agenda
    this.#salt = hashText(`${seed}/${label}`)
  }

  /** An integer from 0 to 2^32 - 1. */
  u32(): number {
    const { nowUs } = this.#agenda
    if (nowUs !== this.#atUs) {
      this.#atUs = nowUs
      this.#ordinal = 0
    }
    const ordinal = this.#ordinal++
    return mix(mix(mix(this.#salt ^ (nowUs >>> 0)) ^ Math.floor(nowUs / 2 ** 32)) ^ ordinal) >>> 0
  }

  /** An integer from 0 to `below` - 1. `below` is far less than 2^32, so that its bias does not count. */
  int(below: number): number {
    return this.u32() % below
  }
}

/** The finalizer of MurmurHash3, after a step that leaves no fixed point at 0. */
function mix(value: number): number {
  let h = (value + 0x9e3779b9) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
