import type { Acknowledged } from './acknowledged.js'
import type { Causal } from './causal.js'
import type { CausalNode } from './causal-node.js'
import type { Monotonic } from './monotonic.js'
import type { SendEvent } from './pipeline-event.js'
import type { Received } from './received.js'
import type { CausalMark } from './stamp.js'

/** The stages of one channel to and from one peer incarnation; made when they are needed. */
export class Flow<M> {
  readonly peer: string
  readonly channel: string
  /** Names the flow's timers. */
  readonly name: string
  sender: Acknowledged<M> | undefined
  receiver: Received<M> | undefined
  monotonic: Monotonic<SendEvent<M>> | undefined
  /** The label of the message that took a short way last. */
  labelled: LabelledFlow<M> | undefined
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

/** What a label knows of a flow's peer. */
export class LabelledFlow<M> {
  readonly label: number
  readonly stage: Causal<Handed<M>>
  readonly node: CausalNode<Handed<M>>

  constructor(label: number, stage: Causal<Handed<M>>, node: CausalNode<Handed<M>>) {
    this.label = label
    this.stage = stage
    this.node = node
  }

  /**
   * The mark of the next message, where it has the clock of the last one; undefined: it takes the long way.
   * It is its mark once `send` was called.
   */
  nextMark(flow: number, session: number): CausalMark | undefined {
    const { label, stage, node } = this
    const seq = stage.nextSame(node, flow, session)
    return seq === 0 ? undefined : { label, seq, clock: undefined, after: node.sent }
  }

  send(): void {
    this.stage.sendSame(this.node)
  }
}
