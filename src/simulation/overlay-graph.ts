import type { Random } from '../base/random.js'

/** Above so many steps along arcs, distances and clustering are taken from a sample of nodes. */
const STEPS_MAX = 1_000_000_000
const SAMPLE = 512

/** Summary of one number per node. */
export interface Spread {
  readonly mean: number
  /** Of the whole, not of a sample. */
  readonly sd: number
  readonly min: number
  readonly max: number
}

/**
 * The graph of an overlay: nodes are numbered from 0, arcs are the views. *Undirected* means that an
 * arc is used both ways, as the papers do for paths and clustering.
 */
export class OverlayGraph {
  readonly nodes: number
  readonly arcs: number
  readonly #out: Adjacency
  readonly #both: Adjacency

  /** `views[i]` are the out-neighbours of node i: no node twice, and not itself. */
  constructor(views: readonly ArrayLike<number>[]) {
    this.nodes = views.length
    this.#out = adjacency(views)
    this.arcs = this.#out.targets.length
    this.#both = closure(this.#out)
  }

  outDegrees(): Int32Array {
    return Int32Array.from({ length: this.nodes }, (_, node) => degree(this.#out, node))
  }

  inDegrees(): Int32Array {
    const degrees = new Int32Array(this.nodes)
    for (const target of this.#out.targets) degrees[target] = (degrees[target] as number) + 1
    return degrees
  }

  /** Arcs whose reverse is not there. */
  asymmetricArcs(): number {
    // Each undirected edge has one arc or two: two stand for 2 arcs, one for 1, and targets of `both` for 2.
    return this.#both.targets.length - this.arcs
  }

  /** Sizes of the weakly connected components, largest first. */
  components(): number[] {
    return this.#components().sizes.sort((a, b) => b - a)
  }

  /** Sizes of the strongly connected components, largest first. */
  strongComponents(): number[] {
    return strongSizes(this.#out).sort((a, b) => b - a)
  }

  /**
   * Mean number of hops between two nodes of the largest component, undirected. Exact up to 20,000
   * nodes of degree 5; where that is too much work, from 512 random nodes to all others. 0 when there
   * are no two nodes.
   */
  meanShortestPath(random: Random): number {
    const { labels, sizes } = this.#components()
    const largest = sizes.indexOf(Math.max(...sizes))
    const within: number[] = []
    for (let node = 0; node < this.nodes; node++) if (labels[node] === largest) within.push(node)
    const work = (within.length / AT_ONCE) * LEVELS * this.#both.targets.length
    const sources = work <= STEPS_MAX ? within : random.sample(within, SAMPLE)
    const { hops } = sumOfHops(this.#both, sources)
    return within.length < 2 ? 0 : hops / sources.length / (within.length - 1)
  }

  /**
   * The same along arcs in their direction only, over the pairs of which one reaches the other; from 512
   * random nodes where that is too much work. 0 when there is no such pair.
   */
  meanDirectedPath(random: Random): number {
    const all = Array.from({ length: this.nodes }, (_, node) => node)
    const work = (this.nodes / AT_ONCE) * LEVELS * this.arcs
    const sources = work <= STEPS_MAX ? all : random.sample(all, SAMPLE)
    const { hops, pairs } = sumOfHops(this.#out, sources)
    return pairs === 0 ? 0 : hops / pairs
  }

  /**
   * How many of the links that could be between a node's neighbours are there, undirected, as a mean
   * over all nodes; one with fewer than two neighbours counts as 0. From 512 nodes where all are too
   * much work.
   */
  clustering(random: Random): number {
    return this.#clustering(this.#both, random)
  }

  /** The same along arcs in their direction: of those that could lead from one of a node's view to another. */
  directedClustering(random: Random): number {
    return this.#clustering(this.#out, random)
  }

  #clustering(graph: Adjacency, random: Random): number {
    const all = Array.from({ length: this.nodes }, (_, node) => node)
    const { offsets, targets } = graph
    const mean = targets.length / Math.max(1, this.nodes)
    const chosen = mean * mean * this.nodes > STEPS_MAX ? random.sample(all, SAMPLE) : all
    const marked = new Int32Array(this.nodes).fill(-1)
    let sum = 0
    for (const node of chosen) {
      const from = offsets[node] as number
      const to = offsets[node + 1] as number
      if (to - from < 2) continue
      for (let at = from; at < to; at++) marked[targets[at] as number] = node
      let links = 0
      for (let at = from; at < to; at++) {
        links += marks(graph, targets[at] as number, marked, node)
      }
      sum += links / ((to - from) * (to - from - 1))
    }
    return chosen.length === 0 ? 0 : sum / chosen.length
  }

  #components(): { readonly labels: Int32Array; readonly sizes: number[] } {
    const { offsets, targets } = this.#both
    const labels = new Int32Array(this.nodes).fill(-1)
    const sizes: number[] = []
    const queue = new Int32Array(this.nodes)
    for (let root = 0; root < this.nodes; root++) {
      if (labels[root] !== -1) continue
      const label = sizes.length
      labels[root] = label
      queue[0] = root
      let tail = 1
      for (let head = 0; head < tail; head++) {
        const node = queue[head] as number
        for (let at = offsets[node] as number; at < (offsets[node + 1] as number); at++) {
          const target = targets[at] as number
          if (labels[target] !== -1) continue
          labels[target] = label
          queue[tail++] = target
        }
      }
      sizes.push(tail)
    }
    return { labels, sizes }
  }
}

/** How many neighbours of a node bear that mark. */
function marks(
  { offsets, targets }: Adjacency,
  node: number,
  marked: Int32Array,
  mark: number,
): number {
  const to = offsets[node + 1] as number
  let count = 0
  for (let at = offsets[node] as number; at < to; at++) {
    if (marked[targets[at] as number] === mark) count++
  }
  return count
}

export function spread(values: Int32Array): Spread {
  if (values.length === 0) return { mean: 0, sd: 0, min: 0, max: 0 }
  let sum = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const value of values) {
    sum += value
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  const mean = sum / values.length
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  return { mean, sd: Math.sqrt(squares / values.length), min, max }
}

/** How many nodes have each degree, by degree. */
export function histogram(degrees: Int32Array): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const one of degrees.slice().sort()) counts[one] = (counts[one] ?? 0) + 1
  return counts
}

/** Out-neighbours of node i: `targets` from `offsets[i]` to `offsets[i + 1]`. */
interface Adjacency {
  readonly offsets: Int32Array
  readonly targets: Int32Array
}

const degree = ({ offsets }: Adjacency, node: number): number =>
  (offsets[node + 1] as number) - (offsets[node] as number)

function adjacency(views: readonly ArrayLike<number>[]): Adjacency {
  const offsets = new Int32Array(views.length + 1)
  for (const [i, view] of views.entries()) offsets[i + 1] = (offsets[i] as number) + view.length
  const targets = new Int32Array(offsets[views.length] as number)
  for (const [i, view] of views.entries()) targets.set(view, offsets[i] as number)
  return { offsets, targets }
}

/** Every arc both ways, none twice. */
function closure({ offsets, targets }: Adjacency): Adjacency {
  const nodes = offsets.length - 1
  const reverse: number[][] = Array.from({ length: nodes }, () => [])
  for (let node = 0; node < nodes; node++) {
    for (let at = offsets[node] as number; at < (offsets[node + 1] as number); at++) {
      reverse[targets[at] as number]?.push(node)
    }
  }
  const seen = new Int32Array(nodes).fill(-1)
  const lists = reverse.map((incoming, node) => {
    const list: number[] = []
    const add = (other: number): void => {
      if (seen[other] !== node) list.push(other)
      seen[other] = node
    }
    for (let at = offsets[node] as number; at < (offsets[node + 1] as number); at++) {
      add(targets[at] as number)
    }
    incoming.forEach(add)
    return list
  })
  return adjacency(lists)
}

/** Searches are run side by side, one in each bit of a number. */
const AT_ONCE = 32
/** About as many as a search has. */
const LEVELS = 8

/** The hops from each source to all nodes it reaches, summed: breadth first, 32 sources at a time. */
function sumOfHops(
  { offsets, targets }: Adjacency,
  sources: readonly number[],
): { readonly hops: number; readonly pairs: number } {
  const nodes = offsets.length - 1
  const seen = new Int32Array(nodes)
  let front = new Int32Array(nodes)
  let next = new Int32Array(nodes)
  let sum = 0
  let pairs = 0
  for (let first = 0; first < sources.length; first += AT_ONCE) {
    seen.fill(0)
    front.fill(0)
    for (const [bit, source] of sources.slice(first, first + AT_ONCE).entries()) {
      front[source] = (front[source] as number) | (1 << bit)
      seen[source] = front[source] as number
    }
    for (let hops = 1, found = 1; found > 0; hops++) {
      found = 0
      next.fill(0)
      for (let node = 0; node < nodes; node++) {
        const bits = front[node] as number
        if (bits === 0) continue
        const end = offsets[node + 1] as number
        for (let at = offsets[node] as number; at < end; at++) {
          const target = targets[at] as number
          next[target] = (next[target] as number) | bits
        }
      }
      for (let node = 0; node < nodes; node++) {
        const fresh = (next[node] as number) & ~(seen[node] as number)
        next[node] = fresh
        if (fresh === 0) continue
        seen[node] = (seen[node] as number) | fresh
        found += bitsIn(fresh)
      }
      sum += hops * found
      pairs += found
      const free = front
      front = next
      next = free
    }
  }
  return { hops: sum, pairs }
}

function bitsIn(value: number): number {
  let v = value - ((value >>> 1) & 0x55555555)
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Tarjan's algorithm, with a stack of its own: views are deep. */
function strongSizes({ offsets, targets }: Adjacency): number[] {
  const nodes = offsets.length - 1
  const index = new Int32Array(nodes)
  const low = new Int32Array(nodes)
  const at = Int32Array.from(offsets)
  const open = new Uint8Array(nodes)
  const stack: number[] = []
  const path: number[] = []
  const sizes: number[] = []
  let counter = 0
  const enter = (node: number): void => {
    index[node] = ++counter
    low[node] = counter
    open[node] = 1
    stack.push(node)
    path.push(node)
  }
  for (let root = 0; root < nodes; root++) {
    if (index[root] === 0) enter(root)
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      if ((at[node] as number) < (offsets[node + 1] as number)) {
        const next = targets[at[node] as number] as number
        at[node] = (at[node] as number) + 1
        if (index[next] === 0) enter(next)
        else if (open[next] === 1) low[node] = Math.min(low[node] as number, index[next] as number)
        continue
      }
      path.pop()
      const parent = path.at(-1)
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number)
      if (low[node] === index[node]) sizes.push(closeComponent(stack, open, node))
    }
  }
  return sizes
}

function closeComponent(stack: number[], open: Uint8Array, root: number): number {
  for (let size = 1; ; size++) {
    const node = stack.pop() as number
    open[node] = 0
    if (node === root) return size
  }
}
