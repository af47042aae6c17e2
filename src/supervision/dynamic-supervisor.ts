import type { Actor, SpawnRest } from '../actor/actor.js'
import type { ActorRef } from '../actor/ref.js'
import { dynamic, type Strategy } from './strategies.js'
import { type StartChildOptions, Supervisor } from './supervisor.js'

/**
 * A supervisor of many children of one class, with `startChild` typed by it.
 *
 * ```ts
 * class Matches extends DynamicSupervisor<Match> {
 *   override children() {
 *     return [template('match', Match, { restart: 'transient' })]
 *   }
 * }
 * const match = await node.spawn(Matches).ask.startChild({ board: 7 })   // an ActorRef<Match>
 * ```
 *
 * @typeParam A the class of its children
 * @typeParam Args what `spawn` hands to the supervisor itself
 */
export abstract class DynamicSupervisor<
  A extends Actor<unknown>,
  Args = void,
> extends Supervisor<Args> {
  /** Default: `dynamic()`. */
  override readonly strategy: Strategy = dynamic()

  /** Starts a child from the template; resolves to its ref once it runs. */
  override async startChild(
    ...[args, options]: SpawnRest<A, StartChildOptions>
  ): Promise<ActorRef<A>> {
    return (await super.startChild(args, options)) as unknown as ActorRef<A>
  }
}
