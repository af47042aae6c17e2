import type { TroupeError } from '../base/errors.js'
import type { World } from '../world/world.js'

/** `taken` by all queues it was for · `refused` by a full one · `nobody`: no queue wants it. */
export type Fate = 'taken' | 'refused' | 'nobody'

/** The queue of one node, and what it is to hold. */
export interface QueueWish {
  /** A topic exchange, made when it is not there. */
  readonly exchange: string
  readonly queue: string
  /** Messages published with one of these routing keys reach the queue. */
  readonly keys: readonly string[]
  /** Outlives the connection, and the broker's restart. */
  readonly durable: boolean
  /** A queue nobody reads vanishes after this time. */
  readonly expiresMs: number
  /** A queue that holds so many bytes refuses more. */
  readonly queueMaxBytes: number
  /** Messages handed over and not acknowledged yet, at most. */
  readonly prefetch: number
}

export interface LinkSink {
  message(body: Uint8Array, tag: number): void
  /** Once, last, unless the link was closed or aborted from here. */
  lost(error: TroupeError): void
}

/** A connection to a message broker that reads one queue: as much of AMQP as a network needs. */
export interface BrokerLink {
  /** `done` hears what became of it, unless the link is lost first. With `mandatory` a message nobody wants is told from others. */
  publish(key: string, body: Uint8Array, mandatory: boolean, done: (fate: Fate) => void): void
  /** Acknowledges that message and all before it. */
  ack(tag: number): void
  /** Resolves when all is closed in order, the queue deleted. Never rejects. */
  close(): Promise<void>
  /** Closes at once. */
  abort(): void
}

/** Where a broker is, and how it is spoken to. */
export interface Broker {
  /** As a person knows it, without secrets. */
  readonly place: string
  /** @throws TroupeError ERR_CONNECT */
  open(world: World, wish: QueueWish, sink: LinkSink, timeoutMs: number): Promise<BrokerLink>
}
