import { type ErrorCode, TroupeError } from '../base/errors.js'
import { isRefusal } from '../base/refusal.js'
import { RingQueue } from '../base/ring-queue.js'
import { type Checked, checkArguments } from './accepts.js'
import type { Actor } from './actor.js'
import type { ActorSystem } from './actor-system.js'
import { isThenable } from './actor-timer.js'
import type { Down, Exit } from './bonds.js'
import { Context, construct } from './context.js'
import type { Definition } from './definition.js'
import { Ending } from './ending.js'
import { type ExitReason, isAbnormal, KILLED, SHUTDOWN, showReason } from './exit-reason.js'
import type { Guardian } from './guardian.js'
import { Mailbox } from './mailbox.js'
import { Message } from './message.js'
import type { MethodBody, MethodDefinition } from './method-definition.js'
import { ActorRef, type AnyRef } from './ref.js'
import type { Route } from './route.js'
import type { Runnable } from './scheduler.js'
import type { SendOptions } from './send-options.js'
import type { CellSettings } from './spawn-options.js'

/**
 * - `starting`: constructor or onStart run, or wait for their turn; messages wait.
 * - `running`: messages are handled.
 * - `stopping`: onStop runs.
 * - `waiting`: the incarnation has ended, the guardian will start another; messages wait.
 * - `finished`: ended for good.
 */
export type CellState = 'starting' | 'running' | 'stopping' | 'waiting' | 'finished'

/** What became of a message handed to a cell. */
export const ACCEPTED = 0
/** Accepted, and the mailbox is above its high-water mark. */
export const SLOW = 1
/** Not accepted: the asker, or else a dead letter, says why. */
export const REFUSED = 2
export type Outcome = typeof ACCEPTED | typeof SLOW | typeof REFUSED

/**
 * What stands behind a ref on its node: the mailbox and the present incarnation of one actor. It
 * outlives restarts. Lifecycle signals (start, Down, Exit, stop) do not go through the mailbox, and
 * come before the messages in it.
 */
export class Cell implements Route, Runnable {
  readonly system: ActorSystem
  readonly definition: Definition
  readonly serial: number
  /** What the actor sees as `this.args`. */
  readonly args: unknown
  readonly settings: CellSettings
  readonly guardian: Guardian | undefined
  /** 1 for the first life; 0 before it began. */
  incarnation: number
  state: CellState
  /** The incarnation that lives. */
  context: Context | undefined
  #mailbox: Mailbox | undefined
  #signals: RingQueue<() => unknown> | undefined
  #ending: Ending | undefined
  #ready: (() => void)[] | undefined
  #ref: AnyRef | undefined
  #scheduled: boolean
  /** Something goes before messages: a start, a signal, an ending. */
  #attention: boolean

  constructor(
    system: ActorSystem,
    definition: Definition,
    serial: number,
    args: unknown,
    settings: CellSettings,
    guardian: Guardian | undefined,
  ) {
    this.system = system
    this.definition = definition
    this.serial = serial
    this.args = args
    this.settings = settings
    this.guardian = guardian
    this.incarnation = 0
    this.state = 'starting'
    this.context = undefined
    this.#mailbox = undefined
    this.#signals = undefined
    this.#ending = undefined
    this.#ready = undefined
    this.#ref = undefined
    this.#scheduled = true
    this.#attention = true
    system.scheduler.enqueue(this)
  }

