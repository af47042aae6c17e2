import type { Cell } from '../actor/cell.js'
import type { Definition } from '../actor/definition.js'
import type { MethodDefinition } from '../actor/method-definition.js'
import { type AnyRef, routeOf } from '../actor/ref.js'
import type { Route } from '../actor/route.js'
import type { SendOptions } from '../actor/send-options.js'
import { TroupeError } from '../base/errors.js'

/** The route of a handle that follows a child: over restarts, a new start by call, and relocation. */
export class ChildRoute implements Route {
  readonly definition: Definition
  readonly registeredName = undefined
  readonly #supervisor: Cell
  readonly #childId: string
  readonly #current: () => AnyRef | undefined

  /** `current` gives the ref the child has now. */
  constructor(
    supervisor: Cell,
    childId: string,
    definition: Definition,
    current: () => AnyRef | undefined,
  ) {
    this.#supervisor = supervisor
    this.#childId = childId
    this.definition = definition
    this.#current = current
  }

  /** The node the child runs on now. */
  get node(): string {
    return this.#current()?.node ?? this.#supervisor.node
  }

  /** The id of the child's present actor; of none while it does not run. */
  get id(): string {
    return this.#current()?.id ?? this.#supervisor.system.idOf(0)
  }

  tell(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): boolean {
    const { system } = this.#supervisor
    const current = this.#current()
    if (!current) {
      system.deadLetter(ref, method.name, args, 'ERR_NO_CHILD')
      return false
    }
    const own = this.#methodOf(current, method)
    if (own) return routeOf(current).tell(current, own, args, options)
    system.unknownMethod(ref, method.name, args, undefined)
    return false
  }

  ask(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): Promise<unknown> {
    const { system } = this.#supervisor
    const current = this.#current()
    if (!current) {
      const detail = `child '${this.#childId}' of ${this.#supervisor.ref} does not run now`
      return Promise.reject(new TroupeError('ERR_NO_CHILD', detail))
    }
    const own = this.#methodOf(current, method)
    if (own) return routeOf(current).ask(current, own, args, options)
    const call = system.call(ref, method.name, options)
    system.unknownMethod(ref, method.name, args, call)
    return call.take()
  }

  /** The method of that name of the present child, which may have another class than the one before. */
  #methodOf(current: AnyRef, method: MethodDefinition): MethodDefinition | undefined {
    const { definition } = current
    return definition === this.definition ? method : definition.method(method.name)
  }

  ready(_ref: AnyRef): Promise<void> {
    const current = this.#current()
    return current ? routeOf(current).ready(current) : Promise.resolve()
  }
}
