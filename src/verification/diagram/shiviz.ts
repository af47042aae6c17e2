import type { Plain } from '../../simulation/op.js'
import type { Trace, TraceLine } from '../../simulation/trace-line.js'
import { bodyText, noteText } from './story-text.js'

/** Where faults stand, which are of no node. */
const FAULTS = 'faults'

/**
 * A trace as a log that ShiViz shows (https://bestchai.bitbucket.io/shiviz/, with the regular expression
 * that stands there at first): two lines for each event, what it was, then its host and its vector clock
 * as JSON. Hosts are nodes and clients.
 */
export function shivizLog(trace: Trace): string {
  const log = new ShivizLog()
  for (const line of trace.lines) log.take(line)
  return log.text
}

type Clock = ReadonlyMap<string, number>

class ShivizLog {
  text = ''
  readonly #now = new Map<string, Clock>()
  readonly #sent = new Map<number, Clock>()
  readonly #calledOn = new Map<string, string>()

  take(line: TraceLine): void {
    const { k, n = FAULTS, id = '', i, d } = line
    switch (k) {
      case 'send':
        this.#sent.set(i, this.#event(n, `send ${id} ${d === undefined ? '' : bodyText(d)}`))
        return
      case 'deliver':
        this.#event(n, `deliver ${id}`, line.c === undefined ? undefined : this.#sent.get(line.c))
        return
      case 'op.call': {
        const [name, ...args] = Array.isArray(d) ? (d as Plain[]) : [d]
        const what = `${name} ${args.map((arg) => JSON.stringify(arg)).join(' ')}`
        const called = this.#event(clientOf(id), `call ${what}`)
        this.#calledOn.set(id, n)
        this.#event(n, `${clientOf(id)} calls ${what}`, called)
        return
      }
      case 'op.ret': {
        const { status, code, value } = (d ?? {}) as Readonly<Record<string, Plain>>
        const what = status === 'ok' ? JSON.stringify(value ?? null) : `${status} ${code}`
        // Whose patience is over, has heard of nobody.
        const from = code === 'TIMEOUT' ? undefined : this.#now.get(this.#calledOn.get(id) ?? '')
        this.#event(clientOf(id), `return ${what}`, from)
        return
      }
      case 'log': {
        const [message, fields] = Array.isArray(d) ? (d as Plain[]) : [d]
        this.#event(n, noteText(`log ${id}: ${message}`, fields))
        return
      }
      case 'choice':
        return
      default:
        this.#event(n, noteText(`${k} ${id}`.trim(), d))
    }
  }

  #event(name: string, what: string, follows: Clock = new Map()): Clock {
    const host = name.replace(/\s/g, '_')
    const clock = new Map(this.#now.get(host))
    for (const [other, count] of follows) clock.set(other, Math.max(count, clock.get(other) ?? 0))
    clock.set(host, (clock.get(host) ?? 0) + 1)
    this.#now.set(host, clock)
    const text = what.replace(/\s+/g, ' ').trim()
    this.text += `${text}\n${host} ${JSON.stringify(Object.fromEntries(clock))}\n`
    return clock
  }
}

const clientOf = (id: string): string => id.split('#')[0] ?? ''
