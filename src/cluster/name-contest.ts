import { addressText } from '../overlay/address.js'
import { compareIncarnations, sameIncarnation } from '../overlay/member.js'
import type { Member } from '../overlay/overlay.js'
import type { Transport } from '../peer/transport.js'

/** Names probed at the same time; more contests than that keep the holder. */
const PROBES_MAX = 64

/**
 * Who keeps a node name that a newcomer claims: the holder, if it answers within `probeMs`, else the
 * newcomer. One probe a name runs at a time, however many claim it.
 */
export class NameContest {
  readonly #transport: Pick<Transport, 'isUp' | 'probe' | 'introduce'>
  readonly #probeMs: number
  readonly #probes = new Map<string, Promise<boolean>>()

  constructor(transport: Pick<Transport, 'isUp' | 'probe' | 'introduce'>, probeMs: number) {
    this.#transport = transport
    this.#probeMs = probeMs
  }

  /** True: the holder keeps the name. */
  async holderKeeps(newcomer: Member, holder: Member, self: Member): Promise<boolean> {
    if (sameIncarnation(holder, self)) return true
    if (compareIncarnations(newcomer, holder) < 0) return true
    const running = this.#probes.get(holder.name)
    if (running !== undefined) return running
    if (this.#probes.size >= PROBES_MAX) return true
    const probe = this.#answers(newcomer, holder)
    this.#probes.set(holder.name, probe)
    try {
      return await probe
    } finally {
      this.#probes.delete(holder.name)
    }
  }

  /** Over the connection that stands, else over a new one to where the holder lives. */
  async #answers(newcomer: Member, holder: Member): Promise<boolean> {
    if (this.#transport.isUp(holder.name)) return this.#transport.probe(holder.name, this.#probeMs)
    const taken = new Set(newcomer.addresses.map(addressText))
    for (const address of holder.addresses) {
      if (taken.has(addressText(address))) continue // the newcomer listens there: the holder does not
      try {
        const there = await this.#transport.introduce(address, this.#probeMs)
        return sameIncarnation(there, holder)
      } catch {} // nobody there, or somebody who refuses us: no sign of the holder
    }
    return false
  }
}
