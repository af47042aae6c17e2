import { codeOf } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { badOption, isFunction, isText } from '../base/options.js'
import { compareIncarnations, isGeneration, isNodeName } from '../overlay/member.js'
import type { Member } from '../overlay/overlay.js'
import type { Codec } from '../wire/codec.js'

/**
 * Handles what was broadcast to a name. `from` has no addresses and tags where the sender is no member
 * known here. `late`: it was missed and came by anti-entropy, perhaps long after it was sent.
 */
export type BroadcastHandler = (message: unknown, from: Member, late: boolean) => void

/** Names that start so are those of this node's own rooms. */
export const RESERVED = 'troupe/'

/** What the handlers of broadcasts stand on. */
export interface HandlerGround {
  readonly codec: Codec
  readonly logger: Logger
  /** The newest known incarnation of a node. */
  member(node: string): Member | undefined
  badMessage(from: string, detail: string): void
}

/** Handlers of broadcasts by name, and the bodies that reach them. */
export class BroadcastHandlers {
  readonly #ground: HandlerGround
  readonly #handlers = new Map<string, BroadcastHandler>()
  readonly stats = { handled: 0, unhandled: 0, stale: 0 }

  constructor(ground: HandlerGround) {
    this.#ground = ground
  }

  /** The handler replaces an earlier one of that name. The function returned takes it away. */
  on(handler: string, run: BroadcastHandler): () => void {
    checkHandler('onBroadcast', handler)
    if (!isFunction().test(run)) throw badOption('onBroadcast', 'given a function', run)
    this.#handlers.set(handler, run)
    return () => {
      if (this.#handlers.get(handler) === run) this.#handlers.delete(handler)
    }
  }

  /** @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE */
  encode(self: Member, handler: string, message: unknown, bytesMax: number): Uint8Array {
    const { name, generation } = self
    return this.#ground.codec.encodeValue([handler, name, generation, message], bytesMax)
  }

  /** What a node has broadcast. A handler that throws is logged and hurts nobody else. */
  deliver(incarnation: string, bytes: unknown, late: boolean): void {
    const fields = this.#decode(bytes)
    if (fields === undefined) {
      this.#ground.badMessage(incarnation, 'a broadcast is malformed')
      return
    }
    const { handler, message } = fields
    const from = this.#sourceOf({ ...fields.from, incarnation })
    if (from === undefined) {
      this.stats.stale++
      return
    }
    const run = this.#handlers.get(handler)
    if (run === undefined) {
      this.stats.unhandled++
      return
    }
    this.stats.handled++
    try {
      run(message, from, late)
    } catch (err) {
      const { logger } = this.#ground
      const about = { err, code: codeOf(err), handler, from: from.name }
      logger.error(about, 'a handler of broadcasts threw')
    }
  }

  #decode(bytes: unknown):
    | {
        readonly handler: string
        readonly from: { readonly name: string; readonly generation: number }
        readonly message: unknown
      }
    | undefined {
    if (!(bytes instanceof Uint8Array)) return undefined
    let fields: unknown
    try {
      fields = this.#ground.codec.decodeValue(bytes)
    } catch {
      return undefined
    }
    if (!Array.isArray(fields) || fields.length !== 4) return undefined
    const [handler, name, generation, message] = fields as unknown[]
    if (typeof handler !== 'string' || !isNodeName(name) || !isGeneration(generation)) {
      return undefined
    }
    return { handler, from: { name, generation }, message }
  }

  /** As a member if known, else as far as the message tells; undefined for one that is history. */
  #sourceOf(told: Pick<Member, 'name' | 'incarnation' | 'generation'>): Member | undefined {
    const known = this.#ground.member(told.name)
    const age = known === undefined ? 1 : compareIncarnations(told, known)
    if (age < 0) return undefined
    return age === 0 ? known : { ...told, addresses: [], tags: [] }
  }
}

/** @throws TroupeError ERR_BAD_OPTION */
export function checkHandler(of: string, handler: unknown): void {
  if (!isText.test(handler)) throw badOption(of, `given ${isText.text} as name`, handler)
}
