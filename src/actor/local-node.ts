import { TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { show } from '../base/options.js'
import type { Random } from '../base/random.js'
import type { Actor, SpawnRest } from './actor.js'
import type { ActorNode, LookupOptions } from './actor-node.js'
import type { ActorSystem } from './actor-system.js'
import { Definition } from './definition.js'
import type { ActorRef, AnyRef } from './ref.js'
import { parseAddress } from './ref-address.js'
import type { SpawnOptions } from './spawn-options.js'

/** The node as its actors see it, as far as that goes without a network. */
export class LocalNode implements ActorNode {
  readonly random: Random
  protected readonly system: ActorSystem

  constructor(system: ActorSystem, random: Random) {
    this.system = system
    this.random = random
  }

  get name(): string {
    return this.system.nodeName
  }

  get log(): Logger {
    return this.system.log
  }

  now(): number {
    return this.system.clock.now()
  }

  spawn<A extends Actor<unknown>>(
    actorClass: new () => A,
    ...[args, options]: SpawnRest<A, SpawnOptions>
  ): ActorRef<A> {
    return this.system.spawn(actorClass, args, options).ref as unknown as ActorRef<A>
  }

  lookup<A extends Actor<unknown>>(
    actorClass: abstract new () => A,
    name: string,
    options?: LookupOptions,
  ): ActorRef<A> {
    const definition = Definition.of(actorClass)
    const node = options?.on ?? this.name
    const address = { node, type: definition.type, id: undefined, name }
    return this.system.refAt(address, definition) as unknown as ActorRef<A>
  }

  ref<A extends Actor<unknown>>(actorClass: abstract new () => A, text: string): ActorRef<A> {
    const address = parseAddress(text)
    const definition = Definition.of(actorClass)
    if (address.type !== definition.type) {
      throw new TroupeError('ERR_BAD_REF', `${show(text)} is not a ref to a ${definition.type}`)
    }
    return this.system.refAt(address, definition) as unknown as ActorRef<A>
  }

  async resolve<A extends Actor<unknown>>(
    name: string,
    options?: LookupOptions,
  ): Promise<ActorRef<A>> {
    const node = options?.on ?? this.name
    if (node !== this.name) {
      throw new TroupeError('ERR_UNKNOWN_NODE', `${this.name} knows no node named '${node}'`)
    }
    const cell = this.system.named(name)
    if (cell === undefined) {
      throw new TroupeError('ERR_NO_ACTOR', `${node} has no actor named '${name}'`)
    }
    const address = { node, type: cell.definition.type, id: undefined, name }
    return this.system.refAt(address, cell.definition) as unknown as ActorRef<A>
  }

  isLocal(ref: AnyRef): boolean {
    return this.system.isLocal(ref)
  }
}
