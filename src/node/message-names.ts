import { unreachable } from '../base/unreachable.js'
import type { MessageKind } from '../peer/passage.js'
import { ENVELOPE, type Envelope, type EnvelopeKind } from '../wire/envelope.js'
import type { House } from './house.js'

/** A name that can stand in the text of a fault. */
const NAME = /^[^\s{}"#]{1,200}$/

/** The name of what is in an envelope to some node. */
export function messageName(house: House, node: string, envelope: Envelope): string {
  const kind = kindOf(envelope.kind)
  switch (kind) {
    case 'tell':
    case 'ask':
      return sound(methodOf(house, node, envelope), kind)
    case 'forward':
      return sound(String(envelope.to), kind)
    default:
      return kind
  }
}

export function kindOf(kind: EnvelopeKind): MessageKind {
  switch (kind) {
    case ENVELOPE.TELL:
      return 'tell'
    case ENVELOPE.ASK:
      return 'ask'
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
    case ENVELOPE.FORWARD:
      return 'forward'
    case ENVELOPE.STAMP:
    case ENVELOPE.DURABLE:
    case ENVELOPE.DURABLE_ACK:
      return 'stamp'
    default:
      return unreachable(kind)
  }
}

/** Of what comes here by this node's own table of the class, of what goes elsewhere by its receiver's. */
function methodOf(house: House, node: string, { to, method }: Envelope): string | undefined {
  if (typeof method === 'string') return method
  const { system, remote } = house
  if (node !== system.nodeName) return remote.described(node, to, method).method
  const cell = typeof to === 'number' ? system.cell(to) : undefined
  return cell?.definition.method(method)?.name
}

const sound = (name: string | undefined, otherwise: string): string =>
  name !== undefined && NAME.test(name) ? name : otherwise
