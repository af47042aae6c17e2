import { TroupeError } from './errors.js'

/** A rule for one option: `text` completes "must be …". */
export interface Check<T> {
  readonly text: string
  test(value: unknown): value is T
}

/** One option: what it is when absent (undefined: stays absent) and the rule it must keep. */
export interface Field<T> {
  readonly fallback: T
  readonly check: Check<Exclude<T, undefined>>
}

export type Fields<O> = { readonly [K in keyof O]-?: Field<O[K]> }

/**
 * Reads options once: fills defaults, refuses unknown names and bad values, freezes the result.
 * `of` is the path that error messages begin with, such as `hyparview` or `startNode.channels.game`.
 * An option that is `undefined` counts as absent.
 *
 * @throws TroupeError ERR_BAD_OPTION naming option, rule and value
 */
export function readOptions<O extends object>(of: string, fields: Fields<O>, given: unknown): O {
  if (given === undefined) return planOf(fields).fallbacks as O
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw badOption(of, 'an object of options', given)
  }
  const { names, fallbacks } = planOf(fields)
  if (given === fallbacks) return given as O // read before
  const keys = Object.keys(given)
  for (const name of keys) {
    if (!Object.hasOwn(fields, name)) {
      const known = Object.keys(fields).join(', ')
      throw new TroupeError('ERR_BAD_OPTION', `${of}.${name} is not an option; there are: ${known}`)
    }
  }
  let read: Record<string, unknown> | undefined
  // Of what a plain object does not have nothing can be inherited.
  const plain = Object.getPrototypeOf(given) === Object.prototype
  for (const name of plain ? keys : names) {
    const value = (given as Record<string, unknown>)[name]
    if (value === undefined) continue
    const { check }: Field<unknown> = fields[name as keyof O]
    if (!check.test(value)) throw badOption(`${of}.${name}`, check.text, value)
    read ??= { ...fallbacks }
    read[name] = value
  }
  return (read === undefined ? fallbacks : Object.freeze(read)) as O
}

/** What is the same at every reading of one set of fields. */
interface Plan {
  readonly names: readonly string[]
  /** The result for options of which none is given; frozen. */
  readonly fallbacks: Readonly<Record<string, unknown>>
}

const plans = new WeakMap<object, Plan>()

function planOf(fields: Fields<Record<string, unknown>>): Plan {
  let plan = plans.get(fields)
  if (plan === undefined) {
    const all = Object.entries(fields)
    const stated = all.filter(([, { fallback }]) => fallback !== undefined)
    const fallbacks = stated.map(([name, { fallback }]) => [name, fallback] as const)
    plan = {
      names: all.map(([name]) => name),
      fallbacks: Object.freeze(Object.fromEntries(fallbacks)),
    }
    plans.set(fields, plan)
  }
  return plan
}

export function badOption(path: string, rule: string, value: unknown): TroupeError {
  return new TroupeError('ERR_BAD_OPTION', `${path} must be ${rule}, got ${show(value)}`)
}

export function check<T>(text: string, test: (value: unknown) => boolean): Check<T> {
  return { text, test: test as Check<T>['test'] }
}

export const isBoolean = check<boolean>('true or false', (v) => typeof v === 'boolean')
export const isText = check<string>('a non-empty string', (v) => typeof v === 'string' && v !== '')
export const isFunction = <F>(): Check<F> => check('a function', (v) => typeof v === 'function')
export const isObject = <O>(): Check<O> =>
  check('an object', (v) => typeof v === 'object' && v !== null && !Array.isArray(v))

/** A whole number in a range, both ends included. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): Check<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `>= ${least}` : `from ${least} to ${most}`
  return check(
    `an integer ${range}`,
    (v) => Number.isSafeInteger(v) && (v as number) >= least && (v as number) <= most,
  )
}

/** A duration in milliseconds, at most what a timer takes (2^31 - 1, about 24.8 days). */
export function durationMs(least = 0): Check<number> {
  const most = 2 ** 31 - 1
  return check(
    `a number of milliseconds from ${least} to ${most}`,
    (v) => typeof v === 'number' && v >= least && v <= most,
  )
}

export function oneOf<T extends string>(...values: readonly T[]): Check<T> {
  return check(values.map((v) => `'${v}'`).join(' or '), (v) => values.includes(v as T))
}

/** A value as text for an error message: short, and never throwing. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(cut(value))
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'object' && value !== null) return showObject(value)
  if (typeof value !== 'function') return String(value)
  const { name } = value as { name: unknown }
  return `function ${typeof name === 'string' && name !== '' ? name : '(anonymous)'}`
}

function showObject(value: object): string {
  try {
    return cut(JSON.stringify(value) ?? Object.prototype.toString.call(value))
  } catch {
    return Array.isArray(value) ? '[object Array]' : '[object Object]'
  }
}

const cut = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)}…` : text)
