import { RingQueue } from '../base/ring-queue.js'
import type { Member } from '../overlay/overlay.js'
import type { Transport } from '../peer/transport.js'
import type { Clock, Timer } from '../world/clock.js'

/** What borrowing stands on. */
export interface BorrowGround {
  readonly transport: Pick<Transport, 'connect' | 'isUp' | 'rttMs' | 'probe'>
  readonly clock: Clock
  /** Puts a body on a connection that stands. */
  send(to: string, body: unknown): void
  /** The connection is not needed any more. */
  release(peer: string): void
  /** Not even by the other side: it is to be closed behind what was sent. */
  part(peer: string): void
  measured(peer: Member, ms: number): void
}

/** A connection that was not used for so long goes back; one that did not come up by then is given up. */
const IDLE_MS = 5_000
const PEERS_MAX = 1_024
const BODIES_MAX = 64
const PROBE_MS = 3_000

/** Connections an overlay needs for a message or a measurement only, and does not keep. */
export class BorrowedPeers {
  readonly #ground: BorrowGround
  readonly #loans = new Map<string, Loan>()

  constructor(ground: BorrowGround) {
    this.#ground = ground
  }

  /** Sends over the connection that stands, or over one that is made for it. */
  send(to: Member, body: unknown): void {
    if (this.#ground.transport.isUp(to.name)) {
      this.#loans.get(to.name)?.extend()
      this.#ground.send(to.name, body)
    } else this.#borrow(to)?.bodies.push(body)
  }

  measure(peer: Member): void {
    if (this.#ground.transport.isUp(peer.name)) {
      this.#loans.get(peer.name)?.extend()
      this.#measure(peer)
      return
    }
    const loan = this.#borrow(peer)
    if (loan !== undefined) loan.measures = true
  }

  peerUp(peer: Member): void {
    const loan = this.#loans.get(peer.name)
    if (loan === undefined) return
    loan.extend()
    for (let body = loan.bodies.shift(); body !== undefined; body = loan.bodies.shift()) {
      this.#ground.send(peer.name, body)
    }
    if (loan.measures) this.#measure(peer)
    loan.measures = false
    if (!loan.last) return
    this.settle(peer.name)
    this.#ground.part(peer.name)
  }

  /** This node left: what waits for a connection is the last that is said over it. */
  part(): void {
    for (const [peer, loan] of this.#loans) {
      if (loan.bodies.size > 0) loan.last = true
      else this.settle(peer)
    }
  }

  has(peer: string): boolean {
    return this.#loans.has(peer)
  }

  /** The overlay wants that connection for itself now, or no more: the loan is over. */
  settle(peer: string): void {
    this.#loans.get(peer)?.timer.cancel()
    this.#loans.delete(peer)
  }

  stop(): void {
    for (const loan of this.#loans.values()) loan.timer.cancel()
    this.#loans.clear()
  }

  #borrow(peer: Member): Loan | undefined {
    const { transport, clock, release } = this.#ground
    let loan = this.#loans.get(peer.name)
    if (loan === undefined) {
      if (this.#loans.size >= PEERS_MAX) return undefined
      const end = (): void => {
        this.#loans.delete(peer.name)
        release(peer.name)
      }
      loan = new Loan(() => clock.after(IDLE_MS, end, true))
      this.#loans.set(peer.name, loan)
      transport.connect(peer)
    }
    return loan.bodies.size < BODIES_MAX ? loan : undefined
  }

  #measure(peer: Member): void {
    const { transport, measured } = this.#ground
    const told = (): void => {
      const ms = transport.rttMs(peer.name)
      if (ms !== undefined) measured(peer, ms)
    }
    if (transport.rttMs(peer.name) !== undefined) told()
    else void transport.probe(peer.name, PROBE_MS).then(told)
  }
}

class Loan {
  readonly bodies = new RingQueue<unknown>()
  measures = false
  /** Nobody is to be talked to any more once the bodies are sent. */
  last = false
  timer: Timer
  readonly #start: () => Timer

  constructor(start: () => Timer) {
    this.#start = start
    this.timer = start()
  }

  extend(): void {
    this.timer.cancel()
    this.timer = this.#start()
  }
}
