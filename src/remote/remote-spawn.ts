import type { Actor, SpawnRest } from '../actor/actor.js'
import type { ActorSystem } from '../actor/actor-system.js'
import type { Cell } from '../actor/cell.js'
import { type AnyActorClass, classNamed } from '../actor/class-registry.js'
import { Definition } from '../actor/definition.js'
import { type ExitReason, showReason } from '../actor/exit-reason.js'
import type { Guardian } from '../actor/guardian.js'
import { ActorRef, type AnyRef } from '../actor/ref.js'
import type { SpawnOptions } from '../actor/spawn-options.js'
import { TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import type { Control } from './control.js'
import type { RemotePeer, RemotePeers } from './remote-peer.js'

/** How to spawn on another node. */
export interface RemoteSpawnOptions extends SpawnOptions {
  /** Deadline for its start, in milliseconds. Default: the node's askTimeoutMs. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
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
  readonly #peers: RemotePeers
  readonly #allowed = new Set<AnyActorClass>()

  /** @throws TroupeError ERR_BAD_DEFINITION for an allowed class without `@actor` */
  constructor(
    system: ActorSystem,
    control: Control,
    peers: RemotePeers,
    allowed: readonly SpawnableClass[],
  ) {
    this.#system = system
    this.#control = control
    this.#peers = peers
    for (const actorClass of allowed) {
      declaredType(actorClass)
      this.#allowed.add(actorClass)
    }
    control.handle('spawn', (from, args) => this.#spawned(peers.sender(from), args))
  }

  /**
   * Starts an actor on another node; resolves when its onStart has finished.
   *
   * Rejects with ERR_UNKNOWN_CLASS, ERR_SPAWN_FORBIDDEN, ERR_START_FAILED (with what onStart threw as
   * its cause), ERR_NAME_IN_USE, ERR_UNKNOWN_NODE, ERR_NODE_DOWN, ERR_ASK_TIMEOUT (it may have
   * started, and is stopped then if its node hears of it), ERR_NOT_SERIALIZABLE.
   */
  async spawn<A extends Actor<unknown>>(
    node: string,
    actorClass: SpawnableClass<A>,
    ...[args, options = {}]: SpawnRest<A, RemoteSpawnOptions>
  ): Promise<ActorRef<A>> {
    const type = declaredType(actorClass)
    if (node === this.#system.nodeName) {
      const { timeoutMs: _, signal: __, ...own } = options
      const ref = await this.#start(actorClass, args, own, undefined)
      return ref as unknown as ActorRef<A>
    }
    const { timeoutMs, signal, ...own } = options
    const request = {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    }
    const ref = await this.#control.request(node, 'spawn', [type, args, own], request)
    if (!(ref instanceof ActorRef) || ref.node !== node) {
      throw new TroupeError('ERR_DECODE', `node ${node} answered a spawn with ${show(ref)}`)
    }
    return ref as ActorRef<A>
  }

  async #spawned(peer: RemotePeer | undefined, request: readonly unknown[]): Promise<AnyRef> {
    const [type, args, options] = request
    const actorClass = typeof type === 'string' ? classNamed(type) : undefined
    if (actorClass === undefined) {
      throw new TroupeError('ERR_UNKNOWN_CLASS', `no actor class is registered as ${show(type)}`)
    }
    if (!this.#allowed.has(actorClass)) {
      const { nodeName } = this.#system
      const detail = `node ${nodeName} does not list ${show(type)} in remoteSpawn`
      throw new TroupeError('ERR_SPAWN_FORBIDDEN', detail)
    }
    return this.#start(actorClass as SpawnableClass, args, options as SpawnOptions, peer)
  }

  #start(
    actorClass: SpawnableClass,
    args: unknown,
    options: SpawnOptions,
    asker: RemotePeer | undefined,
  ): Promise<AnyRef> {
    return new Promise((resolve, reject) => {
      const guardian = new StartWatch(resolve, reject, () => asker?.gone === true)
      this.#system.spawn(actorClass, args, options, guardian)
    })
  }
}

/** The guardian of an actor that nobody supervises: tells how its start came out. */
class StartWatch implements Guardian {
  readonly cell = undefined
  readonly #resolve: (ref: AnyRef) => void
  readonly #reject: (error: unknown) => void
  readonly #unwanted: () => boolean

  constructor(
    resolve: (ref: AnyRef) => void,
    reject: (error: unknown) => void,
    unwanted: () => boolean,
  ) {
    this.#resolve = resolve
    this.#reject = reject
    this.#unwanted = unwanted
  }

  started(cell: Cell): void {
    this.#resolve(cell.ref)
    if (this.#unwanted()) void cell.stop({ type: 'shutdown' }, cell.settings.stopTimeoutMs)
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
