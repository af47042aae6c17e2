import type { Actor, SpawnRest } from '../actor/actor.js'
import type { ActorSystem } from '../actor/actor-system.js'
import type { Cell } from '../actor/cell.js'
import { type AnyActorClass, classNamed } from '../actor/class-registry.js'
import { Definition } from '../actor/definition.js'
import { type ExitReason, SHUTDOWN, showReason } from '../actor/exit-reason.js'
import type { Guardian } from '../actor/guardian.js'
import { ActorRef, type AnyRef } from '../actor/ref.js'
import type { SpawnOptions } from '../actor/spawn-options.js'
import { TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import type { Control } from './control.js'
import type { InboundCall } from './inbound-call.js'

/** How to spawn on another node. */
export interface RemoteSpawnOptions extends SpawnOptions {
  /** Deadline for its start, in milliseconds. Default: the node's askTimeoutMs. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** An actor of this node that is linked with the new one; should it have ended meanwhile, the new one is stopped. */
  readonly link?: AnyRef
  /** An actor of this node that watches the new one. */
  readonly watch?: AnyRef
}

/** A class that another node can be asked to start. */
export type SpawnableClass<A extends Actor<unknown> = Actor<unknown>> = new () => A

/**
 * Actors started on other nodes by their class's type name. The other node starts only what its
 * option `remoteSpawn` lists.
 */
export class RemoteSpawn {
  readonly #system: ActorSystem
  readonly #control: Control
  readonly #allowed = new Set<AnyActorClass>()

  /** @throws TroupeError ERR_BAD_DEFINITION for an allowed class without `@actor` */
  constructor(system: ActorSystem, control: Control, allowed: readonly AnyActorClass[]) {
    this.#system = system
    this.#control = control
    for (const actorClass of allowed) {
      declaredType(actorClass)
      this.#allowed.add(actorClass)
    }
    control.handle('spawn', (_from, args, call) => this.#spawned(args, call))
  }

  /**
   * Starts an actor on another node; resolves when its onStart has finished.
   *
   * Rejects with ERR_UNKNOWN_CLASS, ERR_SPAWN_FORBIDDEN, ERR_START_FAILED (with what onStart threw as
   * its cause), ERR_NAME_IN_USE, ERR_UNKNOWN_NODE, ERR_NODE_DOWN, ERR_ASK_TIMEOUT (a start that
   * comes out later is undone), ERR_NOT_SERIALIZABLE.
   */
  async spawn<A extends Actor<unknown>>(
    node: string,
    actorClass: SpawnableClass<A>,
    ...[args, options = {}]: SpawnRest<A, RemoteSpawnOptions>
  ): Promise<ActorRef<A>> {
    const type = declaredType(actorClass)
    const { timeoutMs, signal, link, watch, ...own } = options
    const system = this.#system
    const ref =
      node === system.nodeName
        ? await this.#start(actorClass, args, own, undefined)
        : await this.#control.request(node, 'spawn', [type, args, own], { timeoutMs, signal })
    if (!(ref instanceof ActorRef) || ref.node !== node) {
      throw new TroupeError('ERR_DECODE', `node ${node} answered a spawn with ${show(ref)}`)
    }
    const watcher = watch === undefined ? undefined : system.cellOf(watch)
    if (watcher !== undefined) system.bonds.watch(watcher, ref)
    if (link !== undefined) {
      const linked = system.cellOf(link)
      if (linked !== undefined) system.bonds.link(linked, ref)
      else await system.stop(ref, SHUTDOWN)
    }
    return ref as ActorRef<A>
  }

  async #spawned(request: readonly unknown[], call: InboundCall | undefined): Promise<AnyRef> {
    const [type, args, options] = request
    return this.#start(this.classOf(type), args, options as SpawnOptions, call)
  }

  /**
   * The class another node may have started here.
   * @throws TroupeError ERR_UNKNOWN_CLASS, ERR_SPAWN_FORBIDDEN
   */
  classOf(type: unknown): SpawnableClass {
    const actorClass = typeof type === 'string' ? classNamed(type) : undefined
    if (actorClass === undefined) {
      throw new TroupeError('ERR_UNKNOWN_CLASS', `no actor class is registered as ${show(type)}`)
    }
    if (!this.#allowed.has(actorClass)) {
      const { nodeName } = this.#system
      const detail = `node ${nodeName} does not list ${show(type)} in remoteSpawn`
      throw new TroupeError('ERR_SPAWN_FORBIDDEN', detail)
    }
    return actorClass as SpawnableClass
  }

  #start(
    actorClass: SpawnableClass,
    args: unknown,
    options: SpawnOptions,
    call: InboundCall | undefined,
  ): Promise<AnyRef> {
    return new Promise((resolve, reject) => {
      const guardian = new StartWatch(resolve, reject, call)
      this.#system.spawn(actorClass, args, options, guardian)
    })
  }
}

/** The guardian of an actor that nobody supervises: tells how its start came out. */
class StartWatch implements Guardian {
  readonly cell = undefined
  readonly #resolve: (ref: AnyRef) => void
  readonly #reject: (error: unknown) => void
  readonly #call: InboundCall | undefined

  constructor(
    resolve: (ref: AnyRef) => void,
    reject: (error: unknown) => void,
    call: InboundCall | undefined,
  ) {
    this.#resolve = resolve
    this.#reject = reject
    this.#call = call
  }

  started(cell: Cell): void {
    if (this.#call?.settled) void cell.stop(SHUTDOWN, cell.settings.stopTimeoutMs)
    else this.#resolve(cell.ref)
  }

  ended(cell: Cell, reason: ExitReason): boolean {
    this.#reject(
      reason.type === 'error'
        ? reason.error
        : new TroupeError('ERR_START_FAILED', `${cell} ended as it started: ${showReason(reason)}`),
    )
    return false
  }
}

/** The type name given by `@actor`. @throws TroupeError ERR_BAD_DEFINITION when there is none */
export function declaredType(actorClass: AnyActorClass): string {
  const definition = Definition.of(actorClass)
  if (definition.declared) return definition.type
  throw new TroupeError(
    'ERR_BAD_DEFINITION',
    `class ${actorClass.name} needs @actor(name) to be known to other nodes`,
  )
}
