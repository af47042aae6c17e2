import { type Fields, durationMs, integer, readOptions } from '../base/options.js'
import { unreachable } from '../base/unreachable.js'
import { type CausalClock, ClockWriter, decodeClock, nodeId } from './causal-clock.js'
import { CausalNode, Received } from './causal-node.js'
import { Dependencies } from './dependencies.js'
import { NO_EFFECTS, type RefusalReason, Refusals, type Stage } from './stage.js'

export interface CausalOptions {
  /** Nodes that may take part in a label at once, up to 4,096. Default 512. */
  readonly maxNodes: number
  /** Entries in the clock of one message. Default 4,096. */
  readonly maxEntries: number
  /** Messages that may wait for others; more are refused and come again. Default 65,536. */
  readonly pendingMessages: number
  /** Their bytes. Default 64 MiB. */
  readonly pendingBytes: number
  /** How long what a departed node had sent is still waited for elsewhere, in ms. Default 30,000. */
  readonly lingerMs: number
}

export const CAUSAL_FIELDS: Fields<CausalOptions> = {
  maxNodes: { fallback: 512, check: integer(2, 4_096) },
  maxEntries: { fallback: 4_096, check: integer(1, 16_384) },
  pendingMessages: { fallback: 65_536, check: integer(1) },
  pendingBytes: { fallback: 64 * 1024 * 1024, check: integer(1) },
  lingerMs: { fallback: 30_000, check: durationMs(1) },
}

/** Nodes are named by their incarnations. */
export type CausalEvent<M> =
  /** A message is about to be sent. Answered with `stamped` or `refused`. */
  | { readonly type: 'send'; readonly to: string }
  /** Message `seq` to that node was acknowledged: handed over there. */
  | { readonly type: 'settled'; readonly to: string; readonly seq: number }
  | {
      readonly type: 'receive'
      readonly from: string
      readonly clock: Uint8Array
      readonly message: M
      readonly bytes: number
    }
  /** The node was given up, or left: nothing waits for it any more, nothing is taken from it. */
  | { readonly type: 'gone'; readonly node: string }
  /** It is there again, as the same incarnation. */
  | { readonly type: 'back'; readonly node: string }
  /** The timer started by `startTimer` fired. */
  | { readonly type: 'timer' }

export type CausalEffect<M> =
  | { readonly type: 'stamped'; readonly seq: number; readonly clock: Uint8Array }
  | { readonly type: 'deliver'; readonly message: M }
  /** Handed over before (`duplicate`), or what belongs before it will never come (`cleared`). */
  | { readonly type: 'dropped'; readonly reason: 'duplicate' | 'cleared'; readonly message: M }
  /** `message` is there when it is a received one that was not taken. */
  | { readonly type: 'refused'; readonly reason: RefusalReason; readonly message: M | undefined }
  /** Comes back as `timer`. Starting a running timer starts it anew. */
  | { readonly type: 'startTimer'; readonly delayMs: number }

/** Ids of nodes that left lately: what others still say about them is not taken in again. */
const DEPARTED_MAX = 4_096
const SELF = 0

/**
 * Causal delivery of one label at one node: no message is handed over before one to the same node
 * that happened before it, also along chains through other nodes. (Schiper, Eggli, Sandoz 1989 set
 * the problem and carry a vector for each destination; the counts for each pair used here are those
 * of Raynal, Schiper, Toueg 1991, kept sparse after Prakash, Raynal, Singhal 1997. A count says
 * exactly which message is missed, so a delivery wakes exactly what waited for it, and an entry goes
 * as soon as its message is known to have arrived: in quiet times a clock is three bytes.)
 *
 * With a message to d travel the numbers of all messages that happened before it and may not have
 * arrived. It waits at d until those to d were handed over. An entry is let go
 * - to d, when a later own message to d takes its place: who waits for that one waits for all before;
 * - from s, when a message from s does not name it: s then knew that it had arrived;
 * - of own messages, when they are acknowledged;
 * - to a node that departed, at once; from one that departed, after `lingerMs`, if nothing names it.
 *
 * Works over lossy links only together with acknowledgements: a lost message blocks its successors.
 */
export class Causal<M> implements Stage<CausalEvent<M>, CausalEffect<M>> {
  readonly #options: CausalOptions
  readonly #nodes: (CausalNode<M> | undefined)[] = []
  readonly #indices = new Map<number, number>()
  readonly #free: number[] = []
  readonly #ids = new Map<string, number>()
  readonly #departed = new Set<number>()
  readonly #underWay = new Dependencies()
  readonly #writer = new ClockWriter()
  /** Nodes whose oldest waiting message is to be looked at. */
  readonly #awake: CausalNode<M>[] = []
  /** The highest number ever given to a message: numbers for a node new here begin above it. */
  #highest = 0
  #pending = 0
  #pendingBytes = 0
  readonly refusals = new Refusals()
  delivered = 0
  duplicates = 0

