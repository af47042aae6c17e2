/** What the driver does after a step: at most one of each. */
export interface HeartbeatEffects {
  /** Send a PING with this number. */
  readonly ping: number | undefined
  /** The peer was silent for `silenceMs`: give it up. */
  readonly silentMs: number | undefined
  /** Step again at this time. */
  readonly nextAtMs: number
}

export interface HeartbeatOptions {
  readonly heartbeatMs: number
  readonly silenceMs: number
}

const PINGS_KEPT = 8

/**
 * The failure detector of one peer, a machine without a clock: the driver says what time it is.
 * Anything heard counts as life. When our own timer comes late the process was busy or stopped, and
 * what the peer sent meanwhile is still unread: the deadline moves by as much.
 */
export class Heartbeat {
  readonly #heartbeatMs: number
  readonly #silenceMs: number
  #deadlineMs: number
  #pingAtMs: number
  #dueMs: number
  #sequence = 0
  /** How late the last step came. */
  lateMs = 0
  /** When the latest pings left, by number modulo its length; answers may take longer than a beat. */
  readonly #sentAtMs: number[] = new Array<number>(PINGS_KEPT).fill(-1)
  #rttMs: number | undefined

  constructor(options: HeartbeatOptions, nowMs: number) {
    this.#heartbeatMs = options.heartbeatMs
    this.#silenceMs = options.silenceMs
    this.#deadlineMs = nowMs + options.silenceMs
    this.#pingAtMs = nowMs
    this.#dueMs = nowMs
  }

  /** Smoothed round-trip time in ms (a new sample counts an eighth), undefined before the first. */
  get rttMs(): number | undefined {
    return this.#rttMs
  }

  /** The timer that an earlier step asked for has fired. */
  step(nowMs: number): HeartbeatEffects {
    this.lateMs = Math.max(0, nowMs - this.#dueMs)
    this.#deadlineMs += this.lateMs
    if (nowMs >= this.#deadlineMs) {
      const silentMs = nowMs - this.#deadlineMs + this.#silenceMs
      return { ping: undefined, silentMs, nextAtMs: nowMs }
    }
    let ping: number | undefined
    if (nowMs >= this.#pingAtMs) {
      ping = this.ping(nowMs)
      this.#pingAtMs = nowMs + this.#heartbeatMs
    }
    this.#dueMs = Math.min(this.#pingAtMs, this.#deadlineMs)
    return { ping, silentMs: undefined, nextAtMs: this.#dueMs }
  }

  /** The number of a ping that leaves now, out of turn. */
  ping(nowMs: number): number {
    this.#sequence = (this.#sequence + 1) >>> 0
    this.#sentAtMs[this.#sequence % PINGS_KEPT] = nowMs
    return this.#sequence
  }

  /** Something came from the peer. */
  heard(nowMs: number): void {
    const deadlineMs = nowMs + this.#silenceMs
    if (deadlineMs > this.#deadlineMs) this.#deadlineMs = deadlineMs
  }

  /** The answer to a ping, and how long it took. Numbers we did not send lately, and repeats, tell nothing. */
  pong(sequence: number, nowMs: number): number | undefined {
    const slot = sequence % PINGS_KEPT
    const sentAtMs = this.#sentAtMs[slot] ?? -1
    const age = (this.#sequence - sequence) >>> 0
    if (sentAtMs < 0 || age >= PINGS_KEPT) return undefined
    this.#sentAtMs[slot] = -1
    const sampleMs = nowMs - sentAtMs
    this.#rttMs = this.#rttMs === undefined ? sampleMs : this.#rttMs + (sampleMs - this.#rttMs) / 8
    return sampleMs
  }
}
