import type { Definition } from './definition.js'
import type { MethodDefinition } from './method-definition.js'
import type { AnyRef } from './ref.js'
import type { SendOptions } from './send-options.js'

/**
 * Where the messages of a ref go: to a cell of this node (the cell itself is the route), to whoever
 * holds a name here, or to another node.
 */
export interface Route {
  readonly definition: Definition
  /** The node's name. */
  readonly node: string
  /** The actor's ULID; undefined for a named ref. */
  readonly id: string | undefined
  /** The registered name; undefined for a ref to one actor. */
  readonly registeredName: string | undefined
  /** The same route where it leads straight to an actor of this node. */
  readonly local?: LocalRoute | undefined
  tell(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): boolean
  ask(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): Promise<unknown>
  ready(ref: AnyRef): Promise<void>
}

/** The way to an actor of this node for calls of at most one argument. */
export interface LocalRoute {
  /** @param count 0 or 1 arguments */
  tellOne(method: MethodDefinition, count: number, value: unknown): boolean
}
