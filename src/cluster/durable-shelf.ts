import { TroupeError } from '../base/errors.js'
import { isCount, isOutbox } from '../delivery/durable-incoming.js'
import { DurableEntry } from '../delivery/durable-outgoing.js'
import type { Envelope } from '../wire/envelope.js'
import type { Entropy } from '../world/entropy.js'
import type { Store } from '../world/store.js'
import { DurableFlow } from './durable-flow.js'
import type { DurableCounters, DurableGround } from './durable-ground.js'
import { keeping, kept } from './durable-message.js'
import type { Journal } from './journal.js'
import { sealed, TwinRecord, unsealed } from './record.js'
import { bodyBytes } from './stored-envelope.js'

/** Its identity: which outbox this is, and the last epoch it has given out. */
const OUTBOX = 'durable/outbox'
/** One record a flow. */
const FLOWS = 'durable/flow/'
/** One record a message. */
const MESSAGES = 'durable/out/'
/**
 * So many numbers are given out before the store is asked once more. What is left of them when a node
 * ends is a gap, and gaps count for the span of a window.
 */
const BLOCK = 256
/** As a number in a key, so that keys sort as numbers do. */
const DIGITS = 16

type Entry = DurableEntry<Envelope>

/**
 * Where an outbox lies in the store. A number is never used twice, whatever a crash takes away: blocks
 * of them are reserved, and a start goes on behind the last block.
 */
export class DurableShelf {
  /** 16 hex digits, drawn at the first start with this store. */
  outbox = ''
  readonly #ground: DurableGround
  readonly #journal: Journal
  #record = new TwinRecord(OUTBOX)
  #epoch = 0
  /** As far as is asked of the store, and as far as that has it. */
  #epochStoring = 0
  #epochStored = 0

  constructor(ground: DurableGround, journal: Journal) {
    this.#ground = ground
    this.#journal = journal
  }

  /** @throws TroupeError ERR_STORE */
  async restore(
    keys: readonly string[],
    counters: DurableCounters,
    found: (flow: DurableFlow, entries: readonly Entry[]) => void,
  ): Promise<void> {
    const { store, codec, entropy } = this.#ground
    if (store === undefined) return
    if (!keys.some((key) => key.startsWith(OUTBOX))) {
      this.outbox = newOutbox(entropy)
      return
    }
    const { record, value } = await TwinRecord.read(store, codec, OUTBOX)
    this.#record = record
    const [outbox, epoch] = Array.isArray(value) ? (value as unknown[]) : []
    if (isOutbox(outbox) && isCount(epoch)) {
      this.outbox = outbox
      this.#epoch = this.#epochStoring = this.#epochStored = epoch
    } else this.outbox = newOutbox(entropy)
    const flows = await this.#flows(store, keys)
    const entries = await this.#entries(store, keys, flows, counters)
    for (const [name, flow] of flows) {
      const waiting = entries.get(name) ?? []
      if (waiting.length > 0) found(flow, waiting)
      // Its next numbering has another epoch.
      else for (const place of flow.record.places) await store.delete(place)
    }
    await store.sync()
  }

  /** A flow to which nothing was sent before, or all of it was settled. */
  open(node: string, channel: number): DurableFlow {
    const epoch = ++this.#epoch
    const { channels, options } = this.#ground
    const name = channels.name(channel)
    const record = new TwinRecord(FLOWS + DurableFlow.nameOf(node, name))
    return new DurableFlow(node, channel, name, epoch, record, options.windowMessages)
  }

