import { type ErrorCode, TroupeError } from '../base/errors.js'
import { unreachable } from '../base/unreachable.js'
import type { PipelineEffect, PipelineEvent } from '../delivery/pipeline-event.js'
import type { Outcome } from '../delivery/stage.js'
import { FULL, SENT, type SendOutcome, SLOW } from '../peer/transport.js'
import type { Envelope } from '../wire/envelope.js'
import type { DeliveryGround } from './delivery-driver.js'
import type { DeliveryPeer, DeliveryPeers, DeliveryWay } from './delivery-peer.js'
import type { DeliveryCounters } from './delivery-stats.js'
import { bodyBytes, envelopeOf, type Kept, stamped } from './stored-envelope.js'

type Transmit = PipelineEffect<Kept> & { type: 'transmit' }

/** The message that is being sent right now, and what becomes of it. */
export interface Attempt {
  readonly message: Kept
  outcome: SendOutcome
  error: unknown
}

/** Performs what the pipeline wants to be sent, and tells what became of it. */
export class DeliverySender {
  attempt: Attempt | undefined
  stopped = false
  readonly counters: DeliveryCounters
  readonly #ground: DeliveryGround
  readonly #peers: DeliveryPeers
  readonly #feed: (event: PipelineEvent<Kept>) => void

  constructor(
    ground: DeliveryGround,
    peers: DeliveryPeers,
    counters: DeliveryCounters,
    feed: (event: PipelineEvent<Kept>) => void,
  ) {
    this.#ground = ground
    this.#peers = peers
    this.counters = counters
    this.#feed = feed
  }

  transmit(effect: Transmit): void {
    const { to, channel, key, id, attempt, stamp, message } = effect
    const peer = this.#peers.get(to)
    const way = peer?.find(channel)
    if (peer === undefined || way === undefined) return
    const { router } = this.#ground
    const node = peer.member.name
    if (id > 0 && !this.#isOpen(peer, way)) {
      this.unsent(to, channel, id)
      return
    }
    // What waits in a lane needs no second copy behind it; its next turn comes.
    if (attempt > 1 && way.slow) return
    try {
      const outcome = router.send(node, way.index, stamped(message, key, stamp))
      if (outcome === FULL || (outcome !== SENT && router.isDirect(node))) {
        this.#watch(peer, way, key)
      }
      if (outcome === FULL) this.#notTaken(effect)
      else if (attempt > 1) this.counters.retransmitted++
      const { attempt: current } = this
      if (outcome === SLOW && current !== undefined && message === current.message)
        current.outcome = SLOW
    } catch (error) {
      this.#failed(effect, error)
    }
  }

  /** The first attempt of a message that took the short way, which is open; throws what the lane throws. */
  first(peer: DeliveryPeer, way: DeliveryWay, envelope: Envelope, id: number): SendOutcome {
    const { router } = this.#ground
    const { name, incarnation } = peer.member
    const outcome = router.send(name, way.index, envelope)
    if (outcome === SENT) return SENT
    if (outcome === FULL || router.isDirect(name)) this.#watch(peer, way, envelope.key)
    if (outcome === SLOW) return SLOW
    this.unsent(incarnation, way.channel, id)
    return SENT
  }

  /**
   * A first attempt threw: it is sent again later, or never.
   * @throws TroupeError ERR_TOO_LARGE
   */
  failedAtOnce(way: DeliveryWay, message: Kept, id: number, error: TroupeError): SendOutcome {
    const attempt: Attempt = { message, outcome: SENT, error: undefined }
    const outer = this.attempt
    this.attempt = attempt
    try {
      this.unsent(way.incarnation, way.channel, id, error.code)
    } finally {
      this.attempt = outer
    }
    if (attempt.error !== undefined) throw attempt.error
    return attempt.outcome
  }

