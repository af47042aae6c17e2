import { OUTCOME, type Outcome } from './greeting.js'

/** What this node knows when a peer has proven itself and wants to open a session. */
export interface Standing {
  /** The newest clock of the peer that belongs to the session that stands; undefined without one. */
  readonly sessionClock: number | undefined
  /** This node has sent a proof of its own to that peer and waits for the answer. */
  readonly proving: boolean
  /** This node's name is the smaller one. */
  readonly smaller: boolean
}

/**
 * Which of two sessions survives when both sides dial. Both ends come to the same result, because
 *
 * - a node numbers what it does: its clock rises with every proof it sends and every session it
 *   takes, and travels in PROOF and WELCOME. A proof that is older than the session that stands was
 *   sent before the peer knew that session: a duplicate. A newer one says that the peer has lost it.
 * - while both wait for an answer, the smaller name's proof wins: it refuses the other's, and the
 *   other takes it and gives up its own.
 */
export function arbitrate(standing: Standing, clock: number): Outcome {
  if (standing.sessionClock !== undefined) {
    return clock > standing.sessionClock ? OUTCOME.OPEN : OUTCOME.DUPLICATE
  }
  return standing.proving && standing.smaller ? OUTCOME.DUPLICATE : OUTCOME.OPEN
}

/** True when `a` is an earlier incarnation of a name than `b`: generations decide, then ULIDs. */
export function isOlder(
  a: { readonly generation: number; readonly incarnation: string },
  b: { readonly generation: number; readonly incarnation: string },
): boolean {
  return a.generation !== b.generation ? a.generation < b.generation : a.incarnation < b.incarnation
}
