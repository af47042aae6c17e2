import { wire } from './hyparview-message.js'
import type { Member } from './overlay.js'
import type { StepEffects } from './step-effects.js'

/** Somebody this node wants for a neighbour and has no answer from. */
export interface NeighbourRequest {
  member: Member
  high: boolean
  /** It is a spare, and holds one of the free slots until it answers. */
  readonly spare: boolean
  /** It is connected and was asked. */
  sent: boolean
}

/** For the connection; the driver tells of a failure long before. */
const CONNECT_TIMEOUT_MS = 10_000

/** Requests under way: connect, ask, wait for the answer. */
export class NeighbourRequests {
  readonly #most: number
  readonly #answerTimeoutMs: number
  readonly #effects: StepEffects
  readonly #requests = new Map<string, NeighbourRequest>()

  constructor(most: number, answerTimeoutMs: number, effects: StepEffects) {
    this.#most = most
    this.#answerTimeoutMs = answerTimeoutMs
    this.#effects = effects
  }

  get size(): number {
    return this.#requests.size
  }

  get isFull(): boolean {
    return this.#requests.size >= this.#most
  }

  names(): string[] {
    return [...this.#requests.keys()]
  }

  get(name: string): NeighbourRequest | undefined {
    return this.#requests.get(name)
  }

  /** Free slots that are spoken for, the one for `except` not counted; by those `connected` only, or by all. */
  promised(except = '', connected = false): number {
    let count = 0
    for (const [name, request] of this.#requests) {
      if (request.spare && name !== except && (request.sent || !connected)) count++
    }
    return count
  }

  /** The connection is made first. */
  start(member: Member, high: boolean, spare: boolean): NeighbourRequest {
    const request = { member, high, spare, sent: false }
    this.#requests.set(member.name, request)
    this.#effects.connect(member)
    this.#effects.startTimer(ASK + member.name, CONNECT_TIMEOUT_MS)
    return request
  }

  /** It is connected. Without any neighbour one request at a time is urgent, the others find out later. */
  send(request: NeighbourRequest, isolated: boolean): void {
    const { name } = request.member
    if (isolated && ![...this.#requests.values()].some((one) => one.sent && one.high)) {
      request.high = true
    }
    request.sent = true
    this.#effects.send(name, wire.neighbor(request.high))
    this.#effects.startTimer(ASK + name, this.#answerTimeoutMs)
  }

  end(name: string): NeighbourRequest | undefined {
    const request = this.#requests.get(name)
    if (request === undefined) return undefined
    this.#requests.delete(name)
    this.#effects.cancelTimer(ASK + name)
    return request
  }
}

/** Timers of requests begin with this; the peer's name follows. */
export const ASK = 'ask:'
