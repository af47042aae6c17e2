import type { Acknowledged } from './acknowledged.js'
import type { Monotonic } from './monotonic.js'
import type { SendEvent } from './pipeline-event.js'
import type { Received } from './received.js'

/** The stages of one channel to and from one peer incarnation; made when they are needed. */
export class Flow<M> {
  readonly peer: string
  readonly channel: string
  /** Names the flow's timers. */
  readonly name: string
  sender: Acknowledged<M> | undefined
  receiver: Received<M> | undefined
  monotonic: Monotonic<SendEvent<M>> | undefined
  /** The table of flows has let it go. */
  forgotten = false
  /** What the last send, or the last `writable`, told of the lane. */
  laneCongested = false
  /** Labels of which messages to the peer were given up. */
  readonly abandoned = new Set<number>()

  constructor(peer: string, channel: string) {
    this.peer = peer
    this.channel = channel
    this.name = `${peer}/${channel}`
  }

  get pending(): number {
    const { sender, receiver, monotonic } = this
    return (sender?.pending ?? 0) + (receiver?.pending ?? 0) + (monotonic?.pending ?? 0)
  }
}

/** A received message of a label on its way through the causal stage. */
export class Handed<M> {
  readonly flow: Flow<M>
  readonly session: number
  readonly id: number
  /** Undefined for a filler. */
  readonly message: M | undefined

  constructor(flow: Flow<M>, session: number, id: number, message: M | undefined) {
    this.flow = flow
    this.session = session
    this.id = id
    this.message = message
  }
}