  constructor(self: string, options: Partial<CausalOptions> = {}) {
    this.#options = readOptions('causal', CAUSAL_FIELDS, options)
    this.#intern(this.#idOf(self))
  }

  get pending(): number {
    return this.#pending
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Entries that the next message would carry. */
  get entries(): number {
    return this.#underWay.count
  }

  /** Nodes it keeps a state of, itself included. */
  get nodes(): number {
    return this.#indices.size
  }

  step(event: CausalEvent<M>): readonly CausalEffect<M>[] {
    switch (event.type) {
      case 'send':
        return this.#onSend(event.to)
      case 'settled':
        return this.#onSettled(event.to, event.seq)
      case 'receive':
        return this.#onReceive(event)
      case 'gone':
        return this.#onGone(event.node)
      case 'back':
        return this.#onBack(event.node)
      case 'timer':
        return this.#onTimer()
      default:
        return unreachable(event)
    }
  }

  #onSend(to: string): readonly CausalEffect<M>[] {
    const node = this.#node(to)
    if (node === undefined) return this.#refuse('tooManyEntries', undefined)
    if (node.gone) return this.#refuse('gone', undefined)
    const own = this.#underWay.get(node.index, SELF) > 0 ? 1 : 0
    if (this.#underWay.count - own > this.#options.maxEntries) {
      return this.#refuse('tooManyEntries', undefined)
    }
    if (node.sent === 0) node.sent = node.settled = this.#highest
    const seq = ++node.sent
    if (seq > this.#highest) this.#highest = seq
    const clock = this.#encode(node, seq, own)
    this.#underWay.clearDestination(node.index)
    this.#underWay.set(node.index, SELF, seq)
    return [{ type: 'stamped', seq, clock }]
  }

  /** All that is under way, but for own messages to the very receiver: `seq` stands for those. */
  #encode(to: CausalNode<M>, seq: number, own: number): Uint8Array {
    const { height } = this.#underWay
    let rows = 0
    for (let i = 0; i < height; i++) {
      if (this.#underWay.countOf(i) - (i === to.index ? own : 0) > 0) rows++
    }
    this.#writer.begin(seq, to.settled, rows)
    for (let i = 0; i < height && rows > 0; i++) {
      const without = i === to.index ? own : 0
      const count = this.#underWay.countOf(i) - without
      if (count === 0) continue
      this.#writer.row(i, (this.#nodes[i] as CausalNode<M>).id, count)
      const row = this.#underWay.row(i)
      for (let sender = without; sender < row.length; sender++) {
        const latest = row[sender] as number
        if (latest === 0) continue
        this.#writer.entry(sender, (this.#nodes[sender] as CausalNode<M>).id, latest)
      }
    }
    return this.#writer.take()
  }

  #onSettled(to: string, seq: number): readonly CausalEffect<M>[] {
    const node = this.#find(to)
    if (node === undefined || !(seq <= node.sent)) return NO_EFFECTS
    // All before it were handed over there before it.
    if (seq > node.settled) node.settled = seq
    const latest = this.#underWay.get(node.index, SELF)
    if (latest > 0 && latest <= seq) this.#underWay.set(node.index, SELF, 0)
    return NO_EFFECTS
  }

  #onReceive(event: CausalEvent<M> & { type: 'receive' }): readonly CausalEffect<M>[] {
    const { from, message, bytes } = event
    const id = this.#idOf(from)
    if (this.#departed.has(id)) return this.#refuse('gone', message)
    const clock = decodeClock(event.clock, this.#options)
    if (typeof clock === 'string') return this.#refuse(clock, message)
    const node = this.#internAll(id, clock.nodes)
    if (node === undefined) return this.#refuse('tooManyEntries', message)
    const reason = node.index === SELF ? 'malformed' : this.#faultOf(clock)
    if (reason !== undefined) return this.#refuse(reason, message)
    const effects: CausalEffect<M>[] = []
    const order = node.stream(clock.floor, this.#options)
    for (const effect of order.step({ type: 'skip', next: clock.floor + 1 })) {
      if (effect.type === 'deliver') node.queue.push(effect.message)
    }
    if (clock.floor > node.passed) node.pass(clock.floor)
    const received = new Received(message, bytes, clock, this.#indices)
    const fits = clock.seq === order.next || this.#fits(bytes)
    if (!fits) return this.#refuse('full', message)
    this.#pending++
    this.#pendingBytes += bytes
    for (const effect of order.step({ type: 'message', seq: clock.seq, message: received, bytes })) {
      if (effect.type === 'deliver') node.queue.push(effect.message)
      else this.#undo(effect, effects)
    }
    this.#wake(node)
    this.#run(effects)
    return effects
  }

  #fits(bytes: number): boolean {
    const { pendingMessages, pendingBytes } = this.#options
    return this.#pending < pendingMessages && this.#pendingBytes + bytes <= pendingBytes
  }
}
