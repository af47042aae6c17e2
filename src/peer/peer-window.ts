import type { World } from '../world/world.js'
import type { LaneShare } from './lane-share.js'
import { SendWindow } from './send-window.js'

/** A lane that waits for the window to open. */
export interface WindowWaiter {
  readonly share: LaneShare
  pump(): void
}

/** The send window of one peer, with those who wait for it: the first in line goes first, and then to its end. */
export class PeerWindow {
  readonly #world: World
  readonly #window: SendWindow
  readonly #waiting = new Set<WindowWaiter>()

  constructor(world: World, nearBytes: number) {
    this.#world = world
    this.#window = new SendWindow(nearBytes, () => world.turn.workedMs())
  }

  get bytes(): number {
    return this.#window.bytes
  }

  /** The way to the peer is so short that its window does not follow it. */
  get near(): boolean {
    return this.#window.near
  }

  get inFlight(): number {
    return this.#window.inFlight
  }

  get minRttMs(): number | undefined {
    return this.#window.minRttMs
  }

  get fragmentBytes(): number {
    return this.#window.fragmentBytes
  }

  /** A session begins; `sameHost`: with a peer on this machine. */
  reset(sameHost: boolean): void {
    this.#window.reset(sameHost)
  }

  allows(share: LaneShare): boolean {
    return this.#window.allows(share, this.#world.clock.now())
  }

  sent(share: LaneShare, bytes: number): void {
    this.#window.sent(share, bytes, this.#world.clock.now())
  }

  kernelFull(share: LaneShare): void {
    this.#window.kernelFull(share, this.#world.clock.now())
  }

  /** `pump` is called when there may be room: with the next acknowledgement from that peer. */
  wait(waiter: WindowWaiter): void {
    this.#waiting.add(waiter)
  }

  /** False for an acknowledgement of what was never sent. */
  acked(share: LaneShare, count: number): boolean {
    const nowMs = this.#world.clock.now()
    if (!this.#window.acked(share, count, nowMs)) return false
    this.#release(nowMs)
    return true
  }

  heartbeat(rttMs: number): void {
    this.#window.heartbeat(rttMs, this.#world.clock.now())
  }

  /**
   * That lane's connection is gone; what it held is free for others. A turn later: they may be gone too,
   * and not know it yet.
   */
  lost(waiter: WindowWaiter): void {
    this.#waiting.delete(waiter)
    this.#window.lost(waiter.share)
    if (this.#waiting.size === 0) return
    this.#world.turn.immediate(() => this.#release(this.#world.clock.now()))
  }

  #release(nowMs: number): void {
    for (const waiter of [...this.#waiting]) {
      if (!this.#window.allows(waiter.share, nowMs)) continue
      this.#waiting.delete(waiter)
      waiter.pump()
    }
  }
}
