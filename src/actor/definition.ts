import type { DeliveryOptions } from '../base/delivery-options.js'
import { TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import { hashText } from '../base/random.js'
import { Actor } from './actor.js'
import type { AnyActorClass } from './class-registry.js'
import { askFacet, type FacetClass, opaqueFacet, tellFacet } from './facets.js'
import { type MethodRecord, recordsOf } from './metadata.js'
import { type MethodBody, MethodDefinition } from './method-definition.js'

/** At most this many methods in a table received from another node. */
const MAX_METHODS = 1_000
const MAX_NAME_LENGTH = 200

/** Members of `Actor` that subclasses are meant to override. */
const LIFECYCLE = new Set(['constructor', 'onStart', 'onStop', 'onDown', 'onExit', 'trapExits'])
/** Names that no message can call, in whatever class they stand. */
const NEVER = new Set(['constructor', '__proto__', 'prototype'])

/** What is known about an actor class: read once per class, or built from a table another node sent. */
export class Definition {
  /** The type name given by `@actor`, else the class's own name. */
  readonly type: string
  /** Undefined when only the table is known. */
  readonly actorClass: AnyActorClass | undefined
  /** True when the class has `@actor`: other nodes may address it by its type name. */
  readonly declared: boolean
  /** The public methods, sorted by name: on the wire a method is its index here. */
  readonly methods: readonly MethodDefinition[]
  /** Tells two versions of a class apart: a hash of the table's names. */
  readonly digest: string
  /** True when some method is reentrant. */
  readonly reentrant: boolean
  readonly #byName = new Map<string, MethodDefinition>()
  #tellFacet: FacetClass | undefined
  #askFacet: FacetClass | undefined

  private constructor(
    type: string,
    actorClass: AnyActorClass | undefined,
    declared: boolean,
    methods: readonly MethodDefinition[],
  ) {
    this.type = type
    this.actorClass = actorClass
    this.declared = declared
    this.methods = methods
    this.digest = digestOf(methods)
    this.reentrant = methods.some((method) => method.reentrant)
    for (const method of methods) this.#byName.set(method.name, method)
  }

  /** The method by name, or by index as it comes from the wire; undefined when there is none. */
  method(which: unknown): MethodDefinition | undefined {
    if (typeof which === 'number') return this.methods[which]
    return typeof which === 'string' ? this.#byName.get(which) : undefined
  }

  /** True when nothing but the type name is known: its refs can be passed on and watched, not called. */
  get opaque(): boolean {
    return this.actorClass === undefined && this.methods.length === 0
  }

  get tellFacet(): FacetClass {
    this.#tellFacet ??= this.opaque ? opaqueFacet(this.type) : tellFacet(this.methods)
    return this.#tellFacet
  }

  get askFacet(): FacetClass {
    this.#askFacet ??= this.opaque ? opaqueFacet(this.type) : askFacet(this.methods)
    return this.#askFacet
  }

  /** The definition of a class, read at the first call. @throws TroupeError ERR_BAD_DEFINITION */
  static of(actorClass: AnyActorClass): Definition {
    let definition = definitions.get(actorClass)
    if (definition === undefined) {
      definition = Definition.#read(actorClass)
      definitions.set(actorClass, definition)
    }
    return definition
  }

  /**
   * A definition from what another node says about a class.
   *
   * @param names the public methods, sorted
   * @param keyed indices of methods that take their partition key from their arguments
   * @param channels the channel of each method, where one is named
   * @param deliveries what each method asks of delivery, where it asks for anything
   * @throws TroupeError ERR_BAD_DEFINITION when the table is not sorted, or has names that cannot be called
   */
  static fromTable(
    type: string,
    names: readonly string[],
    keyed: readonly number[] = [],
    channels: readonly (string | null | undefined)[] = [],
    deliveries: readonly (DeliveryOptions | null | undefined)[] = [],
  ): Definition {
    checkTable(type, names)
    const keys = new Set(keyed)
    const methods = names.map(
      (name, index) =>
        new MethodDefinition(type, name, index, {
          keyed: keys.has(index),
          channel: channels[index] ?? undefined,
          delivery: deliveries[index] ?? undefined,
        }),
    )
    return new Definition(type, undefined, true, methods)
  }

  /** Stands for a class that only other nodes know. */
  static opaque(type: string): Definition {
    let definition = opaques.get(type)
    if (definition === undefined) {
      definition = new Definition(type, undefined, true, [])
      if (opaques.size >= MAX_OPAQUE) opaques.clear()
      opaques.set(type, definition)
    }
    return definition
  }

  static #read(actorClass: AnyActorClass): Definition {
    const chain = chainOf(actorClass)
    const own = recordsOf(actorClass)
    const declared = own.find((record) => record.type !== undefined)?.type
    const type = declared ?? actorClass.name
    if (type === '') {
      throw new TroupeError('ERR_BAD_DEFINITION', 'an actor class needs a name: add @actor(…)')
    }
    const bodies = new Map<string, MethodBody>()
    const traits = new Map<string, MethodRecord>()
    let classChannel: string | undefined
    let classDelivery: DeliveryOptions | undefined
    for (const link of chain) {
      readBodies(link, bodies)
      for (const record of recordsOf(link)) {
        classChannel = record.channel ?? classChannel
        classDelivery = joined(classDelivery, record.delivery)
        for (const [name, said] of record.methods) {
          const before = traits.get(name)
          const delivery = joined(before?.delivery, said.delivery)
          traits.set(name, { ...before, ...said, ...(delivery && { delivery }) })
        }
      }
    }
    const names = [...bodies.keys()].filter((name) => traits.get(name)?.hidden !== true).sort()
    const methods = names.map((name, index) => {
      const { channel, key, reentrant, accepts } = traits.get(name) ?? {}
      const body = bodies.get(name)
      const reached = channel ?? classChannel
      const delivery = joined(classDelivery, traits.get(name)?.delivery)
      const about = {
        body,
        key,
        reentrant,
        accepts,
        channel: reached,
        answerChannel: channel,
        delivery,
      }
      return new MethodDefinition(type, name, index, about)
    })
    return new Definition(type, actorClass, declared !== undefined, methods)
  }
}

