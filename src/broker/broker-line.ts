import type { TroupeError } from '../base/errors.js'
import type { Timer } from '../world/clock.js'
import type { World } from '../world/world.js'
import type { BrokerLink, Fate } from './broker-link.js'
import type { BrokerOptions } from './broker-options.js'
import { type KeeperGround, LinkKeeper } from './link-keeper.js'

export interface LineGround extends Pick<KeeperGround, 'logger' | 'broker' | 'wish'> {
  readonly world: World
  readonly options: BrokerOptions
  message(bytes: Uint8Array): void
  down(error: TroupeError): void
  /** There was no room, and now there is. */
  room(): void
}

/**
 * The way to the broker and back, whichever connection it is made of just now: what is handed over
 * and not confirmed yet is bounded, what came in is acknowledged, many at a time.
 */
export class BrokerLine {
  readonly #ground: LineGround
  readonly #keeper: LinkKeeper
  #inFlightBytes = 0
  /** Messages handed to the link that stands, and those of them it has confirmed. */
  #handed = 0
  #confirmed = 0
  #confirmTimer: Timer | undefined
  #unacked = 0
  #lastTag = 0
  #ackDue = false

  constructor(ground: LineGround) {
    this.#ground = ground
    this.#keeper = new LinkKeeper({
      ...ground,
      up: () => this.#up(),
      message: (bytes, tag) => {
        this.#ackSoon(tag)
        ground.message(bytes)
      },
    })
  }

  get isUp(): boolean {
    return this.#keeper.link !== undefined
  }

  get hasRoom(): boolean {
    return this.#inFlightBytes < this.#ground.options.inFlightMaxBytes
  }

  /** Resolves when the broker was tried once; it is tried until it answers. */
  start(): Promise<void> {
    return this.#keeper.start()
  }

  async close(): Promise<void> {
    this.#confirmTimer?.cancel()
    if (this.#ackDue) this.#ackNow()
    await this.#keeper.close()
  }

  /** Dropped while the broker is away; `done` hears nothing then, nor when the link is lost. */
  hand(key: string, bytes: Uint8Array, mandatory: boolean, done?: (fate: Fate) => void): void {
    const { link } = this.#keeper
    if (link === undefined) return
    this.#inFlightBytes += bytes.length
    this.#handed++
    if (this.#confirmTimer === undefined) this.#watchConfirms(link)
    link.publish(key, bytes, mandatory, (fate) => {
      if (this.#keeper.link !== link) return
      this.#confirmed++
      this.#inFlightBytes -= bytes.length
      done?.(fate)
      if (this.hasRoom) this.#ground.room()
    })
  }

  /** A broker that confirms nothing any more is lost, whatever its heartbeats say. */
  #watchConfirms(link: BrokerLink): void {
    const { confirmTimeoutMs } = this.#ground.options
    const before = this.#confirmed
    const check = (): void => {
      this.#confirmTimer = undefined
      if (this.#keeper.link !== link || this.#handed === this.#confirmed) return
      if (this.#confirmed > before) this.#watchConfirms(link)
      else this.#keeper.drop(`the broker confirmed nothing for ${confirmTimeoutMs} ms`)
    }
    this.#confirmTimer = this.#ground.world.clock.after(confirmTimeoutMs, check, true)
  }

  #ackSoon(tag: number): void {
    this.#lastTag = tag
    this.#unacked++
    if (this.#unacked >= this.#ground.options.prefetch / 4) this.#ackNow()
    else if (!this.#ackDue) {
      this.#ackDue = true
      this.#ground.world.turn.immediate(() => {
        if (this.#ackDue) this.#ackNow()
      })
    }
  }

  #ackNow(): void {
    this.#ackDue = false
    if (this.#unacked > 0) this.#keeper.link?.ack(this.#lastTag)
    this.#unacked = 0
  }

  #up(): void {
    this.#inFlightBytes = 0
    this.#handed = 0
    this.#confirmed = 0
    this.#confirmTimer?.cancel()
    this.#confirmTimer = undefined
    this.#unacked = 0
  }
}
