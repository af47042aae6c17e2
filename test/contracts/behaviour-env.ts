import type { Actor, ArgsOf } from '../../src/actor/actor.js'
import type { ActorSystem } from '../../src/actor/actor-system.js'
import type { DeadLetter } from '../../src/actor/dead-letter.js'
import type { ActorRef } from '../../src/actor/ref.js'
import type { SpawnOptions } from '../../src/actor/spawn-options.js'
import type { GroupChanged, GroupService } from '../../src/remote/group-service.js'
import type { Registry } from '../../src/remote/registry.js'

/** Where the actor under test lives is the environment's affair; the test only has refs. */
export interface BehaviourEnv {
  /** The node of the caller. */
  readonly system: ActorSystem
  readonly groups: Pick<GroupService, 'group'>
  readonly registry: Pick<Registry, 'lookup' | 'resolve' | 'whereis'>
  onGroupChanged(listener: (changed: GroupChanged) => void): void
  /** The node of the actor under test. */
  readonly there: string
  /** Starts an actor; the ref is the caller's. */
  spawn<A extends Actor<unknown>>(
    actorClass: new () => A,
    args?: ArgsOf<A>,
    options?: SpawnOptions,
  ): ActorRef<A>
  /** Starts an actor on the caller's node. */
  spawnHere<A extends Actor<unknown>>(actorClass: new () => A, args?: ArgsOf<A>): ActorRef<A>
  run(ms: number): Promise<void>
  complete<T>(promise: Promise<T>): Promise<T>
  failure(promise: Promise<unknown>): Promise<unknown>
  /** Of all nodes. */
  deadLetters(): readonly DeadLetter[]
}

/** Called once a test; ending what it started is its own affair. */
export type MakeEnv = () => BehaviourEnv | Promise<BehaviourEnv>
