import { checkDelivery, DELIVERY_FIELDS } from '../base/delivery-options.js'
import { TroupeError } from '../base/errors.js'
import { badOption, show } from '../base/options.js'
import type { Actor } from './actor.js'
import type { Definition } from './definition.js'
import type { Ask, Tell } from './facets.js'
import { type RefAddress, showAddress } from './ref-address.js'
import type { Route } from './route.js'
import type { SendOptions } from './send-options.js'

/** A ref to whatever actor: every `ActorRef<A>` is one. It can be watched, linked, compared and sent, not called. */
export type AnyRef = ActorRef<Actor<unknown>>

/** Gets the route of a ref. For the rooms that carry messages. */
export let routeOf: (ref: AnyRef) => Route

/**
 * A reference to an actor: a value that can be stored, compared with `equals`, sent to other nodes and
 * printed (`troupe://b/arena/match/01J…`). It outlives restarts of its actor. A ref to one actor holds
 * its id and is dead once the actor has ended; a named ref reaches whoever holds the name.
 *
 * `ref.tell.method(…)` and `ref.ask.method(…)` offer the public methods of `A` below `Actor`: methods
 * in the class body. A field that holds a function is not one, and TypeScript cannot tell.
 */
export class ActorRef<A> {
  readonly #route: Route
  readonly #options: SendOptions | undefined
  #tell: Tell<A> | undefined
  #ask: Ask<A> | undefined

  static {
    routeOf = (ref) => ref.#route
  }

  /** Made by the runtime; see `spawn`, `node.lookup` and `node.ref`. */
  constructor(route: Route, options: SendOptions | undefined = undefined) {
    this.#route = route
    this.#options = options
    this.#tell = undefined
    this.#ask = undefined
  }

  /** The type name given by `@actor`. */
  get type(): string {
    return this.#route.definition.type
  }

  /** What is known about the actor's class here. */
  get definition(): Definition {
    return this.#route.definition
  }

  /** The name of its node. */
  get node(): string {
    return this.#route.node
  }

  /** The actor's ULID; undefined for a named ref. */
  get id(): string | undefined {
    return this.#route.id
  }

  /** The registered name this ref stands for; undefined for a ref to one actor. */
  get name(): string | undefined {
    return this.#route.registeredName
  }

  /**
   * Sends without waiting. Returns true below the receiver's high-water mark; false above it (the
   * message was accepted: wait for `ready()`) and when it was refused (the node emits `deadLetter`).
   * Throws only for mistakes of the caller, such as ERR_NOT_SERIALIZABLE.
   */
  get tell(): Tell<A> {
    if (this.#tell === undefined) {
      const Facet = this.#route.definition.tellFacet
      this.#tell = new Facet(this, this.#route, this.#options) as Tell<A>
    }
    return this.#tell
  }

  /**
   * Sends and resolves to the method's result, or rejects with what it threw. Always has a deadline
   * (`timeoutMs`, 5 s by default): ERR_ASK_TIMEOUT. A call that had not begun by then, or when its
   * signal aborted, does not begin any more.
   */
  get ask(): Ask<A> {
    if (this.#ask === undefined) {
      const Facet = this.#route.definition.askFacet
      this.#ask = new Facet(this, this.#route, this.#options) as Ask<A>
    }
    return this.#ask
  }

  /**
   * The same actor with options for what is sent through the returned ref.
   * @throws TroupeError ERR_BAD_OPTION
   */
  with(options: SendOptions): ActorRef<A> {
    checkSendOptions(options)
    const together = { ...this.#options, ...options }
    checkDelivery('with', together)
    return new ActorRef(this.#route, together)
  }

  /** The options given by `with`. */
  get options(): SendOptions | undefined {
    return this.#options
  }

  /**
   * Resolves when the receiver can take more after `tell` returned false; at once when it can now or has
   * ended. For an actor of this node it waits for its start too, and rejects with ERR_START_FAILED. For one
   * of another node it rejects with ERR_NODE_DOWN when that node is down, or goes down meanwhile.
   */
  ready(): Promise<void> {
    return this.#route.ready(this)
  }

  /** True for a ref to the same actor, or to the same name on the same node. Options do not count. */
  equals(other: AnyRef): boolean {
    const mine = this.#route
    const its = routeOf(other)
    if (mine === its) return true
    return (
      mine.node === its.node && mine.id === its.id && mine.registeredName === its.registeredName
    )
  }

  toString(): string {
    return showAddress(this.address)
  }

  /** The same text as `toString`; `node.ref(Class, text)` brings the ref back. */
  toJSON(): string {
    return this.toString()
  }

  /** Its parts. */
  get address(): RefAddress {
    const { definition, node, id, registeredName } = this.#route
    return { node, type: definition.type, id, name: registeredName }
  }

  /** How Node.js prints it. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `ActorRef(${this.toString()})`
  }
}

/** @throws TroupeError ERR_BAD_REF for what is no ref */
export function checkRef(use: string, ref: AnyRef): void {
  if (ref instanceof ActorRef) return
  throw new TroupeError('ERR_BAD_REF', `${use} takes a ref to an actor, got ${show(ref)}`)
}

function checkSendOptions(options: SendOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw badOption('with', 'an object of options', options)
  }
  for (const name in options) {
    const value: unknown = options[name as keyof SendOptions]
    if (value !== undefined) checkSendOption(name, value)
  }
}

function checkSendOption(name: string, value: unknown): void {
  switch (name) {
    case 'timeoutMs':
      if (typeof value === 'number' && value >= 0 && value <= 2 ** 31 - 1) return
      throw badOption('with.timeoutMs', 'a number of milliseconds from 0 to 2147483647', value)
    case 'partitionKey':
      if (isKey(value)) return
      throw badOption('with.partitionKey', 'a string, number, bigint or boolean', value)
    case 'channel':
      if (typeof value === 'string' && value !== '') return
      throw badOption('with.channel', 'a non-empty string', value)
    case 'signal':
      if (typeof (value as AbortSignal | null)?.addEventListener === 'function') return
      throw badOption('with.signal', 'an AbortSignal', value)
    case 'reliable':
    case 'causal':
    case 'monotonic':
    case 'inOrder':
    case 'expireAfterMs': {
      const rule = DELIVERY_FIELDS[name].check
      if (rule.test(value)) return
      throw badOption(`with.${name}`, rule.text, value)
    }
    default:
      throw new TroupeError(
        'ERR_BAD_OPTION',
        `with.${name} is not an option; there are: timeoutMs, signal, partitionKey, channel, ${DELIVERY_NAMES}`,
      )
  }
}

const DELIVERY_NAMES = Object.keys(DELIVERY_FIELDS).join(', ')

const isKey = (value: unknown): boolean =>
  typeof value === 'string' ||
  typeof value === 'number' ||
  typeof value === 'bigint' ||
  typeof value === 'boolean'
