import { TroupeError } from '../base/errors.js'
import { type ClassRecord, recordAt } from './metadata.js'

/**
 * Where a decorator stands, told alike for the legacy and the standard mode. Only in the standard mode
 * is the second argument an object with `kind` and `metadata`.
 */
export type Decoration =
  | { readonly kind: 'class'; readonly actorClass: AnyClass; readonly record: ClassRecord }
  | { readonly kind: 'method'; readonly name: string; readonly record: ClassRecord }
  | { readonly kind: 'property'; readonly name: string | symbol; readonly record: ClassRecord }

export type AnyClass = abstract new (...args: never[]) => unknown

/** The type of a decorator for methods, in both modes. */
export type MethodDecoration = (
  target: object,
  context: string | symbol | ClassMethodDecoratorContext,
  descriptor?: PropertyDescriptor,
) => void

/** The type of a decorator for classes and methods, in both modes. */
export type ClassOrMethodDecoration = (
  target: object,
  context?: string | symbol | ClassMethodDecoratorContext | ClassDecoratorContext,
  descriptor?: PropertyDescriptor,
) => void

/** @throws TroupeError ERR_BAD_DEFINITION for static, private and symbol-named members */
export function decorationOf(
  decorator: string,
  target: unknown,
  context: unknown,
  descriptor: unknown,
): Decoration {
  if (typeof context === 'object' && context !== null && 'kind' in context) {
    return standard(decorator, target, context as DecoratorContext)
  }
  if (typeof target === 'function' && context === undefined) {
    return { kind: 'class', actorClass: target as AnyClass, record: recordAt(target) }
  }
  if (typeof target === 'function') throw misplaced(decorator, `static ${String(context)}`)
  if (typeof target !== 'object' || target === null) throw misplaced(decorator, 'something else')
  const method = typeof (descriptor as PropertyDescriptor | undefined)?.value === 'function'
  return member(decorator, method, context as string | symbol, recordAt(target))
}

function standard(decorator: string, target: unknown, context: DecoratorContext): Decoration {
  if (context.kind === 'class') {
    return { kind: 'class', actorClass: target as AnyClass, record: recordAt(target as object) }
  }
  if (context.private) throw misplaced(decorator, `private ${String(context.name)}`)
  if (context.static) throw misplaced(decorator, `static ${String(context.name)}`)
  const { kind, name, metadata } = context
  return member(decorator, kind === 'method', name, recordAt(metadata))
}

function member(
  decorator: string,
  method: boolean,
  name: string | symbol,
  record: ClassRecord,
): Decoration {
  if (!method) return { kind: 'property', name, record }
  if (typeof name === 'symbol') throw misplaced(decorator, String(name))
  return { kind: 'method', name, record }
}

export function misplaced(decorator: string, where: string): TroupeError {
  return new TroupeError('ERR_BAD_DEFINITION', `@${decorator} cannot stand on ${where}`)
}

/** What a decorator stands on, for an error message. */
export function placeOf(decoration: Decoration): string {
  if (decoration.kind === 'class') return `class ${decoration.actorClass.name}`
  return `${decoration.kind} ${String(decoration.name)}`
}
