import { codeOf, type ErrorCode, TroupeError } from '../base/errors.js'
import { type DeliveryPlan, PLAIN } from '../delivery/delivery-plan.js'
import type { SeenSet } from '../delivery/durable-incoming.js'
import { DurableEntry } from '../delivery/durable-outgoing.js'
import type { Member } from '../overlay/overlay.js'
import { FULL, SENT, type SendOutcome, SLOW } from '../peer/transport.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import type { DurableFlow } from './durable-flow.js'
import type { DurableCounters, DurableGround } from './durable-ground.js'
import { numbered, plain, unnumbered, withLow } from './durable-message.js'
import { DurableShelf } from './durable-shelf.js'
import type { Journal } from './journal.js'
import { memberOf } from './route-message.js'
import { unknownNode } from './router.js'
import { bodyBytes } from './stored-envelope.js'

/** After a full window of acknowledged messages, in ms. */
const FULL_PAUSE_MS = 50
/** Where a node is searched, or there was no way, in ms. */
const SEEK_PAUSE_MS = 2_000

type Entry = DurableEntry<Envelope>

/** What this node sends on durable channels: numbered, stored, then sent until it is handled. */
export class DurableOutbox {
  readonly #ground: DurableGround
  readonly #journal: Journal
  readonly #counters: DurableCounters
  readonly #shelf: DurableShelf
  /** By node, and then by channel. */
  readonly #nodes = new Map<string, Map<string, DurableFlow>>()
  readonly #waiters: (() => void)[] = []
  /** Entries of all lines, asks that keep their place among them. */
  #entries = 0
  #bytes = 0
  #stopped = false

  constructor(ground: DurableGround, journal: Journal, counters: DurableCounters) {
    this.#ground = ground
    this.#journal = journal
    this.#counters = counters
    this.#shelf = new DurableShelf(ground, journal)
  }

  get waiting(): number {
    return this.#entries
  }

  get waitingBytes(): number {
    return this.#bytes
  }

  get resent(): number {
    let resent = 0
    for (const { out } of this.#flows()) resent += out.resent
    return resent
  }

  /** Takes up what earlier starts have left. @throws TroupeError ERR_STORE */
  async restore(keys: readonly string[]): Promise<void> {
    await this.#shelf.restore(keys, this.#counters, (flow, entries) => {
      this.#open(flow)
      for (const entry of entries) this.#add(flow, entry)
      this.#counters.restored += entries.length
    })
    for (const flow of this.#flows()) this.#watchExpiry(flow)
  }

  /** @throws TroupeError ERR_STORE, ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, ERR_UNKNOWN_NODE for asks */
  send(node: string, channel: number, envelope: Envelope, plan: DeliveryPlan): SendOutcome {
    if (this.#journal.failing) {
      this.#counters.notStored++
      throw new TroupeError('ERR_STORE', 'the store of durable messages has just failed')
    }
    const flow = this.#flow(node, channel)
    const { kind } = envelope
    const durable = kind === ENVELOPE.TELL || kind === ENVELOPE.FORWARD
    return durable ? this.#store(flow, envelope, plan) : this.#pass(flow, envelope, plan)
  }

