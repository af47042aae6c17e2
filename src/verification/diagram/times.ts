/** Microseconds as milliseconds: `30 001.420`. */
export function timeText(us: number): string {
  const [whole = '0', part = ''] = (us / 1000).toFixed(3).split('.')
  return `${whole.replace(/\B(?=(\d{3})+$)/g, '\u202f')}.${part}`
}

/** Microseconds in the unit that suits them, with three digits: `28.6 s`. */
export function durationText(us: number): string {
  const [, unit, size] = UNITS.find(([least]) => us >= least) ?? ([0, 'µs', 1] as const)
  return `${Number((us / size).toPrecision(3))} ${unit}`
}

const UNITS = [
  [120_000_000, 'min', 60_000_000],
  [1_000_000, 's', 1_000_000],
  [1_000, 'ms', 1_000],
] as const
