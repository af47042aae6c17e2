import type { Cell } from '../actor/cell.js'
import type { Message } from '../actor/message.js'
import { TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import type { MessageKind, Passing } from '../peer/passage.js'
import { DurableTell } from '../remote/durable-tell.js'
import { InboundCall } from '../remote/inbound-call.js'

/** A message between its mailbox and its handler, as functions see it. */
export class DeliveredMessage implements Passing {
  readonly at = 'deliver'
  readonly args: readonly unknown[]
  readonly channel = ''
  readonly lane = undefined
  readonly bytes = 0
  readonly #cell: Cell
  readonly #message: Message

  constructor(cell: Cell, message: Message, args: readonly unknown[] = message.args) {
    this.#cell = cell
    this.#message = message
    this.args = args
  }

  get node(): string {
    return this.#cell.node
  }

  get peer(): string {
    const { sink } = this.#message
    if (sink === undefined) return ''
    return sink instanceof InboundCall || sink instanceof DurableTell ? sink.peer.name : this.node
  }

  get kind(): MessageKind {
    const { sink } = this.#message
    return sink === undefined || sink.refused !== undefined ? 'tell' : 'ask'
  }

  get actor(): string {
    return this.#cell.ref.toString()
  }

  get method(): string {
    return this.#message.method.name
  }

  get callId(): number | undefined {
    const { sink } = this.#message
    return sink instanceof InboundCall ? sink.callId : undefined
  }

  changed(args: readonly unknown[]): DeliveredMessage {
    return new DeliveredMessage(this.#cell, this.#message, checkedArgs(args))
  }
}

/** @throws TroupeError ERR_BAD_ARGUMENTS */
export function checkedArgs(args: unknown): readonly unknown[] {
  if (Array.isArray(args)) return args
  throw new TroupeError('ERR_BAD_ARGUMENTS', `args must be an array, got ${show(args)}`)
}
