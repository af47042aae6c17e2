/**
 * The one contract of all delivery stages. A stage is a deterministic machine: `step(event)` returns
 * effects in the order in which they are to be performed; it reaches no clock (`nowMs` comes with the
 * events that need it), no socket and no random source but the one it was built with. Messages are
 * opaque to it and counted by the `bytes` they come with. What a peer sent never makes it throw: it
 * is answered with a `refused` effect and counted.
 */
export interface Stage<Event, Effect> {
  step(event: Event): readonly Effect[]
  /** Messages the stage keeps right now; 0 once all is quiet. */
  readonly pending: number
}

/**
 * What became of a message that was to be acknowledged. `peerGone` and `expired` mean that no
 * acknowledgement came: it may have arrived. What is `unsendable` has not.
 */
export type Outcome = 'delivered' | 'peerGone' | 'expired' | 'unsendable'

/** Why a stage did not take what a peer sent. Nothing of it was kept and nothing acknowledged. */
export type RefusalReason =
  /** Not a stamp or a clock by the rules of its layout. */
  | 'malformed'
  /** From or to another incarnation than these two, or of another channel. */
  | 'otherIncarnation'
  /** Of a numbering that the sender has given up since. */
  | 'staleSession'
  /** The sender goes on with a numbering that is not known here (any more). */
  | 'unknownSession'
  /** An acknowledgement, or a clock, of what was never sent. */
  | 'neverSent'
  /** Further ahead than any honest sender's window reaches. */
  | 'farAhead'
  /** More waits already than the bound of messages or bytes; it will be sent again. */
  | 'full'
  /** More nodes or entries in a clock than its bound. */
  | 'tooManyEntries'
  /** More labels than the bound. */
  | 'tooManyLabels'
  /** From a node that was given up and did not come back. */
  | 'gone'

/** Refusals by reason. */
export class Refusals {
  malformed = 0
  otherIncarnation = 0
  staleSession = 0
  unknownSession = 0
  neverSent = 0
  farAhead = 0
  full = 0
  tooManyEntries = 0
  tooManyLabels = 0
  gone = 0

  /** All of them together. */
  get total(): number {
    return (
      this.malformed +
      this.otherIncarnation +
      this.staleSession +
      this.unknownSession +
      this.neverSent +
      this.farAhead +
      this.full +
      this.tooManyEntries +
      this.tooManyLabels +
      this.gone
    )
  }
}

export const NO_EFFECTS: readonly never[] = Object.freeze([])
