import type { TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { DeliveryPlan } from '../delivery/delivery-plan.js'
import { readSeenSet } from '../delivery/durable-incoming.js'
import { readPipelineOptions } from '../delivery/pipeline-options.js'
import type { LeaveReason, Member } from '../overlay/overlay.js'
import type { ChannelTable } from '../peer/channel-table.js'
import { FULL, type SendOutcome } from '../peer/transport.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import type { ClusterParts } from './cluster-options.js'
import { DurableCounters, type DurableGround, type DurableStats } from './durable-ground.js'
import { DurableInbox } from './durable-inbox.js'
import { DurableOutbox } from './durable-outbox.js'
import { Journal } from './journal.js'

/** All that durable delivery keeps in a store begins with this. */
const DURABLE = 'durable/'

/**
 * Durable delivery of a node, above the acknowledged one. Below, a message lives as long as both
 * starts of its nodes do; here it lives until it was handled, and each start of either node goes on
 * where the one before it ended. Both halves write into the node's store, in groups.
 */
export class DurableDriver {
  readonly #ground: DurableGround
  readonly #journal: Journal
  readonly #counters = new DurableCounters()
  readonly #outbox: DurableOutbox
  readonly #inbox: DurableInbox
  /** Taken out of the membership in this turn, unless it was this node that left. */
  #left = new Set<string>()

  constructor(ground: DurableGround) {
    const { store, clock, turn, logger } = ground
    this.#ground = ground
    this.#journal = new Journal(store, clock, turn, logger)
    this.#outbox = new DurableOutbox(ground, this.#journal, this.#counters)
    this.#inbox = new DurableInbox(ground, this.#journal, this.#counters)
  }

  /**
   * Takes up what earlier starts have stored, then does what lets messages in.
   * @throws TroupeError ERR_STORE, or what `open` throws, and is stopped then
   */
  async restoreBefore(open: () => Promise<void>): Promise<void> {
    try {
      const keys = (await this.#ground.store?.keys(DURABLE)) ?? []
      await Promise.all([this.#outbox.restore(keys), this.#inbox.restore(keys)])
      await open()
    } catch (error) {
      this.stop()
      throw error
    }
  }

  stats(): DurableStats {
    const { waiting, waitingBytes, resent } = this.#outbox
    const { running, senders } = this.#inbox
    const { groups, failures } = this.#journal
    return {
      ...this.#counters,
      waiting,
      waitingBytes,
      resent,
      running,
      senders,
      groups,
      failures,
    }
  }

  /** @throws TroupeError ERR_STORE, ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, ERR_UNKNOWN_NODE for asks */
  send(node: string, channel: number, envelope: Envelope, plan: DeliveryPlan): SendOutcome {
    return this.#outbox.send(node, channel, envelope, plan)
  }

  /** Resolves when so little waits in the outbox that more may follow. */
  ready(): Promise<void> {
    return this.#outbox.ready()
  }

  /** Of the kinds that are for durable delivery. False: not now, it is to come again. */
  receive(from: Member, channel: number, envelope: Envelope): boolean {
    if (envelope.kind === ENVELOPE.DURABLE) return this.#inbox.receive(from, channel, envelope)
    const seen = this.#seenIn(envelope)
    if (seen === undefined) {
      this.#counters.refused++
      this.#ground.badMessage(from.name, 'an acknowledgement of durable messages is malformed')
    } else this.#outbox.acknowledged(from, seen)
    return true
  }

  /** A message that was taken is handled. */
  handled(receipt: number, incarnation: string): void {
    this.#inbox.handled(receipt, incarnation)
  }

  /** A node can be reached, is a member, or has started anew. */
  reached(node: string): void {
    this.#outbox.reached(node)
    this.#inbox.reached(node)
  }

  memberLeft(node: string, reason: LeaveReason): void {
    if (reason !== 'left') return
    if (this.#left.size === 0) {
      this.#ground.turn.micro(() => {
        const left = this.#left
        this.#left = new Set()
        for (const name of left) this.#outbox.left(name)
      })
    }
    this.#left.add(node)
  }

  /** Who leaves loses sight of all others: that is not their end. */
  selfLeft(): void {
    this.#left.clear()
  }

  holds(node: string): boolean {
    return this.#outbox.holds(node)
  }

  /** True when it was one of these: it is not lost. */
  undelivered(to: Member, channel: string, envelope: Envelope, reason: TroupeError): boolean {
    if (envelope.kind === ENVELOPE.DURABLE_ACK) this.#inbox.unacknowledged(to.name)
    else if (envelope.kind === ENVELOPE.DURABLE) {
      this.#outbox.undelivered(to, channel, envelope, reason)
    } else return false
    return true
  }

  stop(): void {
    this.#outbox.stop()
    this.#inbox.stop()
  }

  /** Resolves when all that was to be written is, or has failed. */
  flush(): Promise<void> {
    return this.#journal.flush()
  }

  #seenIn({ body, args }: Envelope): ReturnType<typeof readSeenSet> {
    try {
      return readSeenSet(args ?? (body && this.#ground.codec.decodeArgs(body)))
    } catch {
      return undefined
    }
  }
}

/** What it is told, and does, in a running cluster. */
export type DurableWires = Pick<
  DurableGround,
  'member' | 'seek' | 'send' | 'take' | 'undelivered' | 'badMessage'
>

/** `wires` is asked from the first message on. */
export function durableDriver(
  { world, codec, delivery }: ClusterParts,
  channels: ChannelTable,
  logger: Logger,
  wires: () => DurableWires | undefined,
): DurableDriver {
  const { clock, turn, entropy, store } = world
  const { durable: options } = readPipelineOptions(delivery)
  return new DurableDriver({
    clock,
    turn,
    entropy,
    store,
    codec,
    channels,
    logger,
    options,
    member: (node) => wires()?.member(node),
    seek: (node) => wires()?.seek(node),
    send: (...message) => wires()?.send(...message) ?? FULL,
    take: (...message) => wires()?.take(...message) ?? false,
    undelivered: (...message) => wires()?.undelivered(...message),
    badMessage: (from, detail) => wires()?.badMessage(from, detail),
  })
}