  get ref(): AnyRef {
    if (this.#ref === undefined) this.#ref = new ActorRef<Actor<unknown>>(this)
    return this.#ref
  }

  /** The name it is registered by. */
  get name(): string | undefined {
    return this.settings.name
  }

  /** The instance of the present incarnation. */
  get actor(): Actor<unknown> | undefined {
    return this.context?.actor
  }

  /** Messages that wait. */
  get queued(): number {
    return this.#mailbox === undefined ? 0 : this.#mailbox.size
  }

  get node(): string {
    return this.system.nodeName
  }

  get id(): string {
    return this.system.idOf(this.serial)
  }

  get registeredName(): undefined {
    return undefined
  }

  toString(): string {
    return this.ref.toString()
  }

  // messages

  tell(_ref: AnyRef, method: MethodDefinition, args: readonly unknown[]): boolean {
    return this.accept(new Message(method, this.system.copied(args), undefined)) === ACCEPTED
  }

  ask(
    _ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): Promise<unknown> {
    return this.system.askCell(this, method, args, options)
  }

  ready(): Promise<void> {
    if (this.queued <= this.settings.highWater) return Promise.resolve()
    return new Promise((resolve) => {
      if (this.#ready === undefined) this.#ready = []
      this.#ready.push(resolve)
    })
  }

  /** Queues a message, or refuses it: then its asker is answered, or a dead letter emitted. */
  accept(message: Message): Outcome {
    if (this.#closed) return this.#refuse(message, 'ERR_STOPPED')
    if (this.#mailbox === undefined) this.#mailbox = new Mailbox(this.definition.reentrant)
    const before = this.#mailbox.size
    if (before >= this.settings.mailboxLimit) return this.#refuse(message, 'ERR_MAILBOX_FULL')
    this.#mailbox.push(message)
    if (!this.#scheduled) this.#wake()
    return before < this.settings.highWater ? ACCEPTED : SLOW
  }

  /** Queues a message of this node's own, such as a timer's, whatever the mailbox holds. */
  force(message: Message): void {
    if (this.state === 'finished') return
    if (this.#mailbox === undefined) this.#mailbox = new Mailbox(this.definition.reentrant)
    this.#mailbox.push(message)
    this.#wake()
  }

  /** Puts stashed messages before all that wait. */
  putBack(messages: readonly Message[]): void {
    for (const message of messages) message.held = false
    if (this.#mailbox === undefined) this.#mailbox = new Mailbox(this.definition.reentrant)
    this.#mailbox.putBack(messages)
    this.#wake()
  }

  /** True when no message is taken any more. */
  get #closed(): boolean {
    if (this.state === 'finished') return true
    const ending = this.#ending
    if (ending === undefined) return false
    return ending.byGuardian ? !ending.willRestart : this.guardian === undefined
  }

  #refuse(message: Message, code: ErrorCode, cause?: unknown): typeof REFUSED {
    this.system.refuse(this.ref, message, code, cause)
    return REFUSED
  }

  // lifecycle signals

  /** A watched actor ended: calls onDown before the messages that wait. */
  down(down: Down): void {
    this.perform(() => this.actor?.onDown(down))
  }

  /** A linked actor ended: calls onExit when this one traps exits, else an abnormal reason ends it too. */
  exit(exit: Exit): void {
    const actor = this.actor as { trapExits: boolean; onExit(exit: Exit): unknown } | undefined
    if (actor === undefined) {
      if (this.state === 'starting') this.perform(() => this.exit(exit))
    } else if (actor.trapExits) this.perform(() => actor.onExit(exit))
    else if (exit.reason.type === 'killed') this.kill()
    else if (isAbnormal(exit.reason)) {
      void this.stop(exit.reason, this.settings.stopTimeoutMs)
    }
  }

  /** Runs something one at a time with the actor's messages and before them. What it throws is a crash. */
  perform(run: () => unknown): void {
    if (this.state === 'waiting' || this.state === 'finished') return
    if (this.#signals === undefined) this.#signals = new RingQueue()
    this.#signals.push(run)
    this.#attention = true
    this.#wake()
  }

  // scheduling

  get runnable(): boolean {
    return this.#scheduled
  }

  run(budget: number): number {
    let handled = 0
    while (handled < budget) {
      if (this.#attention) {
        if (this.#attend()) {
          handled++
          continue
        }
        if (this.#ending !== undefined) break
      }
      const context = this.context
      if (context === undefined || this.state !== 'running') break
      const message = context.busy ? this.#mailbox?.shiftReentrant() : this.#mailbox?.shift()
      if (message === undefined) break
      this.#handle(context, message)
      handled++
    }
    if (this.#ready !== undefined && this.queued <= this.settings.lowWater) this.#release()
    this.#scheduled = this.#hasWork()
    return handled
  }

  #release(): void {
    const ready = this.#ready
    this.#ready = undefined
    if (ready !== undefined) for (const resolve of ready) resolve()
  }

  #wake(): void {
    if (this.#scheduled || !this.#hasWork()) return
    this.#scheduled = true
    this.system.scheduler.enqueue(this)
  }

  #hasWork(): boolean {
    const context = this.context
    if (this.state === 'starting') return context === undefined
    if (this.state !== 'running' || context === undefined) return false
    if (this.#ending !== undefined) return !context.working
    if (context.busy) return this.#mailbox !== undefined && this.#mailbox.reentrantSize > 0
    return this.#attention || (this.#mailbox !== undefined && this.#mailbox.size > 0)
  }

  /** Does one thing that goes before messages. False: nothing can be done now. */
  #attend(): boolean {
    const context = this.context
    if (context === undefined) {
      if (this.state !== 'starting') return false
      if (this.#ending === undefined) this.#begin()
      else this.#conclude(undefined, this.#ending.reason)
      return true
    }
    if (this.state !== 'running') return false
    if (this.#ending !== undefined) {
      if (context.working) return false
      this.#end(context, this.#ending)
      return true
    }
    const run = context.busy ? undefined : this.#signals?.shift()
    if (run !== undefined) {
      this.#signal(context, run)
      return true
    }
    this.#attention = this.#signals !== undefined && this.#signals.size > 0
    return false
  }

  // one incarnation: start, messages, end

  #begin(): void {
    const context = new Context(this, ++this.incarnation)
    this.context = context
    try {
      const actor = construct(this.definition.actorClass as new () => Actor<unknown>, context)
      context.actor = actor
      const result: unknown = actor.onStart()
      if (isThenable(result)) {
        context.busy = true
        result.then(
          () => this.#started(context),
          (error) => this.#startFailed(context, error),
        )
      } else this.#started(context)
    } catch (error) {
      this.#startFailed(context, error)
    }
  }

  #started(context: Context): void {
    if (context.ended) return
    context.busy = false
    this.state = 'running'
    this.guardian?.started(this)
    this.#wake()
  }

  #startFailed(context: Context, cause: unknown): void {
    if (context.ended) return this.#late(cause)
    const detail = `${this.ref} did not start: ${text(cause)}`
    const error = new TroupeError('ERR_START_FAILED', detail, { cause })
    this.#logCrash('actor did not start', error)
    this.#conclude(context, { type: 'error', error })
  }

  #handle(context: Context, message: Message): void {
    if (message.sink !== undefined && message.sink.settled) return
    const schemas = message.method.accepts
    if (schemas === undefined) return this.#invoke(context, message, message.args)
    const checked = checkArguments(message.method, schemas, message.args)
    if (!isThenable(checked)) return this.#checked(context, message, checked)
    const free = this.#suspend(context, message, context.current)
    checked.then((result) => {
      if (context.ended) return
      free()
      this.#checked(context, message, result)
      this.#wake()
    })
  }

  #checked(context: Context, message: Message, checked: Checked): void {
    if (!(checked instanceof TroupeError)) return this.#invoke(context, message, checked)
    this.#refuse(message, 'ERR_BAD_ARGUMENTS', checked)
  }

  #invoke(context: Context, message: Message, args: readonly unknown[]): void {
    const outer = context.current
    context.current = message
    let result: unknown
    let pending: boolean
    try {
      result = call(message.method.body as MethodBody, context.actor, args)
      pending = isThenable(result)
    } catch (error) {
      context.current = outer
      return this.#threw(context, message, error)
    }
    if (!pending) {
      context.current = outer
      if (message.sink !== undefined) this.#answer(context, message, result)
      return
    }
    const free = this.#suspend(context, message, outer)
    ;(result as PromiseLike<unknown>).then(
      (value) => {
        if (context.ended) return
        free()
        if (message.sink !== undefined) this.#answer(context, message, value)
        this.#wake()
      },
      (error) => {
        if (context.ended) return this.#late(error)
        free()
        this.#threw(context, message, error)
        this.#wake()
      },
    )
  }

  /** A method awaits. Returns what lets the next message in. */
  #suspend(context: Context, message: Message, outer: Message | undefined): () => void {
    if (message.method.reentrant) {
      context.current = outer
      context.suspend(message)
      return () => context.resume(message)
    }
    context.current = message
    context.busy = true
    return () => {
      context.current = undefined
      context.busy = false
    }
  }

