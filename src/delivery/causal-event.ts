import { durationMs, type Fields, integer } from '../base/options.js'
import type { RefusalReason } from './stage.js'

export interface CausalOptions {
  /** Nodes that may take part in a label at once, up to 4,096. Default 512. */
  readonly maxNodes: number
  /** Entries in the clock of one message. Default 4,096. */
  readonly maxEntries: number
  /** Messages that may wait for others; more are refused and come again. Default 65,536. */
  readonly pendingMessages: number
  /** Their bytes. Default 64 MiB. */
  readonly pendingBytes: number
  /** How long what a departed node had sent is still waited for elsewhere, in ms. Default 30,000. */
  readonly lingerMs: number
}

export const CAUSAL_FIELDS: Fields<CausalOptions> = {
  maxNodes: { fallback: 512, check: integer(2, 4_096) },
  maxEntries: { fallback: 4_096, check: integer(1, 16_384) },
  pendingMessages: { fallback: 65_536, check: integer(1) },
  pendingBytes: { fallback: 64 * 1024 * 1024, check: integer(1) },
  lingerMs: { fallback: 30_000, check: durationMs(1) },
}

/** Nodes are named by their incarnations. */
export type CausalEvent<M> =
  /**
   * A message is about to be sent. Answered with `stamped` or `refused`. `flow` and `session` name the
   * numbering it becomes part of: what is given up there is given up together.
   */
  | {
      readonly type: 'send'
      readonly to: string
      readonly flow?: number
      readonly session?: number
    }
  /** Message `seq` to that node, and all before it, were handed over there or given up. */
  | { readonly type: 'settled'; readonly to: string; readonly seq: number }
  | {
      readonly type: 'receive'
      readonly from: string
      /** Holds the clock from `clockAt` to its end. */
      readonly clock: Uint8Array
      readonly clockAt: number
      /** Only the clock's two numbers are there: the rest is as in the message `after`. Default false. */
      readonly same?: boolean
      readonly message: M
      readonly bytes: number
    }
  /** The node was given up, or left: nothing waits for it any more, nothing is taken from it. */
  | { readonly type: 'gone'; readonly node: string }
  /** It is there again, as the same incarnation. */
  | { readonly type: 'back'; readonly node: string }
  /** The timer started by `startTimer` fired. */
  | { readonly type: 'timer' }

export type CausalEffect<M> =
  /** No `clock`: it would be the same as that of message `after`. */
  | {
      readonly type: 'stamped'
      readonly seq: number
      readonly after: number
      readonly clock: Uint8Array | undefined
    }
  | { readonly type: 'deliver'; readonly message: M }
  /** Handed over before (`duplicate`), or what belongs before it will never come (`cleared`). */
  | { readonly type: 'dropped'; readonly reason: 'duplicate' | 'cleared'; readonly message: M }
  /** `message` is there when it is a received one that was not taken. */
  | { readonly type: 'refused'; readonly reason: RefusalReason; readonly message: M | undefined }
  /** Comes back as `timer`. Starting a running timer starts it anew. */
  | { readonly type: 'startTimer'; readonly delayMs: number }
