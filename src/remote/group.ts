import type { Actor } from '../actor/actor.js'
import type { Definition } from '../actor/definition.js'
import type { Tell } from '../actor/facets.js'
import type { MethodDefinition } from '../actor/method-definition.js'
import { ActorRef, type AnyRef } from '../actor/ref.js'
import type { Route } from '../actor/route.js'
import type { SendOptions } from '../actor/send-options.js'
import { TroupeError } from '../base/errors.js'
import type { GroupService } from './group-service.js'

/**
 * A group of actors that offer the methods of `A`. `group.tell.method(…)` sends to every member known
 * on this node when it is called; there is no `ask`: ask the members.
 */
export class Group<A extends Actor<unknown>> {
  readonly name: string
  readonly #service: GroupService
  readonly #all: ActorRef<A>

  /** Made by `node.group`. */
  constructor(
    service: GroupService,
    definition: Definition,
    name: string,
    options: SendOptions | undefined = undefined,
  ) {
    this.name = name
    this.#service = service
    this.#all = new ActorRef<A>(new GroupRoute(service, definition, name), options)
  }

  /** False when a member did not take the message, or is above its high-water mark. */
  get tell(): Tell<A> {
    return this.#all.tell
  }

  /** The same group with options for what is sent. @throws TroupeError ERR_BAD_OPTION */
  with(options: SendOptions): Group<A> {
    const merged = this.#all.with(options).options
    return new Group<A>(this.#service, this.#all.definition, this.name, merged)
  }

  /** See `GroupService.join`. */
  join(ref: AnyRef | ActorRef<A>): Promise<void> {
    return this.#service.join(this.name, ref as AnyRef)
  }

  leave(ref: AnyRef | ActorRef<A>): Promise<void> {
    return this.#service.leave(this.name, ref as AnyRef)
  }

  /** Members as known here, by node and age. */
  members(): readonly ActorRef<A>[] {
    return this.#service.members(this.name) as unknown as readonly ActorRef<A>[]
  }

  /** Members on this node, by age. */
  localMembers(): readonly ActorRef<A>[] {
    return this.#service.localMembers(this.name) as unknown as readonly ActorRef<A>[]
  }
}

/** To all members of a group. */
class GroupRoute implements Route {
  readonly definition: Definition
  readonly id = undefined
  readonly registeredName: string
  readonly #service: GroupService

  constructor(service: GroupService, definition: Definition, name: string) {
    this.#service = service
    this.definition = definition
    this.registeredName = name
  }

  get node(): string {
    return this.#service.node
  }

  tell(
    _ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): boolean {
    return this.#service.broadcast(this.registeredName, method, args, options)
  }

  ask(): Promise<unknown> {
    const detail = `group '${this.registeredName}' cannot be asked: ask its members`
    return Promise.reject(new TroupeError('ERR_BAD_REF', detail))
  }

  ready(): Promise<void> {
    return Promise.resolve()
  }
}
