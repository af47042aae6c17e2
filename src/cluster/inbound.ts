import type { TroupeError } from '../base/errors.js'
import type { Member } from '../overlay/overlay.js'
import type { TransportSink } from '../peer/transport.js'
import type { Envelope } from '../wire/envelope.js'
import { FRAME, type FrameKind } from '../wire/frame.js'
import type { CarrierSink } from './carrier.js'
import type { Reporter } from './reporter.js'
import type { Running } from './running.js'

/** Where reports of the transport go. */
export interface InboundGround {
  readonly reporter: Reporter
  /** Undefined before `start` and after `stop`: then nothing is decided any more, only told. */
  running(): Running | undefined
  sink(): CarrierSink | undefined
  holderKeeps(newcomer: Member, holder: Member): Promise<boolean>
}

/** Hands every report of the transport to the machines it concerns, then to those who listen. */
export class Inbound implements TransportSink {
  readonly #ground: InboundGround

  constructor(ground: InboundGround) {
    this.#ground = ground
  }

  peerUp(peer: Member): void {
    this.#ground.reporter.peerUp(peer)
    const running = this.#ground.running()
    running?.reach.feed({ type: 'peerUp', peer })
    running?.watch.feed({ type: 'peerUp', peer })
    running?.driver.feed({ type: 'peerUp', peer })
    running?.broadcasts.refresh()
  }

  peerDown(peer: Member, reason: TroupeError, parted = false): void {
    this.#ground.reporter.peerDown(peer, reason)
    const running = this.#ground.running()
    const { name, incarnation } = peer
    running?.reach.feed({ type: 'peerDown', peer: name })
    running?.driver.feed({ type: 'peerDown', peer: name, incarnation })
    running?.broadcasts.peerDown(name)
    running?.watch.feed({ type: 'peerDown', peer, reason, parted })
    running?.connectionLost(peer, reason)
  }

  goodbye(peer: Member): void {
    this.#ground.running()?.watch.feed({ type: 'goodbye', peer })
  }

  channelUp(peer: Member, channel: string): void {
    this.#ground.reporter.tell('channelUp', { peer, channel })
  }

  channelDown(peer: Member, channel: string): void {
    this.#ground.reporter.tell('channelDown', { peer, channel })
  }

  connectFailed(peer: Member, error: TroupeError): void {
    this.#ground.reporter.connectFailed(peer, error)
    this.#ground.running()?.driver.feed({ type: 'connectFailed', peer: peer.name })
  }

  envelope(from: Member, channel: number, envelope: Envelope): void {
    this.#ground.running()?.envelope(from, channel, envelope)
  }

  control(from: Member, kind: FrameKind, body: Uint8Array): void {
    const running = this.#ground.running()
    if (running === undefined) return
    if (kind === FRAME.OVERLAY) running.driver.receive(from, body)
    else if (kind === FRAME.BROADCAST) running.broadcasts.receive(from, body)
    else if (kind === FRAME.RELEASE) running.driver.released(from)
    else if (kind === FRAME.RELAY) running.router.receive(from, body)
    else if (kind === FRAME.ROUTE) running.reach.receive(from, body)
    else this.#ground.reporter.badMessage(from.name, `a frame of kind ${kind}, which nobody reads`)
  }

  undelivered(peer: Member, channel: string, envelope: Envelope, reason: TroupeError): void {
    // What is acknowledged is sent again.
    if (this.#ground.running()?.delivery.unwritten(peer, channel, envelope, reason)) return
    if (envelope.stamp === undefined) {
      if (this.#ground.running()?.detour(peer, channel, envelope, reason)) return
      this.#ground.sink()?.undelivered(peer, channel, envelope, reason)
    }
  }

  connectionLost(peer: Member, channel: string, count: number): void {
    this.#ground.reporter.connectionLost(peer, channel, count)
  }

  lagged(lateMs: number): void {
    this.#ground.reporter.lagged(lateMs)
  }

  refused(remote: string, error: TroupeError): void {
    this.#ground.reporter.refused(remote, error)
  }

  replaced(teller: Member, reason: TroupeError): void {
    this.#ground.running()?.replaced(teller, reason)
  }

  nameContested(newcomer: Member, holder: Member): Promise<boolean> {
    return this.#ground.holderKeeps(newcomer, holder)
  }
}
