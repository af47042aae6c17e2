import { compareIncarnations } from '../overlay/member.js'
import type { Member } from '../overlay/overlay.js'

/** How one node is reached. */
export interface Route {
  /** Which start of that node told of it. */
  readonly node: Member
  readonly hop: string
  /** What number its author gave the message that showed the way; 0 for one that only came by. */
  readonly number: number
  usedMs: number
}

/**
 * Next hops by destination: a bounded memory in which the longest unused gives way. A fresher
 * message of the destination wins over an older one, as in AODV, which keeps the hops of one flood a
 * tree.
 */
export class RouteTable {
  readonly #routes = new Map<string, Route>()
  readonly #limit: number
  readonly #maxAgeMs: number

  /** `maxAgeMs`: a route that nobody used for so long is no route any more. */
  constructor(limit: number, maxAgeMs: number) {
    this.#limit = limit
    this.#maxAgeMs = maxAgeMs
  }

  get size(): number {
    return this.#routes.size
  }

  /** The route to a node, which counts as used now. */
  use(node: string, nowMs: number): Route | undefined {
    const route = this.#routes.get(node)
    if (route === undefined) return undefined
    this.#routes.delete(node)
    if (nowMs - route.usedMs > this.#maxAgeMs) return undefined
    this.#routes.set(node, route)
    route.usedMs = nowMs
    return route
  }

  /** `usable`: whether the next hop of the route known so far is connected. False: nothing new. */
  learn(
    node: Member,
    hop: string,
    number: number,
    nowMs: number,
    usable: (hop: string) => boolean,
  ): boolean {
    const known = this.#routes.get(node.name)
    if (known !== undefined) {
      const age = compareIncarnations(node, known.node)
      if (age < 0) return false
      if (age === 0 && number <= known.number && usable(known.hop)) return false
    }
    this.#routes.delete(node.name)
    this.#routes.set(node.name, { node, hop, number, usedMs: nowMs })
    if (this.#routes.size > this.#limit) {
      for (const oldest of this.#routes.keys()) {
        this.#routes.delete(oldest)
        break
      }
    }
    return true
  }

  drop(node: string): void {
    this.#routes.delete(node)
  }
}
