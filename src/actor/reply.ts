import { TroupeError } from '../base/errors.js'
import type { ReplySink } from './reply-sink.js'

/** Gets where a reply goes. For the room that carries replies to other nodes. */
export let sinkOf: (reply: Reply) => ReplySink | undefined

/**
 * An answer that is still owed, from `this.deferReply()`. Keep it and answer later, or pass it to
 * another actor, here or on another node, that answers instead. The asker's deadline goes on running;
 * a reply that is never answered ends there. Return it from the method and `ref.ask` is typed by it.
 */
export class Reply<T = unknown> {
  #sink: ReplySink | undefined
  #settled: (() => void) | undefined
  /** Only for types: what the asker gets. */
  declare readonly answer?: T

  static {
    sinkOf = (reply) => reply.#sink
  }

  /** Without a sink (the message was a tell) answers go nowhere. */
  constructor(sink: ReplySink | undefined) {
    this.#sink = sink
  }

  /** True while somebody waits for this answer. */
  get pending(): boolean {
    return this.#sink !== undefined && !this.#sink.settled
  }

  /** Answers. False when nobody waits any more: answered before, timed out, aborted, or a tell. */
  resolve(value: T): boolean {
    const sink = this.#take()
    sink?.reply(value)
    return sink !== undefined
  }

  /** Answers with an error; the actor that calls this lives on. */
  reject(error: unknown): boolean {
    const sink = this.#take()
    sink?.fail(error)
    return sink !== undefined
  }

  /** `run` is called when nobody waits any more: answered here, or the asker gave up. For `ReplyTable`. */
  onSettled(run: () => void): void {
    this.#settled = run
    this.#sink?.onAbandoned(run)
  }

  #take(): ReplySink | undefined {
    const sink = this.#sink
    this.#sink = undefined
    this.#settled?.()
    return sink === undefined || sink.settled ? undefined : sink
  }
}

/**
 * Replies that went to other nodes, by integers made on demand. An entry leaves with its answer or
 * when the asker gives up, at its deadline at the latest. At the limit the oldest is answered with
 * an error.
 */
export class ReplyTable {
  readonly #byId = new Map<number, Reply>()
  readonly #ids = new WeakMap<Reply, number>()
  readonly #limit: number
  #last = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#byId.size
  }

  /** The number by which another node answers this reply; 0 when nobody waits for it. */
  idOf(reply: Reply): number {
    const known = this.#ids.get(reply)
    if (known !== undefined) return known
    if (!reply.pending) return 0
    if (this.#byId.size >= this.#limit) this.#dropOldest()
    const id = ++this.#last
    this.#byId.set(id, reply)
    this.#ids.set(reply, id)
    reply.onSettled(() => this.#byId.delete(id))
    return id
  }

  /** The reply by that number, which came home; undefined for one that is unknown or was answered. */
  get(id: number): Reply | undefined {
    return this.#byId.get(id)
  }

  /** Takes the reply out; undefined for a number that is unknown or was answered. */
  take(id: number): Reply | undefined {
    const reply = this.#byId.get(id)
    this.#byId.delete(id)
    return reply
  }

  #dropOldest(): void {
    for (const [id, reply] of this.#byId) {
      this.#byId.delete(id)
      reply.reject(
        new TroupeError('ERR_NO_ACTOR', `more than ${this.#limit} replies wait on other nodes`),
      )
      return
    }
  }
}
