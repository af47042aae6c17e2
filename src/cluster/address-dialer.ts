import { codeOf } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { Random } from '../base/random.js'
import { addressText } from '../overlay/address.js'
import type { Member } from '../overlay/overlay.js'
import { backoffMs } from '../peer/backoff.js'
import type { Transport } from '../peer/transport.js'
import type { Clock, Timer } from '../world/clock.js'
import type { Address } from '../world/network.js'

/** What dialling stands on. */
export interface DialGround {
  readonly transport: Pick<Transport, 'introduce'>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

const ATTEMPT_MS = 5_000
const BACKOFF_MIN_MS = 200
const BACKOFF_MAX_MS = 5_000

/** Dials addresses until somebody answers; gives up only where this node itself does. */
export class AddressDialer {
  readonly #ground: DialGround
  readonly #introduced: (address: Address, peer: Member) => void
  /** Addresses being dialled; a timer while one waits for the next attempt. */
  readonly #dialling = new Map<string, Timer | undefined>()
  #stopped = false

  constructor(ground: DialGround, introduced: (address: Address, peer: Member) => void) {
    this.#ground = ground
    this.#introduced = introduced
  }

  /** Nothing new when that address is being dialled already. */
  dial(address: Address): void {
    if (this.#stopped || this.#dialling.has(addressText(address))) return
    this.#attempt(address, 0)
  }

  /** Dials nobody any more until it is told to. */
  clear(): void {
    for (const timer of this.#dialling.values()) timer?.cancel()
    this.#dialling.clear()
  }

  stop(): void {
    this.#stopped = true
    this.clear()
  }

  #attempt(address: Address, failures: number): void {
    const key = addressText(address)
    this.#dialling.set(key, undefined)
    this.#ground.transport.introduce(address, ATTEMPT_MS).then(
      (peer) => {
        if (!this.#dialling.delete(key)) return
        this.#introduced(address, peer)
      },
      (err: unknown) => {
        if (!this.#dialling.has(key)) return
        if (codeOf(err) === 'ERR_JOIN_SELF') this.#dialling.delete(key)
        else this.#again(address, failures, err)
      },
    )
  }

  #again(address: Address, failures: number, err: unknown): void {
    const { clock, random, logger } = this.#ground
    const key = addressText(address)
    const delayMs = backoffMs(failures, BACKOFF_MIN_MS, BACKOFF_MAX_MS, random)
    if (failures === 0)
      logger.warn({ err, address: key }, 'no peer at an address of the overlay yet')
    else logger.debug({ err, address: key, failures, delayMs }, 'still no peer at that address')
    const next = (): void => this.#attempt(address, failures + 1)
    this.#dialling.set(key, clock.after(delayMs, next, true))
  }
}