/** What the second level says wins. */
const joined = (
  first: DeliveryOptions | undefined,
  second: DeliveryOptions | undefined,
): DeliveryOptions | undefined => (first && second ? { ...first, ...second } : (second ?? first))

const definitions = new WeakMap<AnyActorClass, Definition>()
/** Peers name types: the map is bounded. */
const opaques = new Map<string, Definition>()
const MAX_OPAQUE = 1_000

/** The classes from just below `Actor` down to this one. */
function chainOf(actorClass: AnyActorClass): AnyActorClass[] {
  const chain: AnyActorClass[] = []
  for (
    let link: unknown = actorClass;
    typeof link === 'function' && link !== Actor;
    link = Object.getPrototypeOf(link)
  ) {
    chain.unshift(link as AnyActorClass)
  }
  if (chain.length === 0 || !Object.prototype.isPrototypeOf.call(Actor, chain[0] as object)) {
    throw new TroupeError('ERR_BAD_DEFINITION', `${show(actorClass)} does not extend Actor`)
  }
  return chain
}

function readBodies(link: AnyActorClass, bodies: Map<string, MethodBody>): void {
  const prototype: object = link.prototype
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (LIFECYCLE.has(name)) continue
    if (Object.hasOwn(Actor.prototype, name) || NEVER.has(name)) throw overridden(link, name)
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name)
    if (typeof descriptor?.value === 'function') bodies.set(name, descriptor.value as MethodBody)
    else bodies.delete(name)
  }
}

function overridden(link: AnyActorClass, name: string): TroupeError {
  return new TroupeError(
    'ERR_BAD_DEFINITION',
    `class ${link.name} declares ${name}, which belongs to Actor: give it another name`,
  )
}

function checkTable(type: string, names: readonly string[]): void {
  if (names.length > MAX_METHODS) throw badTable(type, `it has ${names.length} methods`)
  let before = ''
  for (const name of names) {
    if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH || NEVER.has(name)) {
      throw badTable(type, `${show(name)} is not a method name`)
    }
    if (!(name > before)) throw badTable(type, `${show(name)} is out of order`)
    before = name
  }
}

const badTable = (type: string, why: string): TroupeError =>
  new TroupeError('ERR_BAD_DEFINITION', `the method table of ${show(type)} is refused: ${why}`)

function digestOf(methods: readonly MethodDefinition[]): string {
  const names = methods.map((method) => method.name)
  const hex = (text: string): string => hashText(text).toString(16).padStart(8, '0')
  return hex(names.join('\n')) + hex(names.reverse().join('\n'))
}
