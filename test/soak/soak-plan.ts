import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Some seeds of one suite. */
export interface Part {
  readonly file: string
  readonly first: number
  readonly count: number
}

/** What did not hold, and how to see it again. */
export interface Failure {
  readonly title: string
  readonly message: string
  readonly again: string
}

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What a suite draws from, in its text or in that of a contract that it takes. */
const SEEDED =
  /\b(seeds|draws|inSimulation|everywhere|underFaults|codecContract|overlayContract)\(|\bSEED\b/

/** The suites that draw from seeds: paths from the top of the repository. */
export function seededSuites(): string[] {
  return readdirSync(new URL('../', import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file}`)
    .filter((file) => SEEDED.test(readFileSync(`${ROOT}${file}`, 'utf8')))
    .sort()
}

const PART = 25

/** Which seeds of which suites have run, and which come next: a part of each suite, then the next part of each. */
export class SoakPlan {
  readonly suites: number
  readonly all: number
  readonly #parts: Part[] = []
  readonly #done = new Set<Part>()
  #next = 0

  /** @param seeds of each suite */
  constructor(seeds: number, files: readonly string[] = seededSuites()) {
    this.suites = files.length
    for (let first = 1; first <= seeds; first += PART) {
      const count = Math.min(PART, seeds - first + 1)
      for (const file of files) this.#parts.push({ file, first, count })
    }
    this.all = this.#parts.length
  }

  get done(): number {
    return this.#done.size
  }

  /** So many seeds have run of every suite. */
  get seedsDone(): number {
    const missing = this.#parts.find((part) => !this.#done.has(part))
    return missing === undefined ? lastOf(this.#parts.at(-1)) : missing.first - 1
  }

  next(): Part | undefined {
    return this.#parts[this.#next++]
  }

  ended(part: Part): void {
    this.#done.add(part)
  }
}

const lastOf = (part: Part | undefined): number =>
  part === undefined ? 0 : part.first + part.count - 1
