import { readRelay } from '../cluster/relay-frame.js'
import type { FrameInfo, Gate, GateAccess, MessageContent, MessageName } from '../peer/gate.js'
import { FRAME } from '../wire/frame.js'
import { readEnvelope } from '../wire/read-envelope.js'
import type { House } from './house.js'
import { messageName } from './message-names.js'
import { openedMessage } from './opened-message.js'

/** How faults get at a node, and what they are told about its messages. */
export class NodeGate implements GateAccess {
  readonly node: string
  readonly #house: House

  constructor(house: House) {
    this.node = house.system.nodeName
    this.#house = house
  }

  get gate(): Gate {
    return this.#house.peers.gate
  }

  reset(peer: string): number {
    return this.#house.peers.reset(peer)
  }

  message(frame: FrameInfo): MessageName | undefined {
    if (frame.kind === FRAME.RELAY) return this.#relayed(frame)
    const { kind, envelope, direction, peer } = frame
    if (kind !== FRAME.ENVELOPE || envelope === undefined) return undefined
    const [from, to] = direction === 'out' ? [this.node, peer] : [peer, this.node]
    return { from, to, name: messageName(this.#house, to, envelope) }
  }

  content(frame: FrameInfo): MessageContent | undefined {
    return openedMessage(frame, this.#house.codec)
  }

  #relayed({ body }: FrameInfo): MessageName | undefined {
    const relay = body && readRelay(body, this.#house.codec)
    if (relay === undefined) return undefined
    const { source, destination, returnedFrom } = relay.head
    if (returnedFrom !== '') return { from: source, to: destination, name: 'returned' }
    try {
      const envelope = readEnvelope(relay.envelope, 0, relay.envelope.length)
      return {
        from: source,
        to: destination,
        name: messageName(this.#house, destination, envelope),
      }
    } catch {
      return undefined
    }
  }
}
