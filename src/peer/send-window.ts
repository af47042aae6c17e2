import type { LaneShare } from './lane-share.js'
import { LeastRecent } from './least-recent.js'
import { RateFloor } from './rate-floor.js'

const KIB = 1024
/** Round trips below this are those of one machine, or of a network so quick that steering costs more than it gains. */
export const NEAR_MS = 0.5
/** On one machine all of this is waiting for a processor. */
export const SAME_HOST_MS = 10
/** Round trips above this leave room for the kernel's own search for the rate. */
const FAR_MS = 5
const FRAGMENT_MIN = 16 * KIB
/** Control frames have a limit, and small messages wait for a fragment's end. */
const FRAGMENT_MAX = 256 * KIB
/** To begin with, for each lane: a smaller one starves the kernel's search for the rate, which it then never resumes. */
const START = 4096 * KIB
const LEAST = 32 * KIB
const MOST = 64 * 1024 * KIB
const SAMPLES = 8
/** The least round trip is that of the last 15 to 30 s: ways change. */
const RTT_SPAN_MS = 15_000

/**
 * How much bulk may be under way to one peer, over all its lanes, so that a small message that comes
 * next does not stand behind megabytes in buffers along the way. Steered by the delay of
 * acknowledgements as LEDBAT is (RFC 6817): the window grows while the way adds less than a target to
 * its least round trip, and shrinks in proportion to what it adds above, down to a floor that follows
 * the rate (`RateFloor`).
 *
 * Near peers have a fixed window for each lane instead. A machine: times come as arguments.
 */
export class SendWindow {
  readonly #nearBytes: number
  readonly #workedMs: () => number
  #nearMs = NEAR_MS
  #bytes = START
  #inFlight = 0
  /** Lanes that have something under way. */
  #lanes = 0
  /** Until the first sign of a queue on the way. */
  #starting = true
  #leastRtt = new LeastRecent(RTT_SPAN_MS)
  #minRttMs = Number.POSITIVE_INFINITY
  readonly #samples = new Float64Array(SAMPLES).fill(Number.POSITIVE_INFINITY)
  #sample = 0
  #floor: RateFloor
  #drainUntilMs = 0

  /** `nearBytes` is the fixed window of a lane; `workedMs` tells how long this event loop has worked in all. */
  constructor(nearBytes: number, workedMs: () => number) {
    this.#nearBytes = nearBytes
    this.#workedMs = workedMs
    this.#floor = new RateFloor(workedMs)
  }

  /** Bytes that may be under way over all lanes. */
  get bytes(): number {
    return this.near ? this.#nearBytes * Math.max(1, this.#lanes) : this.#bytes
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** The least round trip of the last seconds in ms; undefined before the first. */
  get minRttMs(): number | undefined {
    return this.#minRttMs === Number.POSITIVE_INFINITY ? undefined : this.#minRttMs
  }

  get near(): boolean {
    return this.#minRttMs < this.#nearMs
  }

  /** The way may be another: nothing that was learned counts. `sameHost`: the peer is on this machine. */
  reset(sameHost = false): void {
    this.#nearMs = sameHost ? SAME_HOST_MS : NEAR_MS
    this.#bytes = START
    this.#starting = true
    this.#leastRtt = new LeastRecent(RTT_SPAN_MS)
    this.#floor = new RateFloor(this.#workedMs)
    this.#minRttMs = Number.POSITIVE_INFINITY
    this.#samples.fill(Number.POSITIVE_INFINITY)
  }

  /** May that lane hand on more now? */
  allows(share: LaneShare, nowMs: number): boolean {
    if (this.near) return share.inFlight < this.#nearBytes
    const bytes = nowMs < this.#drainUntilMs ? LEAST : this.#bytes
    return this.#inFlight < bytes && share.inFlight < share.cap(nowMs)
  }

  /** How much the next fragment may carry. */
  get fragmentBytes(): number {
    if (this.near) return FRAGMENT_MAX
    const wished = this.#bytes / 8
    let bytes = FRAGMENT_MIN
    while (bytes < FRAGMENT_MAX && 2 * bytes <= wished) bytes *= 2
    return bytes
  }

  sent(share: LaneShare, bytes: number, nowMs: number): void {
    if (share.inFlight === 0) {
      this.#lanes++
      if (this.#starting) this.#bytes = Math.min(MOST, Math.max(this.#bytes, START * this.#lanes))
    }
    if (this.#inFlight === 0) this.#floor.begins(nowMs)
    share.sent(bytes, nowMs)
    this.#inFlight += bytes
  }

  /** The other side has so many fragments of that lane. False when that are more than were sent. */
  acked(share: LaneShare, count: number, nowMs: number): boolean {
    const wasFull = this.#inFlight >= 0.75 * this.#bytes
    const arrival = share.acked(count, nowMs)
    if (arrival === undefined) return true
    if (arrival === false) return false
    this.#inFlight -= arrival.bytes
    if (share.inFlight === 0) this.#lanes--
    this.#floor.arrived(arrival.bytes, wasFull, nowMs)
    this.#samples[this.#sample] = arrival.rttMs
    this.#sample = (this.#sample + 1) % SAMPLES
    if (this.#learn(arrival.rttMs, nowMs) && this.#inFlight > 0) this.#drain(nowMs)
    if (!this.near) this.#steer(arrival.bytes, wasFull)
    return true
  }

  /** A round trip that did not carry bulk. */
  heartbeat(rttMs: number, nowMs: number): void {
    this.#learn(rttMs, nowMs)
  }

  /** That lane's connection is gone. */
  lost(share: LaneShare): void {
    if (share.inFlight > 0) this.#lanes--
    this.#inFlight -= share.reset()
  }

  kernelFull(share: LaneShare, nowMs: number): void {
    if (!this.near) share.kernelFull(nowMs, this.minRttMs ?? 0, this.#lanes > 1)
  }

  #steer(bytes: number, wasFull: boolean): void {
    const minMs = this.#minRttMs
    const queueMs = Math.min(...this.#samples) - minMs
    const targetMs = Math.max(0.1, 0.2 * minMs, (minMs - 3) / 2)
    const far = minMs > FAR_MS
    if (this.#starting) {
      if (queueMs > Math.max(targetMs, far ? minMs : 0)) {
        this.#starting = false
        this.#bytes *= (1.1 * minMs) / (minMs + queueMs)
      } else if (wasFull) this.#bytes += bytes
    } else {
      const error = Math.max(-1, 1 - queueMs / targetMs)
      if (error < 0) this.#bytes += 0.1 * error * bytes
      else if (wasFull) this.#bytes += (far ? 0.25 : 0.1) * error * bytes
    }
    const least = Math.max(LEAST, this.#floor.bytes(minMs, Math.max(1, this.#lanes)) + FRAGMENT_MIN)
    this.#bytes = Math.max(least, Math.min(this.#bytes, MOST))
  }

  /** True when another span of samples began. */
  #learn(rttMs: number, nowMs: number): boolean {
    const turns = this.#leastRtt.add(rttMs, nowMs)
    this.#minRttMs = this.#leastRtt.value
    return turns
  }

  /** What stands in queues all the time looks like distance: now and then nearly nothing is under way. */
  #drain(nowMs: number): void {
    if (!this.near) this.#drainUntilMs = nowMs + Math.min(200, Math.max(5, 3 * this.#minRttMs))
  }
}
