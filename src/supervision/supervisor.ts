import { Actor, contextOf } from '../actor/actor.js'
import { hidden } from '../actor/decorators.js'
import { Definition } from '../actor/definition.js'
import type { ExitReason } from '../actor/exit-reason.js'
import { ActorRef, type AnyRef } from '../actor/ref.js'
import { messageOf } from '../base/errors.js'
import { badOption, isObject, show } from '../base/options.js'
import { Refusal } from '../base/refusal.js'
import { ChildRoute } from './child-route.js'
import { type ChildOptions, ChildSpec, checkSpec, checkSpecs } from './child-spec.js'
import type { ChildCount } from './child-table.js'
import type { Strategy } from './strategies.js'
import { type CallRequest, type ChildInfo, SupervisorDriver } from './supervisor-driver.js'

/** What `startChild(args, options)` may set for one child of a dynamic supervisor; the rest is the template's. */
export interface StartChildOptions extends Omit<ChildOptions, 'args'> {
  /** Default: the template's id and a number, `match/1`. */
  readonly id?: string
}

/**
 * An actor that keeps other actors alive, with the semantics of OTP's `supervisor`. A subclass says
 * how (`strategy`) and whom (`children()`); both are read at every start of the supervisor.
 *
 * ```ts
 * class Arena extends Supervisor {
 *   override readonly strategy = oneForOne({ maxRestarts: 3, withinMs: 5_000 })
 *   override children() {
 *     return [child('score', Counter, { name: 'score' }), child('lobby', Lobby)]
 *   }
 * }
 * ```
 *
 * Children start in order, each awaited (its `onStart` included) before the next, and are stopped in
 * reverse. When one does not start, those that did are stopped and the supervisor's own start fails.
 * Its methods can be called through refs: `await ref.ask.countChildren()`. They refuse with the codes
 * ERR_NO_CHILD, ERR_CHILD_EXISTS, ERR_CHILD_RUNNING, ERR_NOT_DYNAMIC, ERR_START_FAILED, ERR_NO_PLACE,
 * ERR_TOO_MANY_CHILDREN, ERR_STOPPED. A subclass that overrides `onStart` or `onStop` calls `super`'s:
 * there the children are started and stopped.
 */
export abstract class Supervisor<Args = void> extends Actor<Args> {
  /** Tells supervisors from workers: their default `shutdownMs` is Infinity. */
  static readonly childType: 'supervisor' = 'supervisor'

  /** Which children a failing child takes with it, and how often: `oneForOne()`, `oneForAll()`, `restForOne()` or `dynamic()`. */
  abstract readonly strategy: Strategy
  #driver: SupervisorDriver | undefined
  #templates: readonly ChildSpec[] = []
  #started = 0

  /** Declares the children, in the order of their start; for `dynamic()` one template. Not callable by messages. */
  @hidden
  children(): readonly ChildSpec[] {
    return []
  }

  /** Starts the children. @throws TroupeError ERR_BAD_OPTION, ERR_START_FAILED */
  override async onStart(): Promise<void> {
    const { cell } = contextOf(this)
    const specs = checkSpecs(this.constructor.name, this.strategy, this.children())
    this.#templates = this.strategy.type === 'dynamic' ? specs : []
    this.#driver = new SupervisorDriver(cell, this.strategy, specs)
    await this.#driver.start()
  }

  /** Stops the children in reverse order. */
  override async onStop(reason: ExitReason): Promise<void> {
    await this.#driver?.stop(reason)
  }

  /**
   * Adds a child and starts it; resolves to its ref once it runs. Under `dynamic()` the first argument
   * is what the child gets as `args`, else it is what `child(…)` makes, which cannot cross the wire.
   */
  async startChild(what?: unknown, options?: StartChildOptions): Promise<AnyRef> {
    const [template] = this.#templates
    const spec = template ? this.#fromTemplate(template, what, options) : this.#given(what)
    await this.#call({ type: 'startChild', spec })
    return this.#refOf(spec.id)
  }

