import { Actor, actor, type Node } from '../../src/index.js'

/** A message: who sent it (an incarnation of a node), on which key, the how manieth of these. */
export interface Sent {
  readonly from: string
  readonly key: string
  readonly seq: number
}

/** Keeps what comes, and notes what must not be. */
@actor('under-faults/inbox')
export class Inbox extends Actor {
  readonly taken: Sent[] = []
  /** The first message that came behind a later one of its sender and key. */
  swapped: string | undefined
  /** The first message that came again. */
  again: string | undefined
  readonly #last = new Map<string, number>()
  readonly #seen = new Set<string>()

  take(from: string, key: string, seq: number): number {
    const row = `${from} ${key}`
    const last = this.#last.get(row) ?? 0
    const one = `${row} ${seq}`
    if (this.#seen.has(one)) this.again ??= one
    else if (seq < last) this.swapped ??= `${one} behind ${last}`
    this.#seen.add(one)
    this.#last.set(row, Math.max(last, seq))
    return this.taken.push({ from, key, seq })
  }
}

/** Numbers what each incarnation of a node sends, by receiver and key. */
export class Outbox {
  readonly #next = new Map<string, number>()
  readonly sent: (Sent & { readonly to: string; readonly asks: boolean })[] = []

  number(node: Node, to: string, key: string, asks = false): Sent {
    const from = `${node.name}/${node.incarnation}`
    const row = `${from} ${to} ${key}`
    const seq = (this.#next.get(row) ?? 0) + 1
    this.#next.set(row, seq)
    const one = { from, key, seq }
    this.sent.push({ ...one, to, asks })
    return one
  }
}
