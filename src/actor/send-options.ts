/** What may be a partition key: equal keys share a lane and keep their order. */
export type Key = string | number | bigint | boolean

/** Options of one send; they win over decorators, and these over the node's defaults. */
export interface SendOptions {
  /** Deadline of an ask in milliseconds; default: the node's `askTimeoutMs`, 5,000. */
  readonly timeoutMs?: number
  /** Its abort rejects the ask with ERR_ABORTED and reaches the method as `this.signal`. */
  readonly signal?: AbortSignal
  readonly partitionKey?: Key
  /** The channel to travel on. @throws TroupeError ERR_UNKNOWN_CHANNEL when the node does not have it */
  readonly channel?: string
}
