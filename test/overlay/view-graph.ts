/** Who has whom in the view: measures of a directed graph given as lists of names. */
export class ViewGraph {
  readonly #out: ReadonlyMap<string, readonly string[]>

  constructor(views: ReadonlyMap<string, readonly string[]>) {
    this.#out = views
  }

  get arcs(): number {
    return sum([...this.#out.values()].map((view) => view.length))
  }

  inDegrees(): number[] {
    const degrees = new Map([...this.#out.keys()].map((name) => [name, 0]))
    for (const view of this.#out.values()) {
      for (const name of view) degrees.set(name, (degrees.get(name) ?? 0) + 1)
    }
    return [...degrees.values()]
  }

  /** Nodes in the largest part that hangs together when arcs count both ways. */
  largestComponent(): number {
    const ways = this.#undirected()
    const seen = new Set<string>()
    let largest = 0
    for (const start of ways.keys()) {
      if (seen.has(start)) continue
      const part = new Set([start])
      for (const name of part) for (const next of ways.get(name) ?? []) part.add(next)
      for (const name of part) seen.add(name)
      largest = Math.max(largest, part.size)
    }
    return largest
  }

  /** Nodes that a message reaches when everybody passes it on to its view. */
  reached(start: string): number {
    const seen = new Set([start])
    for (const name of seen) for (const next of this.#out.get(name) ?? []) seen.add(next)
    return seen.size
  }

  /** Hops along arcs, over all nodes that these few reach. */
  meanPath(starts: readonly string[]): number {
    let hops = 0
    let pairs = 0
    for (const start of starts) {
      const depth = new Map([[start, 0]])
      for (const [name, at] of depth) {
        for (const next of this.#out.get(name) ?? []) {
          if (!depth.has(next)) depth.set(next, at + 1)
        }
      }
      hops += sum([...depth.values()])
      pairs += depth.size - 1
    }
    return hops / pairs
  }

  /** How many of the possible ties among a node's neighbours there are, on average. */
  clustering(): number {
    const ways = this.#undirected()
    const shares = [...ways.values()].map((set) => {
      const near = [...set]
      if (near.length < 2) return 0
      let ties = 0
      for (const [i, a] of near.entries()) {
        for (const b of near.slice(i + 1)) if (ways.get(a)?.has(b)) ties++
      }
      return ties / ((near.length * (near.length - 1)) / 2)
    })
    return mean(shares)
  }

  #undirected(): Map<string, Set<string>> {
    const ways = new Map([...this.#out.keys()].map((name) => [name, new Set<string>()]))
    for (const [name, view] of this.#out) {
      for (const other of view) {
        ways.get(name)?.add(other)
        ways.get(other)?.add(name)
      }
    }
    return ways
  }
}

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

export const mean = (values: readonly number[]): number => sum(values) / values.length

export const deviation = (values: readonly number[]): number => {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
}
