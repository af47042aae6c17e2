import { TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import type { Actor } from './actor.js'
import { registerClass } from './class-registry.js'
import {
  type ClassOrMethodDecoration,
  decorationOf,
  type MethodDecoration,
  misplaced,
  placeOf,
} from './decoration.js'
import type { MethodRecord } from './metadata.js'
import type { StandardSchema } from './standard-schema.js'

/** The decorator `@actor(name)` makes, for legacy and standard decorators. */
export type ActorDecoration = (
  target: abstract new () => Actor<unknown>,
  context?: ClassDecoratorContext,
) => void

/**
 * Gives an actor class its type name: the one it has in refs, in the registry and on the wire. Other
 * nodes find the class by this name and not by its name in the source. A class without it can be
 * spawned and used on its own node only.
 *
 * @param name such as `arena/counter`; one class a name
 * @throws TroupeError ERR_BAD_DEFINITION for a name another class has
 */
export function actor(name: string): ActorDecoration {
  checkName('actor', name)
  return (target, context) => {
    const at = decorationOf('actor', target, context, undefined)
    if (at.kind !== 'class') throw misplaced('actor', placeOf(at))
    if (at.record.type !== undefined) {
      throw new TroupeError(
        'ERR_BAD_DEFINITION',
        `@actor stands twice on class ${target.name}: ${show(at.record.type)} and ${show(name)}`,
      )
    }
    registerClass(name, target)
    at.record.type = name
  }
}

/**
 * The channel on which messages to this method, or to all methods of this class, travel to other
 * nodes. A method's channel wins over its class's; an option of one send wins over both. The answers
 * of a method that names a channel travel on it too.
 */
export function channel(name: string): ClassOrMethodDecoration {
  checkName('channel', name)
  return (target, context, descriptor) => {
    const at = decorationOf('channel', target, context, descriptor)
    if (at.kind === 'property') throw misplaced('channel', placeOf(at))
    if (at.kind === 'class') at.record.channel = name
    else at.record.method(at.name).channel = name
  }
}

/**
 * Lets other messages of the actor in while this method awaits, and lets this method in while another
 * one awaits: it does not take part in "one message at a time". Between two awaits nothing else runs
 * even so. Read `this.signal` and call `this.deferReply()` before the first await of such a method.
 */
export const reentrant: MethodDecoration = (target, context, descriptor) => {
  methodRecord('reentrant', target, context, descriptor).reentrant = true
}

/** Keeps a method out of the table of those that messages can call. `#private` methods are never in it. */
export const hidden: MethodDecoration = (target, context, descriptor) => {
  methodRecord('hidden', target, context, descriptor).hidden = true
}

/**
 * Checks the arguments before the method sees them, with one Standard Schema (zod, valibot, …) per
 * argument, which may be asynchronous. What fails is ERR_BAD_ARGUMENTS to the asker, with the issues
 * in `data` and the argument's position first in their path; a tell becomes a dead letter. The method
 * gets what the schemas made of the arguments: defaults filled in, coerced, unknown keys dropped as
 * the schema says; arguments beyond the schemas are refused.
 */
export function accepts(...schemas: readonly StandardSchema[]): MethodDecoration {
  for (const schema of schemas) {
    if (typeof schema?.['~standard']?.validate !== 'function') {
      throw new TroupeError(
        'ERR_BAD_DEFINITION',
        `@accepts takes Standard Schemas, got ${show(schema)}`,
      )
    }
  }
  return (target, context, descriptor) => {
    methodRecord('accepts', target, context, descriptor).accepts = schemas
  }
}

function methodRecord(
  decorator: string,
  target: unknown,
  context: unknown,
  descriptor: unknown,
): MethodRecord {
  const at = decorationOf(decorator, target, context, descriptor)
  if (at.kind !== 'method') throw misplaced(decorator, placeOf(at))
  return at.record.method(at.name)
}

function checkName(decorator: string, name: unknown): void {
  if (typeof name !== 'string' || name === '') {
    throw new TroupeError(
      'ERR_BAD_DEFINITION',
      `@${decorator} takes a non-empty name, got ${show(name)}`,
    )
  }
}
