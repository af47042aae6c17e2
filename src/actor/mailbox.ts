import { RingQueue } from '../base/ring-queue.js'
import type { Message } from './message.js'

/**
 * The messages that wait for an actor, oldest first. Where the class has reentrant methods, their
 * messages wait in a ring of their own and may pass a handler that awaits; while nothing awaits, all
 * are taken in the order in which they came. The bound is kept by the cell.
 */
export class Mailbox {
  readonly #queue = new RingQueue<Message>()
  readonly #reentrant: RingQueue<Message> | undefined
  #order = 0

  constructor(withReentrant: boolean) {
    this.#reentrant = withReentrant ? new RingQueue() : undefined
  }

  get size(): number {
    return this.#reentrant === undefined
      ? this.#queue.size
      : this.#queue.size + this.#reentrant.size
  }

  /** Messages that may be taken while a handler awaits. */
  get reentrantSize(): number {
    return this.#reentrant === undefined ? 0 : this.#reentrant.size
  }

  push(message: Message): void {
    if (this.#reentrant === undefined) return this.#queue.push(message)
    message.order = ++this.#order
    this.#lane(message).push(message)
  }

  /** Puts messages before all others; the first of them comes out first. */
  putBack(messages: readonly Message[]): void {
    for (let i = messages.length - 1; i >= 0; i--)
      this.#lane(messages[i] as Message).unshift(messages[i] as Message)
  }

  shift(): Message | undefined {
    const reentrant = this.#reentrant
    if (reentrant === undefined) return this.#queue.shift()
    const plain = this.#queue.peek()
    const passing = reentrant.peek()
    if (plain === undefined || (passing !== undefined && passing.order < plain.order)) {
      return reentrant.shift()
    }
    return this.#queue.shift()
  }

  /** The oldest message of a reentrant method. */
  shiftReentrant(): Message | undefined {
    return this.#reentrant?.shift()
  }

  /** Takes all out, oldest first. */
  drain(): Message[] {
    const all: Message[] = []
    for (let message = this.shift(); message !== undefined; message = this.shift())
      all.push(message)
    return all
  }

  #lane(message: Message): RingQueue<Message> {
    return message.method.reentrant && this.#reentrant !== undefined ? this.#reentrant : this.#queue
  }
}
