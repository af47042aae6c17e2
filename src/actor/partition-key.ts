import { TroupeError } from '../base/errors.js'
import { decorationOf, misplaced, placeOf } from './decoration.js'
import { recordAt, recordsOf } from './metadata.js'
import type { Key } from './send-options.js'

/** The decorator made by the extractor form; one call signature, because overloads break the inference of the arguments. */
export type PartitionKeyMethod<A extends unknown[]> = (
  target: object | ((...args: A) => unknown),
  // biome-ignore lint/suspicious/noExplicitAny: only `any` leaves `A` to be inferred from the method
  context: string | symbol | ClassMethodDecoratorContext<any, (this: any, ...args: A) => any>,
  // biome-ignore lint/suspicious/noExplicitAny: as above
  descriptor?: TypedPropertyDescriptor<(...args: A) => any>,
) => void

/**
 * Which messages keep their order among each other and share a lane: those of equal key.
 *
 * - On a method, `@partitionKey((move) => move.board)` takes the key from the arguments, which are
 *   typed from the method.
 * - On a property of a message class, `@partitionKey` makes it the key of every message whose first
 *   argument is an instance of that class.
 * - On a parameter, `@partitionKey` makes that argument the key (legacy decorators only).
 *
 * @throws TroupeError ERR_BAD_DEFINITION when it stands elsewhere, or twice
 */
export function partitionKey(proto: object, name: string | symbol | undefined, index: number): void
export function partitionKey(proto: object, name: string | symbol): void
export function partitionKey<This, V extends Key>(
  value: undefined,
  context: ClassFieldDecoratorContext<This, V>,
): void
export function partitionKey<A extends unknown[]>(
  extract: NoInfer<(...args: A) => Key>,
): PartitionKeyMethod<A>
export function partitionKey(first: unknown, second?: unknown, third?: unknown): unknown {
  if (typeof first === 'function' && second === undefined && third === undefined) {
    return (target: unknown, context: unknown, descriptor?: unknown): void => {
      const at = decorationOf('partitionKey', target, context, descriptor)
      if (at.kind !== 'method') throw misplaced('partitionKey(…)', placeOf(at))
      setKey(at.record.method(at.name), at.name, first as (...args: never[]) => Key)
    }
  }
  if (typeof third === 'number') {
    if (typeof second !== 'string' || typeof first !== 'object' || first === null) {
      throw misplaced('partitionKey', 'a parameter of a constructor or static method')
    }
    const index = third
    setKey(recordAt(first).method(second), second, (...args: unknown[]) => args[index] as Key)
    return undefined
  }
  const at = decorationOf('partitionKey', first, second, third)
  if (at.kind !== 'property') throw misplaced('partitionKey without an extractor', placeOf(at))
  if (at.record.keyProperty !== undefined) {
    throw new TroupeError(
      'ERR_BAD_DEFINITION',
      `@partitionKey stands on ${String(at.record.keyProperty)} and on ${String(at.name)} of one class`,
    )
  }
  at.record.keyProperty = at.name
  anyKeyedMessages = true
  return undefined
}

function setKey(
  record: { key?: (...args: never[]) => Key },
  name: string,
  key: (...args: never[]) => Key,
): void {
  if (record.key !== undefined) {
    throw new TroupeError('ERR_BAD_DEFINITION', `@partitionKey stands twice on ${name}`)
  }
  record.key = key
}

let anyKeyedMessages = false
const keyProperties = new WeakMap<object, string | symbol | false>()

/** The marked property of a message class's instance; undefined for everything else. */
export function messageKey(message: unknown): unknown {
  if (!anyKeyedMessages || typeof message !== 'object' || message === null) return undefined
  const prototype: object | null = Object.getPrototypeOf(message)
  if (prototype === null || prototype === Object.prototype) return undefined
  let property = keyProperties.get(prototype)
  if (property === undefined) {
    property = keyPropertyOf(prototype)
    keyProperties.set(prototype, property)
  }
  return property === false ? undefined : (message as Record<string | symbol, unknown>)[property]
}

function keyPropertyOf(start: object): string | symbol | false {
  for (
    let prototype: object | null = start;
    prototype !== null && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const holder: unknown = Object.hasOwn(prototype, 'constructor') && prototype.constructor
    if (typeof holder !== 'function') continue
    for (const record of recordsOf(holder as abstract new () => unknown)) {
      if (record.keyProperty !== undefined) return record.keyProperty
    }
  }
  return false
}
