import { readOptions } from '../base/options.js'
import { unreachable } from '../base/unreachable.js'
import { STAMP_LIMIT } from '../wire/envelope-head.js'
import { type CausalClock, ClockWriter, decodeClock } from './causal-clock.js'
import {
  CAUSAL_FIELDS,
  type CausalEffect,
  type CausalEvent,
  type CausalOptions,
} from './causal-event.js'
import { Arrival, type CausalNode, GONE, LONG_GONE, PRESENT } from './causal-node.js'
import { CausalNodes, SELF } from './causal-nodes.js'
import { encodeClock } from './clock-of.js'
import { Dependencies } from './dependencies.js'
import { NO_EFFECTS, type RefusalReason, Refusals, type Stage } from './stage.js'

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
 * - to or from a node that departed, after `lingerMs`, if no waiting message names it.
 *
 * Of messages in a row to one node, between which nothing was learned, only the first says all that.
 *
 * Works over lossy links only together with acknowledgements: a lost message blocks its successors.
 */
export class Causal<M> implements Stage<CausalEvent<M>, CausalEffect<M>> {
  readonly #options: CausalOptions
  readonly #nodes: CausalNodes<M>
  readonly #underWay = new Dependencies()
  readonly #writer = new ClockWriter()
  /** Nodes whose oldest waiting message is to be looked at. */
  readonly #awake: CausalNode<M>[] = []
  /** The number of the latest own message. */
  #latest = 0
  /** Counts the changes of what is under way. */
  #changes = 0
  #pending = 0
  #pendingBytes = 0
  #lingering = false
  readonly refusals = new Refusals()
  delivered = 0
  duplicates = 0

  constructor(self: string, options: Partial<CausalOptions> = {}) {
    this.#options = readOptions('causal', CAUSAL_FIELDS, options)
    this.#nodes = new CausalNodes(self, this.#options.maxNodes)
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
    return this.#nodes.size
  }

