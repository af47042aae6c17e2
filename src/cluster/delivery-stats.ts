import type { Pipeline } from '../delivery/pipeline.js'
import type { RefusalReason } from '../delivery/stage.js'
import type { DurableStats } from './durable-ground.js'

/** What became of messages that went through the delivery stages of this node, since its start. */
export class DeliveryCounters {
  /** Messages that were transmitted once more. */
  retransmitted = 0
  /** Own messages that were given up at `expireAfterMs`. */
  expired = 0
  /** Own messages whose receiver's node left or was replaced, or that this node took along when it stopped. */
  abandoned = 0
  /** Monotonic messages whose place a newer one took. */
  superseded = 0
  /** Messages of others that were handed over. */
  delivered = 0
  /** Of them those that a full mailbox gave back, to come again. */
  returned = 0
  /** From an incarnation that is no member. */
  stale = 0
}

export interface DeliveryStats extends Readonly<DeliveryCounters> {
  /** Own messages of which the receiver's node said that it has taken them. */
  readonly acknowledged: number
  /** Own messages that are not acknowledged, and those of others that wait for what belongs before them. */
  readonly pending: number
  /** Messages of others that came again. */
  readonly duplicates: number
  /** Stamps of others that were not taken, by reason. */
  readonly refused: Readonly<Record<RefusalReason, number>>
  /** Channels with `durable: true`. */
  readonly durable: DurableStats
}

export function deliveryStats(
  counters: DeliveryCounters,
  pipeline: Pipeline<unknown>,
  durable: DurableStats,
): DeliveryStats {
  let duplicates = 0
  for (const flow of pipeline.flows()) duplicates += flow.receiver?.duplicates ?? 0
  const refused: Record<RefusalReason, number> = { ...pipeline.refusals }
  const { delivered: acknowledged, pending } = pipeline
  return { ...counters, acknowledged, pending, duplicates, refused, durable }
}
