import { TroupeError } from '../base/errors.js'
import { type DeliveryPlan, PLAIN } from '../delivery/delivery-plan.js'
import { DurableIncoming, readSeenSet, type SeenSet } from '../delivery/durable-incoming.js'
import type { Member } from '../overlay/overlay.js'
import { FULL } from '../peer/transport.js'
import { ENVELOPE, Envelope } from '../wire/envelope.js'
import type { Timer } from '../world/clock.js'
import type { DurableCounters, DurableGround } from './durable-ground.js'
import { plain, type Unnumbered, unnumbered } from './durable-message.js'
import type { Journal } from './journal.js'
import { TwinRecord } from './record.js'

const SEEN = 'durable/seen/'
/** Flows of one node: its channels, and numberings of before. */
const FLOWS_PER_NODE = 128
/** After a write that failed, or an acknowledgement that had no way, in ms. */
const PAUSE_MS = 1_000
/** How often what is long gone is looked for, in ms. */
const SWEEP_MS = 60 * 60 * 1_000

/** The durable messages of one other node in one numbering. */
class Sender {
  readonly node: string
  readonly incoming: DurableIncoming
  readonly record: TwinRecord
  channel: number
  heardAtMs: number
  /** What the store has. */
  stored: SeenSet | undefined
  writing = false
  ackDue = false
  /** It had no way. */
  ackOwed = false

  constructor(
    node: string,
    incoming: DurableIncoming,
    record: TwinRecord,
    channel: number,
    heardAtMs: number,
  ) {
    this.node = node
    this.incoming = incoming
    this.record = record
    this.channel = channel
    this.heardAtMs = heardAtMs
    this.stored = undefined
  }
}

/** A message that was handed over and is not handled yet. */
interface Receipt {
  readonly sender: Sender
  readonly seq: number
  readonly incarnation: string
}

/** What comes on durable channels: handed over once, and remembered once it is handled. */
export class DurableInbox {
  readonly #ground: DurableGround
  readonly #journal: Journal
  readonly #counters: DurableCounters
  /** By node, and then by outbox and epoch. */
  readonly #nodes = new Map<string, Map<string, Sender>>()
  readonly #receipts = new Map<number, Receipt>()
  readonly #timers = new Set<Timer>()
  #lastReceipt = 0
  #size = 0
  #stopped = false

  constructor(ground: DurableGround, journal: Journal, counters: DurableCounters) {
    this.#ground = ground
    this.#journal = journal
    this.#counters = counters
  }

  get running(): number {
    return this.#receipts.size
  }

  get senders(): number {
    return this.#size
  }

  /** @throws TroupeError ERR_STORE */
  async restore(keys: readonly string[]): Promise<void> {
    const { store, codec } = this.#ground
    const own = keys.filter((key) => key.startsWith(SEEN))
    for (const key of new Set(own.map((place) => place.slice(0, -2)))) {
      const { record, value } = await TwinRecord.read(
        store as NonNullable<typeof store>,
        codec,
        key,
      )
      const [node = ''] = key.slice(SEEN.length).split('/')
      const seen = readSeenSet(value)
      if (seen === undefined || node === '') {
        this.#counters.damaged++
        this.#ground.logger.warn({ key }, 'a record of durable messages is damaged')
        continue
      }
      const heardAtMs = Number((value as unknown[])[4]) || 0
      const sender = new Sender(node, DurableIncoming.of(seen), record, 0, heardAtMs)
      sender.stored = seen
      this.#keep(sender)
    }
    this.#sweep()
  }

  /** False: it is to come again. */
  receive(from: Member, channel: number, envelope: Envelope): boolean {
    const read = this.#read(from, envelope)
    const sender = read && this.#sender(from.name, channel, read)
    if (read === undefined || sender === undefined) {
      this.#counters.refused++
      return read === undefined
    }
    const { seq } = read.number
    switch (sender.incoming.arrived(seq, envelope.callId)) {
      case 'new':
        return this.#hand(from, channel, sender, plain(envelope, read, ++this.#lastReceipt), seq)
      case 'handled':
        this.#counters.duplicates++
        this.#ackSoon(sender)
        return true
      case 'running':
        this.#counters.duplicates++
        return true
      default:
        this.#counters.refused++
        this.#ground.badMessage(from.name, `durable message ${seq} is far ahead`)
        return true
    }
  }

