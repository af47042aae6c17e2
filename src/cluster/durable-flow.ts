import { DurableOutgoing } from '../delivery/durable-outgoing.js'
import type { Envelope } from '../wire/envelope.js'
import type { Timer } from '../world/clock.js'
import type { TwinRecord } from './record.js'

/** The durable messages of this node to one other on one channel. */
export class DurableFlow {
  readonly node: string
  readonly channel: number
  readonly channelName: string
  readonly name: string
  readonly epoch: number
  readonly out: DurableOutgoing<Envelope>
  /** Where it is kept which numbers may have been given out. */
  readonly record: TwinRecord
  /** The number of the next message. */
  next: number
  /** Numbers up to it may be given out: as far as is asked of the store, and as far as that has it. */
  reserving: number
  reserved: number
  pumping = false
  retry: Timer | undefined
  expiry: Timer | undefined

  constructor(
    node: string,
    channel: number,
    channelName: string,
    epoch: number,
    record: TwinRecord,
    windowMessages: number,
    reserved = 0,
  ) {
    this.node = node
    this.channel = channel
    this.channelName = channelName
    this.name = DurableFlow.nameOf(node, channelName)
    this.epoch = epoch
    this.record = record
    this.out = new DurableOutgoing(windowMessages, reserved)
    this.next = reserved + 1
    this.reserving = reserved
    this.reserved = reserved
  }

  static nameOf(node: string, channelName: string): string {
    return `${node}/${encodeURIComponent(channelName)}`
  }

  stop(): void {
    this.retry?.cancel()
    this.expiry?.cancel()
  }
}
