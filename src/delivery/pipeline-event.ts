import type { DeliveryPlan } from './delivery-plan.js'
import type { Slot } from './monotonic.js'
import type { Outcome, RefusalReason } from './stage.js'

/** Names a message that was handed over and waits for an answer. */
export interface Receipt {
  readonly from: string
  readonly channel: string
  readonly session: number
  readonly id: number
}

/** Peers are named by their incarnations, channels by their names. */
export interface SendEvent<M> {
  readonly type: 'send'
  readonly to: string
  readonly channel: string
  /** The hashed partition key; picks the lane, and keeps its order. */
  readonly key: number
  readonly plan: DeliveryPlan
  readonly message: M
  readonly bytes: number
  /** Receiving actor, method and key as one; undefined for what is never replaced by a newer one: asks. */
  readonly slot: Slot | undefined
  /** The lane is above its high-water mark. */
  readonly congested: boolean
  readonly nowMs: number
}

export type PipelineEvent<M> =
  | SendEvent<M>
  /** An envelope with a stamp came from that incarnation, directly or over relays. */
  | {
      readonly type: 'received'
      readonly from: string
      readonly channel: string
      readonly stamp: Uint8Array
      /** Whatever the envelope holds; not looked at for acknowledgements and fillers. */
      readonly message: M
      readonly bytes: number
      /** True: what is handed over without a label is `taken` or `returned` before it counts. Default false. */
      readonly confirm?: boolean
      readonly nowMs: number
    }
  /** A message with a receipt was taken, or will be when it comes again. */
  | { readonly type: 'taken' | 'returned'; readonly receipt: Receipt }
  /** What was at hand when `ackSoon` came out is handled. */
  | { readonly type: 'ackDue'; readonly from: string; readonly channel: string }
  /** A timer started by `startTimer` fired. */
  | { readonly type: 'timer'; readonly timer: string; readonly nowMs: number }
  /** A `transmit` of an acknowledged message could not be performed. */
  | {
      readonly type: 'unsent'
      readonly to: string
      readonly channel: string
      readonly id: number
    }
  /** An acknowledged message can never be transmitted: the peer does not take one of its size. */
  | {
      readonly type: 'unsendable'
      readonly to: string
      readonly channel: string
      readonly id: number
      readonly nowMs: number
    }
  /** The lanes of that channel take more again. */
  | {
      readonly type: 'writable'
      readonly to: string
      readonly channel: string
      readonly nowMs: number
    }
  /** That incarnation can be reached (again). A newer one of its name: `peerGone` the old one first. */
  | { readonly type: 'peerUp'; readonly incarnation: string; readonly nowMs: number }
  /** That incarnation was given up, left, or was replaced. */
  | { readonly type: 'peerGone'; readonly incarnation: string; readonly nowMs: number }

export type PipelineEffect<M> =
  /** Put it on the lane of its key. */
  | {
      readonly type: 'transmit'
      readonly to: string
      readonly channel: string
      readonly key: number
      /** For `unsent`; 0 for what is not acknowledged. */
      readonly id: number
      /** 1 the first time. */
      readonly attempt: number
      /** For `envelope.stamp`; undefined for what is not acknowledged. */
      readonly stamp: Uint8Array | undefined
      /** Undefined for a filler: an envelope with nothing but a stamp. */
      readonly message: M | undefined
    }
  /** An envelope with nothing but a stamp; may be lost. */
  | {
      readonly type: 'acknowledge'
      readonly to: string
      readonly channel: string
      readonly stamp: Uint8Array
    }
  | {
      readonly type: 'deliver'
      readonly from: string
      readonly channel: string
      readonly message: M
      /** Where `confirm` was set: answer with `taken` or `returned`. */
      readonly receipt: Receipt | undefined
    }
  | {
      readonly type: 'outcome'
      readonly outcome: Outcome
      readonly to: string
      readonly channel: string
      readonly message: M
    }
  /**
   * Not taken. `window`: as much is unacknowledged, or waits, as may; `drained` follows for what is
   * acknowledged. `clock`: more is under way in its label than a clock may name.
   */
  | {
      readonly type: 'full'
      readonly reason: 'window' | 'clock'
      readonly to: string
      readonly channel: string
      readonly message: M
    }
  | { readonly type: 'drained'; readonly to: string; readonly channel: string }
  /** A newer one of its slot took its place, or its peer is gone: a monotonic message was not sent. */
  | {
      readonly type: 'dropped'
      readonly reason: 'superseded' | 'peerGone'
      readonly to: string
      readonly channel: string
      readonly message: M
    }
  /** Feed `ackDue` after what is at hand was handled. */
  | { readonly type: 'ackSoon'; readonly from: string; readonly channel: string }
  /** Comes back as `timer`. Starting a running timer starts it anew. */
  | { readonly type: 'startTimer'; readonly timer: string; readonly delayMs: number }
  | { readonly type: 'cancelTimer'; readonly timer: string }
  /** Something that a peer sent was not taken. */
  | { readonly type: 'refused'; readonly from: string; readonly reason: RefusalReason }
