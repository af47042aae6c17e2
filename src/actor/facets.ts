import { TroupeError } from '../base/errors.js'
import type { Actor } from './actor.js'
import type { MethodDefinition } from './method-definition.js'
import type { AnyRef } from './ref.js'
import type { Reply } from './reply.js'
import type { Route } from './route.js'
import type { SendOptions } from './send-options.js'

type Method = (...args: never[]) => unknown

/** The names of the methods of `A` that messages can call: public ones below `Actor`. */
type Callable<A, K extends keyof A> = K extends keyof Actor<unknown>
  ? never
  : K extends string
    ? A[K] extends Method
      ? K
      : never
    : never

/** What an ask resolves to: what a method that returns a `Reply<T>` owes is a `T`. */
export type Answer<R> = R extends Reply<infer T> ? T : R

/** Fire and forget. False: accepted, but slow down (`ref.ready()`), or refused and reported as a dead letter. */
export type Tell<A> = {
  readonly [K in keyof A as Callable<A, K>]: A[K] extends (...args: infer P) => unknown
    ? (...args: P) => boolean
    : never
}

/** Question and answer. Rejects at the deadline, when the method throws, and when the actor is not there. */
export type Ask<A> = {
  readonly [K in keyof A as Callable<A, K>]: A[K] extends (...args: infer P) => infer R
    ? (...args: P) => Promise<Answer<Awaited<R>>>
    : never
}

/** One side of a ref, `ref.tell` or `ref.ask`; its methods are made once per class and sit on its prototype. */
export type FacetClass = new (ref: AnyRef, route: Route, options: SendOptions | undefined) => object

class Facet {
  readonly #ref: AnyRef
  readonly #route: Route
  readonly #options: SendOptions | undefined

  constructor(ref: AnyRef, route: Route, options: SendOptions | undefined) {
    this.#ref = ref
    this.#route = route
    this.#options = options
  }

  // Within the node a call of at most one argument makes no array for it: half of a tell's memory.

  static tell(method: MethodDefinition) {
    return function (this: Facet, first?: unknown): boolean {
      // biome-ignore lint/complexity/noArguments: a rest parameter is the array to be avoided
      const args = arguments
      const local = this.#route.local
      if (local !== undefined && args.length < 2) return local.tellOne(method, args.length, first)
      return this.#route.tell(this.#ref, method, listOf(first, args), this.#options)
    }
  }

  static ask(method: MethodDefinition) {
    return function (this: Facet, ...args: unknown[]): Promise<unknown> {
      return this.#route.ask(this.#ref, method, args, this.#options)
    }
  }
}

/** A fifth of what `Array.from` takes. */
function listOf(first: unknown, args: IArguments): unknown[] {
  const { length } = args
  if (length < 2) return length === 0 ? [] : [first]
  const list = [first]
  for (let i = 1; i < length; i++) list.push(args[i])
  return list
}

export function tellFacet(methods: readonly MethodDefinition[]): FacetClass {
  class TellFacet extends Facet {}
  for (const method of methods) stub(TellFacet, method.name, Facet.tell(method))
  return TellFacet
}

export function askFacet(methods: readonly MethodDefinition[]): FacetClass {
  class AskFacet extends Facet {}
  for (const method of methods) stub(AskFacet, method.name, Facet.ask(method))
  return AskFacet
}

/** For a class that is not known here: every call throws and says what helps. */
export function opaqueFacet(type: string): FacetClass {
  class OpaqueFacet {}
  const known = Object.getPrototypeOf(OpaqueFacet.prototype) as object
  const prototype = new Proxy(known, {
    get(target, name, receiver) {
      // `then`: the facet may stand in an await; `toJSON`: in a log.
      if (typeof name === 'symbol' || name in target || name === 'then' || name === 'toJSON') {
        return Reflect.get(target, name, receiver)
      }
      throw new TroupeError(
        'ERR_UNKNOWN_CLASS',
        `class '${type}' is not registered here: await node.resolve(ref) gives a ref that can call ${name}`,
      )
    },
  })
  Object.setPrototypeOf(OpaqueFacet.prototype, prototype)
  return OpaqueFacet
}

function stub(facet: FacetClass, name: string, value: unknown): void {
  Object.defineProperty(facet.prototype, name, { value, enumerable: true })
}
