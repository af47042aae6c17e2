import { TroupeError } from '../base/errors.js'
import { type Fields, integer, isObject, oneOf, readOptions, show } from '../base/options.js'
import { ChannelCounters } from './channel-counters.js'
import type { CreditWindow } from './credit.js'
import type { ChannelStats } from './transport.js'

/** As much of a lane as is needed to add up what waits. */
interface QueuedLane {
  readonly index: number
  readonly queuedBytes: number
  readonly queuedMessages: number
  readonly heldBytes: number
  readonly heldMessages: number
}

/** What two nodes tell each other about their channels. */
export interface ChannelOffer {
  /** Declared channels and the connections wished for each. */
  readonly channels: readonly (readonly [name: string, connections: number])[]
  /** The credit of those where it is not the default. */
  readonly credit: readonly (readonly [name: string, messages: number, bytes: number])[]
}

/** Of a peer that has told nothing yet. */
export const NO_OFFER: ChannelOffer = { channels: [], credit: [] }

/** What a lane does with one message more than it may hold. */
export type LanePolicy = 'fail' | 'dropOldest' | 'dropNewest' | 'wait'

export interface ChannelOptions {
  /** Connections to each peer, 1 to 64; the larger wish of two nodes counts. Default 1. */
  readonly connections: number
  /**
   * At the lane's hard bound: `fail` refuses the new message, `dropNewest` takes and drops it,
   * `dropOldest` makes room for it. Dropped ones become dead letters. With `wait` asks wait for room
   * until their deadline, and tells are refused. Default `fail`.
   */
  readonly policy: LanePolicy
  /**
   * Writes of at least so many bytes are compressed: the small messages of a turn together, large ones piece by
   * piece. It costs the event loop about 1 ms for 100 KB, and is given up for a while where it saves less than a tenth.
   * 0 (default): nothing is. What this node sends counts; others read it without an option.
   * Not for secrets beside text that somebody else chooses: under TLS, too, the size of what is written tells how alike they are.
   */
  readonly compressFromBytes: number
  /**
   * Messages (tells, asks, forwards without delivery stages) that may be under way on each lane to a peer before
   * that has granted credit for them; more wait in the sender's lane. While an actor there is behind with half of its mailbox none is granted:
   * so much more can still come. Larger ones keep far links busy, smaller ones spare small mailboxes.
   * The smaller wish of two nodes counts. Default 16,384.
   */
  readonly creditMessages: number
  /** The same in bytes; the last message may exceed it. Default 64 MiB. */
  readonly creditBytes: number
}

/** Heartbeats and control frames; never data. */
export const MEMBERSHIP = 0
export const MEMBERSHIP_NAME = 'membership'
/** Where messages travel that name no channel. */
export const DEFAULT_CHANNEL = 1
export const MAX_CHANNELS = 64
export const MAX_LANES = 64
const MAX_NAME_CHARS = 64

const FIELDS: Fields<ChannelOptions> = {
  connections: { fallback: 1, check: integer(1, MAX_LANES) },
  policy: { fallback: 'fail', check: oneOf('fail', 'dropOldest', 'dropNewest', 'wait') },
  compressFromBytes: { fallback: 0, check: integer(0) },
  creditMessages: { fallback: 16_384, check: integer(1) },
  creditBytes: { fallback: 64 * 1024 * 1024, check: integer(1) },
}

/** The names of all options of a channel in this room. */
export const CHANNEL_OPTIONS: readonly string[] = Object.keys(FIELDS)

/**
 * The channels of one node by index: `membership`, `default`, then the user's in the order they were
 * declared, then those that peers brought. A channel's index is this node's own and never travels;
 * names do.
 */
export class ChannelTable {
  readonly #names: string[] = []
  readonly #options: ChannelOptions[] = []
  readonly #counters: ChannelCounters[] = []
  readonly #indices = new Map<string, number>()
  /** How many of them this node declared itself; the rest was brought by peers. */
  readonly declared: number

  /** @throws TroupeError ERR_BAD_OPTION */
  constructor(given: Readonly<Record<string, Partial<ChannelOptions>>> = {}, of = 'channels') {
    const table = isObject<Record<string, unknown>>()
    if (!table.test(given)) {
      throw new TroupeError('ERR_BAD_OPTION', `${of} must be ${table.text}, got ${show(given)}`)
    }
    const { default: plain, ...others } = given
    if (Object.hasOwn(others, 'membership')) {
      throw new TroupeError('ERR_BAD_OPTION', `${of}.membership is reserved for the runtime`)
    }
    this.#add(MEMBERSHIP_NAME, readOptions(of, FIELDS, {}))
    this.#add('default', readOptions(`${of}.default`, FIELDS, plain))
    for (const [name, options] of Object.entries(others)) {
      if (!isChannelName(name)) {
        throw new TroupeError(
          'ERR_BAD_OPTION',
          `${of}: a channel's name must have 1 to ${MAX_NAME_CHARS} characters, got ${show(name)}`,
        )
      }
      this.#add(name, readOptions(`${of}.${name}`, FIELDS, options))
    }
    if (this.#names.length > MAX_CHANNELS) {
      throw new TroupeError(
        'ERR_BAD_OPTION',
        `${of} must have at most ${MAX_CHANNELS - 2} channels, got ${this.#names.length - 2}`,
      )
    }
    this.declared = this.#names.length
  }

