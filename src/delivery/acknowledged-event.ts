import type { Outcome, RefusalReason } from './stage.js'
import type { AckStamp, CausalMark, ResetStamp } from './stamp.js'

export type AcknowledgedEvent<M> =
  | {
      readonly type: 'send'
      /** Undefined: a filler, for the sake of its causal mark. */
      readonly message: M | undefined
      readonly bytes: number
      /** Messages of one key are handed over in the order they were sent. */
      readonly key: number
      /** False: the receiver need not hold it back for those before it. */
      readonly inOrder: boolean
      readonly causal: CausalMark | undefined
      /** Given up when it was not acknowledged by then; Infinity for never. */
      readonly expiresMs: number
      readonly nowMs: number
    }
  | { readonly type: 'ack'; readonly ack: AckStamp; readonly nowMs: number }
  | { readonly type: 'reset'; readonly reset: ResetStamp }
  /** The timer started by `startTimer` fired. */
  | { readonly type: 'timer'; readonly nowMs: number }
  /** The `send` of this id could not be performed: the lane is full, or there is no way. */
  | { readonly type: 'unsent'; readonly id: number }
  /** The `send` of this id can never be performed: only its number is sent from now on. */
  | { readonly type: 'unsendable'; readonly id: number; readonly nowMs: number }
  /** The lane takes more again. */
  | { readonly type: 'writable'; readonly nowMs: number }
  /** The peer can be reached (again), as this incarnation. */
  | { readonly type: 'peerUp'; readonly incarnation: string; readonly nowMs: number }
  /** The peer was given up, or left. */
  | { readonly type: 'peerGone' }

export type AcknowledgedEffect<M> =
  /** Put it on its lane. `attempt` is 1 the first time; `message` is undefined for a filler. */
  | {
      readonly type: 'send'
      readonly session: number
      readonly id: number
      readonly after: number
      readonly open: boolean
      readonly key: number
      readonly message: M | undefined
      readonly causal: CausalMark | undefined
      readonly attempt: number
    }
  | {
      readonly type: 'outcome'
      readonly outcome: Outcome
      readonly id: number
      readonly message: M | undefined
      readonly causal: CausalMark | undefined
    }
  /** The window is full: the message was not taken. `drained` tells when to go on. */
  | { readonly type: 'full'; readonly message: M }
  | { readonly type: 'drained' }
  /** Comes back as `timer`. Starting a running timer starts it anew. */
  | { readonly type: 'startTimer'; readonly delayMs: number }
  | { readonly type: 'cancelTimer' }
  | { readonly type: 'refused'; readonly reason: RefusalReason }
