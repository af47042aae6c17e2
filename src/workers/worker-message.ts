import type { StopOptions } from '../node/node.js'
import type { NodeOptions } from '../node/node-options.js'
import type { WorkerSelf } from './worker-module.js'

/** What a worker's thread is started with. */
export interface WorkerGift extends WorkerSelf {
  /** A `file:` URL. */
  readonly module: string
  /** Plain data, and never a name. */
  readonly node: Partial<NodeOptions>
}

/** Whom a worker joins before it is ready. */
export interface Contacts {
  /** All of these, by address. */
  readonly must: readonly string[]
  /** As many of these as its overlay connects it to. */
  readonly may: readonly string[]
}

/** To a worker. */
export type WorkerOrder =
  | { readonly type: 'join'; readonly contacts: Contacts }
  | { readonly type: 'stop'; readonly options: StopOptions }

/** From a worker. */
export type WorkerReport =
  | { readonly type: 'listening'; readonly address: string }
  | { readonly type: 'ready' }
  /** It could not start. */
  | { readonly type: 'failed'; readonly error: PlainError }
  /** Its node has stopped, by order or by itself. */
  | { readonly type: 'stopped' }

/** An error as it crosses between threads: one of a class of its own would lose its code on the way. */
export interface PlainError {
  readonly code: string | undefined
  readonly message: string
  readonly stack: string | undefined
}
