import type { DeliveryOptions } from '../base/delivery-options.js'

/** What may be a partition key: equal keys share a lane and keep their order. */
export type Key = string | number | bigint | boolean

/**
 * Options of one send; they win over decorators, and these over the node's defaults. Those of delivery
 * (`reliable`, `causal`, …) are about other nodes: within a node nothing is lost or overtakes.
 */
export interface SendOptions extends DeliveryOptions {
  /** Deadline of an ask in milliseconds; default: the node's `askTimeoutMs`, 5,000. */
  readonly timeoutMs?: number
  /** Its abort rejects the ask with ERR_ABORTED and reaches the method as `this.signal`. */
  readonly signal?: AbortSignal
  readonly partitionKey?: Key
  /** The channel to travel on. @throws TroupeError ERR_UNKNOWN_CHANNEL when the node does not have it */
  readonly channel?: string
}