  put(flow: DurableFlow, entry: Entry, done: (error: TroupeError | undefined) => void): void {
    if (flow.epoch > this.#epochStoring) this.#identify()
    if (entry.seq > flow.reserving) this.#reserve(flow)
    const { codec } = this.#ground
    this.#journal.write({
      make: () => {
        const { message, incarnation, expiresAtMs } = entry
        const value = sealed(codec, keeping(message, incarnation, expiresAtMs))
        return [{ key: keyOf(flow, entry), value }]
      },
      done: (error) => {
        const safe = entry.seq <= flow.reserved && flow.epoch <= this.#epochStored
        done(error ?? (safe ? undefined : new TroupeError('ERR_STORE', 'its number is not stored')))
      },
    })
  }

  erase(flow: DurableFlow, entry: Entry): void {
    this.#journal.erase(keyOf(flow, entry))
  }

  #identify(): void {
    const before = this.#epochStoring
    const epoch = this.#epoch
    this.#epochStoring = epoch
    const { codec } = this.#ground
    this.#journal.write({
      make: () => [this.#record.next(codec, [this.outbox, epoch])],
      done: (error) => {
        if (error === undefined) {
          this.#epochStored = epoch
          return
        }
        this.#record.failed()
        if (this.#epochStoring === epoch) this.#epochStoring = before
      },
    })
  }

  #reserve(flow: DurableFlow): void {
    const before = flow.reserving
    const to = flow.next + BLOCK
    flow.reserving = to
    const { codec } = this.#ground
    this.#journal.write({
      make: () => [flow.record.next(codec, [this.outbox, flow.epoch, to])],
      done: (error) => {
        if (error === undefined) {
          flow.reserved = to
          return
        }
        flow.record.failed()
        if (flow.reserving === to) flow.reserving = before
      },
    })
  }

  async #flows(store: Store, keys: readonly string[]): Promise<Map<string, DurableFlow>> {
    const { codec, channels, logger, options } = this.#ground
    const flows = new Map<string, DurableFlow>()
    const own = keys.filter((key) => key.startsWith(FLOWS))
    const names = new Set(own.map((key) => key.slice(FLOWS.length, -2)))
    for (const name of names) {
      const { record, value } = await TwinRecord.read(store, codec, FLOWS + name)
      const [outbox, epoch, reserved] = Array.isArray(value) ? (value as unknown[]) : []
      if (outbox !== this.outbox || !isCount(epoch) || !isCount(reserved)) continue
      const at = name.indexOf('/')
      const node = name.slice(0, at)
      const channelName = decodeURIComponent(name.slice(at + 1))
      const channel = channels.find(channelName)
      if (channel === undefined) {
        logger.warn({ node, channel: channelName }, 'durable messages wait for a channel')
        continue
      }
      const { windowMessages } = options
      flows.set(
        name,
        new DurableFlow(node, channel, channelName, epoch, record, windowMessages, reserved),
      )
    }
    return flows
  }

  /** The messages of each flow, the oldest first. */
  async #entries(
    store: Store,
    keys: readonly string[],
    flows: ReadonlyMap<string, DurableFlow>,
    counters: DurableCounters,
  ): Promise<Map<string, Entry[]>> {
    const entries = new Map<string, Entry[]>()
    for (const key of keys) {
      if (!key.startsWith(MESSAGES)) continue
      const name = key.slice(MESSAGES.length, key.lastIndexOf('/'))
      const channelName = decodeURIComponent(name.slice(name.indexOf('/') + 1))
      if (this.#ground.channels.find(channelName) === undefined) continue
      const entry = await this.#entry(store, key)
      const flow = flows.get(name)
      if (entry === undefined || flow === undefined || entry.seq > flow.reserved) {
        counters.damaged++
        this.#ground.logger.warn({ key }, 'a durable message is damaged and not sent')
        await store.delete(key)
        continue
      }
      const known = entries.get(name)
      if (known === undefined) entries.set(name, [entry])
      else known.push(entry)
    }
    return entries
  }

  async #entry(store: Store, key: string): Promise<Entry | undefined> {
    const seq = Number(key.slice(-DIGITS))
    const bytes = await store.get(key)
    const read = bytes && kept(unsealed(this.#ground.codec, bytes))
    if (read === undefined || !isCount(seq)) return undefined
    const { message, incarnation, expiresAtMs } = read
    return new DurableEntry(seq, message, bodyBytes(message), incarnation, expiresAtMs, true)
  }
}

const newOutbox = (entropy: Entropy): string => Buffer.from(entropy.bytes(8)).toString('hex')

const keyOf = (flow: DurableFlow, { seq }: Entry): string =>
  `${MESSAGES}${flow.name}/${String(seq).padStart(DIGITS, '0')}`
