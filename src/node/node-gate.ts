import type { ActorSystem } from '../actor/actor-system.js'
import { unreachable } from '../base/unreachable.js'
import { readRelay } from '../cluster/relay-frame.js'
import type { FrameInfo, Gate, GateAccess, MessageName } from '../peer/gate.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import { FRAME } from '../wire/frame.js'
import { readEnvelope } from '../wire/read-envelope.js'
import type { House } from './house.js'

/** A name that can stand in the text of a fault. */
const NAME = /^[^\s{}"#]{1,200}$/

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
    return { from, to, name: this.#nameOf(to, envelope) }
  }

  #relayed({ body }: FrameInfo): MessageName | undefined {
    const relay = body && readRelay(body, this.#house.codec)
    if (relay === undefined) return undefined
    const { source, destination } = relay.head
    try {
      const envelope = readEnvelope(relay.envelope, 0, relay.envelope.length)
      return { from: source, to: destination, name: this.#nameOf(destination, envelope) }
    } catch {
      return undefined
    }
  }

  #nameOf(to: string, envelope: Envelope): string {
    switch (envelope.kind) {
      case ENVELOPE.TELL:
        return sound(this.#method(to, envelope), 'tell')
      case ENVELOPE.ASK:
        return sound(this.#method(to, envelope), 'ask')
      case ENVELOPE.FORWARD:
        return sound(String(envelope.to), 'forward')
      case ENVELOPE.REPLY:
        return 'reply'
      case ENVELOPE.FAILURE:
        return 'failure'
      case ENVELOPE.ABORT:
        return 'abort'
      case ENVELOPE.SIGNAL:
        return 'signal'
      case ENVELOPE.CONTROL:
        return 'control'
      default:
        return unreachable(envelope.kind)
    }
  }

  /** Of what comes here by this node's own table of the class, of what goes elsewhere by its receiver's. */
  #method(node: string, envelope: Envelope): string | undefined {
    const { to, method } = envelope
    if (typeof method === 'string') return method
    const { system, remote } = this.#house
    if (node === this.node) return methodHere(system, to, method)
    return remote.methodName(node, to, method)
  }
}

function methodHere(system: ActorSystem, to: number | string, method: number): string | undefined {
  const cell = typeof to === 'number' ? system.cell(to) : undefined
  return cell?.definition.method(method)?.name
}

const sound = (name: string | undefined, otherwise: string): string =>
  name !== undefined && NAME.test(name) ? name : otherwise
