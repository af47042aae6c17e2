import { guardedClass } from './guard.js'

/** When garbage is collected depends on the machine: for simulated nodes it never is, as far as they can see. */
export function guardGarbage(): void {
  /** As long as a ref lives so does what it stands for. */
  const targets = new WeakMap<object, unknown>()
  const RealRef = globalThis.WeakRef
  globalThis.WeakRef = guardedClass('gc', 'new WeakRef', RealRef, (_host, args, newTarget) => {
    const ref = Reflect.construct(RealRef, args, newTarget) as object
    targets.set(ref, args[0])
    return ref
  })
  const RealRegistry = globalThis.FinalizationRegistry
  globalThis.FinalizationRegistry = guardedClass(
    'gc',
    'new FinalizationRegistry',
    RealRegistry,
    (_host, _args, newTarget) => Reflect.construct(RealRegistry, [() => {}], newTarget) as object,
  )
}
