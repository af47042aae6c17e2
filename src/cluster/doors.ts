import type { DeliveryPlan } from '../delivery/delivery-plan.js'
import type { Member } from '../overlay/overlay.js'
import type { SendOutcome } from '../peer/transport.js'
import type { Envelope } from '../wire/envelope.js'

/** What sends an envelope on its way. */
export interface Way {
  /** `plan`: the delivery stages it goes through; a door keeps it for what it sends on. */
  send(node: string, channel: number, envelope: Envelope, plan?: DeliveryPlan): SendOutcome
}

/** What takes an envelope that has arrived. */
export interface Taker {
  take(from: Member, channel: number, envelope: Envelope): void
}

/*
 * The doors are the two methods above, through which every envelope of this node passes whole, relays
 * of others not among them. Whoever stands there takes the place of the method on its object; so an
 * open door costs nothing.
 */

/** Stands where envelopes leave. */
export type SendDoor = (way: Way, node: string, channel: number, envelope: Envelope) => SendOutcome

/** Stands where envelopes arrive. */
export type ReceiveDoor = (taker: Taker, from: Member, channel: number, envelope: Envelope) => void

/** Puts a function in front of `send`, in place of one before; without it the door is open again. */
export function standAtSend(at: Way, door: SendDoor | undefined): void {
  const { send } = Object.getPrototypeOf(at) as Way
  if (door === undefined) {
    at.send = send
    return
  }
  at.send = (node, channel, envelope, plan) => {
    const way: Way = { send: (to, on, what) => send.call(at, to, on, what, plan) }
    return door(way, node, channel, envelope)
  }
}

/** The same in front of `take`. */
export function standAtReceive(at: Taker, door: ReceiveDoor | undefined): void {
  const { take } = Object.getPrototypeOf(at) as Taker
  const taker: Taker = { take: (from, channel, envelope) => take.call(at, from, channel, envelope) }
  at.take =
    door === undefined ? take : (from, channel, envelope) => door(taker, from, channel, envelope)
}
