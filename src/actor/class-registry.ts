import { TroupeError } from '../base/errors.js'
import type { Actor } from './actor.js'

export type AnyActorClass = abstract new () => Actor<unknown>

const classes = new Map<string, AnyActorClass>()

/** @throws TroupeError ERR_BAD_DEFINITION when another class has that name */
export function registerClass(type: string, actorClass: AnyActorClass): void {
  const holder = classes.get(type)
  if (holder !== undefined && holder !== actorClass) {
    throw new TroupeError(
      'ERR_BAD_DEFINITION',
      `two classes are called '${type}': ${holder.name} and ${actorClass.name}`,
    )
  }
  classes.set(type, actorClass)
}

/** The class that `@actor` registered under this type name. */
export const classNamed = (type: string): AnyActorClass | undefined => classes.get(type)