  #answer(context: Context, message: Message, value: unknown): void {
    if (!message.held && !context.ended) message.sink?.reply(value)
  }

  #threw(context: Context, message: Message, error: unknown): void {
    if (context.ended) return this.#late(error)
    const method = message.method.name
    if (isRefusal(error)) {
      this.system.counters.refusals++
      const fields = { actor: String(this.ref), method, code: error.code, reason: error.message }
      this.system.log.info(fields, 'message refused')
      message.sink?.fail(error)
      return
    }
    message.sink?.fail(error)
    this.#crash(context, error, method)
  }

  #signal(context: Context, run: () => unknown): void {
    try {
      const result = run()
      if (context.ended || !isThenable(result)) return
      context.busy = true
      result.then(
        () => {
          if (context.ended) return
          context.busy = false
          this.#wake()
        },
        (error) => {
          if (context.ended) return this.#late(error)
          context.busy = false
          this.#crash(context, error, 'signal')
        },
      )
    } catch (error) {
      if (context.ended) this.#late(error)
      else this.#crash(context, error, 'signal')
    }
  }

  #crash(context: Context, error: unknown, method: string): void {
    this.system.counters.crashes++
    this.#logCrash('actor crashed', error, method)
    const ending = this.#ending ?? new Ending({ type: 'error', error }, this.settings.stopTimeoutMs)
    ending.reason = { type: 'error', error }
    this.#ending = ending
    this.#end(context, ending)
  }

  // endings

  /**
   * Ends the actor in order: the running handler is waited for, then onStop runs; at the deadline what
   * is left is abandoned and the reason becomes `killed`. Queued messages become dead letters and
   * queued asks fail, unless the guardian restarts the actor. Resolves when the incarnation has ended.
   *
   * @param timeoutMs from 0 (as `kill`) to Infinity
   */
  stop(reason: ExitReason, timeoutMs: number): Promise<void> {
    return this.#stop(reason, timeoutMs, false, false)
  }

  /**
   * As `stop`, by the guardian, whose `ended` is not called. With `willRestart` the queue is emptied
   * (asks fail with ERR_RESTARTED) and the cell waits for `restart` or `finish`.
   */
  terminate(reason: ExitReason, timeoutMs: number, willRestart = false): Promise<void> {
    if (this.state === 'waiting') {
      if (willRestart) this.#flush('ERR_RESTARTED')
      else this.finish(reason)
      return Promise.resolve()
    }
    return this.#stop(reason, timeoutMs, true, willRestart)
  }

  /** Ends the present incarnation at once, without onStop. */
  kill(): void {
    void this.#stop(KILLED, 0, false, false)
  }

  /** Starts the next incarnation; only while `waiting`. */
  restart(): void {
    if (this.state !== 'waiting') {
      throw new TroupeError('ERR_STOPPED', `${this.ref} is ${this.state}: it cannot be restarted`)
    }
    this.system.counters.restarts++
    this.state = 'starting'
    this.#attention = true
    this.#wake()
  }

  /** The guardian will not restart it after all: watchers hear so, the queue becomes dead letters. */
  finish(reason: ExitReason = SHUTDOWN): void {
    if (this.state !== 'waiting') return
    this.system.bonds.ended(this, this.incarnation, reason, false)
    this.#finish(reason)
  }

  #stop(
    reason: ExitReason,
    timeoutMs: number,
    byGuardian: boolean,
    willRestart: boolean,
  ): Promise<void> {
    if (this.state === 'finished') return Promise.resolve()
    const ending = this.#ending ?? new Ending(reason, timeoutMs)
    if (byGuardian) {
      ending.byGuardian = true
      ending.willRestart = willRestart
    }
    this.#ending = ending
    if (timeoutMs <= 0 && this.state !== 'waiting') {
      this.#conclude(this.context, KILLED)
      return Promise.resolve()
    }
    const ended = ending.wait()
    if (timeoutMs < ending.timeoutMs) {
      ending.timeoutMs = timeoutMs
      ending.timer?.cancel()
      ending.timer = undefined
    }
    if (this.#closed) this.#flush('ERR_STOPPED')
    if (this.context !== undefined && this.context.working) this.#arm(this.context, ending)
    this.#attention = true
    this.#wake()
    return ended
  }

  #arm(context: Context, ending: Ending): void {
    if (ending.timer !== undefined || ending.timeoutMs === Number.POSITIVE_INFINITY) return
    ending.timer = this.system.clock.after(ending.timeoutMs, () => {
      if (context.ended) return
      const fields = { actor: String(this.ref), timeoutMs: ending.timeoutMs }
      this.system.log.warn(fields, 'actor did not stop in time: abandoned')
      this.#conclude(context, KILLED)
    })
  }

  #end(context: Context, ending: Ending): void {
    this.state = 'stopping'
    try {
      const result: unknown = context.actor?.onStop(ending.reason)
      if (context.ended) return
      if (!isThenable(result)) return this.#conclude(context, ending.reason)
      context.busy = true
      this.#arm(context, ending)
      result.then(
        () => this.#conclude(context, ending.reason),
        (error) => this.#endThrew(context, ending.reason, error),
      )
    } catch (error) {
      this.#endThrew(context, ending.reason, error)
    }
  }

  /** As in OTP, what onStop throws becomes the reason of an end that was in order. */
  #endThrew(context: Context, reason: ExitReason, error: unknown): void {
    if (context.ended) return this.#late(error)
    this.#logCrash('onStop threw', error)
    this.#conclude(context, isAbnormal(reason) ? reason : { type: 'error', error })
  }

  #conclude(context: Context | undefined, reason: ExitReason): void {
    if (context?.ended) return
    const ending = this.#ending
    this.#ending = undefined
    this.#signals = undefined
    this.#attention = false
    this.context = undefined
    this.state = 'waiting'
    if (context === undefined) this.incarnation++
    else this.#drop(context, reason, ending?.byGuardian === true && ending.willRestart)
    const { incarnation } = this
    let willRestart: boolean
    if (ending?.byGuardian) willRestart = ending.willRestart
    else willRestart = this.guardian?.ended(this, reason) ?? false
    if (ending?.byGuardian && willRestart) this.#flush('ERR_RESTARTED')
    this.system.bonds.ended(this, incarnation, reason, willRestart)
    if (!willRestart) this.#finish(reason)
    ending?.done()
  }

  /** Fails what the incarnation had begun or stashed. */
  #drop(context: Context, reason: ExitReason, willRestart: boolean): void {
    const { begun, stashed } = context.end()
    if (begun.length === 0 && stashed.length === 0) return
    const code = willRestart ? 'ERR_RESTARTED' : codeOfEnd(reason)
    const error = this.#ended(code, reason)
    for (const message of begun) {
      message.abort(error)
      if (!message.held && message.sink?.settled === false) message.sink.fail(error)
    }
    for (const message of stashed) {
      if (message.sink?.settled !== true) this.#refuse(message, code, error)
    }
  }

  #finish(reason: ExitReason): void {
    if (this.state === 'finished') return
    this.state = 'finished'
    this.system.finished(this)
    const failed = reason.type === 'error' && reason.error instanceof TroupeError
    const failedStart = failed && reason.error.code === 'ERR_START_FAILED'
    this.#flush(failedStart ? 'ERR_START_FAILED' : 'ERR_STOPPED', reason)
    this.#mailbox = undefined
    this.#ending?.done()
    this.#ending = undefined
    this.#release()
  }

  /** Gives back all messages that wait. */
  #flush(code: ErrorCode, reason?: ExitReason): void {
    if (this.#mailbox === undefined || this.#mailbox.size === 0) return
    const error = this.#ended(code, reason)
    for (const message of this.#mailbox.drain()) {
      if (message.method.index >= 0) this.#refuse(message, code, error)
    }
  }

  #ended(code: ErrorCode, reason: ExitReason | undefined): TroupeError {
    const why = reason === undefined ? '' : `: ${showReason(reason)}`
    const options = reason?.type === 'error' ? { cause: reason.error } : undefined
    return new TroupeError(code, `${this.ref} ended${why}`, options)
  }

  #late(error: unknown): void {
    const fields = { actor: String(this.ref), reason: text(error) }
    this.system.log.debug(fields, 'an abandoned handler failed')
  }

  #logCrash(message: string, error: unknown, method?: string): void {
    const actor = String(this.ref)
    const { incarnation } = this
    this.system.log.error({ actor, incarnation, method, reason: text(error), err: error }, message)
  }
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function codeOfEnd(reason: ExitReason): ErrorCode {
  if (reason.type === 'killed') return 'ERR_KILLED'
  return reason.type === 'error' ? 'ERR_CRASHED' : 'ERR_STOPPED'
}

/** Few arguments are passed without `apply`, which is slower. */
function call(body: MethodBody, actor: unknown, args: readonly unknown[]): unknown {
  switch (args.length) {
    case 0:
      return body.call(actor)
    case 1:
      return body.call(actor, args[0])
    case 2:
      return body.call(actor, args[0], args[1])
    default:
      return body.apply(actor, args as unknown[])
  }
}
