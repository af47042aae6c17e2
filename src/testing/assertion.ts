/**
 * What a contract case throws. Runners that draw differences (mocha, vitest, jest) find `actual` and
 * `expected` on it.
 */
export class ContractError extends Error {
  override readonly name = 'AssertionError'
  readonly showDiff = true

  constructor(
    message: string,
    readonly actual?: unknown,
    readonly expected?: unknown,
  ) {
    super(message)
  }
}

/** The few assertions that contract suites need, so that the package brings no assertion library. */
export const assert = {
  equal(actual: unknown, expected: unknown, what?: string): void {
    if (!Object.is(actual, expected)) fail(what, 'is not', actual, expected)
  },

  notEqual(actual: unknown, unwanted: unknown, what?: string): void {
    if (Object.is(actual, unwanted)) refuse(what, `must not be ${text(unwanted)}`)
  },

  deepEqual(actual: unknown, expected: unknown, what?: string): void {
    if (!sameValue(actual, expected)) fail(what, 'is not', actual, expected)
  },

  include(list: readonly unknown[], item: unknown, what?: string): void {
    if (!list.includes(item)) refuse(what, `${text(item)} is missing in ${text(list)}`)
  },

  notInclude(list: readonly unknown[], item: unknown, what?: string): void {
    if (list.includes(item)) refuse(what, `${text(item)} must not be in ${text(list)}`)
  },

  isUndefined(value: unknown, what?: string): void {
    if (value !== undefined) refuse(what, `undefined was expected, got ${text(value)}`)
  },

  isDefined(value: unknown, what?: string): void {
    if (value === undefined) refuse(what, 'a value was expected, got undefined')
  },

  isBelow(value: number, bound: number, what?: string): void {
    if (!(value < bound)) refuse(what, `${value} is not below ${bound}`)
  },
}

function fail(what: string | undefined, is: string, actual: unknown, expected: unknown): never {
  const message = `${text(actual)} ${is} ${text(expected)}`
  throw new ContractError(what === undefined ? message : `${what}: ${message}`, actual, expected)
}

function refuse(what: string | undefined, message: string): never {
  throw new ContractError(what === undefined ? message : `${what}: ${message}`)
}

/** Structural equality of plain values: what wire and snapshots are made of. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) &&
      sameValue((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  )
}

const TEXT_MAX = 400

function text(value: unknown): string {
  const json = JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v))
  const shown = json ?? String(value)
  return shown.length > TEXT_MAX ? `${shown.slice(0, TEXT_MAX)}…` : shown
}
