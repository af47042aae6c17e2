import type { MethodDefinition } from './method-definition.js'
import type { ReplySink } from './reply-sink.js'

/**
 * One message in a mailbox. One class, all fields set here in one order, and as few as will do: the
 * hot path stays one-shaped, and half of what a tell costs is memory.
 */
export class Message {
  readonly method: MethodDefinition
  /** How many arguments it has. */
  readonly count: number
  /** The argument of one, the array of more. */
  readonly value: unknown
  /** Absent for a tell. */
  readonly sink: ReplySink | undefined
  #rare: Rare | undefined

  constructor(
    method: MethodDefinition,
    count: number,
    value: unknown,
    sink: ReplySink | undefined,
  ) {
    this.method = method
    this.count = count
    this.value = value
    this.sink = sink
    this.#rare = undefined
  }

  static of(
    method: MethodDefinition,
    args: readonly unknown[],
    sink: ReplySink | undefined,
  ): Message {
    return new Message(method, args.length, args.length === 1 ? args[0] : args, sink)
  }

  get args(): readonly unknown[] {
    if (this.count === 0) return NO_ARGS
    return this.count === 1 ? [this.value] : (this.value as readonly unknown[])
  }

  /** The method's result is not the answer: the message was stashed, or its reply deferred. */
  get held(): boolean {
    return this.#rare?.held ?? false
  }

  set held(held: boolean) {
    if (this.#rare !== undefined || held) this.#more().held = held
  }

  /** The same message, to be handled once more; what became of the first time does not count. */
  again(): Message {
    const message = new Message(this.method, this.count, this.value, this.sink)
    if (this.order !== 0) message.order = this.order
    return message
  }

  /** Position among all messages of its mailbox; kept only where a method is reentrant. */
  get order(): number {
    return this.#rare === undefined ? 0 : this.#rare.order
  }

  set order(order: number) {
    this.#more().order = order
  }

  /** The signal of this message, made when it is first read: aborted when the asker gives up or the incarnation ends. */
  signal(): AbortSignal {
    const rare = this.#more()
    if (rare.controller === undefined) {
      const controller = new AbortController()
      rare.controller = controller
      this.sink?.onAbandoned((reason) => controller.abort(reason))
    }
    return rare.controller.signal
  }

  /** Aborts the signal, if somebody has read it. */
  abort(reason: unknown): void {
    this.#rare?.controller?.abort(reason)
  }

  #more(): Rare {
    if (this.#rare === undefined) this.#rare = new Rare()
    return this.#rare
  }
}

const NO_ARGS: readonly unknown[] = Object.freeze([])

/** What most messages never need. */
class Rare {
  held = false
  order = 0
  controller: AbortController | undefined = undefined
}
