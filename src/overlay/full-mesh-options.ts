import { durationMs, type Fields, integer, readOptions } from '../base/options.js'

export interface FullMeshOptions {
  /** A digest to one random peer this often repairs what was lost. Default 10,000. */
  readonly gossipMs: number
  /** Members taken at most; more are refused. Default 1,024. */
  readonly membersMax: number
  /** Removed members remembered, so that late news does not bring them back. Default 4,096. */
  readonly removedMax: number
  /**
   * A member given up by the failure detector is removed after this time without return. Absent (the
   * default): never, for members on both sides of a long partition would remove each other and not
   * find together again without a join.
   */
  readonly evictAfterMs?: number | undefined
}

const FIELDS: Fields<FullMeshOptions> = {
  gossipMs: { fallback: 10_000, check: durationMs(1) },
  membersMax: { fallback: 1_024, check: integer(1, 100_000) },
  removedMax: { fallback: 4_096, check: integer(1, 100_000) },
  evictAfterMs: { fallback: undefined, check: durationMs(1) },
}

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value */
export const readFullMeshOptions = (given: Partial<FullMeshOptions>): FullMeshOptions =>
  readOptions<FullMeshOptions>('fullMesh', FIELDS, given)
