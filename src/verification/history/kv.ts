import { check } from '../../base/options.js'
import type { HistoryOp } from './history.js'
import type { Access, Model, OperationRule } from './model.js'
import { decideRegister } from './register-zones.js'
import { valueText } from './value-text.js'

const PUT: OperationRule = {
  takes: check('a string', (value) => typeof value === 'string'),
  gives: 'same',
}
const GET: OperationRule = {
  takes: 'nothing',
  gives: check(
    'a string, or null',
    (value) => value === undefined || value === null || typeof value === 'string',
  ),
}

/** A string per key, empty at first: `put` replaces it, `append` adds to it, `get` gives it (null where it is empty). */
export const kv = (): Model<string> => new Kv()

const EMPTY = valueText('')

/** Characters through which it is looked for what gets may have seen. */
const LOOKED_MAX = 500_000_000

class Kv implements Model<string> {
  readonly name = 'kv'
  readonly operations = { get: GET, put: PUT, append: PUT }
  readonly needsKey = true
  readonly initial = ''
  readonly initialValue = ''

  text(state: string): string {
    return state
  }

  step(state: string, { f, value, result, status }: HistoryOp): string | undefined {
    if (f === 'put') return value as string
    if (f === 'append') return state + (value as string)
    return status === 'info' || (result ?? '') === state ? state : undefined
  }

  isRead({ f }: HistoryOp): boolean {
    return f === 'get'
  }

  access({ f, value, result, status }: HistoryOp): Access | undefined {
    if (f === 'put') return { writes: value ?? '' }
    if (f === 'append') return undefined
    return status === 'ok' ? { reads: result ?? '' } : {}
  }

  decide(ops: readonly HistoryOp[]): boolean | undefined {
    return decideRegister(ops, EMPTY, (op) => this.access(op))
  }

  /** A get that comes after a put and before the next one begins with what was put, and has in it what was appended. */
  noticeable(open: readonly HistoryOp[], done: readonly HistoryOp[]): readonly HistoryOp[] {
    const seen = longest(done.filter(({ f }) => f === 'get').map(got))
    const length = seen.reduce((sum, text) => sum + text.length, 0)
    let looked = 0
    const noticed = new Map<string, boolean>()
    return open.filter(({ f, value }) => {
      if (f === 'get') return false
      const text = value as string
      const name = `${f} ${text}`
      const known = noticed.get(name)
      if (known !== undefined) return known
      looked += length
      // more is never wrong, it only takes longer to search
      if (looked > LOOKED_MAX) return true
      const is = seen.some((one) => (f === 'put' ? one.startsWith(text) : one.includes(text)))
      noticed.set(name, is)
      return is
    })
  }

  /**
   * While no put may come before the next get, appends are all that can: what is there must be the beginning
   * of what that get gives.
   */
  lookahead(
    ops: readonly HistoryOp[],
  ): (at: number, state: string, taken: (place: number) => boolean) => boolean {
    const gets = ops
      .map((op, place) => ({ op, place, text: got(op) }))
      .filter(({ op }) => op.f === 'get' && op.status === 'ok')
      .sort((a, b) => a.op.returnedAt - b.op.returnedAt)
    const puts = ops.filter(({ f }) => f === 'put')
    /** By the number of a get: until when a put may come that it shows. */
    const lastPuts: (number | undefined)[] = []
    const lastPut = (number: number): number => {
      const { op, text } = gets[number] as (typeof gets)[number]
      return puts.reduce(
        (last, { calledAt, returnedAt, value }) =>
          calledAt < op.returnedAt && text.startsWith(value as string)
            ? Math.max(last, returnedAt)
            : last,
        -1,
      )
    }
    return (at, state, taken) => {
      let number = firstFrom(gets, at)
      while (number < gets.length && taken((gets[number] as { place: number }).place)) number++
      const next = gets[number]
      if (next === undefined || next.text.startsWith(state)) return false
      lastPuts[number] ??= lastPut(number)
      return (lastPuts[number] as number) < at
    }
  }
}

const got = ({ result }: HistoryOp): string => (result as string | null | undefined) ?? ''

/** Those that are not the beginning of another. */
function longest(texts: readonly string[]): string[] {
  const sorted = [...new Set(texts)].sort()
  return sorted.filter((text, at) => !sorted[at + 1]?.startsWith(text))
}

/** The first of them, in the order of their returns, that returns at `at` or later. */
function firstFrom(gets: readonly { readonly op: HistoryOp }[], at: number): number {
  let low = 0
  let high = gets.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((gets[middle] as { op: HistoryOp }).op.returnedAt < at) low = middle + 1
    else high = middle
  }
  return low
}
