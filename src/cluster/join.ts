import { codeOf, TroupeError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { addressText } from '../overlay/address.js'
import type { Member } from '../overlay/overlay.js'
import { backoffMs } from '../peer/backoff.js'
import type { Transport } from '../peer/transport.js'
import type { Clock, Timer } from '../world/clock.js'
import type { Address } from '../world/network.js'

/** What joining stands on. */
export interface JoinGround {
  readonly transport: Pick<Transport, 'introduce'>
  readonly clock: Clock
  readonly random: Random
  /** Tells the overlay to join through this peer. */
  contact(peer: Member): void
  /** True once that node is a member and can be reached. */
  isUsable(name: string): boolean
}

const BACKOFF_MIN_MS = 50
const BACKOFF_MAX_MS = 1_000

/** One call of `join`: dials until the peer answers, then waits until it can be used. */
export class Join {
  readonly promise: Promise<string>
  readonly #ground: JoinGround
  readonly #address: Address
  readonly #timeoutMs: number
  readonly #endMs: number
  readonly #deadline: Timer
  #retry: Timer | undefined
  #contact: Member | undefined
  #failures = 0
  #last: unknown
  #settled = false
  #resolve: (name: string) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(ground: JoinGround, address: Address, timeoutMs: number) {
    this.#ground = ground
    this.#address = address
    this.#timeoutMs = timeoutMs
    this.#endMs = ground.clock.now() + timeoutMs
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#deadline = ground.clock.after(timeoutMs, () => this.fail(this.#timedOut()))
    this.#attempt()
  }

  get isSettled(): boolean {
    return this.#settled
  }

  /** Called whenever a node became reachable or a member. */
  check(): void {
    if (this.#settled || this.#contact === undefined) return
    if (!this.#ground.isUsable(this.#contact.name)) return
    this.#end()
    this.#resolve(this.#contact.name)
  }

  fail(error: unknown): void {
    if (this.#settled) return
    this.#end()
    this.#reject(error)
  }

  #end(): void {
    this.#settled = true
    this.#deadline.cancel()
    this.#retry?.cancel()
  }

  #attempt(): void {
    const leftMs = Math.max(1, this.#endMs - this.#ground.clock.now())
    this.#ground.transport.introduce(this.#address, leftMs).then(
      (peer) => this.#introduced(peer),
      (error: unknown) => this.#failed(error),
    )
  }

  #introduced(peer: Member): void {
    if (this.#settled) return
    this.#contact = peer
    this.#ground.contact(peer)
    this.check()
  }

  #failed(error: unknown): void {
    if (this.#settled) return
    this.#last = error
    if ((error as Partial<TroupeError> | undefined)?.retryable !== true) {
      this.fail(error)
      return
    }
    const { clock, random } = this.#ground
    const delayMs = backoffMs(this.#failures++, BACKOFF_MIN_MS, BACKOFF_MAX_MS, random)
    this.#retry = clock.after(delayMs, () => this.#attempt())
  }

  #timedOut(): TroupeError {
    const where = addressText(this.#address)
    const why =
      this.#contact !== undefined
        ? `${this.#contact.name} answered, but did not let this node in`
        : this.#last !== undefined
          ? `${this.#failures} attempts failed, the last with: ${(this.#last as Error).message}`
          : 'nothing answered'
    const text = `join ${where}: no usable peer within ${this.#timeoutMs} ms; ${why}`
    const cause = codeOf(this.#last) === undefined ? undefined : this.#last
    return new TroupeError('ERR_JOIN_TIMEOUT', text, cause === undefined ? {} : { cause })
  }
}
