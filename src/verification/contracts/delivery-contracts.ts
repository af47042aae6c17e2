import { show } from '../../base/options.js'
import { type MessageLog, type SentMessage, sentIn } from './message-log.js'

/** What can be promised of the delivery of messages. */
export type DeliveryContract =
  /** What one participant sent to another is delivered in that order; gaps are allowed, and repetitions right behind. */
  | 'in-order'
  /** Nothing is delivered twice to the same participant, nor to one it was not for. */
  | 'at-most-once'
  /** All that was sent `to` somebody is delivered there, once at least. */
  | 'at-least-once'
  /** Both. */
  | 'exactly-once'
  /**
   * What may have led to a message (all that its sender had sent and been given before, and so on) is delivered
   * before it, wherever both are delivered.
   */
  | 'causal'

/**
 * Whether what participants sent and were given keeps a contract: true, or a text with the first message that breaks
 * it. For checks, of logs that actors keep:
 *
 *     check.always('talk is causal', ({ actors }) =>
 *       delivered('causal', Object.fromEntries(actors(Chatter).map(({ node, actor }) => [node, actor.log]))))
 *
 * @throws TroupeError ERR_BAD_HISTORY for a message that is sent twice, or delivered and sent by nobody
 */
export function delivered(contract: DeliveryContract, log: MessageLog): true | string {
  const sent = sentIn(log)
  switch (contract) {
    case 'in-order':
      return inOrder(log, sent)
    case 'at-most-once':
      return atMostOnce(log, sent)
    case 'at-least-once':
      return atLeastOnce(log, sent)
    case 'exactly-once': {
      const once = atMostOnce(log, sent)
      return once === true ? atLeastOnce(log, sent) : once
    }
    case 'causal':
      return causal(log, sent)
  }
}

type Sent = ReadonlyMap<string | number, SentMessage>

function inOrder(log: MessageLog, sent: Sent): true | string {
  for (const [by, events] of Object.entries(log)) {
    const last = new Map<string, SentMessage>()
    for (const { type, message } of events) {
      if (type !== 'delivered') continue
      const one = sent.get(message) as SentMessage
      const before = last.get(one.from)
      if (before !== undefined && before.at > one.at) {
        return `${by} was given ${show(one.message)} of ${one.from} after ${show(before.message)}, which was sent later`
      }
      last.set(one.from, one)
    }
  }
  return true
}

function atMostOnce(log: MessageLog, sent: Sent): true | string {
  for (const [by, events] of Object.entries(log)) {
    const got = new Set<string | number>()
    for (const { type, message } of events) {
      if (type !== 'delivered') continue
      if (got.has(message)) return `${by} was given ${show(message)} twice`
      got.add(message)
      const { to } = sent.get(message) as SentMessage
      if (to !== undefined && !to.includes(by)) {
        return `${by} was given ${show(message)}, which was for ${to.join(', ') || 'nobody'}`
      }
    }
  }
  return true
}

function atLeastOnce(log: MessageLog, sent: Sent): true | string {
  const got = new Map<string, Set<string | number>>()
  for (const [by, events] of Object.entries(log)) {
    const own = events.filter(({ type }) => type === 'delivered').map(({ message }) => message)
    got.set(by, new Set(own))
  }
  for (const { message, from, to = [] } of sent.values()) {
    const lacks = to.find((by) => got.get(by)?.has(message) !== true)
    if (lacks !== undefined) return `${lacks} was never given ${show(message)} of ${from}`
  }
  return true
}

/**
 * Walks the events of all participants, a delivery after its sending, and keeps for each message how far into
 * everybody's sendings its past reaches. A delivery that comes before its sending cannot be walked to: then the
 * log has a circle.
 */
function causal(log: MessageLog, sent: Sent): true | string {
  const names = Object.keys(log)
  const at = new Map(names.map((name) => [name, 0]))
  /** By participant: of each sender, how many of its events are in the past. */
  const clocks = new Map(names.map((name) => [name, new Map<string, number>()]))
  const pasts = new Map<string | number, ReadonlyMap<string, number>>()
  for (let moved = true; moved; ) {
    moved = false
    for (const name of names) {
      const events = log[name] ?? []
      const clock = clocks.get(name) as Map<string, number>
      for (let i = at.get(name) ?? 0; i < events.length; i++) {
        const { type, message } = events[i] as (typeof events)[number]
        if (type === 'sent') {
          pasts.set(message, new Map(clock))
          clock.set(name, i + 1)
        } else {
          const past = pasts.get(message)
          if (past === undefined) break
          const { from, at: sentAt } = sent.get(message) as SentMessage
          for (const [other, count] of past) raise(clock, other, count)
          raise(clock, from, sentAt + 1)
        }
        at.set(name, i + 1)
        moved = true
      }
    }
  }
  for (const name of names) {
    const events = log[name] ?? []
    if ((at.get(name) ?? 0) < events.length) {
      return `${name} was given ${show(events[at.get(name) ?? 0]?.message)} before it can have been sent`
    }
    const wrong = outOfPlace(name, log, sent, pasts)
    if (wrong !== undefined) return wrong
  }
  return true
}

/** A message in the past of one that was delivered here before it. */
function outOfPlace(
  name: string,
  log: MessageLog,
  sent: Sent,
  pasts: ReadonlyMap<string | number, ReadonlyMap<string, number>>,
): string | undefined {
  /** By sender: what was delivered here, as far into its events as any delivered message's past has reached, and by which. */
  const reached = new Map<string, { readonly count: number; readonly by: SentMessage }>()
  const got = new Set<string | number>()
  for (const { type, message } of log[name] ?? []) {
    if (type !== 'delivered' || got.has(message)) continue
    got.add(message)
    const one = sent.get(message) as SentMessage
    const known = reached.get(one.from)
    if (known !== undefined && one.at < known.count) {
      return `${name} was given ${show(known.by.message)} of ${known.by.from} before ${show(message)} of ${one.from}, which may have led to it`
    }
    for (const [other, count] of pasts.get(message) ?? []) {
      if (count > (reached.get(other)?.count ?? 0)) reached.set(other, { count, by: one })
    }
  }
  return undefined
}

function raise(clock: Map<string, number>, name: string, count: number): void {
  if (count > (clock.get(name) ?? 0)) clock.set(name, count)
}
