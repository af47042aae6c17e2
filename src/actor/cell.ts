import { codeOf, type ErrorCode, messageOf, TroupeError } from '../base/errors.js'
import type { Refusal } from '../base/refusal.js'
import type { Actor } from './actor.js'
import type { ActorSystem } from './actor-system.js'
import type { Down, Exit } from './bonds.js'
import type { Definition } from './definition.js'
import { Ending } from './ending.js'
import { type ExitReason, isAbnormal, KILLED, SHUTDOWN, showReason } from './exit-reason.js'
import type { Guardian } from './guardian.js'
import { Inbox } from './inbox.js'
import type { Incarnation } from './incarnation.js'
import type { Message } from './message.js'
import type { CellSettings } from './spawn-options.js'

export { ACCEPTED, type CellState, type Outcome, REFUSED, SLOW } from './inbox.js'

/**
 * What stands behind a ref on its node: the inbox and the present incarnation of one actor. It outlives
 * restarts, and is where an actor's lives begin and end.
 */
export class Cell extends Inbox {
  /** What the actor sees as `this.args`. */
  readonly args: unknown
  /** 1 for the first life; 0 before it began. */
  incarnation: number

  constructor(
    system: ActorSystem,
    definition: Definition,
    serial: number,
    args: unknown,
    settings: CellSettings,
    guardian: Guardian | undefined,
  ) {
    super(system, definition, serial, settings, guardian)
    this.args = args
    this.incarnation = 0
  }

  /** The name it is registered by. */
  get name(): string | undefined {
    return this.settings.name
  }

  /** The instance of the present incarnation. */
  get actor(): Actor<unknown> | undefined {
    return this.context?.actor
  }

  protected override get closed(): boolean {
    if (this.state === 'finished') return true
    const ending = this.ending
    if (ending === undefined) return false
    return ending.byGuardian ? !ending.willRestart : this.guardian === undefined
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

  protected override attend(): boolean {
    const context = this.context
    if (context === undefined) {
      if (this.state !== 'starting') return false
      if (this.ending === undefined) {
        this.context = this.system.incarnate(this, ++this.incarnation)
        this.context.begin()
      } else this.#conclude(undefined, this.ending.reason)
      return true
    }
    if (this.state !== 'running') return false
    if (this.ending !== undefined) {
      if (context.working) return false
      this.#end(context, this.ending)
      return true
    }
    if (context.busy) return false
    const run = this.nextSignal()
    if (run === undefined) return false
    context.perform(run)
    return true
  }

  // what an incarnation reports

  /** Constructor and onStart are done. */
  started(context: Incarnation): void {
    if (context.ended) return
    this.state = 'running'
    this.guardian?.started(this)
    this.releaseReady()
    this.wake()
  }

  /** Something of it awaits. An end that was asked for before, in the same turn, has a deadline from now on. */
  awaits(context: Incarnation): void {
    if (this.ending !== undefined) this.#arm(context, this.ending)
  }

  startFailed(context: Incarnation, error: TroupeError): void {
    this.#logCrash('actor did not start', error)
    this.#conclude(context, { type: 'error', error })
  }

  /** An exception left a method or a lifecycle method. */
  crashed(context: Incarnation, error: unknown, method: string | undefined): void {
    this.system.counters.crashes++
    this.#logCrash('actor crashed', error, method)
    // another method of it crashed or it was stopped before: onStop runs already
    if (this.state !== 'running') return
    const ending = this.ending ?? new Ending({ type: 'error', error }, this.settings.stopTimeoutMs)
    ending.reason = { type: 'error', error }
    this.ending = ending
    this.#end(context, ending)
  }

  /** A method answered with a refusal. */
  refused(message: Message, refusal: Refusal): void {
    this.system.counters.refusals++
    const { code, message: reason } = refusal
    const fields = { actor: String(this.ref), method: message.method.name, code, reason }
    this.system.log.info(fields, 'message refused')
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
    this.attention = true
    this.wake()
  }

  /** The guardian will not restart it after all: watchers hear so, the queue becomes dead letters. */
  finish(reason: ExitReason = SHUTDOWN): void {
    if (this.state === 'waiting') this.#finish(this.incarnation, reason)
  }

  #stop(
    reason: ExitReason,
    timeoutMs: number,
    byGuardian: boolean,
    willRestart: boolean,
  ): Promise<void> {
    if (this.state === 'finished') return Promise.resolve()
    const ending = this.ending ?? new Ending(reason, timeoutMs)
    if (byGuardian) {
      ending.byGuardian = true
      ending.willRestart = willRestart
    }
    this.ending = ending
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
    if (this.closed) this.#flush('ERR_STOPPED')
    if (this.context?.working) this.#arm(this.context, ending)
    this.attention = true
    this.wake()
    return ended
  }