  /** Stops a child in order and keeps its specification, unless it is temporary or of a dynamic supervisor. */
  async terminateChild(child: string | AnyRef): Promise<void> {
    const id = child instanceof ActorRef ? this.#live().idOf(child) : child
    if (id === undefined) throw refusal('ERR_NO_CHILD', `${child} is no child here`)
    await this.#call({ type: 'terminateChild', id: idOf(id) })
  }

  /** Starts a child that is stopped; resolves to its new ref. */
  async restartChild(id: string): Promise<AnyRef> {
    await this.#call({ type: 'restartChild', id: idOf(id) })
    return this.#refOf(id)
  }

  /** Forgets a child that is stopped. */
  async deleteChild(id: string): Promise<void> {
    await this.#call({ type: 'deleteChild', id: idOf(id) })
  }

  /** The children in the order of their start: OTP's which_children. */
  whichChildren(): ChildInfo[] {
    return this.#live().which()
  }

  /** OTP's count_children. */
  countChildren(): ChildCount {
    return this.#live().count()
  }

  /**
   * A handle that follows a child over restarts, its own and the supervisor's, and relocation: a ref
   * that means whoever is the child when it is used. Sent to another node it arrives as the child's ref of that moment.
   */
  child<A extends Actor<unknown> = Actor<unknown>>(id: string): ActorRef<A> {
    const driver = this.#live()
    const spec = driver.spec(idOf(id))
    if (!spec) throw refusal('ERR_NO_CHILD', `there is no child '${id}'`)
    const { cell } = contextOf(this)
    const definition = Definition.of(spec.actorClass)
    return new ActorRef<A>(new ChildRoute(cell, id, definition, () => driver.refNow(id)))
  }

  #fromTemplate(template: ChildSpec, args: unknown, given: StartChildOptions = {}): ChildSpec {
    const of = this.constructor.name
    return accepted(() => {
      if (!isObject().test(given)) throw badOption(`${of}.startChild`, isObject().text, given)
      const { id, ...options } = given
      const spec = template.as(id ?? this.#nextId(template.id), { ...options, args })
      checkSpec(this.constructor.name, this.strategy, spec)
      return spec
    })
  }

  /** `match/1`, `match/2`, …, but for those that callers have given out. */
  #nextId(of: string): string {
    let id: string
    do id = `${of}/${++this.#started}`
    while (this.#driver?.spec(id))
    return id
  }

  #given(spec: unknown): ChildSpec {
    if (!(spec instanceof ChildSpec)) {
      throw refusal(
        'ERR_NOT_DYNAMIC',
        'startChild takes what child() makes, arguments only if dynamic',
      )
    }
    return accepted(() => {
      checkSpec(this.constructor.name, this.strategy, spec)
      return spec
    })
  }

  #call(request: CallRequest): Promise<void> {
    return this.#live().call(request)
  }

  #live(): SupervisorDriver {
    contextOf(this).live()
    if (!this.#driver) throw refusal('ERR_STOPPED', 'the supervisor has not started its children')
    return this.#driver
  }

  #refOf(id: string): AnyRef {
    const ref = this.#driver?.ref(id)
    if (!ref) throw refusal('ERR_NO_CHILD', `child '${id}' has ended again`)
    return ref
  }
}

/** Whatever a caller on another node sent in place of an id names no child. */
function idOf(id: unknown): string {
  if (typeof id === 'string') return id
  throw refusal('ERR_NO_CHILD', `${show(id)} is no id of a child`)
}

/** A bad specification is refused to the caller; the supervisor lives on. */
function accepted(read: () => ChildSpec): ChildSpec {
  try {
    return read()
  } catch (error) {
    throw refusal('ERR_BAD_OPTION', messageOf(error))
  }
}

const refusal = (code: string, detail: string): Refusal =>
  new Refusal(code, detail.endsWith(')') ? detail : `${detail} (${code})`)