  #isOpen(peer: DeliveryPeer, way: DeliveryWay): boolean {
    const { name, incarnation } = peer.member
    const { router } = this.#ground
    const open = this.#ground.member(name)?.incarnation === incarnation && router.isOpen(name)
    way.blocked = !open
    return open
  }

  /** The lane is at its bound. */
  #notTaken({ to, channel, id, message }: Transmit): void {
    if (id > 0) this.unsent(to, channel, id)
    else if (message !== undefined) this.full(to, channel, message)
  }

  #failed({ to, channel, id, message }: Transmit, error: unknown): void {
    const failure = error as TroupeError
    if (id > 0) this.unsent(to, channel, id, failure.code)
    else if (message !== undefined && message === this.attempt?.message) {
      this.attempt.error = error
    } else if (message !== undefined) this.#report(to, channel, message, failure)
  }

  unsent(to: string, channel: string, id: number, code?: ErrorCode): void {
    const tooLarge = code === 'ERR_TOO_LARGE'
    if (tooLarge) {
      const nowMs = this.#ground.clock.now()
      this.#feed({ type: 'unsendable', to, channel, id, nowMs })
    } else this.#feed({ type: 'unsent', to, channel, id })
  }

  /** Tells the pipeline when the lane of that key takes more. */
  #watch(peer: DeliveryPeer, way: DeliveryWay, key: number): void {
    const { router } = this.#ground
    const { name } = peer.member
    if (way.slow) return
    way.slow = true
    const over = (): void => {
      way.slow = false
      if (this.stopped) return
      this.writable(peer, way)
    }
    router.ready(name, way.index, key).then(over, over)
  }

  writable(peer: DeliveryPeer, way: DeliveryWay): void {
    const to = peer.member.incarnation
    way.blocked = false
    if (way.slow) return
    this.#feed({ type: 'writable', to, channel: way.channel, nowMs: this.#ground.clock.now() })
  }

  /** May be lost: what it tells is told again. */
  acknowledge(to: string, channel: string, stamp: Uint8Array): void {
    const peer = this.#peers.get(to)
    const way = peer?.find(channel)
    if (peer === undefined || way === undefined || !this.#isOpen(peer, way)) return
    try {
      this.#ground.router.send(peer.member.name, way.index, stamped(undefined, 0, stamp))
    } catch {
      // No way back right now.
    }
  }

  settled(to: string, channel: string, message: Kept, outcome: Outcome): void {
    const { name = to } = this.#peers.get(to)?.member ?? {}
    switch (outcome) {
      case 'delivered':
        return
      case 'expired':
        this.counters.expired++
        this.#report(to, channel, message, notAcknowledged('ERR_EXPIRED', name, 'in its time'))
        return
      case 'peerGone': {
        this.counters.abandoned++
        const code = this.stopped ? 'ERR_NODE_STOPPED' : 'ERR_NODE_DOWN'
        const when = this.stopped ? 'before this node stopped' : 'before that was gone'
        this.#report(to, channel, message, notAcknowledged(code, name, when))
        return
      }
      case 'unsendable': {
        const detail = `node ${name} does not take a message of ${bodyBytes(message)} bytes`
        this.#report(to, channel, message, new TroupeError('ERR_TOO_LARGE', detail))
        return
      }
      default:
        unreachable(outcome)
    }
  }

  full(to: string, channel: string, message: Kept): void {
    if (message === this.attempt?.message) {
      this.attempt.outcome = FULL
      return
    }
    const { name = to } = this.#peers.get(to)?.member ?? {}
    const detail = `as much as may waits for ${channel} to ${name}`
    this.#report(to, channel, message, new TroupeError('ERR_LANE_FULL', detail))
  }

  #report(to: string, channel: string, message: Kept, reason: TroupeError): void {
    const attempt = this.attempt
    if (message === attempt?.message) {
      if (reason.code === 'ERR_TOO_LARGE') {
        attempt.error = reason
        return
      }
      attempt.outcome = SLOW
    }
    const peer = this.#peers.get(to)
    if (peer === undefined) return
    this.#ground.undelivered(peer.member, channel, envelopeOf(message), reason)
  }
}

const notAcknowledged = (code: ErrorCode, node: string, when: string): TroupeError =>
  new TroupeError(code, `node ${node} did not acknowledge a message ${when}`)
