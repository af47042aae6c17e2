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

/** A pair is a record of so many 32-bit words: a line of the cache, so that it is read at once. */
const WORDS = 16
/** Where what stands in it begins: one for each end, but for the epoch. */
const NODE = 0
const FLAGS = 2
const LOAN = 4
const NEXT = 6
const BEFORE = 8
const EPOCH = 10
/** In words of 64 bits. */
const TIME = 6

/**
 * Pairs of nodes that have something to do with each other. A pair has two ends, 0 and 1; the *way*
 * `2 * pair + end` names the pair as that end sees it. A table of numbers: there are tens of
 * connections for each of thousands of nodes, and most of them live for seconds.
 */
export class PairTable {
  #count = 0
  #used = 1 // pair 0 stands for none
  #words = new Int32Array(FIRST * WORDS)
  #times = new Float64Array(this.#words.buffer)
  readonly #free: number[] = []
  /** The first way of each node, 0 when it has none; the others hang on `NEXT`. */
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
    return pair === 0 ? 0 : this.#wayOf(pair, from)
  }

  /** The same, and the pair is made when it is not there. */
  way(from: number, to: number): number {
    const place = this.#placeOf(from, to)
    const there = this.#places[place] as number
    if (there !== 0) return this.#wayOf(there, from)
    const pair = this.#free.pop() ?? this.#used++
    if (pair * WORDS >= this.#words.length) this.#growPairs()
    this.#words[pair * WORDS + NODE] = from
    this.#words[pair * WORDS + NODE + 1] = to
    this.#places[place] = pair
    this.#count++
    this.#hang(2 * pair, from)
    this.#hang(2 * pair + 1, to)
    if (2 * this.#count > this.#places.length) this.#growPlaces()
    return 2 * pair
  }

  /** Forgets the pair when neither end has anything to do with the other. */
  settle(way: number): void {
    const words = this.#words
    const first = wordOf(way & ~1)
    if (words[first + FLAGS] !== 0 || words[first + FLAGS + 1] !== 0) return
    if (words[first + LOAN] !== 0 || words[first + LOAN + 1] !== 0) return
    this.#unhang(way)
    this.#unhang(way ^ 1)
    this.#remove(way >> 1)
    this.#count--
    this.#renew(first)
    this.#free.push(way >> 1)
  }

  /** Who stands at this end of a way. */
  owner(way: number): number {
    return this.#words[wordOf(way) + NODE] as number
  }

  /** Who stands at the other end. */
  peer(way: number): number {
    return this.#words[wordOf(way ^ 1) + NODE] as number
  }

  has(way: number, flag: number): boolean {
    return ((this.#words[wordOf(way) + FLAGS] as number) & flag) !== 0
  }

  set(way: number, flag: number): void {
    const at = wordOf(way) + FLAGS
    this.#words[at] = (this.#words[at] as number) | flag
  }

  clear(way: number, flag: number): void {
    const at = wordOf(way) + FLAGS
    this.#words[at] = (this.#words[at] as number) & ~flag
  }

  /** Which connection of the pair it is: what belongs to an earlier one is void. */
  epoch(way: number): number {
    return this.#words[wordOf(way & ~1) + EPOCH] as number
  }

  /** A new connection between the two stands. */
  open(way: number, nowMs: number): void {
    this.#renew(wordOf(way & ~1))
    for (const end of [way, way ^ 1]) {
      this.#times[timeOf(end)] = nowMs
      this.set(end, END.UP)
    }
  }

  /** When something that leaves this end arrives, at the earliest at `at`: a connection keeps the order. */
  arrival(way: number, at: number): number {
    const last = this.#times[timeOf(way)] as number
    if (last > at) return last
    this.#times[timeOf(way)] = at
    return at
  }

  /** The number of the loan by which this end holds the connection; 0 for none. */
  loan(way: number): number {
    return this.#words[wordOf(way) + LOAN] as number
  }

  setLoan(way: number, loan: number): void {
    this.#words[wordOf(way) + LOAN] = loan
  }

  /** All ways of a node. Pairs may be settled while it is read, new ones are not seen. */
  waysOf(node: number): number[] {
    const ways: number[] = []
    let way = this.#heads[node] ?? 0
    for (; way !== 0; way = this.#words[wordOf(way) + NEXT] as number) ways.push(way)
    return ways
  }

  #wayOf(pair: number, from: number): number {
    return 2 * pair + (this.#words[pair * WORDS + NODE] === from ? 0 : 1)
  }

  #renew(first: number): void {
    this.#words[first + EPOCH] = (this.#words[first + EPOCH] as number) + 1
  }

  #placeOf(a: number, b: number): number {
    const places = this.#places
    const words = this.#words
    const mask = places.length - 1
    let place = hash(a, b) & mask
    for (;;) {
      const pair = places[place] as number
      if (pair === 0) return place
      const x = words[pair * WORDS + NODE]
      const y = words[pair * WORDS + NODE + 1]
      if ((x === a && y === b) || (x === b && y === a)) return place
      place = (place + 1) & mask
    }
  }

  /** Takes the pair out of the hash table; those behind it move up, so that none is cut off. */
  #remove(pair: number): void {
    const places = this.#places
    const mask = places.length - 1
    let gap = this.#placeOf(this.owner(2 * pair), this.peer(2 * pair))
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
    return hash(this.owner(2 * pair), this.peer(2 * pair)) & mask
  }

  #hang(way: number, node: number): void {
    while (node >= this.#heads.length) this.#heads = grown(this.#heads)
    const head = this.#heads[node] as number
    this.#words[wordOf(way) + NEXT] = head
    this.#words[wordOf(way) + BEFORE] = 0
    if (head !== 0) this.#words[wordOf(head) + BEFORE] = way
    this.#heads[node] = way
  }

  #unhang(way: number): void {
    const next = this.#words[wordOf(way) + NEXT] as number
    const before = this.#words[wordOf(way) + BEFORE] as number
    if (next !== 0) this.#words[wordOf(next) + BEFORE] = before
    if (before !== 0) this.#words[wordOf(before) + NEXT] = next
    else this.#heads[this.owner(way)] = next
  }

  #growPairs(): void {
    this.#words = grown(this.#words)
    this.#times = new Float64Array(this.#words.buffer)
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

/** Where the words of an end begin: what is its own stands there, shifted by the constants above. */
const wordOf = (way: number): number => (way >> 1) * WORDS + (way & 1)
const timeOf = (way: number): number => (way >> 1) * (WORDS / 2) + TIME + (way & 1)

/** The same for both orders of the two nodes. */
function hash(a: number, b: number): number {
  const low = a < b ? a : b
  const high = a < b ? b : a
  let h = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35)
  return h ^ (h >>> 13)
}

function grown(from: Int32Array): Int32Array<ArrayBuffer> {
  const to = new Int32Array(2 * from.length)
  to.set(from)
  return to
}
