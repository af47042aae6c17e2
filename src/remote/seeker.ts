import { Call, type CallCounters } from '../actor/call.js'
import type { Deadlines } from '../actor/deadlines.js'
import type { TroupeError } from '../base/errors.js'
import type { Carrier } from '../cluster/carrier.js'
import type { Codec } from '../wire/codec.js'
import type { EncodedBody } from '../wire/envelope.js'

/** What an ask says about itself while its node is searched. */
export interface SoughtAsk {
  readonly node: string
  readonly who: { toString(): string }
  readonly method: string
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** What it keeps meanwhile. */
  readonly bytes: number
}

/**
 * Messages to nodes that nobody here has heard of yet, where the membership is a part of the cluster:
 * they wait, in their order, until the node is found.
 */
export class Seeker {
  readonly #carrier: Carrier
  readonly #codec: Codec
  readonly #deadlines: Deadlines
  readonly #counters: CallCounters

  constructor(carrier: Carrier, codec: Codec, deadlines: Deadlines, counters: CallCounters) {
    this.#carrier = carrier
    this.#codec = codec
    this.#deadlines = deadlines
    this.#counters = counters
  }

  /** True when a name that is not known may be somebody's. */
  get searches(): boolean {
    return this.#carrier.partial
  }

  /** Arguments as they are now. @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE */
  pack(args: readonly unknown[]): EncodedBody {
    const { head, payloads } = this.#codec.encodeArgs(args)
    return { head, payloads: payloads.map((bytes) => new Uint8Array(bytes)) }
  }

  seek(
    node: string,
    bytes: number,
    found: () => void,
    failed: (reason: TroupeError) => void,
  ): void {
    this.#carrier.seek(node, bytes, found, failed)
  }

  /** Asks once the node is found; the deadline counts from now. */
  ask(ask: SoughtAsk, begin: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
    const { node, who, method, timeoutMs, signal, bytes } = ask
    const call = new Call(this.#deadlines, this.#counters, who, method)
    call.start(timeoutMs, signal)
    if (call.settled) return call.take()
    const over = new AbortController()
    call.onAbandoned((reason) => over.abort(reason))
    const fail = (error: unknown): void => {
      if (!call.settled) call.fail(error)
    }
    const found = (): void => {
      if (!call.settled) begin(over.signal).then((value) => call.reply(value), fail)
    }
    this.#carrier.seek(node, bytes, found, fail)
    return call.take()
  }
}

export const packedBytes = ({ head, payloads }: EncodedBody): number =>
  payloads.reduce((sum, { length }) => sum + length, head.length)
