import { durationMs, type Fields, integer } from '../base/options.js'

export interface PresenceOptions {
  /** A node says this often that it is there. Default 1,000. */
  readonly presenceMs: number
  /** Presence messages of a node that may be missed in a row; one more, and it is not there. Default 3. */
  readonly missedMax: number
  /** Members taken at most; more are refused. Default 1,024. */
  readonly membersMax: number
}

export const PRESENCE_FIELDS: Fields<PresenceOptions> = {
  presenceMs: { fallback: 1_000, check: durationMs(1) },
  missedMax: { fallback: 3, check: integer(1, 1_000) },
  membersMax: { fallback: 1_024, check: integer(1, 100_000) },
}
