import type { ActorSystem } from './actor-system.js'
import { Incarnation } from './incarnation.js'
import type { Message } from './message.js'

/** Takes a message from its mailbox to its handler. */
export type HandOver = (context: Incarnation, message: Message) => void

const { handle } = Incarnation.prototype
const standing = new WeakMap<ActorSystem, HandOver>()
let count = 0

/** As while nobody stands between. */
export const straight: HandOver = (context, message) => handle.call(context, message)

/**
 * Puts a function between the mailboxes of a node and their handlers, in place of one before; without it the way is
 * straight again. The method itself is swapped, for all nodes of the process, while somebody stands
 * between somewhere: so a message costs nothing more while nobody does.
 */
export function standBetween(system: ActorSystem, handOver: HandOver | undefined): void {
  if (standing.delete(system)) count--
  if (handOver !== undefined) {
    standing.set(system, handOver)
    count++
  }
  Incarnation.prototype.handle = count === 0 ? handle : asked
}

function asked(this: Incarnation, message: Message): void {
  const between = standing.get(this.cell.system) ?? straight
  between(this, message)
}
