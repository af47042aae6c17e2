import { TroupeError } from '../../base/errors.js'
import { type GuardedHost, type GuardKind, guardSlot } from './slot.js'

type AnyFunction = (this: unknown, ...args: never[]) => unknown

/** What the simulated world does in place of a global; undefined: it cannot. */
export type Stand = (host: GuardedHost, args: unknown[], self: unknown) => unknown

/** By this symbol a function in place of another one gives the real one. */
export const REAL = Symbol.for('troupe.real')

/** The real thing is called unless code of a simulated node calls; then the policy of its kind decides. */
export function guarded<F extends AnyFunction>(
  kind: GuardKind,
  name: string,
  real: F,
  stand?: Stand,
): F {
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const host = hostFor(kind, name, stand !== undefined, wrapper)
    if (host === undefined) return Reflect.apply(real, this, args)
    return (stand as Stand)(host, args, this)
  }
  Object.defineProperties(wrapper, Object.getOwnPropertyDescriptors(real))
  Object.defineProperty(wrapper, REAL, { value: real })
  return wrapper as unknown as F
}

/** The same for `new`. */
export function guardedClass<C extends new (...args: never[]) => object>(
  kind: GuardKind,
  name: string,
  real: C,
  stand?: (host: GuardedHost, args: unknown[], newTarget: NewableFunction) => object,
): C {
  const proxy: C = new Proxy(real, {
    construct(target, args, newTarget) {
      const host = hostFor(kind, name, stand !== undefined, proxy)
      if (host === undefined) return Reflect.construct(target, args, newTarget)
      return (stand as NonNullable<typeof stand>)(host, args, newTarget)
    },
  })
  return proxy
}

/** The simulated program that has to be served, if one runs and its world can. @throws TroupeError ERR_GUARDED */
export function hostFor(
  kind: GuardKind,
  name: string,
  possible: boolean,
  below: object,
): GuardedHost | undefined {
  const { host } = guardSlot
  if (host === undefined) return undefined
  const policy = host.policies[kind]
  if (policy === 'off') return undefined
  if (policy === 'virtualize' && possible) {
    host.used(name, () => callerOf(below))
    return host
  }
  // what follows, such as the text of the error, is not the program's doing
  guardSlot.host = undefined
  try {
    const at = callerOf(below)
    const why = possible ? `guards forbid '${kind}'` : 'a simulation cannot repeat it'
    const where = at === undefined ? '' : ` at ${at}`
    const detail = `${name} was used on node ${host.name}${where}: ${why}`
    const error = new TroupeError('ERR_GUARDED', detail)
    host.refused(error)
    throw error
  } finally {
    guardSlot.host = host
  }
}

/** File, line and column of who called a function. */
function callerOf(below: object): string | undefined {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, below as NewableFunction)
  const frames = holder.stack?.split('\n').slice(1) ?? []
  for (const frame of frames) {
    if (/\bnode:|node_modules|\/simulation\/guard/.test(frame)) continue
    const place = /\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/.exec(frame)?.[1]
    if (place !== undefined) return place
  }
  return undefined
}
