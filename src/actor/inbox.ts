import type { ErrorCode, TroupeError } from '../base/errors.js'
import { RingQueue } from '../base/ring-queue.js'
import type { Actor } from './actor.js'
import type { ActorSystem } from './actor-system.js'
import type { Definition } from './definition.js'
import type { Ending } from './ending.js'
import type { Guardian } from './guardian.js'
import type { Incarnation } from './incarnation.js'
import { Mailbox, ReentrantMailbox } from './mailbox.js'
import { Message } from './message.js'
import type { MethodDefinition } from './method-definition.js'
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
 * What comes to an actor, and its turns: the bounded mailbox, the lifecycle signals, which do not go
 * through it and come before the messages in it, and the loop that hands over one after the other.
 * What becomes of the actor is decided in `Cell`.
 */
export abstract class Inbox implements Route, Runnable {
  readonly system: ActorSystem
  readonly definition: Definition
  readonly serial: number
  readonly settings: CellSettings
  readonly guardian: Guardian | undefined
  state: CellState
  /** The incarnation that lives. */
  context: Incarnation | undefined
  protected ending: Ending | undefined
  /** Something goes before messages: a start, a signal, an ending. */
  protected attention: boolean
  #mailbox: Mailbox | undefined
  #signals: RingQueue<() => unknown> | undefined
  #ready: Waiter[] | undefined
  #ref: AnyRef | undefined
  #scheduled: boolean

  constructor(
    system: ActorSystem,
    definition: Definition,
    serial: number,
    settings: CellSettings,
    guardian: Guardian | undefined,
  ) {
    this.system = system
    this.definition = definition
    this.serial = serial
    this.settings = settings
    this.guardian = guardian
    this.state = 'starting'
    this.context = undefined
    this.ending = undefined
    this.attention = true
    this.#mailbox = undefined
    this.#signals = undefined
    this.#ready = undefined
    this.#ref = undefined
    this.#scheduled = true
    system.scheduler.enqueue(this)
  }

