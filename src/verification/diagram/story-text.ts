import type { Plain } from '../../simulation/op.js'
import type { Message } from './story.js'

/** Characters of a note, and of an operation and its result. */
const TEXT_MAX = 120
/** Characters of all messages' bodies together; more where there are many. */
const BODIES_MAX = 50_000
const BODIES_EACH = 50
const BODY_LENGTHS = [1_000, 400, 200, 100, 50, 25, 12]

/** A text that is not longer than that. */
export const cut = (text: string, most = TEXT_MAX): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`

/** Arguments as they were written in the call. */
export const bodyText = (args: Plain): string =>
  Array.isArray(args) ? args.map((arg) => JSON.stringify(arg)).join(', ') : String(args)

/** What is noted, and its details. */
export function noteText(what: string, details: Plain): string {
  if (details === undefined || details === null) return cut(what)
  if (typeof details !== 'object' || Array.isArray(details)) {
    return cut(`${what} ${typeof details === 'string' ? details : JSON.stringify(details)}`)
  }
  const known = Object.entries(details as Readonly<Record<string, Plain>>)
    .filter(([name, value]) => value !== null && value !== '' && !HIDDEN.has(name))
    .map(([name, value]) =>
      name === 'node'
        ? value
        : `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
  return cut([what, known.join(', ')].filter((part) => part !== '').join(' '))
}

/** Long numbers that tell a reader nothing. */
const HIDDEN: ReadonlySet<string> = new Set(['incarnation'])

/** Cuts bodies, the longest first, until all together are no longer than a page can hold. */
export function fitBodies(messages: readonly Message[]): Message[] {
  const most = Math.max(BODIES_MAX, BODIES_EACH * messages.length)
  const size = (limit: number): number =>
    messages.reduce((sum, { body = '' }) => sum + sizeOf(cut(body, limit)), 0)
  const limit = BODY_LENGTHS.find((one) => size(one) <= most) ?? (BODY_LENGTHS.at(-1) as number)
  return messages.map((message) =>
    message.body === undefined ? message : { ...message, body: cut(message.body, limit) },
  )
}

/** In a page, where some signs take more room than others. */
const sizeOf = (text: string): number =>
  text.length + 5 * (text.match(/["\\<\u0080-\uffff]/g)?.length ?? 0)
