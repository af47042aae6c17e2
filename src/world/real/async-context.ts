import { AsyncLocalStorage, createHook } from 'node:async_hooks'

/**
 * A value that follows what it was set for through promises and callbacks. On Node before 24 every
 * promise of the process costs more while one is in use; therefore there is one storage for all, and
 * `release` ends its use.
 */
const storage = new AsyncLocalStorage<object | undefined>()
let users = 0

export function runInContext(value: object, body: () => void): void {
  storage.run(value, body)
}

export function contextNow(): object | undefined {
  return storage.getStore()
}

/** Contexts set before are seen again from here on. The function returned lets go. */
export function useContext(): () => void {
  users++
  storage.enterWith(undefined)
  let used = true
  return () => {
    if (!used) return
    used = false
    if (--users === 0) storage.disable()
  }
}

/**
 * Calls `note` with the context in which a promise or another asynchronous resource is made, and the
 * resource's type. Slow: for a search.
 */
export function watchResources(note: (context: object, type: string) => void): () => void {
  const hook = createHook({
    init(_id, type) {
      const context = storage.getStore()
      if (context !== undefined) note(context, type)
    },
  })
  hook.enable()
  return () => {
    hook.disable()
  }
}
