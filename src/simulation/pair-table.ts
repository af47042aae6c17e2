/** What one end of a pair of nodes wants of the other, and knows of their connection. */
export const END = {
  /** Its overlay wants the connection. */
  WANTED: 1,
  /** It holds the connection for open. */
  UP: 2,
  /** It is dialling. */
  DIALLING: 4,
  /** It dials again in a while. */
  WAITING: 8,
  /** It wants to know the round-trip time. */
  MEASURES: 16,
} as const

const FIRST = 1_024

/**
 * Pairs of nodes that have something to do with each other. A pair has two ends, 0 and 1; the *way*
 * `2 * pair + end` names the pair as that end sees it. A table of numbers: there are tens of
 * connections for each of thousands of nodes, and most of them live for seconds.
 */
export class PairTable {
  #count = 0
  #used = 1 // pair 0 stands for none
  #nodes = new Int32Array(2 * FIRST)
  #flags = new Uint8Array(2 * FIRST)
  #loans = new Int32Array(2 * FIRST)
  #times = new Float64Array(2 * FIRST)
  #next = new Int32Array(2 * FIRST)
  #before = new Int32Array(2 * FIRST)
  #epochs = new Int32Array(FIRST)
  readonly #free: number[] = []
  /** The first way of each node, 0 when it has none; the others hang on `#next`. */
  #heads = new Int32Array(FIRST)
  /** Open addressing: pairs by a hash of both nodes, 0 where a place is free. */
  #places = new Int32Array(4 * FIRST)

  /** Pairs that are there now. */
  get size(): number {
    return this.#count
  }

