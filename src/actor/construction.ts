import { TroupeError } from '../base/errors.js'
import type { Actor } from './actor.js'
import type { Context } from './context.js'

let next: Context | undefined

/** Makes an instance whose constructor finds this context. */
export function construct(actorClass: new () => Actor<unknown>, context: Context): Actor<unknown> {
  const outer = next
  next = context
  try {
    return new actorClass()
  } finally {
    next = outer
  }
}

/** The context for the actor whose constructor runs. @throws TroupeError ERR_NOT_SPAWNED */
export function takeContext(className: string): Context {
  const context = next
  next = undefined
  if (context === undefined) {
    throw new TroupeError(
      'ERR_NOT_SPAWNED',
      `${className} is an actor: spawn(${className}) makes one, new does not`,
    )
  }
  return context
}
