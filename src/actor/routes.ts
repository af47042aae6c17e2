import { TroupeError } from '../base/errors.js'
import type { ActorSystem } from './actor-system.js'
import type { Cell } from './cell.js'
import type { Definition } from './definition.js'
import type { MethodDefinition } from './method-definition.js'
import type { AnyRef } from './ref.js'
import type { Route } from './route.js'
import type { SendOptions } from './send-options.js'

/** To an actor of another node, by id or by name. */
export class RemoteRoute implements Route {
  readonly #system: ActorSystem
  readonly definition: Definition
  readonly local = undefined
  readonly node: string
  readonly id: string | undefined
  readonly registeredName: string | undefined
  /** For the outbound: what it worked out about this address. */
  destination: unknown

  constructor(
    system: ActorSystem,
    definition: Definition,
    node: string,
    id: string | undefined,
    name: string | undefined,
  ) {
    this.#system = system
    this.definition = definition
    this.node = node
    this.id = id
    this.registeredName = name
    this.destination = undefined
  }

  tell(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): boolean {
    return this.#system.outbound.tell(ref, method, args, options)
  }

  ask(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): Promise<unknown> {
    return this.#system.outbound.ask(ref, method, args, options)
  }

  ready(ref: AnyRef): Promise<void> {
    return this.#system.held(this.#system.outbound.ready(ref))
  }
}

/** To whoever holds a name on this node when the message is sent. */
export class NamedRoute implements Route {
  readonly #system: ActorSystem
  readonly definition: Definition
  readonly local = undefined
  readonly id = undefined
  readonly registeredName: string

  constructor(system: ActorSystem, definition: Definition, name: string) {
    this.#system = system
    this.definition = definition
    this.registeredName = name
  }

  get node(): string {
    return this.#system.nodeName
  }

  tell(ref: AnyRef, method: MethodDefinition, args: readonly unknown[]): boolean {
    const cell = this.#cell()
    if (cell === undefined) {
      this.#system.deadLetter(ref, method.name, args, 'ERR_NO_ACTOR')
      return false
    }
    const own = cell.definition.method(method.name)
    if (own !== undefined) return cell.tell(ref, own, args)
    this.#system.unknownMethod(ref, method.name, args, undefined)
    return false
  }

  ask(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): Promise<unknown> {
    const cell = this.#cell()
    if (cell === undefined) {
      const detail = `${ref.node} has no actor named '${this.registeredName}'`
      return this.#system.aTurnLater(Promise.reject(new TroupeError('ERR_NO_ACTOR', detail)))
    }
    const own = cell.definition.method(method.name)
    if (own !== undefined) return cell.ask(ref, own, args, options)
    const call = this.#system.call(ref, method.name, options)
    this.#system.unknownMethod(ref, method.name, args, call)
    return this.#system.aTurnLater(call.take())
  }

  ready(): Promise<void> {
    return this.#cell()?.ready() ?? Promise.resolve()
  }

  #cell(): Cell | undefined {
    return this.#system.named(this.registeredName)
  }
}

/** To an actor of this node, or of an earlier start of it, that has ended. */
export class GoneRoute implements Route {
  readonly #system: ActorSystem
  readonly definition: Definition
  readonly local = undefined
  readonly id: string
  readonly registeredName = undefined

  constructor(system: ActorSystem, definition: Definition, id: string) {
    this.#system = system
    this.definition = definition
    this.id = id
  }

  get node(): string {
    return this.#system.nodeName
  }

  tell(ref: AnyRef, method: MethodDefinition, args: readonly unknown[]): boolean {
    this.#system.deadLetter(ref, method.name, args, 'ERR_STOPPED')
    return false
  }

  ask(ref: AnyRef): Promise<unknown> {
    const ended = new TroupeError('ERR_STOPPED', `${ref} has ended`)
    return this.#system.aTurnLater(Promise.reject(ended))
  }

  ready(): Promise<void> {
    return Promise.resolve()
  }
}
