import type { ActorSystem } from '../actor/actor-system.js'
import { ActorRef, type AnyRef } from '../actor/ref.js'
import { Reply, sinkOf } from '../actor/reply.js'
import type { ReplySink } from '../actor/reply-sink.js'
import { TroupeError } from '../base/errors.js'
import { isUlid } from '../base/identity.js'
import { show } from '../base/options.js'
import type { RefPort } from '../wire/codec.js'

/**
 * Refs and replies in messages. A ref travels as `[0, type, node, id]` or `[1, type, node, name]`, a
 * reply that is still owed as `[2, node, incarnation, number]`. What comes home is again the ref of the
 * local actor, or the reply itself.
 */
export class RefCodec implements RefPort {
  readonly #system: ActorSystem
  readonly #answer: AnswerElsewhere

  constructor(system: ActorSystem, answer: AnswerElsewhere) {
    this.#system = system
    this.#answer = answer
  }

  isRef(value: object): boolean {
    return value instanceof ActorRef || value instanceof Reply
  }

  toWire(ref: object): unknown[] {
    if (ref instanceof Reply) {
      const sink = sinkOf(ref)
      if (sink instanceof ElsewhereSink) return [REPLY, sink.node, sink.incarnation, sink.id]
      const { nodeName, incarnation, replies } = this.#system
      return [REPLY, nodeName, incarnation, replies.idOf(ref)]
    }
    const { type, node, id, name } = ref as AnyRef
    return id !== undefined ? [BY_ID, type, node, id] : [BY_NAME, type, node, name]
  }

  /** @throws TroupeError ERR_BAD_REF */
  fromWire(wire: readonly unknown[]): AnyRef | Reply {
    const [kind, second, third, last] = wire
    if (wire.length !== 4 || !isText(second)) throw bad(wire)
    if (kind === REPLY) return this.#reply(second, third, last, wire)
    if (!isText(third) || !isText(last)) throw bad(wire)
    if (kind === BY_NAME) return this.#system.refAt(address(second, third, undefined, last))
    if (kind !== BY_ID || !isUlid(last)) throw bad(wire)
    return this.#system.refAt(address(second, third, last, undefined))
  }

  #reply(node: string, incarnation: unknown, id: unknown, wire: readonly unknown[]): Reply {
    if (!isUlid(incarnation) || !Number.isSafeInteger(id) || (id as number) < 0) throw bad(wire)
    if (id === 0) return new Reply(undefined)
    const { nodeName, incarnation: own, replies } = this.#system
    if (node === nodeName) {
      const reply = incarnation === own ? replies.get(id as number) : undefined
      return reply ?? new Reply(undefined)
    }
    return new Reply(new ElsewhereSink(this.#answer, node, incarnation, id as number))
  }
}

/** Sends the answer to a reply that another node owes its asker. */
export interface AnswerElsewhere {
  replyTo(node: string, incarnation: string, id: number, value: unknown): void
  failTo(node: string, incarnation: string, id: number, error: unknown): void
}

const BY_ID = 0
const BY_NAME = 1
const REPLY = 2
const TEXT_CHARS = 512

/** The asker is known to another node: that one passes the answer on, and keeps the deadline. */
class ElsewhereSink implements ReplySink {
  readonly #answer: AnswerElsewhere
  readonly node: string
  readonly incarnation: string
  readonly id: number
  settled = false

  constructor(answer: AnswerElsewhere, node: string, incarnation: string, id: number) {
    this.#answer = answer
    this.node = node
    this.incarnation = incarnation
    this.id = id
  }

  reply(value: unknown): void {
    if (this.settled) return
    this.settled = true
    this.#answer.replyTo(this.node, this.incarnation, this.id, value)
  }

  fail(error: unknown): void {
    if (this.settled) return
    this.settled = true
    this.#answer.failTo(this.node, this.incarnation, this.id, error)
  }

  /** The node that owes the answer learns of the asker's end, this one does not. */
  onAbandoned(): void {}
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= TEXT_CHARS

const address = (type: string, node: string, id: string | undefined, name: string | undefined) => ({
  type,
  node,
  id,
  name,
})

const bad = (wire: unknown): TroupeError =>
  new TroupeError('ERR_BAD_REF', `${show(wire)} is no reference to an actor`)
