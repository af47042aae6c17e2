import { TroupeError } from '../base/errors.js'
import { type Fields, integer, isObject, oneOf, readOptions, show } from '../base/options.js'
import { ChannelCounters } from './channel-counters.js'
import type { ChannelStats } from './transport.js'

/** As much of a lane as is needed to add up what waits. */
interface QueuedLane {
  readonly index: number
  readonly queuedBytes: number
  readonly queuedMessages: number
}

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

export const isChannelName = (name: unknown): name is string =>
  typeof name === 'string' && name.length >= 1 && name.length <= MAX_NAME_CHARS
