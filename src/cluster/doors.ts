import type { Member } from '../overlay/overlay.js'
import type { SendOutcome } from '../peer/transport.js'
import type { Envelope } from '../wire/envelope.js'

/** What sends an envelope on its way. */
export interface Way {
  send(node: string, channel: number, envelope: Envelope): SendOutcome
}

/** What takes an envelope that has arrived. */
export interface Taker {
  take(from: Member, channel: number, envelope: Envelope): void
}

type SendDoor = (way: Way, node: string, channel: number, envelope: Envelope) => SendOutcome
type ReceiveDoor = (taker: Taker, from: Member, channel: number, envelope: Envelope) => void

const openSend: SendDoor = (way, node, channel, envelope) => way.send(node, channel, envelope)
const openReceive: ReceiveDoor = (taker, from, channel, envelope) =>
  taker.take(from, channel, envelope)

/**
 * The two places through which every envelope of this node passes whole, relays of others not among
 * them. Open, each is one constant function; `node/` swaps it while somebody stands there.
 */
export class Doors {
  send: SendDoor = openSend
  receive: ReceiveDoor = openReceive

  openSend(): void {
    this.send = openSend
  }

  openReceive(): void {
    this.receive = openReceive
  }
}