  step(event: CausalEvent<M>): readonly CausalEffect<M>[] {
    switch (event.type) {
      case 'send':
        return this.#onSend(event.to, event.flow ?? 0, event.session ?? 0)
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

  /** The node of that name, for the short ways below; undefined while it is not known. */
  node(name: string): CausalNode<M> | undefined {
    return this.#nodes.find(name)
  }

  /**
   * Has a message to that node the same clock as the last one? That is on the same way and not settled, and
   * nothing was learned since. Then its number; else 0. `sendSame` makes it so.
   */
  nextSame(node: CausalNode<M>, flow: number, session: number): number {
    const same =
      node.unchanged === this.#changes &&
      node.sent > node.settled &&
      node.flow === flow &&
      node.session === session &&
      node.absence === PRESENT
    return same ? this.#latest + 1 : 0
  }

  /** The short way of `send`, right after `nextSame`. */
  sendSame(node: CausalNode<M>): void {
    const seq = ++this.#latest
    node.sent = seq
    this.#underWay.replace(node.index, SELF, seq)
    node.unchanged = ++this.#changes
  }

  #onSend(to: string, flow: number, session: number): readonly CausalEffect<M>[] {
    const node = this.#nodes.find(to) ?? this.#nodes.know(to, NO_IDS)
    if (node === undefined) return this.#refuse('tooManyEntries', undefined)
    if (node.absence !== PRESENT) return this.#refuse('gone', undefined)
    const after = node.sent
    if (this.nextSame(node, flow, session) > 0) {
      this.sendSame(node)
      return [{ type: 'stamped', seq: this.#latest, after, clock: undefined }]
    }
    const own = this.#underWay.get(node.index, SELF) > 0 ? 1 : 0
    if (this.#underWay.count - own > this.#options.maxEntries) {
      return this.#refuse('tooManyEntries', undefined)
    }
    const seq = ++this.#latest
    const clock = encodeClock(this.#writer, this.#underWay, this.#nodes, node, seq)
    if (clock.length > CLOCK_BYTES) return this.#refuse('tooManyEntries', undefined)
    node.sent = seq
    node.flow = flow
    node.session = session
    this.#underWay.clearDestination(node.index)
    this.#underWay.set(node.index, SELF, seq)
    node.unchanged = ++this.#changes
    return [{ type: 'stamped', seq, after, clock }]
  }

  #onSettled(to: string, seq: number): readonly CausalEffect<M>[] {
    const node = this.#nodes.find(to)
    if (node === undefined || !(seq <= node.sent)) return NO_EFFECTS
    // All before it were handed over there before it.
    if (seq > node.settled) node.settled = seq
    const latest = this.#underWay.get(node.index, SELF)
    if (latest > 0 && latest <= seq) {
      this.#underWay.set(node.index, SELF, 0)
      this.#changes++
    }
    return NO_EFFECTS
  }

  #onReceive(event: CausalEvent<M> & { type: 'receive' }): readonly CausalEffect<M>[] {
    const { from, message, bytes, same = false } = event
    const known = this.#nodes.find(from)
    if (known === undefined ? this.#nodes.hasDeparted(from) : known.absence !== PRESENT) {
      return this.#refuse('gone', message)
    }
    const id = known?.id ?? this.#nodes.idOf(from)
    const clock = decodeClock(event.clock, event.clockAt, id, this.#options, same)
    if (typeof clock === 'string') return this.#refuse(clock, message)
    if (same && clock.after === 0) return this.#refuse('malformed', message)
    const sender = this.#nodes.know(from, clock.nodes)
    if (sender === undefined) return this.#refuse('tooManyEntries', message)
    const nodes = [sender.index]
    for (let i = 1; i < clock.nodes.length; i++) {
      nodes.push(this.#nodes.indexOf(clock.nodes[i] as number))
    }
    const reason = this.#faultOf(sender.index, clock, nodes)
    if (reason !== undefined) return this.#refuse(reason, message)
    const effects: CausalEffect<M>[] = []
    this.#accept(sender, new Arrival(message, bytes, clock, nodes, same), effects)
    return effects
  }

  /** Nobody knows of messages of this node that it never sent, or lets one wait for itself. */
  #faultOf(from: number, clock: CausalClock, nodes: readonly number[]): RefusalReason | undefined {
    if (from === SELF) return 'malformed'
    for (let i = 0; i < clock.seqs.length; i++) {
      const sender = nodes[clock.senders[i] as number]
      if (sender === SELF && (clock.seqs[i] as number) > this.#latest) return 'neverSent'
      if (sender === from && nodes[clock.destinations[i] as number] === SELF) return 'malformed'
    }
    return undefined
  }

  /**
   * The short way of `receive` for what follows the message handed over last of its node, has the same
   * clock, and frees nothing: true, and it counts as handed over. The caller hands it over.
   */
  takesNext(from: CausalNode<M>, seq: number, after: number): boolean {
    const next =
      after === from.handed &&
      from.absence === PRESENT &&
      from.queue.size === 0 &&
      from.waiters.length === 0 &&
      from.order.passes(seq, after)
    if (!next) return false
    from.delivered = from.heard = from.handed = seq
    this.delivered++
    return true
  }

  #accept(sender: CausalNode<M>, arrival: Arrival<M>, effects: CausalEffect<M>[]): void {
    const { message, bytes, clock } = arrival
    const { seq, after } = clock
    const { pendingMessages, pendingBytes } = this.#options
    const fits = this.#pending < pendingMessages && this.#pendingBytes + bytes <= pendingBytes
    // What can be handed over at once is always taken: it may be what all others wait for.
    const inOrder = after <= sender.order.last && sender.queue.size === 0
    if (!fits && !(inOrder && this.#isReady(arrival))) {
      this.refusals.full++
      effects.push({ type: 'refused', reason: 'full', message })
      return
    }
    this.#pending++
    this.#pendingBytes += bytes
    if (sender.order.passes(seq, after)) {
      sender.queue.push(arrival)
      this.#run(sender, effects)
      return
    }
    const event = { type: 'message', seq, after, message: arrival, bytes } as const
    for (const effect of sender.order.step(event)) {
      if (effect.type === 'deliver') sender.queue.push(effect.message)
      else this.#drop(arrival, 'duplicate', effects)
    }
    this.#run(sender, effects)
  }

  #drop(of: Arrival<M>, reason: 'duplicate' | 'cleared', effects: CausalEffect<M>[]): void {
    this.#pending--
    this.#pendingBytes -= of.bytes
    if (reason === 'duplicate') this.duplicates++
    effects.push({ type: 'dropped', reason, message: of.message })
  }

  /** Hands over what this node's oldest message allows, and what that frees. */
  #run(first: CausalNode<M>, effects: CausalEffect<M>[]): void {
    if (first.waitsForSeq === 0) this.#awake.push(first)
    for (let node = this.#awake.pop(); node !== undefined; node = this.#awake.pop()) {
      for (let head = node.queue.peek(); head !== undefined; head = node.queue.peek()) {
        // Its turn has come: what was before it and is not here was given up.
        this.#pass(node, head.clock.seq - 1)
        if (head.same && head.clock.after !== node.handed) {
          // Its clock was that of a message that was given up, and it with that.
          node.queue.shift()
          this.#drop(head, 'cleared', effects)
          continue
        }
        if (!this.#isReady(head)) {
          this.#waitFor(node, head)
          break
        }
        node.queue.shift()
        this.#handOver(node, head, effects)
      }
    }
  }

  /** Looks at each entry once: what was handed over stays so. */
  #isReady(arrival: Arrival<M>): boolean {
    const { clock, nodes } = arrival
    for (; arrival.checked < clock.seqs.length; arrival.checked++) {
      const i = arrival.checked
      if (nodes[clock.destinations[i] as number] !== SELF) continue
      const sender = this.#nodes.at(nodes[clock.senders[i] as number] as number)
      if (sender === undefined || sender.absence !== PRESENT) continue
      if (sender.delivered < (clock.seqs[i] as number)) return false
    }
    return true
  }

  #waitFor(node: CausalNode<M>, head: Arrival<M>): void {
    const { clock, nodes, checked } = head
    const missing = this.#nodes.at(nodes[clock.senders[checked] as number] as number)
    missing?.waiters.push(node)
    node.waitsForSeq = clock.seqs[checked] as number
  }

