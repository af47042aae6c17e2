import type { Random } from '../base/random.js'
import type { ProtocolNetwork } from './protocol-network.js'
import type { ProtocolNode } from './protocol-node.js'

/** One node, a random one for each broadcast, or so many nodes in turn. */
export type SendersOption = 'one' | 'many' | number

/** Who sends the next broadcast. A sender that died is replaced by a random node that lives. */
export class Senders {
  readonly #network: ProtocolNetwork
  readonly #random: Random
  readonly #option: SendersOption
  #chosen: ProtocolNode[] = []
  #turn = 0

  constructor(network: ProtocolNetwork, random: Random, option: SendersOption = 'one') {
    this.#network = network
    this.#random = random
    this.#option = option
  }

  next(): ProtocolNode {
    const alive = this.#network.alive()
    if (this.#chosen.length === 0) {
      const one = this.#random.pick(alive)
      const count = this.#option
      this.#chosen = typeof count === 'number' ? this.#random.sample(alive, count) : [one]
    }
    if (this.#option === 'many') return this.#random.pick(alive)
    const at = this.#turn++ % this.#chosen.length
    let sender = this.#chosen[at] as ProtocolNode
    if (!sender.alive) {
      sender = this.#random.pick(alive)
      this.#chosen[at] = sender
    }
    return sender
  }
}