  get ref(): AnyRef {
    if (this.#ref === undefined) this.#ref = new ActorRef<Actor<unknown>>(this)
    return this.#ref
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

  /** Messages that wait. */
  get queued(): number {
    return this.#mailbox === undefined ? 0 : this.#mailbox.size
  }

  // messages

  get local(): this {
    return this
  }

  tellOne(method: MethodDefinition, count: number, value: unknown): boolean {
    const { system } = this
    const message = system.copies
      ? Message.of(method, system.copied(count === 0 ? [] : [value]), undefined)
      : new Message(method, count, value, undefined)
    return this.accept(message) === ACCEPTED
  }

  tell(_ref: AnyRef, method: MethodDefinition, args: readonly unknown[]): boolean {
    return this.accept(Message.of(method, this.system.copied(args), undefined)) === ACCEPTED
  }

  ask(
    _ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): Promise<unknown> {
    return this.system.askLocal(this, method, args, options)
  }

  ready(): Promise<void> {
    if (this.state === 'finished') return Promise.resolve()
    if (this.state === 'running' && this.queued <= this.settings.highWater) return Promise.resolve()
    const ready = new Promise<void>((resolve, reject) => {
      if (this.#ready === undefined) this.#ready = []
      this.#ready.push({ resolve, reject })
    })
    return this.system.held(ready)
  }

  /** Calls `run` once, when those who wait in `ready` are told. */
  whenReady(run: () => void): void {
    if (this.state === 'finished') {
      run()
      return
    }
    if (this.#ready === undefined) this.#ready = []
    this.#ready.push({ resolve: run, reject: run })
  }

  /** True while more messages wait than the high-water mark says, or as many as may. */
  get slow(): boolean {
    return !this.closed && (this.queued > this.settings.highWater || this.full)
  }

  /** True while it holds as many messages as may wait, and would take them otherwise. */
  get full(): boolean {
    return !this.closed && this.queued >= this.settings.mailboxLimit
  }

  /** Queues a message, or refuses it: then its asker is answered, or a dead letter emitted. */
  accept(message: Message): Outcome {
    if (this.closed) return this.refuse(message, 'ERR_STOPPED')
    if (this.#mailbox === undefined) this.#mailbox = this.#newMailbox()
    const before = this.#mailbox.size
    if (before >= this.settings.mailboxLimit) return this.refuse(message, 'ERR_MAILBOX_FULL')
    this.#mailbox.push(message)
    if (!this.#scheduled) this.wake()
    return before < this.settings.highWater ? ACCEPTED : SLOW
  }

  /** Queues a message of this node's own, such as a timer's, whatever the mailbox holds. */
  force(message: Message): void {
    if (this.state === 'finished') return
    if (this.#mailbox === undefined) this.#mailbox = this.#newMailbox()
    this.#mailbox.push(message)
    this.wake()
  }

  /** Puts stashed messages before all that wait. */
  putBack(messages: readonly Message[]): void {
    if (this.#mailbox === undefined) this.#mailbox = this.#newMailbox()
    this.#mailbox.putBack(messages)
    this.wake()
  }

  #newMailbox(): Mailbox {
    return this.definition.reentrant ? new ReentrantMailbox() : new Mailbox()
  }

  /** The message whose handler runs now, until its first await. */
  get taken(): Message | undefined {
    return this.#mailbox?.taken
  }

  /** True when no message is taken any more. */
  protected abstract get closed(): boolean

  /** Tells the asker, or the listeners of dead letters, why a message is not handled. */
  refuse(message: Message, code: ErrorCode, error?: TroupeError): typeof REFUSED {
    this.system.refuse(this.ref, message, code, error)
    return REFUSED
  }

  /** Gives back all messages that wait: `error` goes to the askers, its code to the dead letters. */
  protected giveBack(error: TroupeError): void {
    if (this.#mailbox === undefined) return
    for (const message of this.#mailbox.drain()) {
      if (message.method.index >= 0) this.refuse(message, error.code, error)
    }
  }

  /** Runs something one at a time with the actor's messages and before them. What it throws is a crash. */
  perform(run: () => unknown): void {
    if (this.state === 'waiting' || this.state === 'finished') return
    if (this.#signals === undefined) this.#signals = new RingQueue()
    this.#signals.push(run)
    this.attention = true
    this.wake()
  }

  /** The next lifecycle signal. */
  protected nextSignal(): (() => unknown) | undefined {
    const run = this.#signals?.shift()
    this.attention =
      this.ending !== undefined || (this.#signals !== undefined && this.#signals.size > 0)
    return run
  }

  /** Forgets the signals for an incarnation that has ended. */
  protected dropSignals(): void {
    this.#signals = undefined
    this.attention = false
  }

  /** Lets go of all that it holds; `error` is for those who wait for a start that failed. */
  protected close(error: TroupeError | undefined): void {
    this.#mailbox = undefined
    this.#release(error)
  }

  // scheduling

  get runnable(): boolean {
    return this.#scheduled
  }

  run(budget: number): number {
    let handled = 0
    while (handled < budget) {
      if (this.attention) {
        if (this.attend()) {
          handled++
          continue
        }
        if (this.ending !== undefined) break
      }
      const context = this.context
      if (context === undefined || this.state !== 'running') break
      const mailbox = this.#mailbox
      if (mailbox === undefined) break
      const message = context.busy ? mailbox.takeReentrant() : mailbox.take()
      if (message === undefined) break
      context.handle(message)
      mailbox.release()
      handled++
    }
    if (this.#ready !== undefined) this.releaseReady()
    this.#scheduled = this.#hasWork()
    return handled
  }

  /** Tells those who wait in `ready` when it runs and has room. */
  protected releaseReady(): void {
    if (this.state === 'running' && this.queued <= this.settings.lowWater) this.#release(undefined)
  }

  #release(error: TroupeError | undefined): void {
    const ready = this.#ready
    this.#ready = undefined
    if (ready === undefined) return
    for (const { resolve, reject } of ready) {
      if (error === undefined) resolve()
      else reject(error)
    }
  }

  /** Queues the cell for the scheduler when it has something to do. */
  wake(): void {
    if (this.#scheduled || !this.#hasWork()) return
    this.#scheduled = true
    this.system.scheduler.enqueue(this)
  }

  #hasWork(): boolean {
    const context = this.context
    if (this.state === 'starting') return context === undefined
    if (this.state !== 'running' || context === undefined) return false
    if (this.ending !== undefined) return !context.working
    if (context.busy) return this.#mailbox !== undefined && this.#mailbox.reentrantSize > 0
    return this.attention || (this.#mailbox !== undefined && this.#mailbox.size > 0)
  }

  /** Does one thing that goes before messages. False: nothing can be done now. */
  protected abstract attend(): boolean
}

interface Waiter {
  resolve(): void
  reject(error: TroupeError): void
}
