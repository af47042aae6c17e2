import 'reflect-metadata'
import type { DeliveryOptions } from '../base/delivery-options.js'
import type { Key } from './send-options.js'
import type { StandardSchema } from './standard-schema.js'

/**
 * The first module that troupe loads. Standard decorators hand out `context.metadata` only where
 * `Symbol.metadata` exists, and no Node.js version defines it. The registered symbol is the one that
 * compilers fall back to, so classes compiled before this module ran use the same.
 */
if (Symbol.metadata === undefined) {
  Object.defineProperty(Symbol, 'metadata', { value: Symbol.for('Symbol.metadata') })
}

/** What decorators said about one method. */
export interface MethodRecord {
  channel?: string
  delivery?: DeliveryOptions
  reentrant?: boolean
  hidden?: boolean
  key?: (...args: never[]) => Key
  accepts?: readonly StandardSchema[]
}

/** What decorators said about one class, not counting the classes it extends. */
export class ClassRecord {
  /** The type name given by `@actor`. */
  type: string | undefined = undefined
  channel: string | undefined = undefined
  delivery: DeliveryOptions | undefined = undefined
  /** The property of a message class that `@partitionKey` marks. */
  keyProperty: string | symbol | undefined = undefined
  readonly methods = new Map<string, MethodRecord>()

  method(name: string): MethodRecord {
    let record = this.methods.get(name)
    if (record === undefined) {
      record = {}
      this.methods.set(name, record)
    }
    return record
  }
}

const RECORD = Symbol('troupe:record')

/**
 * The record kept with `holder`, made if there is none. The holder is what a decorator can reach: the
 * class for class decorators, its prototype for members in the legacy mode, `context.metadata` for
 * members in the standard mode.
 */
export function recordAt(holder: object): ClassRecord {
  let record = Reflect.getOwnMetadata(RECORD, holder) as ClassRecord | undefined
  if (record === undefined) {
    record = new ClassRecord()
    Reflect.defineMetadata(RECORD, record, holder)
  }
  return record
}

/** Whatever was recorded for exactly this class, wherever it is kept. */
export function recordsOf(ofClass: abstract new (...args: never[]) => unknown): ClassRecord[] {
  const holders: unknown[] = [ofClass, ofClass.prototype]
  if (Object.hasOwn(ofClass, Symbol.metadata)) holders.push(ofClass[Symbol.metadata])
  const records: ClassRecord[] = []
  for (const holder of holders) {
    if (typeof holder !== 'object' && typeof holder !== 'function') continue
    if (holder === null) continue
    const record = Reflect.getOwnMetadata(RECORD, holder) as ClassRecord | undefined
    if (record !== undefined) records.push(record)
  }
  return records
}
