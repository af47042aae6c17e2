import { messageOf, TroupeError } from '../base/errors.js'
import { isRefusal } from '../base/refusal.js'
import { type Checked, checkArguments } from './accepts.js'
import type { Actor } from './actor.js'
import { isThenable } from './actor-timer.js'
import { construct } from './construction.js'
import { Context } from './context.js'
import type { ExitReason } from './exit-reason.js'
import type { Message } from './message.js'
import type { MethodBody } from './method-definition.js'

/**
 * A context with what the cell does to it: start the instance, hand it messages and signals one at a
 * time, stop it. Everything that leaves user code, by return, throw or promise, arrives here; what
 * arrives after the end of the incarnation is dropped.
 */
export class Incarnation extends Context {
  begin(): void {
    let result: unknown
    let pending: boolean
    try {
      this.actor = construct(this.cell.definition.actorClass as new () => Actor<unknown>, this)
      if (this.ended) return
      result = this.actor.onStart()
      pending = isThenable(result)
    } catch (error) {
      this.#startFailed(error)
      return
    }
    if (!pending) {
      if (!this.ended) this.cell.started(this)
      return
    }
    if (!this.ended) this.#occupy()
    Promise.resolve(result).then(
      () => {
        if (this.ended) return
        this.busy = false
        this.cell.started(this)
      },
      (error) => this.#startFailed(error),
    )
  }

  #startFailed(cause: unknown): void {
    if (this.ended) {
      this.#late(cause)
      return
    }
    this.busy = false
    const detail = `${this.cell.ref} did not start: ${messageOf(cause)}`
    this.cell.startFailed(this, new TroupeError('ERR_START_FAILED', detail, { cause }))
  }

  handle(message: Message): void {
    if (message.sink?.settled) return
    const schemas = message.method.accepts
    if (schemas === undefined) {
      this.#invoke(message, message.count, message.value)
      return
    }
    const checked = checkArguments(message.method, schemas, message.args)
    if (isThenable(checked)) this.#checkLater(message, checked)
    else this.#checked(message, checked)
  }

  /**
   * Takes a message out of its turn: as while a method awaits, nothing else comes in. The function
   * that comes back puts what is to be handled instead in its place.
   */
  postpone(message: Message): (instead: readonly Message[]) => void {
    this.#suspend(message)
    return (instead) => {
      if (this.ended) return
      this.#resume(message)
      if (instead.length > 0) this.cell.putBack(instead)
      else this.cell.wake()
    }
  }

  #checkLater(message: Message, checked: PromiseLike<Checked>): void {
    this.#suspend(message)
    // checkArguments never rejects
    void checked.then((result) => {
      if (this.ended) {
        // its asker, if it has one, was told at the end
        if (message.sink === undefined) this.cell.refuse(message, 'ERR_STOPPED')
        return
      }
      this.#resume(message)
      // a reentrant method may be let in beside one that awaits
      const { awaiting, busy } = this
      this.awaiting = message
      this.#checked(message, result)
      if (busy || !this.busy) this.awaiting = awaiting
      this.cell.wake()
    })
  }

  #checked(message: Message, checked: Checked): void {
    if (checked instanceof TroupeError) this.cell.refuse(message, 'ERR_BAD_ARGUMENTS', checked)
    else this.#invoke(message, checked.length, checked.length === 1 ? checked[0] : checked)
  }

  #invoke(message: Message, count: number, value: unknown): void {
    let result: unknown
    let pending: boolean
    try {
      result = call(message.method.body as MethodBody, this.actor, count, value)
      pending = isThenable(result)
    } catch (error) {
      this.#threw(message, error)
      return
    }
    if (pending) this.#await(message, result)
    else if (message.sink !== undefined) this.#answer(message, result)
  }

  // `Promise.resolve` costs nothing for a promise, and tames a foreign `then` that throws or says it twice.

  #await(message: Message, result: unknown): void {
    if (!this.ended) this.#suspend(message)
    Promise.resolve(result).then(
      (value) => {
        if (this.ended) return
        this.#resume(message)
        if (message.sink !== undefined) this.#answer(message, value)
        this.cell.wake()
      },
      (error) => {
        if (!this.ended) this.#resume(message)
        this.#threw(message, error)
        this.cell.wake()
      },
    )
  }

  /** A method awaits: unless it is reentrant no other message comes in. */
  #suspend(message: Message): void {
    if (message.method.reentrant) {
      this.suspend(message)
      this.cell.awaits(this)
      return
    }
    this.awaiting = message
    this.#occupy()
  }

  /** Lets no message in until what awaits is done. */
  #occupy(): void {
    this.busy = true
    this.cell.awaits(this)
  }

  #resume(message: Message): void {
    if (message.method.reentrant) {
      this.resume(message)
      return
    }
    this.awaiting = undefined
    this.busy = false
  }

  #answer(message: Message, value: unknown): void {
    if (!this.ended && !message.held) message.sink?.reply(value)
  }

  #threw(message: Message, error: unknown): void {
    if (this.ended) {
      this.#late(error)
      return
    }
    message.sink?.fail(error)
    if (isRefusal(error)) this.cell.refused(message, error)
    else this.cell.crashed(this, error, message.method.name)
  }

  /** Runs a lifecycle signal as one thing at a time. */
  perform(run: () => unknown): void {
    let result: unknown
    let pending: boolean
    try {
      result = run()
      pending = isThenable(result)
    } catch (error) {
      this.#signalThrew(error)
      return
    }
    if (!pending) return
    if (!this.ended) this.#occupy()
    Promise.resolve(result).then(
      () => {
        if (this.ended) return
        this.busy = false
        this.cell.wake()
      },
      (error) => {
        if (!this.ended) this.busy = false
        this.#signalThrew(error)
      },
    )
  }

  #signalThrew(error: unknown): void {
    if (this.ended) this.#late(error)
    else this.cell.crashed(this, error, undefined)
  }

  /** Runs onStop; `done` is called once unless the incarnation is ended before. */
  runOnStop(reason: ExitReason, done: (thrown: unknown, threw: boolean) => void): void {
    let result: unknown
    let pending: boolean
    try {
      result = this.actor?.onStop(reason)
      pending = isThenable(result)
    } catch (error) {
      if (this.ended) this.#late(error)
      else done(error, true)
      return
    }
    if (!pending) {
      if (!this.ended) done(undefined, false)
      return
    }
    if (!this.ended) this.#occupy()
    Promise.resolve(result).then(
      () => {
        if (!this.ended) done(undefined, false)
      },
      (error) => {
        if (this.ended) this.#late(error)
        else done(error, true)
      },
    )
  }

  /** Nobody waits for it any more. */
  #late(error: unknown): void {
    const fields = { actor: String(this.cell.ref), reason: messageOf(error) }
    this.cell.system.log.debug(fields, 'an abandoned handler failed')
  }
}

/** Arguments as a message holds them: the value of one, the array of more. */
function call(body: MethodBody, actor: unknown, count: number, value: unknown): unknown {
  if (count === 1) return body.call(actor, value)
  if (count === 0) return body.call(actor)
  return body.apply(actor, value as unknown[])
}
