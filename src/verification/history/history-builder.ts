import { TroupeError } from '../../base/errors.js'
import { show } from '../../base/options.js'
import type { Plain } from '../../simulation/op.js'
import {
  type EventType,
  History,
  type HistoryEvent,
  type HistoryKey,
  type HistoryOp,
} from './history.js'
import type { AnyModel } from './model.js'
import { flawOf } from './value-flaw.js'
import { shortText, valueText } from './value-text.js'

/** A call that has not returned. */
interface OpenCall {
  readonly event: HistoryEvent
  readonly at: number
}

/** Puts a history together, event by event, and refuses what the model does not know. */
export class HistoryBuilder {
  readonly #model: AnyModel
  readonly #events: HistoryEvent[] = []
  readonly #ops: HistoryOp[] = []
  readonly #open = new Map<number, OpenCall>()

  constructor(model: AnyModel) {
    this.#model = model
  }

  /** Events so far. */
  get length(): number {
    return this.#events.length
  }

  /**
   * A call.
   * @returns what its return names it by
   * @throws TroupeError ERR_BAD_HISTORY for an operation or a value that the model does not know
   */
  invoke(
    process: number | string,
    f: string,
    key: HistoryKey,
    value: Plain,
    line: number | undefined = undefined,
  ): number {
    const { name, operations, needsKey } = this.#model
    const rule = Object.hasOwn(operations, f) ? operations[f] : undefined
    if (rule === undefined) {
      const known = Object.keys(operations).join(', ')
      throw badHistory(line, `${show(f)} is no operation of ${name}; there are: ${known}`)
    }
    if (needsKey && key === undefined) throw badHistory(line, `${f} needs a key`)
    this.#checkPlain(f, value, line)
    if (rule.takes === 'nothing') {
      if (value !== undefined && value !== null) {
        throw badHistory(line, `${f} takes no value, got ${shortText(value)}`)
      }
    } else if (!rule.takes.test(value)) {
      throw badHistory(line, `the value of ${f} must be ${rule.takes.text}, got ${textOf(value)}`)
    }
    const at = this.#events.length
    const event = { process, type: 'invoke', f, key, value, line } as const
    this.#events.push(event)
    this.#open.set(at, { event, at })
    return at
  }

  /**
   * The return of a call: `call` is what `invoke` gave.
   * @throws TroupeError ERR_BAD_HISTORY for a value that this operation cannot give
   */
  return(
    call: number,
    type: Exclude<EventType, 'invoke'>,
    value: Plain,
    line: number | undefined = undefined,
  ): void {
    const open = this.#open.get(call)
    if (open === undefined) throw badHistory(line, 'it returns twice, or was never called')
    const { event } = open
    const { process, f, key } = event
    this.#checkPlain(f, value, line)
    if (type === 'ok') this.#checkResult(event, value, line)
    this.#open.delete(call)
    const at = this.#events.length
    this.#events.push({ process, type, f, key, value, line })
    if (type === 'fail') return
    const done = type === 'ok'
    // what reads and gives nothing has found nothing
    const result = this.#model.operations[f]?.gives === 'same' ? undefined : (value ?? null)
    this.#ops.push({
      process,
      f,
      key,
      value: event.value,
      result: done ? result : undefined,
      status: done ? 'ok' : 'info',
      calledAt: call,
      returnedAt: done ? at : Number.POSITIVE_INFINITY,
    })
  }

  /** What was called and has not returned may still be done. */
  build(): History {
    const ops = [...this.#ops]
    for (const { event, at } of this.#open.values()) {
      const { process, f, key, value } = event
      ops.push({
        process,
        f,
        key,
        value,
        result: undefined,
        status: 'info',
        calledAt: at,
        returnedAt: Number.POSITIVE_INFINITY,
      })
    }
    return new History(
      [...this.#events],
      ops.sort((a, b) => a.calledAt - b.calledAt),
    )
  }

  #checkPlain(f: string, value: Plain, line?: number): void {
    const flaw = flawOf(value, 'made')
    if (flaw !== undefined) throw badHistory(line, `the value of ${f} ${flaw}`)
  }

  #checkResult({ f, value: given, line: called }: HistoryEvent, value: Plain, line?: number): void {
    const gives = this.#model.operations[f]?.gives
    if (gives === undefined || gives === 'anything') return
    if (gives === 'same') {
      if (value === undefined || value === null || valueText(value) === valueText(given)) return
      const where = called === undefined ? 'its call' : `its call in line ${called}`
      throw badHistory(line, `${f} gave ${shortText(value)}, but ${where} has ${textOf(given)}`)
    }
    if (gives.test(value)) return
    throw badHistory(line, `what ${f} gives must be ${gives.text}, got ${textOf(value)}`)
  }
}

const textOf = (value: Plain): string => (value === undefined ? 'nothing' : shortText(value))

export const badHistory = (
  line: number | undefined,
  detail: string,
  cause?: unknown,
): TroupeError =>
  new TroupeError('ERR_BAD_HISTORY', line === undefined ? detail : `line ${line}: ${detail}`, {
    cause,
    data: line === undefined ? {} : { line },
  })