  #store(flow: DurableFlow, envelope: Envelope, plan: DeliveryPlan): SendOutcome {
    const { outbox } = this.#shelf
    const { epoch, next: seq } = flow
    const message = numbered(envelope, { outbox, epoch, seq }, this.#ground.codec)
    const bytes = bodyBytes(message)
    if (!this.#hasRoom(bytes)) return FULL
    const incarnation = this.#boundTo(flow.node, envelope)
    const expiresAtMs = this.#wallMs() + plan.expireAfterMs
    const entry = new DurableEntry(seq, message, bytes, incarnation, expiresAtMs, false)
    flow.next++
    this.#add(flow, entry)
    this.#shelf.put(flow, entry, (error) => this.#stored(flow, entry, error))
    if (plan.expireAfterMs < Number.POSITIVE_INFINITY) this.#watchExpiry(flow)
    return this.#isCongested ? SLOW : SENT
  }

  /** An ask is not kept, as its asker is not; it waits for its turn behind what was told before. */
  #pass(flow: DurableFlow, envelope: Envelope, plan: DeliveryPlan): SendOutcome {
    const { node, channel } = flow
    const member = this.#ground.member(node)
    if (member === undefined) throw unknownNode(node)
    this.#pump(flow)
    if (flow.out.waiting === 0) {
      return this.#ground.send(node, channel, envelope, { ...plan, durable: false })
    }
    if (!this.#hasRoom(0)) return FULL
    const expiresAtMs = this.#wallMs() + plan.expireAfterMs
    this.#add(flow, new DurableEntry(0, envelope, 0, member.incarnation, expiresAtMs, true))
    return this.#isCongested ? SLOW : SENT
  }

  /** Resolves when so little waits that more may follow. */
  async ready(): Promise<void> {
    if (!this.#isCongested) return
    while (!this.#stopped && !this.#isRelieved) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  /** True while something for that node waits. */
  holds(node: string): boolean {
    for (const { out } of this.#to(node)) if (out.pending > 0) return true
    return false
  }

  /** A node can be reached, or a newer start of it is known. */
  reached(node: string): void {
    for (const flow of this.#to(node)) this.#pump(flow)
  }

  /** Somebody took it out of the membership: nobody waits for it any more. */
  left(node: string): void {
    for (const flow of this.#to(node)) {
      for (const entry of flow.out.all()) this.#giveUp(flow, entry, goneError(node))
    }
  }

  /** The stages below gave a message up. */
  undelivered(to: Member, channel: string, envelope: Envelope, reason: TroupeError): void {
    const flow = this.#nodes.get(to.name)?.get(channel)
    if (flow === undefined || reason.code === 'ERR_NODE_STOPPED') return
    if (reason.code === 'ERR_EXPIRED' || reason.code === 'ERR_TOO_LARGE') {
      const seq = this.#numberOf(envelope)
      const entry = seq === undefined ? undefined : flow.out.sent(seq)
      if (entry !== undefined) this.#giveUp(flow, entry, reason)
      return
    }
    flow.out.lost()
    this.#later(flow, FULL_PAUSE_MS)
  }

  acknowledged(from: Member, seen: SeenSet): void {
    if (seen.outbox !== this.#shelf.outbox) return
    for (const flow of this.#to(from.name)) {
      if (flow.epoch !== seen.epoch) continue
      for (const entry of flow.out.acknowledged(seen)) {
        this.#counters.acknowledged++
        this.#shelf.erase(flow, entry)
        this.#forget(entry)
      }
      this.#wake()
      this.#pump(flow)
    }
  }

  stop(): void {
    this.#stopped = true
    for (const flow of this.#flows()) flow.stop()
    this.#wake()
  }

  *#flows(): Iterable<DurableFlow> {
    for (const flows of this.#nodes.values()) yield* flows.values()
  }

  #to(node: string): Iterable<DurableFlow> {
    return this.#nodes.get(node)?.values() ?? []
  }

  #flow(node: string, channel: number): DurableFlow {
    const name = this.#ground.channels.name(channel)
    return this.#nodes.get(node)?.get(name) ?? this.#open(this.#shelf.open(node, channel))
  }

  #open(flow: DurableFlow): DurableFlow {
    const { node, channelName } = flow
    const flows = this.#nodes.get(node)
    if (flows === undefined) this.#nodes.set(node, new Map([[channelName, flow]]))
    else flows.set(channelName, flow)
    return flow
  }

  #add(flow: DurableFlow, entry: Entry): void {
    flow.out.add(entry)
    this.#entries++
    this.#bytes += entry.bytes
  }

  #forget(entry: Entry): void {
    this.#entries--
    this.#bytes -= entry.bytes
  }

  /** What has a number and no name there is known to one start of its node only. */
  #boundTo(node: string, { to }: Envelope): string {
    return typeof to === 'number' ? (this.#ground.member(node)?.incarnation ?? '?') : ''
  }

  #stored(flow: DurableFlow, entry: Entry, error: TroupeError | undefined): void {
    if (error === undefined) {
      entry.stored = true
      this.#counters.stored++
    } else if (!entry.over) {
      this.#counters.notStored++
      this.#giveUp(flow, entry, error)
    }
    this.#pump(flow)
  }

  #pump(flow: DurableFlow): void {
    if (flow.pumping || this.#stopped) return
    flow.pumping = true
    try {
      const member = this.#ground.member(flow.node)
      if (member === undefined) this.#seek(flow)
      else {
        for (const dead of flow.out.reach(member.incarnation)) {
          this.#giveUp(flow, dead, goneError(flow.node), true)
        }
        for (let entry = flow.out.next(); entry !== undefined; entry = flow.out.next()) {
          if (!this.#dispatch(flow, entry)) break
        }
      }
    } finally {
      flow.pumping = false
    }
  }

  #seek(flow: DurableFlow): void {
    if (flow.out.idle) return
    this.#ground.seek(flow.node)
    this.#later(flow, SEEK_PAUSE_MS)
  }

  #later(flow: DurableFlow, delayMs: number): void {
    if (this.#stopped) return
    flow.retry ??= this.#ground.clock.after(
      delayMs,
      () => {
        flow.retry = undefined
        this.#pump(flow)
      },
      true,
    )
  }

  /** False: not now. */
  #dispatch(flow: DurableFlow, entry: Entry): boolean {
    const leftMs = entry.expiresAtMs - this.#wallMs()
    if (leftMs <= 0) {
      this.#giveUp(flow, entry, expiredError(flow.node), true)
      return true
    }
    const { out, node, channel } = flow
    const message = entry.seq === 0 ? entry.message : withLow(entry.message, out.low)
    try {
      const outcome = this.#ground.send(node, channel, message, {
        ...RELIABLE,
        expireAfterMs: leftMs,
      })
      if (outcome === FULL) {
        this.#later(flow, FULL_PAUSE_MS)
        return false
      }
    } catch (error) {
      return this.#notSent(flow, entry, error)
    }
    out.took()
    if (entry.seq === 0) this.#forget(entry)
    return true
  }

  #notSent(flow: DurableFlow, entry: Entry, error: unknown): boolean {
    const code = codeOf(error)
    if (entry.seq > 0 && code !== 'ERR_TOO_LARGE' && code !== 'ERR_NOT_SERIALIZABLE') {
      this.#later(flow, SEEK_PAUSE_MS)
      return false
    }
    this.#giveUp(flow, entry, error as TroupeError, true)
    return true
  }

  /** `ended`: the flow may have let go of it already. */
  #giveUp(flow: DurableFlow, entry: Entry, reason: TroupeError, ended = false): void {
    if (entry.over && !ended) return
    flow.out.end(entry)
    this.#forget(entry)
    const { node, channelName } = flow
    const to = this.#ground.member(node) ?? memberOf(node, '', 0)
    if (entry.seq === 0) {
      this.#ground.undelivered(to, channelName, entry.message, reason)
      return
    }
    this.#shelf.erase(flow, entry)
    if (reason.code === 'ERR_EXPIRED') this.#counters.expired++
    else if (reason.code === 'ERR_NODE_DOWN') this.#counters.abandoned++
    const read = this.#read(entry.message)
    if (read === undefined) return
    this.#ground.undelivered(to, channelName, plain(entry.message, read, 0), reason)
  }

  #read(message: Envelope): ReturnType<typeof unnumbered> {
    try {
      return unnumbered(message, this.#ground.codec)
    } catch {
      return undefined
    }
  }

  #numberOf(envelope: Envelope): number | undefined {
    return this.#read(envelope)?.number.seq
  }

  #watchExpiry(flow: DurableFlow): void {
    const { expiresAtMs } = flow.out
    if (this.#stopped || expiresAtMs === Number.POSITIVE_INFINITY) return
    flow.expiry ??= this.#ground.clock.after(
      Math.min(Math.max(1, expiresAtMs - this.#wallMs()), LONGEST_MS),
      () => {
        flow.expiry = undefined
        for (const entry of flow.out.overdue(this.#wallMs())) {
          this.#giveUp(flow, entry, expiredError(flow.node), true)
        }
        this.#watchExpiry(flow)
        this.#wake()
      },
      true,
    )
  }

  #hasRoom(bytes: number): boolean {
    const { maxMessages, maxBytes } = this.#ground.options
    return this.#entries < maxMessages && (this.#bytes === 0 || this.#bytes + bytes <= maxBytes)
  }

  get #isCongested(): boolean {
    const { maxMessages, maxBytes } = this.#ground.options
    return 2 * this.#entries > maxMessages || 2 * this.#bytes > maxBytes
  }

  get #isRelieved(): boolean {
    const { maxMessages, maxBytes } = this.#ground.options
    return 4 * this.#entries <= maxMessages && 4 * this.#bytes <= maxBytes
  }

  #wake(): void {
    if (!this.#stopped && !this.#isRelieved) return
    for (const resolve of this.#waiters.splice(0)) resolve()
  }

  #wallMs(): number {
    return this.#ground.clock.wallMs()
  }
}

/** How what is stored travels: acknowledged, in the order of its key, from one start to one start. */
const RELIABLE: DeliveryPlan = Object.freeze({ ...PLAIN, acknowledged: true })
/** What a timer takes. */
const LONGEST_MS = 2 ** 31 - 1

const failure = (code: ErrorCode, detail: string): TroupeError => new TroupeError(code, detail)

const goneError = (node: string): TroupeError =>
  failure('ERR_NODE_DOWN', `node ${node} had not handled a message before it was gone`)

const expiredError = (node: string): TroupeError =>
  failure('ERR_EXPIRED', `node ${node} had not handled a message in its time`)
