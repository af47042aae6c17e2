import {
  DELIVERY_FIELDS,
  type DeliveryOptions,
  deliveryPart,
  readDelivery,
} from '../base/delivery-options.js'
import { codeOf } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { badOption, check, type Fields, isFunction, isText, readOptions } from '../base/options.js'
import { hashText } from '../base/random.js'
import type { Member } from '../overlay/overlay.js'
import type { Codec } from '../wire/codec.js'
import { ENVELOPE, Envelope } from '../wire/envelope.js'

/** Handles what `forward` sent to a named handler of this node. */
export type ForwardHandler = (message: unknown, from: Member) => void

export interface ForwardOptions extends DeliveryOptions {
  /** Default `default`. */
  readonly channel?: string
  /** Messages of one key keep their order; default: the handler's name. */
  readonly partitionKey?: string | number
}

const FIELDS = {
  channel: { fallback: 'default', check: isText },
  partitionKey: {
    fallback: undefined,
    check: check<string | number>('a string or a number', (v) => /^(str|num)/.test(typeof v)),
  },
  ...DELIVERY_FIELDS,
} as unknown as Fields<ForwardOptions>

const PLAIN = { channel: 'default' }

/** @throws TroupeError ERR_BAD_OPTION */
export function readForward(options: ForwardOptions | undefined): ForwardOptions & typeof PLAIN {
  return options === undefined ? PLAIN : { ...PLAIN, ...readOptions('forward', FIELDS, options) }
}

/** @throws TroupeError ERR_BAD_OPTION */
export const readForwardDelivery = (options: ForwardOptions): DeliveryOptions =>
  readDelivery('forward', deliveryPart(options))

/** Handlers by name, and the envelopes that reach them. */
export class Forwarding {
  readonly #codec: Codec
  readonly #logger: Logger
  readonly #badMessage: (from: string, detail: string) => void
  readonly #handlers = new Map<string, ForwardHandler>()

  constructor(codec: Codec, logger: Logger, badMessage: (from: string, detail: string) => void) {
    this.#codec = codec
    this.#logger = logger
    this.#badMessage = badMessage
  }

  /** The handler replaces an earlier one of that name. The function returned takes it away. */
  on(handler: string, run: ForwardHandler): () => void {
    if (!isText.test(handler)) throw badOption('onForward', `given ${isText.text} as name`, handler)
    if (!isFunction().test(run)) throw badOption('onForward', 'given a function', run)
    this.#handlers.set(handler, run)
    return () => {
      if (this.#handlers.get(handler) === run) this.#handlers.delete(handler)
    }
  }

  envelope(handler: string, message: unknown, options: ForwardOptions): Envelope {
    const key = hashText(String(options.partitionKey ?? handler))
    return new Envelope(ENVELOPE.FORWARD, handler, 0, 0, key, [message], undefined, undefined)
  }

  /**
   * A handler that throws is logged and hurts nobody else. False only with `again`: nobody handles it
   * yet, it is to come again.
   */
  deliver(from: Member, envelope: Envelope, again: boolean): boolean {
    const handler = String(envelope.to)
    const run = this.#handlers.get(handler)
    if (run === undefined) {
      if (again) return false
      this.#badMessage(from.name, `forward to ${JSON.stringify(handler)}, which is no handler here`)
      return true
    }
    const message = this.#messageOf(from, envelope)
    if (message === undefined) return true
    try {
      run(message.value, from)
    } catch (err) {
      this.#logger.error(
        { err, code: codeOf(err), handler, from: from.name },
        'a forward handler threw',
      )
    }
    return true
  }

  #messageOf(from: Member, envelope: Envelope): { readonly value: unknown } | undefined {
    try {
      const args =
        envelope.body === undefined ? (envelope.args ?? []) : this.#codec.decodeArgs(envelope.body)
      if (args.length === 1) return { value: args[0] }
      this.#badMessage(from.name, `a forward with ${args.length} messages`)
    } catch (error) {
      this.#badMessage(from.name, (error as Error).message)
    }
    return undefined
  }
}
