import type { ReplySink } from '../actor/reply-sink.js'
import type { Carrier } from '../cluster/carrier.js'
import type { RemotePeer } from './remote-peer.js'

/**
 * A tell that came over a durable channel: its sender keeps it until it is handled. It is handled when
 * its method has returned, or its promise has settled, or it has crashed the actor; what the actor
 * stashes is not. It is lost, and a dead letter, when its actor ends for good without having handled
 * it; not when the node stops: the next start of the node gets it.
 */
export class DurableTell implements ReplySink {
  readonly peer: RemotePeer
  settled: boolean
  readonly #carrier: Carrier
  readonly #receipt: number
  readonly #isStopping: () => boolean

  constructor(carrier: Carrier, peer: RemotePeer, receipt: number, isStopping: () => boolean) {
    this.peer = peer
    this.settled = false
    this.#carrier = carrier
    this.#receipt = receipt
    this.#isStopping = isStopping
  }

  reply(_value: unknown): void {
    this.#settle()
  }

  fail(_error: unknown): void {
    if (!this.#isStopping()) this.#settle()
  }

  refused(): boolean {
    if (this.#isStopping()) return false
    this.#settle()
    return true
  }

  onAbandoned(_run: (reason: unknown) => void): void {
    // Nobody gives it up.
  }

  #settle(): void {
    if (this.settled) return
    this.settled = true
    this.#carrier.handled(this.#receipt, this.peer.incarnation)
  }
}
