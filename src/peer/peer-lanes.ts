import { DEFAULT_CHANNEL, MEMBERSHIP } from './channel-table.js'
import type { Greeting } from './greeting.js'
import { Lane, type LaneHost } from './lane.js'
import type { PeerContext } from './peer-context.js'

/** The lanes to one peer by channel, as many as both sides wish. */
export class PeerLanes {
  readonly #host: LaneHost
  readonly #context: PeerContext
  #lanes: Lane[][] = []
  #all: readonly Lane[] = []

  constructor(host: LaneHost, context: PeerContext) {
    this.#host = host
    this.#context = context
    this.resize([])
  }

  get all(): readonly Lane[] {
    return this.#all
  }

  get membership(): Lane {
    return this.#lanes[MEMBERSHIP]?.[0] as Lane
  }

  of(channel: number): readonly Lane[] {
    return this.#lanes[channel] ?? []
  }

  /** The lane of that name and number, if it was agreed on. */
  find(channel: string, lane: number): Lane | undefined {
    const index = this.#context.table.find(channel)
    return index === undefined ? undefined : this.#lanes[index]?.[lane]
  }

  /** The lane of a key; channels the peer does not have travel on the default one. */
  for(channel: number, key: number): Lane {
    const lanes = this.#lanes[channel]
    const chosen =
      lanes !== undefined && lanes.length > 0 && channel !== MEMBERSHIP
        ? lanes
        : (this.#lanes[DEFAULT_CHANNEL] as Lane[])
    return (chosen.length === 1 ? chosen[0] : chosen[(key >>> 0) % chosen.length]) as Lane
  }

  /** Fresh ones: a new incarnation's clock begins again. */
  renew(): void {
    this.#lanes = []
    this.resize([])
  }

  /** Lanes as both sides wish them; before the peer has told, as this node does. What waits finds its new lane. */
  resize(theirs: Greeting['channels']): void {
    const { table, logger } = this.#context
    const wished = new Map<number, number>()
    for (const [name, count] of table.lanesWith(theirs)) {
      const index = table.learn(name)
      if (index !== undefined) wished.set(index, count)
      else {
        const peer = this.#host.member.name
        logger.warn({ peer, channel: name }, 'too many channels: this one is not used')
      }
    }
    const before = this.#lanes
    this.#lanes = []
    for (let i = 0; i < table.size; i++) {
      this.#lanes.push(this.#lanesOf(i, wished.get(i) ?? 0, before[i] ?? []))
    }
    const all: Lane[] = []
    for (const lanes of this.#lanes) for (const lane of lanes) all.push(lane)
    this.#all = all
  }

  #lanesOf(index: number, count: number, before: Lane[]): Lane[] {
    if (before.length === count) return before
    const lanes: Lane[] = []
    for (let lane = 0; lane < count; lane++) {
      lanes.push(new Lane(this.#host, this.#context, index, lane))
    }
    for (const old of before) {
      for (const { frame, key, envelope } of old.drain()) {
        lanes[(key >>> 0) % count]?.adopt(frame, key, envelope)
      }
    }
    return lanes
  }
}
