import { isObject, show } from '../../base/options.js'
import type { Plain } from '../../simulation/op.js'
import type { EventType, History, HistoryKey } from './history.js'
import { badHistory, HistoryBuilder } from './history-builder.js'
import type { AnyModel } from './model.js'
import { flawOf } from './value-flaw.js'

/** A line as it was read. */
interface Line {
  readonly process: number | string
  readonly type: EventType
  readonly f: string
  readonly key: HistoryKey
  readonly value: Plain
  readonly time: number | undefined
}

interface Called extends Line {
  /** What the builder names it by. */
  readonly call: number
  readonly line: number
}

const TYPES: ReadonlySet<unknown> = new Set<EventType>(['invoke', 'ok', 'fail', 'info'])

/** What breaks things writes its lines into the same file; they are no operations. */
const NEMESIS = 'nemesis'

/**
 * Reads a history of JSON lines, one event each, in the order in which they happened:
 * `{"process":0,"type":"invoke","f":"write","key":"x","value":1}`. Empty lines and those of the process
 * `nemesis` are skipped; fields that nobody knows are ignored, so that files may carry more.
 *
 * A process calls, then returns, then calls again. What never returns may still be done. After an `info` a process should
 * not go on under its name; one that does is taken at its word, and that operation has no place in its order any more.
 *
 * @throws TroupeError ERR_BAD_HISTORY, with the line in its message and in `data.line`
 */
export function readHistory(text: string, model: AnyModel): History {
  const builder = new HistoryBuilder(model)
  /** What each process does. Undefined: nothing; a map that forgets and learns one key again and again becomes slow. */
  const open = new Map<number | string, Called | undefined>()
  let lastTime: { readonly time: number; readonly line: number } | undefined
  let line = 0
  for (let from = 0; from < text.length; ) {
    line++
    const newline = text.indexOf('\n', from)
    const to = newline === -1 ? text.length : newline
    const source = text.slice(from, to).trim()
    from = to + 1
    if (source === '') continue
    const read = parsed(source, line, newline === -1)
    if (read === undefined) continue
    const { process, type, f, key, value, time } = read
    if (time !== undefined) {
      if (lastTime !== undefined && time < lastTime.time) {
        const { time: then, line: there } = lastTime
        throw badHistory(line, `the time goes back, from ${then} in line ${there} to ${time}`)
      }
      lastTime = { time, line }
    }
    const called = open.get(process)
    if (type === 'invoke') {
      if (called !== undefined) {
        const before = `${called.f} of line ${called.line} has not returned`
        throw badHistory(line, `process ${process} calls ${f}, but its ${before}`)
      }
      const call = builder.invoke(process, f, key, value, line)
      open.set(process, { ...read, call, line })
      continue
    }
    if (called === undefined) {
      throw badHistory(line, `process ${process} returns from ${f}, which it has not called`)
    }
    checkMatch(called, read, line)
    if (type === 'ok' && value === undefined && model.operations[f]?.gives !== 'same') {
      throw badHistory(line, `${f} gave no value: null where it found nothing`)
    }
    open.set(process, undefined)
    builder.return(called.call, type, value, line)
  }
  return builder.build()
}

function checkMatch(called: Called, { f, key }: Line, line: number): void {
  if (f !== called.f) {
    throw badHistory(line, `it returns from ${f}, but line ${called.line} calls ${called.f}`)
  }
  if (key !== undefined && key !== called.key) {
    const was = called.key === undefined ? 'has none' : `has ${show(called.key)}`
    throw badHistory(line, `it returns with the key ${show(key)}, but line ${called.line} ${was}`)
  }
}

/** Undefined: no event of a client. */
function parsed(source: string, line: number, last: boolean): Line | undefined {
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch (error) {
    const what = last ? 'is cut short, or not JSON' : 'is not JSON'
    throw badHistory(line, `it ${what}: ${(error as Error).message}`, error)
  }
  if (!isObject<Record<string, unknown>>().test(value)) {
    throw badHistory(line, `an event must be an object, got ${show(value)}`)
  }
  const { process, type, f, key, time } = value
  if (process === NEMESIS) return undefined
  if (!isName(process)) {
    throw badHistory(line, `process must be a number or a string, got ${show(process)}`)
  }
  if (!TYPES.has(type)) {
    throw badHistory(line, `type must be invoke, ok, fail or info, got ${show(type)}`)
  }
  if (typeof f !== 'string') throw badHistory(line, `f must be a string, got ${show(f)}`)
  if (key !== undefined && key !== null && !isName(key)) {
    throw badHistory(line, `key must be a number or a string, got ${show(key)}`)
  }
  if (time !== undefined && time !== null && !Number.isFinite(time)) {
    throw badHistory(line, `time must be a number, got ${show(time)}`)
  }
  for (const [what, read] of [
    ['process', process],
    ['key', key],
    [`the value of ${f}`, value['value']],
  ] as const) {
    const flaw = flawOf(read, 'read')
    if (flaw !== undefined) throw badHistory(line, `${what} ${flaw}`)
  }
  return {
    process,
    type: type as EventType,
    f,
    key: key ?? undefined,
    value: value['value'] as Plain,
    time: (time as number | null | undefined) ?? undefined,
  }
}

const isName = (value: unknown): value is number | string =>
  typeof value === 'number' || typeof value === 'string'