  #handOver(node: CausalNode<M>, arrival: Arrival<M>, effects: CausalEffect<M>[]): void {
    const { message, bytes, clock } = arrival
    this.#pending--
    this.#pendingBytes -= bytes
    this.delivered++
    // What did not change was learned.
    if (arrival.same) node.heard = clock.seq
    else this.#learn(node, arrival)
    node.handed = clock.seq
    effects.push({ type: 'deliver', message })
    this.#pass(node, clock.seq)
  }

  /** Nothing up to this number is to come from the node any more. */
  #pass(node: CausalNode<M>, seq: number): void {
    if (seq <= node.delivered) return
    node.delivered = seq
    if (node.waiters.length > 0) this.#wakeWaiters(node)
  }

  /** What happened before the message happened before all that this node will send. */
  #learn(from: CausalNode<M>, { clock, nodes }: Arrival<M>): void {
    // What it no longer names of its own messages has arrived, or was given up.
    this.#underWay.clearSender(from.index)
    from.heard = clock.seq
    this.#changes++
    for (let i = 0; i < clock.seqs.length; i++) {
      const destination = nodes[clock.destinations[i] as number] as number
      const sender = nodes[clock.senders[i] as number] as number
      if (destination <= SELF || sender <= SELF) continue
      const seq = clock.seqs[i] as number
      // Of what is older than its last message to this node, the sender itself told more.
      if (sender !== from.index && seq <= (this.#nodes.at(sender)?.heard ?? 0)) continue
      this.#underWay.raise(destination, sender, seq)
    }
  }

  #wakeWaiters(of: CausalNode<M>): void {
    const { waiters } = of
    let kept = 0
    for (const waiter of waiters) {
      if (of.absence === PRESENT && waiter.waitsForSeq > of.delivered) waiters[kept++] = waiter
      else {
        waiter.waitsForSeq = 0
        this.#awake.push(waiter)
      }
    }
    waiters.length = kept
  }

  #onGone(name: string): readonly CausalEffect<M>[] {
    this.#nodes.depart(name)
    const node = this.#nodes.find(name)
    if (node === undefined || node.absence !== PRESENT) return NO_EFFECTS
    const effects: CausalEffect<M>[] = []
    node.absence = GONE
    node.settled = node.sent
    this.#underWay.set(node.index, SELF, 0)
    this.#changes++
    for (const effect of node.order.step({ type: 'clear' })) {
      this.#drop(effect.message, 'cleared', effects)
    }
    this.#wakeWaiters(node)
    this.#run(node, effects)
    if (!this.#lingering) effects.push(this.#linger())
    return effects
  }

  #onBack(name: string): readonly CausalEffect<M>[] {
    this.#nodes.comeBack(name)
    const node = this.#nodes.find(name)
    if (node !== undefined) node.absence = PRESENT
    return NO_EFFECTS
  }

  /** Forgets nodes that were gone at the last tick already, unless a waiting message names them. */
  #onTimer(): readonly CausalEffect<M>[] {
    this.#lingering = false
    const named = this.#nodes.namedByArrivals()
    let left = 0
    for (const node of this.#nodes.absent()) {
      if (node.absence === LONG_GONE && !named.has(node.index)) this.#forget(node)
      else left++
      node.absence = LONG_GONE
    }
    return left === 0 ? NO_EFFECTS : [this.#linger()]
  }

  #linger(): CausalEffect<M> {
    this.#lingering = true
    return { type: 'startTimer', delayMs: this.#options.lingerMs }
  }

  #forget(node: CausalNode<M>): void {
    this.#underWay.clearDestination(node.index)
    this.#underWay.clearSender(node.index)
    this.#changes++
    this.#nodes.forget(node)
  }

  #refuse(reason: RefusalReason, message: M | undefined): readonly CausalEffect<M>[] {
    this.refusals[reason]++
    return [{ type: 'refused', reason, message }]
  }
}

/** Fits into an envelope's stamp with what else belongs there. */
const CLOCK_BYTES = STAMP_LIMIT - 64
const NO_IDS: readonly number[] = []
