import { check } from '../base/options.js'

/**
 * How long one way takes, as quantiles in whole microseconds at equal distances from the least to the greatest:
 * `[100, 200, 900]` has a median of 200. At least two, none less than the one before. Between two
 * neighbours every value is as likely.
 */
export type LatencyTable = readonly number[]

const LONGEST_US = 60_000_000

export const isLatencyTable = check<LatencyTable>(
  'at least two integers of microseconds from 0 to 60000000, in ascending order',
  (v) =>
    Array.isArray(v) &&
    v.length >= 2 &&
    v.every(
      (us, i) => Number.isInteger(us) && us >= (v[i - 1] ?? 0) && us >= 0 && us <= LONGEST_US,
    ),
)

/** The value at `draw` of 2^32 of the table: integers all the way, so that every engine agrees. */
export function latencyAt(table: LatencyTable, draw: number): number {
  const steps = table.length - 1
  const step = Math.floor(draw / 65_536) * steps
  const at = Math.floor(step / 65_536)
  const from = table[at] as number
  const spread = (table[at + 1] as number) - from
  return from + Math.floor((spread * (step % 65_536)) / 65_536)
}

/** Ready tables, one way. */
export const latencies = {
  /** One machine: 20 to 90 µs, rarely 1 ms. */
  local: [20, 25, 28, 31, 34, 38, 43, 50, 62, 90, 1_000],
  /** One data centre: a median of 0.25 ms, one in ten above 0.6 ms, at most 10 ms. */
  lan: [100, 150, 180, 205, 225, 250, 285, 335, 420, 600, 10_000],
  /** A continent: a median of 20 ms, one in ten above 34 ms, at most 200 ms. */
  wan: [12_000, 14_500, 16_000, 17_300, 18_600, 20_000, 21_800, 24_200, 27_800, 34_000, 200_000],
} as const satisfies Record<string, LatencyTable>

const REGIONS = ['europe', 'usEast', 'usWest', 'southAmerica', 'asia', 'australia'] as const

export type Region = (typeof REGIONS)[number]

/** Typical one-way times between regions in milliseconds, in the order of `REGIONS`. */
const BETWEEN_MS = [
  [5, 40, 70, 95, 90, 130],
  [40, 5, 32, 58, 85, 100],
  [70, 32, 5, 85, 55, 70],
  [95, 58, 85, 5, 130, 150],
  [90, 85, 55, 130, 5, 50],
  [130, 100, 70, 150, 50, 5],
] as const

/** Eleven quantiles of what comes on top of the least time, in thousandths of it. */
const ON_TOP = [0, 4, 8, 12, 17, 24, 33, 47, 75, 150, 1_000]

/** The way between two regions of the world, or within one. */
export function betweenRegions(a: Region, b: Region): LatencyTable {
  const ms = BETWEEN_MS[REGIONS.indexOf(a)]?.[REGIONS.indexOf(b)]
  if (ms === undefined) throw new RangeError(`regions are ${REGIONS.join(', ')}, got ${a}, ${b}`)
  return ON_TOP.map((thousandths) => ms * 1_000 + ms * thousandths)
}
