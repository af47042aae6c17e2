import type { Random } from '../base/random.js'
import type { BroadcastEffect } from './broadcast.js'
import {
  DIGEST_ORIGINS_MAX,
  DIGEST_RUNS_MAX,
  type Digest,
  REPAIRS_MAX,
  type Repaired,
  type SeenRuns,
  wire,
} from './broadcast-message.js'
import type { LoggedMessage, MessageLog, OriginLog } from './message-log.js'

/** Origins in a digest are about so many. */
const ORIGINS_A_PART = 256
/** Bytes of repairs in one message, about; a message that is larger travels alone. */
const REPAIR_BYTES = 256 * 1024
/** Neighbours that are asked at once when an exchange brought something. */
const SPREAD = 2

/**
 * Push-pull by digests (Demers et al., PODC'87): a node tells a random neighbour what it has seen; that
 * one sends what is not among it, and its own digest back when it lacks something itself. Who got
 * something asks two more, and again only a little later, so that what a partition kept apart spreads like a rumour, and
 * much of it costs no more than little. A digest is about the origins whose hash falls into one part of
 * many, so that its size is bounded.
 */
export class AntiEntropy {
  readonly #log: MessageLog
  readonly #random: Random
  /** Parts, out of how many, of which an exchange brought something, and who did. */
  #news:
    | { readonly parts: number; readonly of: Set<number>; readonly from: Set<string> }
    | undefined

  constructor(log: MessageLog, random: Random) {
    this.#log = log
    this.#random = random
  }

  /** A round: a digest to a random neighbour. */
  exchange(neighbours: readonly string[], effects: BroadcastEffect[]): void {
    this.#log.nextRound()
    if (neighbours.length > 0) this.begin(this.#random.pick(neighbours), effects)
  }

  /** A digest to one neighbour. */
  begin(peer: string, effects: BroadcastEffect[]): void {
    const parts = Math.max(1, Math.ceil(this.#log.origins.size / ORIGINS_A_PART))
    this.#ask(peer, false, this.#random.int(parts), parts, effects)
  }

  /** Gives the sender what it has not seen, and asks for what is not seen here. */
  onDigest(from: string, digest: Digest, effects: BroadcastEffect[]): void {
    const { reply, part, parts, seen } = digest
    const { list, more } = this.#lackedBy(digest)
    if (list.length > 0) {
      const messages = list.map(
        (message): Repaired => ({
          origin: message.origin.incarnation,
          counter: message.counter,
          age: this.#log.ageOf(message),
          body: message.body,
        }),
      )
      const body = wire.repair(part, parts, more, messages)
      effects.push({ type: 'send', to: from, body, payloads: messages.length })
    }
    if (!reply && this.#lacksOf(seen)) this.#ask(from, true, part, parts, effects)
  }

  /** An exchange about that part brought something new: others may lack it, too, until `spread`. */
  onNews(
    from: string,
    repair: { readonly part: number; readonly parts: number; readonly more: boolean },
    effects: BroadcastEffect[],
  ): void {
    const { part, parts, more } = repair
    if (more) this.#ask(from, true, part, parts, effects)
    if (this.#news?.parts !== parts) this.#news = { parts, of: new Set(), from: new Set() }
    this.#news.of.add(part)
    this.#news.from.add(from)
  }

  /** Asks two others about each part of which something came since. False: nothing did. */
  spread(neighbours: readonly string[], effects: BroadcastEffect[]): boolean {
    const news = this.#news
    if (news === undefined) return false
    this.#news = undefined
    const others = neighbours.filter((peer) => !news.from.has(peer))
    for (const part of news.of) {
      for (const peer of this.#random.sample(others, SPREAD)) {
        this.#ask(peer, false, part, news.parts, effects)
      }
    }
    return true
  }

  #ask(to: string, reply: boolean, part: number, parts: number, effects: BroadcastEffect[]): void {
    const seen: [string, SeenRuns][] = []
    for (const [incarnation, origin] of this.#log.origins) {
      if (origin.hash % parts !== part) continue
      if (origin.messages.size > 0) seen.push([incarnation, runsOf(origin)])
      if (seen.length === DIGEST_ORIGINS_MAX) break
    }
    effects.push({ type: 'send', to, body: wire.digest(reply, part, parts, seen), payloads: 0 })
  }

  #lackedBy({ part, parts, seen }: Digest): { list: LoggedMessage[]; more: boolean } {
    const list: LoggedMessage[] = []
    let bytes = 0
    for (const [incarnation, origin] of this.#log.origins) {
      if (origin.hash % parts !== part) continue
      const theirs = seen.get(incarnation)
      for (const message of origin.messages.values()) {
        if (!this.#log.isSettled(message)) continue
        if (theirs !== undefined && isIn(theirs, message.counter)) continue
        const full = list.length === REPAIRS_MAX || bytes + message.bytes > REPAIR_BYTES
        if (full && list.length > 0) return { list, more: true }
        list.push(message)
        bytes += message.bytes
      }
    }
    return { list, more: false }
  }

  #lacksOf(seen: ReadonlyMap<string, SeenRuns>): boolean {
    for (const [incarnation, { runs }] of seen) {
      const origin = this.#log.origins.get(incarnation)
      for (let at = 0; at < runs.length; at += 2) {
        if (origin === undefined || !sawAll(origin, runs[at] as number, runs[at + 1] as number)) {
          return true
        }
      }
    }
    return false
  }
}

function runsOf(origin: OriginLog): SeenRuns {
  const counters = [...origin.messages.keys()].sort((a, b) => a - b)
  const runs: number[] = []
  for (const counter of counters) {
    if (runs.length > 0 && counter === (runs.at(-1) as number) + 1) runs[runs.length - 1] = counter
    else if (runs.length === 2 * DIGEST_RUNS_MAX) break
    else runs.push(counter, counter)
  }
  return { floor: origin.floor, runs }
}

function isIn({ floor, runs }: SeenRuns, counter: number): boolean {
  if (counter <= floor) return true
  for (let at = 0; at < runs.length; at += 2) {
    if (counter <= (runs[at + 1] as number)) return counter >= (runs[at] as number)
  }
  return false
}

/** A run may claim any length, what is known has one: so the known ones are counted. */
function sawAll(origin: OriginLog, from: number, to: number): boolean {
  const first = Math.max(from, origin.floor + 1)
  if (first > to) return true
  if (to - first >= origin.messages.size) return false
  for (let counter = first; counter <= to; counter++) {
    if (!origin.messages.has(counter)) return false
  }
  return true
}