  /** The way from one node to another, 0 when the two have nothing to do with each other. */
  find(from: number, to: number): number {
    const pair = this.#places[this.#placeOf(from, to)] as number
    return pair === 0 ? 0 : 2 * pair + (this.#nodes[2 * pair] === from ? 0 : 1)
  }

  /** The same, and the pair is made when it is not there. */
  way(from: number, to: number): number {
    const place = this.#placeOf(from, to)
    const there = this.#places[place] as number
    if (there !== 0) return 2 * there + (this.#nodes[2 * there] === from ? 0 : 1)
    const pair = this.#free.pop() ?? this.#used++
    if (2 * pair >= this.#nodes.length) this.#growPairs()
    this.#nodes[2 * pair] = from
    this.#nodes[2 * pair + 1] = to
    this.#places[place] = pair
    this.#count++
    this.#hang(2 * pair, from)
    this.#hang(2 * pair + 1, to)
    if (2 * this.#count > this.#places.length) this.#growPlaces()
    return 2 * pair
  }

  /** Forgets the pair when neither end has anything to do with the other. */
  settle(way: number): void {
    const first = way & ~1
    const idle = this.#flags[first] === 0 && this.#flags[first + 1] === 0
    if (!idle || this.#loans[first] !== 0 || this.#loans[first + 1] !== 0) return
    this.#unhang(first)
    this.#unhang(first + 1)
    this.#remove(first >> 1)
    this.#count--
    this.#epochs[first >> 1] = (this.#epochs[first >> 1] as number) + 1
    this.#free.push(first >> 1)
  }

  /** Who stands at this end of a way. */
  owner(way: number): number {
    return this.#nodes[way] as number
  }

  /** Who stands at the other end. */
  peer(way: number): number {
    return this.#nodes[way ^ 1] as number
  }

  has(way: number, flag: number): boolean {
    return ((this.#flags[way] as number) & flag) !== 0
  }

  set(way: number, flag: number): void {
    this.#flags[way] = (this.#flags[way] as number) | flag
  }

  clear(way: number, flag: number): void {
    this.#flags[way] = (this.#flags[way] as number) & ~flag
  }

  /** Which connection of the pair it is: what belongs to an earlier one is void. */
  epoch(way: number): number {
    return this.#epochs[way >> 1] as number
  }

  /** A new connection between the two stands. */
  open(way: number, nowMs: number): void {
    const pair = way >> 1
    this.#epochs[pair] = (this.#epochs[pair] as number) + 1
    this.#times[2 * pair] = nowMs
    this.#times[2 * pair + 1] = nowMs
    this.set(2 * pair, END.UP)
    this.set(2 * pair + 1, END.UP)
  }

  /** When something that leaves this end arrives, at the earliest at `at`: a connection keeps the order. */
  arrival(way: number, at: number): number {
    const last = this.#times[way] as number
    if (last > at) return last
    this.#times[way] = at
    return at
  }

  /** The number of the loan by which this end holds the connection; 0 for none. */
  loan(way: number): number {
    return this.#loans[way] as number
  }

  setLoan(way: number, loan: number): void {
    this.#loans[way] = loan
  }

  /** All ways of a node. Pairs may be settled while it is read, new ones are not seen. */
  waysOf(node: number): number[] {
    const ways: number[] = []
    for (let way = this.#heads[node] ?? 0; way !== 0; way = this.#next[way] as number)
      ways.push(way)
    return ways
  }

  #placeOf(a: number, b: number): number {
    const places = this.#places
    const mask = places.length - 1
    let place = hash(a, b) & mask
    for (;;) {
      const pair = places[place] as number
      if (pair === 0) return place
      const x = this.#nodes[2 * pair]
      const y = this.#nodes[2 * pair + 1]
      if ((x === a && y === b) || (x === b && y === a)) return place
      place = (place + 1) & mask
    }
  }

  /** Takes the pair out of the hash table; those behind it move up, so that none is cut off. */
  #remove(pair: number): void {
    const places = this.#places
    const mask = places.length - 1
    let gap = this.#placeOf(this.#nodes[2 * pair] as number, this.#nodes[2 * pair + 1] as number)
    for (let at = (gap + 1) & mask; places[at] !== 0; at = (at + 1) & mask) {
      const home = this.#homeOf(places[at] as number, mask)
      const reachable = ((at - home) & mask) >= ((at - gap) & mask)
      if (!reachable) continue
      places[gap] = places[at] as number
      gap = at
    }
    places[gap] = 0
  }

  #homeOf(pair: number, mask: number): number {
    return hash(this.#nodes[2 * pair] as number, this.#nodes[2 * pair + 1] as number) & mask
  }

  #hang(way: number, node: number): void {
    while (node >= this.#heads.length) this.#heads = grown(this.#heads)
    const head = this.#heads[node] as number
    this.#next[way] = head
    this.#before[way] = 0
    if (head !== 0) this.#before[head] = way
    this.#heads[node] = way
  }

  #unhang(way: number): void {
    const next = this.#next[way] as number
    const before = this.#before[way] as number
    if (next !== 0) this.#before[next] = before
    if (before !== 0) this.#next[before] = next
    else this.#heads[this.#nodes[way] as number] = next
  }

  #growPairs(): void {
    this.#nodes = grown(this.#nodes)
    this.#flags = grown(this.#flags)
    this.#loans = grown(this.#loans)
    this.#times = grown(this.#times)
    this.#next = grown(this.#next)
    this.#before = grown(this.#before)
    this.#epochs = grown(this.#epochs)
  }

  #growPlaces(): void {
    const old = this.#places
    this.#places = new Int32Array(2 * old.length)
    const mask = this.#places.length - 1
    for (const pair of old) {
      if (pair === 0) continue
      let place = this.#homeOf(pair, mask)
      while (this.#places[place] !== 0) place = (place + 1) & mask
      this.#places[place] = pair
    }
  }
}

/** The same for both orders of the two nodes. */
function hash(a: number, b: number): number {
  const low = a < b ? a : b
  const high = a < b ? b : a
  let h = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35)
  return h ^ (h >>> 13)
}

function grown<T extends Int32Array | Uint8Array | Float64Array>(from: T): T {
  const to = new (from.constructor as new (length: number) => T)(2 * from.length)
  to.set(from)
  return to
}
