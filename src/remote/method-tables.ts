import { classNamed } from '../actor/class-registry.js'
import { Definition } from '../actor/definition.js'
import { type DeliveryOptions, readDelivery } from '../base/delivery-options.js'
import { codeOf, TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import type { Clock } from '../world/clock.js'
import type { Control } from './control.js'
import type { RemotePeer } from './remote-peer.js'

/** What one peer incarnation says about one class. Its table alone decides what an index means. */
export class PeerTable {
  /** Undefined while it was not received; then methods travel by name. */
  indices: ReadonlyMap<string, number> | undefined = undefined
  /** What the methods of this definition are called on the wire, by their index in it. */
  wires: readonly (number | string)[] | undefined = undefined
  definition: Definition | undefined = undefined
  asking = false
  /** Not asked again before this time of the world's clock. */
  notBeforeMs = 0
}

/**
 * How methods are named on the wire. A method travels as its name until the receiver's table of that
 * class has come, and as its index there from then on. The table is asked for in the background, once
 * per peer incarnation and class; so two versions of a class never call the wrong method.
 */
export class MethodTables {
  readonly #control: Control
  readonly #clock: Clock

  constructor(control: Control, clock: Clock) {
    this.#control = control
    this.#clock = clock
    control.handle(TABLE, (_from, [type]) => tableOf(type))
  }

  /**
   * What the methods of a class are called on the way to actors of that peer: their index there, or
   * the name of one that is not in the peer's table. Undefined while that table is not known here;
   * then it is asked for.
   */
  wires(peer: RemotePeer, definition: Definition): readonly (number | string)[] | undefined {
    const table = peer.tables.get(definition.type)
    const indices = table?.indices
    if (table === undefined || indices === undefined) {
      if (!table?.asking) this.#ask(peer, definition.type, table)
      return undefined
    }
    if (table.wires === undefined || table.definition !== definition) {
      table.wires = definition.methods.map(({ name }) => indices.get(name) ?? name)
      table.definition = definition
    }
    return table.wires
  }

  #ask(peer: RemotePeer, type: string, known: PeerTable | undefined): void {
    let table = known
    if (table === undefined) {
      table = new PeerTable()
      peer.tables.set(type, table)
    } else if (this.#clock.now() < table.notBeforeMs) return
    table.asking = true
    this.#control.request(peer.name, TABLE, [type]).then(
      (answer) => this.#received(peer, type, table, answer),
      (error: unknown) => this.#failed(table, error),
    )
  }

  #received(peer: RemotePeer, type: string, table: PeerTable, answer: unknown): void {
    table.asking = false
    try {
      table.indices = indicesOf(definitionFromWire(type, answer))
    } catch (error) {
      this.#failed(table, error)
      return
    }
    if (peer.gone) table.indices = undefined
  }

  #failed(table: PeerTable, error: unknown): void {
    table.asking = false
    const forever = codeOf(error) === 'ERR_UNKNOWN_CLASS' || codeOf(error) === 'ERR_DECODE'
    table.notBeforeMs = forever ? Number.POSITIVE_INFINITY : this.#clock.now() + RETRY_MS
  }
}

/** A method table in flight: `[names, indices of keyed methods, channel of each or null, delivery of each or null]`. */
export type WireTable = readonly [
  readonly string[],
  readonly number[],
  readonly (string | null)[],
  readonly (DeliveryOptions | null)[],
]

export function tableToWire(definition: Definition): WireTable {
  const { methods } = definition
  return [
    methods.map((method) => method.name),
    methods.filter((method) => method.keyed).map((method) => method.index),
    methods.map((method) => method.channel ?? null),
    methods.map((method) => (method.delivery === undefined ? null : { ...method.delivery })),
  ]
}

/** @throws TroupeError ERR_DECODE when what a peer sent is no table */
export function definitionFromWire(type: string, wire: unknown): Definition {
  const [names, keyed, channels, deliveries] = Array.isArray(wire)
    ? (wire as readonly unknown[])
    : []
  if (
    !isList(names, isText) ||
    !isList(keyed, isIndex) ||
    !isList(channels, isTextOrNull) ||
    !isList(deliveries, isObjectOrNull)
  ) {
    throw new TroupeError('ERR_DECODE', `the method table of ${show(type)} is malformed`)
  }
  try {
    const asked = deliveries.map((each) => each && readDelivery(`${type}.delivery`, each))
    return Definition.fromTable(type, names, keyed, channels, asked)
  } catch (cause) {
    throw new TroupeError('ERR_DECODE', `the method table of ${show(type)} is refused`, { cause })
  }
}

const TABLE = 'table'
/** Pause after a request for a table that failed. */
const RETRY_MS = 5_000
const METHODS_MAX = 1_000
const TEXT_MAX = 256

function tableOf(type: unknown): WireTable {
  const actorClass = typeof type === 'string' ? classNamed(type) : undefined
  if (actorClass === undefined) {
    throw new TroupeError('ERR_UNKNOWN_CLASS', `no actor class is registered as ${show(type)}`)
  }
  return tableToWire(Definition.of(actorClass))
}

function indicesOf(definition: Definition): Map<string, number> {
  const indices = new Map<string, number>()
  for (const method of definition.methods) indices.set(method.name, method.index)
  return indices
}

function isList<T>(value: unknown, is: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.length <= METHODS_MAX && value.every(is)
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= TEXT_MAX

const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value)

const isObjectOrNull = (value: unknown): value is object | null => typeof value === 'object'

const isIndex = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < METHODS_MAX
