import type { DeliveryOptions } from '../base/delivery-options.js'
import { messageOf, TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import { messageKey } from './partition-key.js'
import type { Key, SendOptions } from './send-options.js'
import type { StandardSchema } from './standard-schema.js'

/** A method of an actor's prototype, called with the instance as `this`. */
export type MethodBody = (this: unknown, ...args: unknown[]) => unknown

/** One public method of a class: everything a message needs to know, read once. */
export class MethodDefinition {
  /** The type name of its class, for messages to people. */
  readonly type: string
  readonly name: string
  /** Position in the sorted table. */
  readonly index: number
  /** Undefined when only the table is known, not the class. */
  readonly body: MethodBody | undefined
  readonly reentrant: boolean
  readonly accepts: readonly StandardSchema[] | undefined
  /** The channel its messages travel on: of the method, else of the class. */
  readonly channel: string | undefined
  /** The channel the method itself names; its answers travel there whatever the question took. */
  readonly answerChannel: string | undefined
  /** What the method, or else its class, asks of delivery. */
  readonly delivery: DeliveryOptions | undefined
  /** True when the key comes from the arguments. */
  readonly keyed: boolean
  readonly #key: ((...args: never[]) => Key) | undefined

  constructor(type: string, name: string, index: number, about: MethodTraits) {
    this.type = type
    this.name = name
    this.index = index
    this.body = about.body
    this.reentrant = about.reentrant ?? false
    this.accepts = about.accepts
    this.channel = about.channel
    this.answerChannel = about.answerChannel
    this.delivery = about.delivery
    this.keyed = about.keyed ?? about.key !== undefined
    this.#key = about.key
  }

  /**
   * The partition key of a call: of the options, else of the method's extractor, else of the message
   * class of the first argument; undefined stands for the receiving actor.
   *
   * @throws TroupeError ERR_KEY_NEEDED when the method is keyed and its extractor is not known here,
   *   ERR_BAD_ARGUMENTS when the extractor throws, or what it gives cannot be a key
   */
  partitionKey(args: readonly unknown[], options: SendOptions | undefined): Key | undefined {
    if (options?.partitionKey !== undefined) return options.partitionKey
    if (this.#key !== undefined) {
      return this.#checked(this.#extracted(this.#key, args))
    }
    if (this.keyed) {
      throw new TroupeError(
        'ERR_KEY_NEEDED',
        `${this.type}.${this.name} takes its partition key from its arguments: pass with({ partitionKey })`,
      )
    }
    const key = messageKey(args[0])
    return key === undefined ? undefined : this.#checked(key)
  }

  #extracted(key: (...args: never[]) => Key, args: readonly unknown[]): unknown {
    try {
      return key(...(args as never[]))
    } catch (cause) {
      const detail = `${this.type}.${this.name} has no partition key for these arguments: ${messageOf(cause)}`
      throw new TroupeError('ERR_BAD_ARGUMENTS', detail, { cause })
    }
  }

  #checked(key: unknown): Key {
    const type = typeof key
    if (type === 'string' || type === 'number' || type === 'bigint' || type === 'boolean') {
      return key as Key
    }
    throw new TroupeError(
      'ERR_BAD_ARGUMENTS',
      `the partition key of ${this.type}.${this.name} must be a string, number, bigint or boolean, got ${show(key)}`,
    )
  }
}

export interface MethodTraits {
  readonly body?: MethodBody | undefined
  readonly reentrant?: boolean | undefined
  readonly accepts?: readonly StandardSchema[] | undefined
  readonly channel?: string | undefined
  readonly answerChannel?: string | undefined
  readonly delivery?: DeliveryOptions | undefined
  readonly key?: ((...args: never[]) => Key) | undefined
  readonly keyed?: boolean | undefined
}
