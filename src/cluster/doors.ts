import type { DeliveryPlan } from '../delivery/delivery-plan.js'
import type { Member } from '../overlay/overlay.js'
import type { SendOutcome } from '../peer/transport.js'
import type { Envelope } from '../wire/envelope.js'

/** What sends an envelope on its way. */
export interface Way {
  send(node: string, channel: number, envelope: Envelope, plan?: DeliveryPlan): SendOutcome
}

/** What takes an envelope that has arrived; false only with `again`: not now, it will be offered again. */
export interface Taker {
  take(from: Member, channel: number, envelope: Envelope, again: boolean): boolean
}

/*
 * The doors are the two methods above, through which every envelope of this node passes whole, relays
 * of others not among them. Whoever stands there takes the place of the method on its object; so an
 * open door costs nothing.
 */

/** Stands where envelopes leave. */
export type SendDoor = (
  way: Way,
  node: string,
  channel: number,
  envelope: Envelope,
  plan: DeliveryPlan | undefined,
) => SendOutcome

/** Stands where envelopes arrive. */
export type ReceiveDoor = (
  taker: Taker,
  from: Member,
  channel: number,
  envelope: Envelope,
  again: boolean,
) => boolean

/** Puts a function in front of `send`, in place of one before; without it the door is open again. */
export function standAtSend(at: Way, door: SendDoor | undefined): void {
  const { send } = Object.getPrototypeOf(at) as Way
  const way: Way = { send: (...message) => send.apply(at, message) }
  at.send =
    door === undefined
      ? send
      : (node, channel, envelope, plan) => door(way, node, channel, envelope, plan)
}

/** The same in front of `take`. */
export function standAtReceive(at: Taker, door: ReceiveDoor | undefined): void {
  const { take } = Object.getPrototypeOf(at) as Taker
  const taker: Taker = { take: (...message) => take.apply(at, message) }
  at.take =
    door === undefined
      ? take
      : (from, channel, envelope, again) => door(taker, from, channel, envelope, again)
}