  #arm(context: Incarnation, ending: Ending): void {
    if (ending.timer !== undefined || ending.timeoutMs === Number.POSITIVE_INFINITY) return
    ending.timer = this.system.clock.after(ending.timeoutMs, () => {
      if (context.ended) return
      const fields = { actor: String(this.ref), timeoutMs: ending.timeoutMs }
      this.system.log.warn(fields, 'actor did not stop in time: abandoned')
      this.#conclude(context, KILLED)
    })
  }

  #end(context: Incarnation, ending: Ending): void {
    this.state = 'stopping'
    context.runOnStop(ending.reason, (thrown, threw) => {
      const { reason } = ending
      if (threw) this.#logCrash('onStop threw', thrown)
      // as in OTP, what onStop throws becomes the reason of an end that was in order
      const crashed = threw && !isAbnormal(reason)
      this.#conclude(context, crashed ? { type: 'error', error: thrown } : reason)
    })
  }

  #conclude(context: Incarnation | undefined, reason: ExitReason): void {
    if (context?.ended) return
    const ending = this.ending
    this.ending = undefined
    this.dropSignals()
    this.context = undefined
    this.state = 'waiting'
    if (context === undefined) this.incarnation++
    else this.#drop(context, reason, ending?.byGuardian === true && ending.willRestart)
    const { incarnation } = this
    let willRestart: boolean
    if (ending?.byGuardian) willRestart = ending.willRestart
    else willRestart = this.guardian?.ended(this, reason) ?? false
    if (ending?.byGuardian && willRestart) this.#flush('ERR_RESTARTED')
    if (!this.#gone) {
      if (willRestart) this.system.bonds.ended(this, incarnation, reason, true)
      else this.#finish(incarnation, reason)
    }
    ending?.done()
  }

  /** Fails what the incarnation had begun or stashed. */
  #drop(context: Incarnation, reason: ExitReason, willRestart: boolean): void {
    const { begun, stashed } = context.end()
    if (begun.length === 0 && stashed.length === 0) return
    const code = willRestart ? 'ERR_RESTARTED' : codeOfEnd(reason)
    const error = this.#endedError(code, reason)
    for (const message of begun) {
      message.abort(error)
      if (!message.held && message.sink?.settled === false) message.sink.fail(error)
    }
    for (const message of stashed) {
      if (message.sink?.settled !== true) this.refuse(message, code, error)
    }
  }

  /** Read through a getter: the compiler does not see that others change the state meanwhile. */
  get #gone(): boolean {
    return this.state === 'finished'
  }

  #finish(incarnation: number, reason: ExitReason): void {
    // first of all: a linked supervisor that ends with it ends it too
    this.state = 'finished'
    this.system.bonds.ended(this, incarnation, reason, false)
    this.system.finished(this)
    this.#flush('ERR_STOPPED', reason)
    this.close(startFailure(reason))
    this.ending?.done()
    this.ending = undefined
  }

  #flush(code: ErrorCode, reason?: ExitReason): void {
    if (this.queued > 0) this.giveBack(startFailure(reason) ?? this.#endedError(code, reason))
  }

  /** Why messages to it are not handled. */
  #endedError(code: ErrorCode, reason?: ExitReason): TroupeError {
    const why = reason === undefined ? '' : `: ${showReason(reason)}`
    const options = reason?.type === 'error' ? { cause: reason.error } : undefined
    return new TroupeError(code, `${this.ref} ended${why}`, options)
  }

  #logCrash(message: string, error: unknown, method?: string): void {
    const actor = String(this.ref)
    const { incarnation } = this
    this.system.log.error(
      { actor, incarnation, method, reason: messageOf(error), err: error },
      message,
    )
  }
}

/** The error itself when the actor ended because it could not start. */
function startFailure(reason: ExitReason | undefined): TroupeError | undefined {
  if (reason?.type !== 'error' || codeOf(reason.error) !== 'ERR_START_FAILED') return undefined
  return reason.error instanceof TroupeError ? reason.error : undefined
}

function codeOfEnd(reason: ExitReason): ErrorCode {
  if (reason.type === 'killed') return 'ERR_KILLED'
  return reason.type === 'error' ? 'ERR_CRASHED' : 'ERR_STOPPED'
}
