import type { Logger } from '../base/logger.js'
import type { Random } from '../base/random.js'
import type { Actor, SpawnRest } from './actor.js'
import type { ActorRef, AnyRef } from './ref.js'
import type { SpawnOptions } from './spawn-options.js'

/** On which node to look; default: this one. */
export interface LookupOptions {
  readonly on?: string
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
  /** A ref to whoever holds the name when a message arrives; nothing is sent by this call. */
  lookup<A extends Actor<unknown>>(
    actorClass: abstract new () => A,
    name: string,
    options?: LookupOptions,
  ): ActorRef<A>
  /** The ref that was printed as this text. @throws TroupeError ERR_BAD_REF, also when it is of another class */
  ref<A extends Actor<unknown>>(actorClass: abstract new () => A, text: string): ActorRef<A>
  /**
   * A named ref for callers that have only the type of the actor (`import type`): the class's method
   * table is fetched. Rejects with ERR_NO_ACTOR, ERR_UNKNOWN_NODE, ERR_NODE_DOWN or ERR_ASK_TIMEOUT.
   */
  resolve<A extends Actor<unknown>>(name: string, options?: LookupOptions): Promise<ActorRef<A>>
  /** True when the actor runs on this node, as far as is known here. */
  isLocal(ref: AnyRef): boolean
}
