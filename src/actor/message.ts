import type { MethodDefinition } from './method-definition.js'
import type { ReplySink } from './reply-sink.js'

/** One message in a mailbox. One class, all fields set here in one order: the hot path stays one-shaped. */
export class Message {
  readonly method: MethodDefinition
  readonly args: readonly unknown[]
  /** Absent for a tell. */
  sink: ReplySink | undefined
  /** The method's result is not the answer: it was stashed, or the reply deferred. */
  held: boolean
  /** Position among all messages of its mailbox; kept only where a method is reentrant. */
  order: number
  /** Made when the method reads `this.signal`. */
  controller: AbortController | undefined

  constructor(method: MethodDefinition, args: readonly unknown[], sink: ReplySink | undefined) {
    this.method = method
    this.args = args
    this.sink = sink
    this.held = false
    this.order = 0
    this.controller = undefined
  }

  /** The answer is not wanted any more: do not begin. */
  get abandoned(): boolean {
    return this.sink?.settled === true
  }

  /** The signal of this message: aborted when the asker gives up or the incarnation ends. */
  signal(): AbortSignal {
    if (this.controller === undefined) {
      const controller = new AbortController()
      this.controller = controller
      this.sink?.onAbandoned((reason) => controller.abort(reason))
    }
    return this.controller.signal
  }
}
