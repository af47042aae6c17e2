import { TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { backoffMs } from '../peer/backoff.js'
import type { Timer } from '../world/clock.js'
import type { World } from '../world/world.js'
import type { Broker, BrokerLink, QueueWish } from './broker-link.js'

/** The broker may take so long to confirm the end of a connection. */
const CLOSE_MS = 1_000
/** Different reasons for a failure that are logged before it is quiet. */
const REASONS_MAX = 16

export interface KeeperOptions {
  readonly connectTimeoutMs: number
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
}

export interface KeeperGround {
  readonly world: World
  readonly logger: Logger
  readonly broker: Broker
  readonly options: KeeperOptions
  /** What to ask for at the attempt of that number, from 1. */
  wish(attempt: number): QueueWish
  up(link: BrokerLink): void
  message(body: Uint8Array, tag: number): void
  down(error: TroupeError): void
}

/** Keeps one connection to the broker: makes it, and makes it anew whenever it is lost, until `close`. */
export class LinkKeeper {
  readonly #ground: KeeperGround
  #link: BrokerLink | undefined
  #timer: Timer | undefined
  #attempts = 0
  #failures = 0
  #closed = false
  /** Reasons logged since it could be used last. */
  readonly #told = new Set<string>()

  constructor(ground: KeeperGround) {
    this.#ground = ground
  }

  get link(): BrokerLink | undefined {
    return this.#link
  }

  /** Resolves when the first attempt has ended, well or not: from then on it goes on by itself. */
  start(): Promise<void> {
    return this.#attempt()
  }

  /** The link that stands is of no use any more. */
  drop(detail: string): void {
    const link = this.#link
    if (link === undefined) return
    link.abort()
    this.#lost(link, new TroupeError('ERR_CONNECTION_LOST', detail))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    const link = this.#link
    this.#link = undefined
    if (link !== undefined) await this.#end(link)
  }

  /** A broker that does not answer is not waited for. */
  #end(link: BrokerLink): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#ground.world.clock.after(CLOSE_MS, () => {
        link.abort()
        resolve()
      })
      void link.close().then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  async #attempt(): Promise<void> {
    if (this.#closed) return
    const { world, broker, options } = this.#ground
    let link: BrokerLink | undefined
    let lostEarly: TroupeError | undefined
    const sink = {
      message: (body: Uint8Array, tag: number): void => {
        if (link !== undefined && link === this.#link) this.#ground.message(body, tag)
        else early.push([body, tag])
      },
      lost: (error: TroupeError): void => {
        if (link === undefined) lostEarly = error
        else this.#lost(link, error)
      },
    }
    const early: [Uint8Array, number][] = []
    try {
      const wish = this.#ground.wish(++this.#attempts)
      link = await broker.open(world, wish, sink, options.connectTimeoutMs)
      if (lostEarly !== undefined) throw lostEarly
    } catch (error) {
      if (!this.#closed) this.#failed(error)
      return
    }
    if (this.#closed) {
      await this.#end(link)
      return
    }
    this.#opened(link)
    for (const [body, tag] of early) if (link === this.#link) this.#ground.message(body, tag)
  }

  #opened(link: BrokerLink): void {
    const { logger, broker } = this.#ground
    this.#link = link
    this.#failures = 0
    if (this.#told.size > 0) logger.warn({ broker: broker.place }, 'the broker is back')
    this.#told.clear()
    this.#ground.up(link)
  }

  #lost(link: BrokerLink, error: TroupeError): void {
    if (this.#link !== link) return
    this.#link = undefined
    this.#ground.down(error)
    this.#failed(error)
  }

  /** One line in the log for each reason, however often it fails for it. */
  #failed(error: unknown): void {
    if (this.#closed) return
    const { world, logger, broker, options } = this.#ground
    const { message } = error as Error
    const text = 'the broker cannot be used; it is tried again until it can'
    if (!this.#told.has(message) && this.#told.size < REASONS_MAX) {
      this.#told.add(message)
      logger.error({ err: error, broker: broker.place }, text)
    } else logger.debug({ broker: broker.place, failures: this.#failures }, text)
    const { backoffMinMs, backoffMaxMs } = options
    const delayMs = backoffMs(this.#failures++, backoffMinMs, backoffMaxMs, world.random)
    this.#timer = world.clock.after(delayMs, () => void this.#attempt())
  }
}
