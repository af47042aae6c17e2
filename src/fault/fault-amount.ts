import type { FaultLexer } from './fault-lexer.js'
import { MS_MAX, type Part } from './fault-part.js'

/** Units of time, in microseconds. */
const TIME: Readonly<Record<string, number>> = { us: 1, ms: 1_000, s: 1_000_000, min: 60_000_000 }
const PERCENT: Readonly<Record<string, number>> = { '%': 1_000 }
const PPM: Readonly<Record<string, number>> = { ppm: 1_000 }

const AMOUNT = /^([+-]?\d{1,13}(?:\.\d{1,6})?)([a-z%]*)$/

/** True for at most three decimals: whole microseconds. */
const isFine = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' &&
  value >= least &&
  value <= most &&
  Math.round(value * 1_000) / 1_000 === value

/** A number with its unit, in thousandths of what is kept; undefined for something else. */
function amountOf(
  word: string,
  units: Readonly<Record<string, number>>,
  unit: string,
): number | undefined {
  const [, digits, written] = AMOUNT.exec(word) ?? []
  if (digits === undefined) return undefined
  const scale = Object.hasOwn(units, written || unit) ? units[written || unit] : undefined
  if (scale === undefined) return undefined
  const thousandths = Number(digits) * scale
  const whole = Math.round(thousandths)
  if (Math.abs(thousandths - whole) > 1e-6 * Math.max(1, Math.abs(whole) * 1e-6)) return undefined
  return whole / 1_000 + 0 // never -0
}

function parseAmount(
  from: FaultLexer,
  text: string,
  units: Readonly<Record<string, number>>,
  unit: string,
  test: (value: unknown) => boolean,
): number {
  const token = from.peek()
  const value = token.kind === 'word' ? amountOf(token.value, units, unit) : undefined
  if (value === undefined || !test(value)) throw from.fail(text)
  from.take()
  return value
}

/** A duration that may be left out. */
export function durationOr(fallback: number): Part<number> {
  const text = `a duration up to ${MS_MAX} ms, such as 20ms, 1.5s or 300us`
  const test = (value: unknown): boolean => isFine(value, 0, MS_MAX)
  return {
    text,
    parse: (from) =>
      from.peek().kind === 'end' ? fallback : parseAmount(from, text, TIME, 'ms', test),
    print: (value) => `${value}ms`,
    test,
  }
}

const isShare = (value: unknown): boolean => isFine(value, 0.001, 100)

/** A share that may be left out: all. */
export const percent: Part<number> = {
  text: 'a share from 0.001% to 100%',
  parse: (from) =>
    from.peek().kind === 'end' ? 100 : parseAmount(from, percent.text, PERCENT, '', isShare),
  print: (value) => (value === 100 ? '' : `${value}%`),
  test: isShare,
}

const DRIFT_MAX = 500_000
const JUMP_MAX = 1_000 * MS_MAX

/** By how much a clock is off: a time, or for `drift` a rate. */
export const clockAmount: Part<number> = {
  text: 'a time such as +500ms or -3s, for drift a rate such as 200ppm',
  parse: (from, { how }) => {
    const [units, unit] = how === 'drift' ? ([PPM, 'ppm'] as const) : ([TIME, 'ms'] as const)
    return parseAmount(from, clockAmount.text, units, unit, (v) => clockAmount.test(v, { how }))
  },
  print: (value, { how }) => `${value}${how === 'drift' ? 'ppm' : 'ms'}`,
  test: (value, { how }) =>
    how === 'drift' ? isFine(value, -DRIFT_MAX, DRIFT_MAX) : isFine(value, -JUMP_MAX, JUMP_MAX),
}
