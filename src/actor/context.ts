import { TroupeError } from '../base/errors.js'
import { badOption, isBoolean } from '../base/options.js'
import type { Timer } from '../world/clock.js'
import type { Actor, ActorSpawnOptions } from './actor.js'
import { ActorTimer } from './actor-timer.js'
import type { Cell } from './cell.js'
import type { ExitReason } from './exit-reason.js'
import type { Message } from './message.js'
import { type ActorRef, type AnyRef, checkRef } from './ref.js'
import { Reply } from './reply.js'

/**
 * One incarnation of an actor: what its instance can do, and what it holds. All of it ends with the
 * incarnation: from then on every call throws ERR_STOPPED, also when a new incarnation runs behind the
 * same cell.
 */
export class Context {
  readonly cell: Cell
  /** 1 for the first life of the actor. */
  readonly incarnation: number
  actor: Actor<unknown> | undefined
  ended: boolean
  /** A handler that lets no other message in has not returned yet. */
  busy: boolean
  /** The message that this handler handles. */
  awaiting: Message | undefined
  #holds: Holds | undefined

  constructor(cell: Cell, incarnation: number) {
    this.cell = cell
    this.incarnation = incarnation
    this.actor = undefined
    this.ended = false
    this.busy = false
    this.awaiting = undefined
    this.#holds = undefined
  }

  get #held(): Holds {
    if (this.#holds === undefined) this.#holds = new Holds()
    return this.#holds
  }

  /** The cell, while this incarnation lives. @throws TroupeError ERR_STOPPED */
  live(): Cell {
    if (this.ended) {
      throw new TroupeError(
        'ERR_STOPPED',
        `incarnation ${this.incarnation} of ${this.cell.ref} has ended`,
      )
    }
    return this.cell
  }

  selfAs<A extends Actor<unknown>>(
    actor: Actor<unknown>,
    actorClass: abstract new () => A,
  ): ActorRef<A> {
    if (!(actor instanceof actorClass)) {
      throw new TroupeError('ERR_BAD_REF', `${this.cell.ref} is not a ${actorClass.name}`)
    }
    return this.cell.ref as unknown as ActorRef<A>
  }

  spawn<A extends Actor<unknown>>(
    actorClass: new () => A,
    args: unknown,
    options: ActorSpawnOptions | undefined,
  ): ActorRef<A> {
    const { system } = this.live()
    if (options === undefined) return system.spawn(actorClass, args).ref as unknown as ActorRef<A>
    const { link, ...rest } = options
    if (link !== undefined && !isBoolean.test(link)) {
      throw badOption('spawn.link', isBoolean.text, link)
    }
    const { ref } = system.spawn(actorClass, args, rest)
    if (link === true) system.bonds.link(this.cell, ref)
    return ref as unknown as ActorRef<A>
  }

  watch(ref: AnyRef): void {
    checkRef('watch', ref)
    this.live().system.bonds.watch(this.cell, ref)
  }

  unwatch(ref: AnyRef): void {
    checkRef('unwatch', ref)
    this.live().system.bonds.unwatch(this.cell, ref)
  }

  link(ref: AnyRef): void {
    checkRef('link', ref)
    this.live().system.bonds.link(this.cell, ref)
  }

  unlink(ref: AnyRef): void {
    checkRef('unlink', ref)
    this.live().system.bonds.unlink(this.cell, ref)
  }

  after(delayMs: number, run: () => unknown): Timer {
    return this.#timer('after', delayMs, run, false)
  }

  every(intervalMs: number, run: () => unknown): Timer {
    return this.#timer('every', intervalMs, run, true)
  }

  #timer(option: string, delayMs: number, run: () => unknown, repeats: boolean): Timer {
    const { system } = this.live()
    if (!(typeof delayMs === 'number' && delayMs >= 0 && delayMs <= 2 ** 31 - 1)) {
      throw badOption(option, 'a number of milliseconds from 0 to 2147483647', delayMs)
    }
    const timer = new ActorTimer(this.cell, this.#held.timers, system.clock, delayMs, run, repeats)
    timer.arm()
    return timer
  }

  stash(): void {
    this.live()
    const message = this.#message('stash')
    const { stash } = this.#held
    const limit = this.cell.settings.stashLimit
    if (stash.has(message)) return
    if (stash.size >= limit) {
      throw new TroupeError('ERR_STASH_FULL', `${this.cell.ref} stashes ${limit} messages`)
    }
    message.held = true
    stash.add(message)
  }

  unstashAll(): void {
    const cell = this.live()
    const stash = this.#holds?.stash
    if (stash === undefined || stash.size === 0) return
    const again = Array.from(stash, (message) => message.again())
    stash.clear()
    cell.putBack(again)
  }

  stop(ref: AnyRef, reason: ExitReason, timeoutMs: number | undefined): Promise<void> {
    const cell = this.live()
    const itself = cell.system.cellOf(ref) === cell
    const ended = cell.system.stop(ref, reason, timeoutMs)
    return itself ? Promise.resolve() : cell.system.held(ended)
  }

  signal(): AbortSignal {
    this.live()
    const message = this.current
    if (message === undefined) throw notInMessage('signal')
    return message.signal()
  }

  deferReply<T>(): Reply<T> {
    this.live()
    const message = this.#message('deferReply')
    if (message.held) {
      throw new TroupeError(
        'ERR_NOT_IN_MESSAGE',
        'the answer to this message was given away before',
      )
    }
    message.held = true
    return new Reply<T>(message.sink)
  }

  /** The message being handled. */
  protected get current(): Message | undefined {
    return this.cell.taken ?? this.awaiting
  }

  /** The message of a user being handled; timers and lifecycle methods are none. */
  #message(use: string): Message {
    const message = this.current
    if (message === undefined || message.method.index < 0) throw notInMessage(use)
    return message
  }

  suspend(message: Message): void {
    this.#held.suspended.add(message)
  }

  resume(message: Message): void {
    this.#holds?.suspended.delete(message)
  }

  /** True for a message of a reentrant method that awaits. */
  suspends(message: Message): boolean {
    return this.#holds?.suspended.has(message) ?? false
  }

  /** True while a method of this incarnation has not returned. */
  get working(): boolean {
    return this.busy || (this.#holds !== undefined && this.#holds.suspended.size > 0)
  }

  /** Fences the incarnation. Returns the messages it had begun and not finished, and those it had stashed. */
  end(): { begun: Message[]; stashed: Message[] } {
    this.ended = true
    const holds = this.#holds
    this.#holds = undefined
    const begun = holds === undefined ? [] : [...holds.suspended]
    if (this.awaiting !== undefined) begun.push(this.awaiting)
    const { taken } = this.cell
    if (taken !== undefined) begun.push(taken)
    this.awaiting = undefined
    const stashed = holds === undefined ? [] : [...holds.stash]
    if (holds !== undefined) for (const timer of [...holds.timers]) timer.cancel()
    return { begun, stashed }
  }
}

/** What few incarnations have. */
class Holds {
  readonly timers = new Set<ActorTimer>()
  readonly stash = new Set<Message>()
  /** Messages of reentrant methods that await. */
  readonly suspended = new Set<Message>()
}

const notInMessage = (use: string): TroupeError =>
  new TroupeError('ERR_NOT_IN_MESSAGE', `${use} belongs to a message, and none is being handled`)
