import type { Timer } from '../world/clock.js'
import type { ActorNode } from './actor-node.js'
import type { Down, Exit } from './bonds.js'
import { takeContext } from './construction.js'
import type { Context } from './context.js'
import { type ExitReason, NORMAL } from './exit-reason.js'
import type { ActorRef, AnyRef } from './ref.js'
import type { Reply } from './reply.js'
import type { SpawnOptions } from './spawn-options.js'

/** The arguments an actor class wants at its spawn: `P` of `Actor<P>`. */
export type ArgsOf<A> = A extends Actor<infer P> ? P : never

/** What follows the class in a spawn: arguments may be left out where the class takes none. */
export type SpawnRest<A, Options> =
  undefined extends ArgsOf<A>
    ? [args?: ArgsOf<A>, options?: Options]
    : // biome-ignore lint/suspicious/noConfusingVoidType: void is how `Actor` says "no arguments"
      [void] extends [ArgsOf<A>]
      ? [args?: undefined, options?: Options]
      : [args: ArgsOf<A>, options?: Options]

/** Options of a spawn by an actor. */
export interface ActorSpawnOptions extends SpawnOptions {
  /** Links spawner and spawned, as OTP's spawn_link. Default: false. */
  readonly link?: boolean
}

/** Gets an actor's context. For the rooms that build on `actor/`. */
export let contextOf: (actor: Actor<unknown>) => Context

/**
 * Base of all actors. Its public methods below this class are what messages call; it handles one
 * message at a time. An exception that leaves a method ends this incarnation of the actor; a `Refusal`
 * does not. Actors are made by `spawn`, never by `new`; constructor and field initialisers may use
 * everything here.
 *
 * What an ended incarnation that still awaits tries through these members throws ERR_STOPPED.
 *
 * @typeParam Args what `spawn` hands in as `this.args`
 */
export abstract class Actor<Args = void> {
  readonly #context: Context

  static {
    contextOf = (actor) => actor.#context
  }

  /** As OTP's trap_exit: true turns the abnormal end of a linked actor into `onExit`. */
  declare protected trapExits: boolean

  /** @throws TroupeError ERR_NOT_SPAWNED outside of a spawn */
  constructor() {
    this.#context = takeContext(new.target.name)
  }

  /** Runs before the first message, in every incarnation; messages wait while it awaits. What it throws is ERR_START_FAILED. */
  onStart(): void | Promise<void> {}

  /**
   * Runs last, when the actor ends for whatever reason but `killed`. It may await until the deadline of
   * the stop; what is still running then is abandoned.
   */
  onStop(_reason: ExitReason): void | Promise<void> {}

  /** A watched actor ended, or its node went down. */
  onDown(_down: Down): void | Promise<void> {}

  /** A linked actor ended, and this one traps exits. */
  onExit(_exit: Exit): void | Promise<void> {}

  /** What was given at the spawn; the same in every incarnation. */
  protected get args(): Args {
    return this.#context.cell.args as Args
  }

  /** A ref to this actor. See `selfAs` for one with its methods. */
  protected get self(): AnyRef {
    return this.#context.cell.ref
  }

  /** A typed ref to this actor. @throws TroupeError ERR_BAD_REF when this is not a `actorClass` */
  protected selfAs<A extends Actor<unknown>>(actorClass: abstract new () => A): ActorRef<A> {
    return this.#context.selfAs(this, actorClass)
  }

  /** The node this actor runs on. */
  protected get node(): ActorNode {
    return this.#context.live().system.node
  }

  /**
   * Starts an actor on this node. As OTP's spawn it lives by itself: `{ link: true }` ties its end to
   * this actor's, a supervisor restarts it.
   */
  protected spawn<A extends Actor<unknown>>(
    actorClass: new () => A,
    ...[args, options]: SpawnRest<A, ActorSpawnOptions>
  ): ActorRef<A> {
    return this.#context.spawn(actorClass, args, options)
  }

  /** `onDown` will be called once for every incarnation of that actor that ends, or when its node goes down. */
  protected watch(ref: AnyRef): void {
    this.#context.watch(ref)
  }

  protected unwatch(ref: AnyRef): void {
    this.#context.unwatch(ref)
  }

  /** Ties two actors: the abnormal end of either ends the other, unless that one traps exits. */
  protected link(ref: AnyRef): void {
    this.#context.link(ref)
  }

  protected unlink(ref: AnyRef): void {
    this.#context.unlink(ref)
  }

  /** Runs `run` once, like a message of this actor, after `delayMs`. It ends with this incarnation. */
  protected after(delayMs: number, run: () => unknown): Timer {
    return this.#context.after(delayMs, run)
  }

  /**
   * Runs `run` every `intervalMs`, like a message of this actor, until cancelled or this incarnation
   * ends. Its times count from this call, so late ones do not add up. While one run waits or works
   * the next ones are left out.
   */
  protected every(intervalMs: number, run: () => unknown): Timer {
    return this.#context.every(intervalMs, run)
  }

  /**
   * Puts the present message aside, at most `stashLimit` of them; what the method returns is not the
   * answer then. @throws TroupeError ERR_STASH_FULL, ERR_NOT_IN_MESSAGE
   */
  protected stash(): void {
    this.#context.stash()
  }

  /** Puts all stashed messages before those that wait, in the order in which they came. */
  protected unstashAll(): void {
    this.#context.unstashAll()
  }

  /** Ends this actor with reason `normal` once the present message has been handled. */
  protected stop(): void
  /**
   * Ends an actor of any node. Resolves when it has ended; `timeoutMs` (the node's `stopTimeoutMs`) is
   * what its running handler and `onStop` get before they are abandoned, 0 kills at once.
   */
  protected stop(ref: AnyRef, reason?: ExitReason, timeoutMs?: number): Promise<void>
  protected stop(
    ref: AnyRef = this.self,
    reason: ExitReason = NORMAL,
    timeoutMs?: number,
  ): Promise<void> {
    return this.#context.stop(ref, reason, timeoutMs)
  }

  /** Aborted when the asker of the present message gives up, or this incarnation ends. @throws TroupeError ERR_NOT_IN_MESSAGE */
  protected get signal(): AbortSignal {
    return this.#context.signal()
  }

  /**
   * Takes over the answer to the present message: what the method returns is not the answer any more.
   * Keep the reply, or pass it to another actor that answers. @throws TroupeError ERR_NOT_IN_MESSAGE
   */
  protected deferReply<T = unknown>(): Reply<T> {
    return this.#context.deferReply<T>()
  }
}

Object.defineProperty(Actor.prototype, 'trapExits', { value: false, writable: true })
