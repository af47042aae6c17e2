/** What became of a run, as far as trees of runs care. */
export interface Leaf<T> {
  readonly outcome: T
}

interface Branch<T> {
  /** What was asked here; '' for the end of a run. */
  label: string
  readonly answers: Map<number, Branch<T>>
  leaf: Leaf<T> | undefined
}

/**
 * Runs by the answers they were given: what follows in a run is decided by its answers so far, so two runs with the
 * same answers are one. Tells the outcome of a run that was seen before without running it.
 */
export class RunTree<T> {
  readonly #root: Branch<T> = { label: '', answers: new Map(), leaf: undefined }
  #size = 0

  /** How many different runs it holds. */
  get size(): number {
    return this.#size
  }

  /** The outcome of the run that such answers lead to, if it was seen. */
  find(answer: (label: string) => number): Leaf<T> | undefined {
    let at: Branch<T> | undefined = this.#root
    while (at !== undefined) {
      if (at.leaf !== undefined) return at.leaf
      if (at.label === '') return undefined
      at = at.answers.get(answer(at.label))
    }
    return undefined
  }

  /** Keeps a run: what it was asked in order, and what it was answered. False: it was there. */
  add(asked: readonly (readonly [label: string, answer: number])[], outcome: T): boolean {
    let at = this.#root
    for (const [label, answer] of asked) {
      at.label = label
      let next = at.answers.get(answer)
      if (next === undefined) {
        next = { label: '', answers: new Map(), leaf: undefined }
        at.answers.set(answer, next)
      }
      at = next
    }
    if (at.leaf !== undefined) return false
    at.leaf = { outcome }
    this.#size++
    return true
  }
}