  get size(): number {
    return this.#names.length
  }

  /** @throws TroupeError ERR_UNKNOWN_CHANNEL */
  index(name: string): number {
    const index = this.#indices.get(name)
    if (index !== undefined) return index
    const known = this.#names.map(show).join(', ')
    throw new TroupeError('ERR_UNKNOWN_CHANNEL', `no channel ${show(name)}; there are: ${known}`)
  }

  find(name: string): number | undefined {
    return this.#indices.get(name)
  }

  /** The index of a channel that a peer named, taken into the table; undefined when it is full. */
  learn(name: string): number | undefined {
    const index = this.#indices.get(name)
    if (index !== undefined) return index
    if (this.#names.length >= MAX_CHANNELS) return undefined
    return this.#add(name, FIELDS_DEFAULTS)
  }

  name(index: number): string {
    const name = this.#names[index]
    if (name !== undefined) return name
    throw new TroupeError('ERR_UNKNOWN_CHANNEL', `no channel with index ${index}`)
  }

  options(index: number): ChannelOptions {
    return this.#options[index] ?? FIELDS_DEFAULTS
  }

  counters(index: number): ChannelCounters {
    return this.#counters[index] as ChannelCounters
  }

  /** What the handshake tells: names and connections of the declared channels. */
  offer(): [string, number][] {
    const offer: [string, number][] = []
    for (let i = 0; i < this.declared; i++) offer.push([this.name(i), this.options(i).connections])
    return offer
  }

  /** The same of credit: what is not the default. */
  creditOffer(): [string, number, number][] {
    const offer: [string, number, number][] = []
    for (let i = 0; i < this.declared; i++) {
      const { creditMessages: messages, creditBytes: bytes } = this.options(i)
      const { messages: usual, bytes: usualBytes } = DEFAULT_CREDIT
      if (messages !== usual || bytes !== usualBytes) offer.push([this.name(i), messages, bytes])
    }
    return offer
  }

  /** The credit of a channel between this node and one that offers `theirs`: the smaller wish counts. */
  creditWith(index: number, theirs: ChannelOffer): CreditWindow {
    const name = this.name(index)
    const { creditMessages, creditBytes } = this.options(index)
    const mine = { messages: creditMessages, bytes: creditBytes }
    if (!theirs.channels.some(([each]) => each === name)) return mine
    const told = theirs.credit.find(([each]) => each === name)
    const [, messages, bytes] = told ?? [name, DEFAULT_CREDIT.messages, DEFAULT_CREDIT.bytes]
    if (index >= this.declared) return { messages, bytes }
    return { messages: Math.min(messages, mine.messages), bytes: Math.min(bytes, mine.bytes) }
  }

  /** Lanes of each channel between this node and one that offers `theirs`: the larger wish counts. */
  lanesWith(theirs: readonly (readonly [string, number])[]): Map<string, number> {
    const lanes = new Map<string, number>(this.offer())
    for (const [name, count] of theirs) lanes.set(name, Math.max(count, lanes.get(name) ?? 0))
    return lanes.set('membership', 1)
  }

  /** One line a channel, with what lies on its lanes. */
  stats(lanes: readonly QueuedLane[]): ChannelStats[] {
    return this.#names.map((channel, index) => {
      const own = lanes.filter((lane) => lane.index === index)
      return {
        channel,
        policy: this.options(index).policy,
        lanes: own.length,
        queuedBytes: own.reduce((sum, lane) => sum + lane.queuedBytes, 0),
        queuedMessages: own.reduce((sum, lane) => sum + lane.queuedMessages, 0),
        heldBytes: own.reduce((sum, lane) => sum + lane.heldBytes, 0),
        heldMessages: own.reduce((sum, lane) => sum + lane.heldMessages, 0),
        ...this.counters(index),
      }
    })
  }

  #add(name: string, options: ChannelOptions): number {
    const index = this.#names.length
    this.#names.push(name)
    this.#options.push(options)
    this.#counters.push(new ChannelCounters())
    this.#indices.set(name, index)
    return index
  }
}

const FIELDS_DEFAULTS: ChannelOptions = readOptions('channel', FIELDS, {})
const DEFAULT_CREDIT: CreditWindow = {
  messages: FIELDS_DEFAULTS.creditMessages,
  bytes: FIELDS_DEFAULTS.creditBytes,
}

export const isChannelName = (name: unknown): name is string =>
  typeof name === 'string' && name.length >= 1 && name.length <= MAX_NAME_CHARS
