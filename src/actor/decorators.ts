import { type DeliveryOptions, isCausalLabel } from '../base/delivery-options.js'
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
 * Messages to this method, or to all methods of this class, are acknowledged by the other node when the
 * mailbox took them and sent again until then, and duplicates are dropped: each arrives once, while
 * both nodes live. What is given up is a dead letter. An option of one send wins.
 */
export const reliable: ClassOrMethodDecoration = (target, context, descriptor) => {
  askDelivery('reliable', { reliable: true }, target, context, descriptor)
}

/**
 * Messages to this method, or to all methods of this class, are reliable and in causal order with all
 * messages of this label, whoever sends them: no node gets one before those to it that happened before.
 *
 * @param label 1 to 64 characters that all nodes share
 * @throws TroupeError ERR_BAD_DEFINITION
 */
export function causal(label: string): ClassOrMethodDecoration {
  if (typeof label !== 'string' || !isCausalLabel.test(label)) {
    throw new TroupeError(
      'ERR_BAD_DEFINITION',
      `@causal takes a label of 1 to 64 characters, got ${show(label)}`,
    )
  }
  return (target, context, descriptor) => {
    askDelivery('causal', { causal: label }, target, context, descriptor)
  }
}

/**
 * While the way to the other node is congested only the newest tell to an actor, a method and a key
 * waits, and takes the place of the one before: for positions, gauges, cursors.
 */
export const monotonic: ClassOrMethodDecoration = (target, context, descriptor) => {
  askDelivery('monotonic', { monotonic: true }, target, context, descriptor)
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

function askDelivery(
  decorator: string,
  asked: DeliveryOptions,
  target: unknown,
  context: unknown,
  descriptor: unknown,
): void {
  const at = decorationOf(decorator, target, context, descriptor)
  if (at.kind === 'property') throw misplaced(decorator, placeOf(at))
  const record = at.kind === 'class' ? at.record : at.record.method(at.name)
  const [option] = Object.keys(asked) as [keyof DeliveryOptions]
  if (record.delivery?.[option] !== undefined) {
    throw new TroupeError('ERR_BAD_DEFINITION', `@${decorator} stands twice on ${placeOf(at)}`)
  }
  record.delivery = { ...record.delivery, ...asked }
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
