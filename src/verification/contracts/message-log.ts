import { TroupeError } from '../../base/errors.js'
import { show } from '../../base/options.js'

/** What one participant (an actor, a client, a node) did with one message. */
export interface MessageEvent {
  readonly type: 'sent' | 'delivered'
  /** Names the message, wherever it goes: unique among all that any participant sends. */
  readonly message: string | number
  /** Of what was sent: for whom it is. Default: for whoever gets it, of whom nobody must. */
  readonly to?: readonly string[]
}

/** What each participant sent and was given, by its name, in its own order. */
export type MessageLog = Readonly<Record<string, readonly MessageEvent[]>>

/** A message with who sent it, and when in its sender's order. */
export interface SentMessage {
  readonly message: string | number
  readonly from: string
  /** Index in its sender's events. */
  readonly at: number
  readonly to: readonly string[] | undefined
}

/**
 * All messages of a log by their names.
 * @throws TroupeError ERR_BAD_HISTORY for a message that is sent twice, or delivered and sent by nobody
 */
export function sentIn(log: MessageLog): ReadonlyMap<string | number, SentMessage> {
  const sent = new Map<string | number, SentMessage>()
  for (const [from, events] of Object.entries(log)) {
    for (const [at, { type, message, to }] of events.entries()) {
      if (type !== 'sent') continue
      const before = sent.get(message)
      if (before !== undefined) {
        throw bad(`message ${show(message)} is sent by ${before.from} and by ${from}`)
      }
      sent.set(message, { message, from, at, to })
    }
  }
  for (const [by, events] of Object.entries(log)) {
    for (const { type, message } of events) {
      if (type === 'delivered' && !sent.has(message)) {
        throw bad(`message ${show(message)} is delivered to ${by} and sent by nobody`)
      }
    }
  }
  return sent
}

const bad = (detail: string): TroupeError => new TroupeError('ERR_BAD_HISTORY', detail)