  #hand(from: Member, channel: number, sender: Sender, message: Envelope, seq: number): boolean {
    const receipt = message.callId
    this.#receipts.set(receipt, { sender, seq, incarnation: from.incarnation })
    const taken = this.#ground.take(from, channel, message)
    if (!taken) {
      this.#receipts.delete(receipt)
      sender.incoming.returned(seq)
    }
    return taken
  }

  /** The message with that receipt is handled; `incarnation` is that of its sender. */
  handled(receipt: number, incarnation: string): void {
    const known = this.#receipts.get(receipt)
    if (known === undefined || known.incarnation !== incarnation) return
    this.#receipts.delete(receipt)
    this.#counters.handled++
    known.sender.incoming.handled(known.seq)
    this.#write(known.sender)
  }

  /** Its way is open: what could not be told is told. */
  reached(node: string): void {
    for (const sender of this.#of(node)) if (sender.ackOwed) this.#ackSoon(sender)
  }

  /** The stages below gave an acknowledgement up. */
  unacknowledged(node: string): void {
    for (const sender of this.#of(node)) sender.ackOwed = true
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }

  #read(from: Member, envelope: Envelope): Unnumbered | undefined {
    let detail = 'a durable message is malformed'
    try {
      const read = unnumbered(envelope, this.#ground.codec)
      if (read !== undefined) return read
    } catch (error) {
      detail = `a durable message: ${(error as Error).message}`
    }
    this.#ground.badMessage(from.name, detail)
    return undefined
  }

  #of(node: string): Iterable<Sender> {
    return this.#nodes.get(node)?.values() ?? []
  }

  /** Undefined when no more may be remembered. */
  #sender(node: string, channel: number, { number }: Unnumbered): Sender | undefined {
    const { outbox, epoch } = number
    const key = `${outbox}/${epoch}`
    let sender = this.#nodes.get(node)?.get(key)
    if (sender === undefined) {
      if (!this.#makeRoom(node)) return undefined
      const record = new TwinRecord(`${SEEN}${node}/${key}`)
      sender = new Sender(node, new DurableIncoming(outbox, epoch), record, channel, 0)
      this.#keep(sender)
    }
    sender.channel = channel
    sender.heardAtMs = this.#ground.clock.wallMs()
    return sender
  }

  #keep(sender: Sender): void {
    const { node, incoming } = sender
    const key = `${incoming.outbox}/${incoming.epoch}`
    const senders = this.#nodes.get(node)
    if (senders === undefined) this.#nodes.set(node, new Map([[key, sender]]))
    else senders.set(key, sender)
    this.#size++
  }

  /** A node may forget its own numberings of before, and never those of another that is there. */
  #makeRoom(node: string): boolean {
    const own = this.#nodes.get(node)
    if (own !== undefined && own.size >= FLOWS_PER_NODE) return this.#forgetOne([...own.values()])
    if (this.#size < this.#ground.options.maxSenders) return true
    const gone: Sender[] = []
    for (const [name, senders] of this.#nodes) {
      if (this.#ground.member(name) === undefined) gone.push(...senders.values())
    }
    return this.#forgetOne(gone)
  }

  /** The one that is silent for longest. */
  #forgetOne(among: readonly Sender[]): boolean {
    const idle = among.filter(({ incoming }) => incoming.running === 0)
    const [first, ...rest] = idle
    if (first === undefined) return false
    this.#forget(rest.reduce((old, one) => (one.heardAtMs < old.heardAtMs ? one : old), first))
    return true
  }

  #forget(sender: Sender): void {
    const { node, incoming, record } = sender
    const senders = this.#nodes.get(node)
    if (!senders?.delete(`${incoming.outbox}/${incoming.epoch}`)) return
    if (senders.size === 0) this.#nodes.delete(node)
    this.#size--
    for (const place of record.places) this.#journal.erase(place)
  }

  /** Forgets who was not heard of for long and is no member. */
  #sweep(): void {
    const { clock, options } = this.#ground
    const before = clock.wallMs() - options.keepSeenMs
    for (const [node, senders] of this.#nodes) {
      if (this.#ground.member(node) !== undefined) continue
      for (const sender of [...senders.values()]) {
        if (sender.heardAtMs < before && sender.incoming.running === 0) this.#forget(sender)
      }
    }
    this.#after(Math.min(SWEEP_MS, options.keepSeenMs), () => this.#sweep())
  }

  /** One record stands for all that is handled until its group is written. */
  #write(sender: Sender): void {
    if (sender.writing) return
    sender.writing = true
    let seen: SeenSet | undefined
    this.#journal.write({
      make: () => {
        sender.writing = false
        seen = sender.incoming.seen()
        const { outbox, epoch, floor, ranges } = seen
        const value = [outbox, epoch, floor, ranges, sender.heardAtMs]
        return [sender.record.next(this.#ground.codec, value)]
      },
      done: (error) => {
        if (error === undefined) {
          sender.stored = seen
          this.#acknowledge(sender)
          return
        }
        sender.record.failed()
        this.#after(PAUSE_MS, () => this.#write(sender))
      },
    })
  }

  #ackSoon(sender: Sender): void {
    if (sender.ackDue || sender.stored === undefined) return
    sender.ackDue = true
    this.#ground.turn.micro(() => {
      sender.ackDue = false
      this.#acknowledge(sender)
    })
  }

  #acknowledge(sender: Sender): void {
    const { node, channel, stored } = sender
    if (this.#stopped || stored === undefined) return
    const args = [stored.outbox, stored.epoch, stored.floor, stored.ranges]
    const envelope = new Envelope(ENVELOPE.DURABLE_ACK, 0, '', 0, 0, args, undefined, undefined)
    try {
      sender.ackOwed = this.#ground.send(node, channel, envelope, ANY_ORDER) === FULL
    } catch (error) {
      if (!(error instanceof TroupeError)) throw error
      sender.ackOwed = true
      return
    }
    if (sender.ackOwed) this.#after(PAUSE_MS, () => this.#ackSoon(sender))
  }

  #after(delayMs: number, run: () => void): void {
    if (this.#stopped) return
    const timer = this.#ground.clock.after(
      delayMs,
      () => {
        this.#timers.delete(timer)
        run()
      },
      true,
    )
    this.#timers.add(timer)
  }
}

/** How acknowledgements travel: each of them tells all. */
const ANY_ORDER: DeliveryPlan = Object.freeze({ ...PLAIN, acknowledged: true, inOrder: false })
