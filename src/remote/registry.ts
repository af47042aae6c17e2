import type { Actor } from '../actor/actor.js'
import type { LookupOptions } from '../actor/actor-node.js'
import type { ActorSystem } from '../actor/actor-system.js'
import type { Cell } from '../actor/cell.js'
import { type AnyActorClass, classNamed } from '../actor/class-registry.js'
import { Definition } from '../actor/definition.js'
import { ActorRef, type AnyRef } from '../actor/ref.js'
import { TroupeError } from '../base/errors.js'
import { incarnationOf, serialOf } from '../base/identity.js'
import { durationMs, type Fields, isText, readOptions, show } from '../base/options.js'
import type { Control } from './control.js'
import { definitionFromWire, tableToWire } from './method-tables.js'

export interface ResolveOptions extends LookupOptions {
  /** Deadline in milliseconds. Default: the node's askTimeoutMs. */
  readonly timeoutMs?: number
}

const FIELDS = {
  on: { fallback: undefined, check: isText },
  timeoutMs: { fallback: undefined, check: durationMs() },
} as unknown as Fields<ResolveOptions>

/** Finding actors: by the name they registered on their node, or by a ref that came without its class. */
export class Registry {
  readonly #system: ActorSystem
  readonly #control: Control
  /** Fetched tables, so that the stubs of one are made once. */
  readonly #definitions = new Map<string, Definition>()

  constructor(system: ActorSystem, control: Control) {
    this.#system = system
    this.#control = control
    control.handle('resolve', (_from, [target]) => this.#describe(target))
    control.handle('whereis', (_from, [name]) => this.#whereis(name))
  }

  /** A ref to whoever holds the name when a message arrives; nothing is sent. */
  lookup<A extends Actor<unknown>>(
    actorClass: abstract new () => A,
    name: string,
    options?: LookupOptions,
  ): ActorRef<A> {
    const definition = Definition.of(actorClass as AnyActorClass)
    const node = options?.on ?? this.#system.nodeName
    const address = { node, type: definition.type, id: undefined, name }
    return this.#system.refAt(address, definition) as unknown as ActorRef<A>
  }

  /**
   * A callable ref for who has only the type of an actor: its method table is fetched. For a name the
   * ref is a named one; for a ref, one to the same actor.
   *
   * Rejects with ERR_NO_ACTOR, ERR_STOPPED, ERR_UNKNOWN_NODE, ERR_NODE_DOWN or ERR_ASK_TIMEOUT.
   */
  async resolve<A extends Actor<unknown>>(
    target: string | AnyRef,
    options?: ResolveOptions,
  ): Promise<ActorRef<A>> {
    const { on, timeoutMs } = readOptions('resolve', FIELDS, options)
    const system = this.#system
    const ref = typeof target === 'string' ? undefined : target
    const node = ref?.node ?? on ?? system.nodeName
    const name = ref === undefined ? (target as string) : ref.name
    if (node === system.nodeName) {
      const cell = ref === undefined ? system.named(name ?? '') : system.cellOf(ref)
      if (cell === undefined) throw noActor(node, String(target))
      if (name === undefined) return cell.ref as unknown as ActorRef<A>
      return this.#typed({ node, id: undefined, name }, cell.definition)
    }
    const id = ref?.id
    const wire = id === undefined ? name : [incarnationOf(id), serialOf(id)]
    const answer = await this.#control.request(node, 'resolve', [wire], { timeoutMs })
    return this.#typed({ node, id, name }, this.#definitionOf(node, answer))
  }

  /** The actor that holds a name now; undefined when nobody does. Rejects as `resolve`. */
  async whereis(name: string, options?: ResolveOptions): Promise<AnyRef | undefined> {
    const { on, timeoutMs } = readOptions('whereis', FIELDS, options)
    const node = on ?? this.#system.nodeName
    if (node === this.#system.nodeName) return this.#system.named(name)?.ref
    const found = await this.#control.request(node, 'whereis', [name], { timeoutMs })
    if (found === undefined || (found instanceof ActorRef && found.node === node)) return found
    throw new TroupeError('ERR_DECODE', `node ${node} answered whereis with ${show(found)}`)
  }

  #typed<A>(
    at: { node: string; id: string | undefined; name: string | undefined },
    definition: Definition,
  ): ActorRef<A> {
    const address = { ...at, type: definition.type }
    return this.#system.refAt(address, definition) as unknown as ActorRef<A>
  }

  /** A class that is registered here knows its key extractors; what its version lacks, the table has. */
  #definitionOf(node: string, answer: unknown): Definition {
    const [type, table] = Array.isArray(answer) ? (answer as readonly unknown[]) : []
    if (typeof type !== 'string' || type === '') {
      throw new TroupeError('ERR_DECODE', `node ${node} answered resolve with ${show(answer)}`)
    }
    const fetched = definitionFromWire(type, table)
    const actorClass = classNamed(type)
    const own = actorClass === undefined ? undefined : Definition.of(actorClass)
    if (own?.digest === fetched.digest) return own
    const traits = fetched.methods.map((method) => [method.keyed, method.channel])
    const key = JSON.stringify([type, fetched.digest, traits])
    const known = this.#definitions.get(key)
    if (known !== undefined) return known
    if (this.#definitions.size >= DEFINITIONS_MAX) this.#definitions.clear()
    this.#definitions.set(key, fetched)
    return fetched
  }

  #describe(target: unknown): readonly unknown[] {
    const cell = this.#find(target)
    if (cell === undefined) throw noActor(this.#system.nodeName, show(target))
    return [cell.definition.type, tableToWire(cell.definition)]
  }

  #find(target: unknown): Cell | undefined {
    if (typeof target === 'string') return this.#system.named(target)
    const [incarnation, serial] = Array.isArray(target) ? (target as readonly unknown[]) : []
    if (incarnation !== this.#system.incarnation || typeof serial !== 'number') return undefined
    return this.#system.cell(serial)
  }

  #whereis(name: unknown): AnyRef | undefined {
    return isText.test(name) ? this.#system.named(name)?.ref : undefined
  }
}

/** Fetched definitions that are kept. */
const DEFINITIONS_MAX = 1_000

const noActor = (node: string, what: string): TroupeError =>
  new TroupeError('ERR_NO_ACTOR', `node ${node} has no actor ${what}`)
