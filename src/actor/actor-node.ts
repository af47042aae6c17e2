import type { Logger } from '../base/logger.js'
import type { Random } from '../base/random.js'
import type { Actor, SpawnRest } from './actor.js'
import type { Tell } from './facets.js'
import type { ActorRef, AnyRef } from './ref.js'
import type { SendOptions } from './send-options.js'
import type { SpawnOptions } from './spawn-options.js'

/** On which node to look; default: this one. */
export interface LookupOptions {
  readonly on?: string
}

/** A process group as actors see it: see `Group`. */
export interface ActorGroup<A> {
  readonly name: string
  /** To every member known here. */
  readonly tell: Tell<A>
  with(options: SendOptions): ActorGroup<A>
  join(ref: AnyRef | ActorRef<A>): Promise<void>
  leave(ref: AnyRef | ActorRef<A>): Promise<void>
  members(): readonly ActorRef<A>[]
  localMembers(): readonly ActorRef<A>[]
}

/** The node as actors see it, in `this.node`. */
export interface ActorNode {
  /** The node's name. */
  readonly name: string
  /** Seeded in a simulation: draw from it and runs can be repeated. */
  readonly random: Random
  readonly log: Logger
  /** Milliseconds since the node's world began; never goes backwards, not wall time. */
  now(): number
  /** Starts an actor on this node. `options.name` registers it. */
  spawn<A extends Actor<unknown>>(
    actorClass: new () => A,
    ...rest: SpawnRest<A, SpawnOptions>
  ): ActorRef<A>
  /**
   * A ref to whoever holds the name when a message arrives; nothing is sent by this call. The class is taken
   * at its word: methods travel by name, and a holder of another class that has one of that name runs it.
   */
  lookup<A extends Actor<unknown>>(
    actorClass: abstract new () => A,
    name: string,
    options?: LookupOptions,
  ): ActorRef<A>
  /** The ref that was printed as this text. @throws TroupeError ERR_BAD_REF, also when it is of another class */
  ref<A extends Actor<unknown>>(actorClass: abstract new () => A, text: string): ActorRef<A>
  /**
   * A ref for callers that have only the type of the actor (`import type`): the class's method table is
   * fetched. Takes a registered name, or a ref whose class is not known here. Rejects with ERR_NO_ACTOR, ERR_UNKNOWN_NODE, ERR_NODE_DOWN or ERR_ASK_TIMEOUT.
   */
  resolve<A extends Actor<unknown>>(
    target: string | AnyRef,
    options?: LookupOptions,
  ): Promise<ActorRef<A>>
  /** Starts an actor on another node, which must allow its class; resolves when it has started. */
  spawnOn<A extends Actor<unknown>>(
    node: string,
    actorClass: new () => A,
    ...rest: SpawnRest<A, SpawnOptions>
  ): Promise<ActorRef<A>>
  /** A process group of actors that offer the methods of this class, over all nodes. */
  group<A extends Actor<unknown>>(actorClass: abstract new () => A, name: string): ActorGroup<A>
  /** Members of the cluster as known here, this node included, sorted by name. */
  members(): readonly { readonly name: string; readonly tags: readonly string[] }[]
  /** True when the actor runs on this node, as far as is known here. */
  isLocal(ref: AnyRef): boolean
}
