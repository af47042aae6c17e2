import { TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { type Fields, isText, readOptions, show } from '../base/options.js'
import type { Random } from '../base/random.js'
import type { Actor, SpawnRest } from './actor.js'
import type { ActorGroup, ActorNode, LookupOptions } from './actor-node.js'
import type { ActorSystem } from './actor-system.js'
import { Definition } from './definition.js'
import type { ActorRef, AnyRef } from './ref.js'
import { parseAddress } from './ref-address.js'
import type { SpawnOptions } from './spawn-options.js'

const LOOKUP_FIELDS = {
  on: { fallback: undefined, check: isText },
} as unknown as Fields<LookupOptions>

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
    const on = options && readOptions('lookup', LOOKUP_FIELDS, options).on
    const address = { node: on ?? this.name, type: definition.type, id: undefined, name }
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
    target: string | AnyRef,
    options?: LookupOptions,
  ): Promise<ActorRef<A>> {
    const node = typeof target === 'string' ? (options?.on ?? this.name) : target.node
    if (node !== this.name) throw this.#alone(node)
    const cell = typeof target === 'string' ? this.system.named(target) : this.system.cellOf(target)
    if (cell === undefined) throw new TroupeError('ERR_NO_ACTOR', `${node} has no actor ${target}`)
    if (typeof target !== 'string') return cell.ref as unknown as ActorRef<A>
    const address = { node, type: cell.definition.type, id: undefined, name: target }
    return this.system.refAt(address, cell.definition) as unknown as ActorRef<A>
  }

  async spawnOn<A extends Actor<unknown>>(
    node: string,
    actorClass: new () => A,
    ...rest: SpawnRest<A, SpawnOptions>
  ): Promise<ActorRef<A>> {
    if (node !== this.name) throw this.#alone(node)
    return this.spawn(actorClass, ...rest)
  }

  group<A extends Actor<unknown>>(_actorClass: abstract new () => A, name: string): ActorGroup<A> {
    throw new TroupeError('ERR_NO_ROUTE', `group '${name}' needs a node with a peer service`)
  }

  members(): readonly { readonly name: string; readonly tags: readonly string[] }[] {
    return [{ name: this.name, tags: [] }]
  }

  isLocal(ref: AnyRef): boolean {
    return this.system.isLocal(ref)
  }

  #alone(node: string): TroupeError {
    return new TroupeError('ERR_UNKNOWN_NODE', `${this.name} knows no node named '${node}'`)
  }
}
