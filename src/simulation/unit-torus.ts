import { hashText } from '../base/random.js'
import { hashedDraw } from './hashed-draw.js'

/**
 * Nodes at random places of a square whose opposite sides meet, by their names. Two random nodes are
 * 0.38 apart on average, and at most 0.71.
 */
export class UnitTorus {
  readonly #salt: number
  readonly #places = new Map<string, readonly [number, number]>()

  constructor(seed: number | string) {
    this.#salt = hashText(`${seed}/torus`)
  }

  distance(a: string, b: string): number {
    const [ax, ay] = this.place(a)
    const [bx, by] = this.place(b)
    return Math.hypot(apart(ax, bx), apart(ay, by))
  }

  /** From 0 to 1 both ways. */
  place(name: string): readonly [x: number, y: number] {
    let place = this.#places.get(name)
    if (place === undefined) {
      const hash = hashText(name)
      place = [hashedDraw(this.#salt, hash, 0, 0), hashedDraw(this.#salt, hash, 1, 0)]
      this.#places.set(name, place)
    }
    return place
  }
}

function apart(a: number, b: number): number {
  const gap = Math.abs(a - b)
  return Math.min(gap, 1 - gap)
}
