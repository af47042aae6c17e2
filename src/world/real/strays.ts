/** Who is told, the latest last: runs may overlap, and of a stray nobody knows whose it is. */
const told: ((error: unknown) => void)[] = []
let giveBack: (() => void) | undefined

/**
 * Until the returned function is called, unhandled rejections and uncaught exceptions of this
 * process go to `onStray` and to nobody else. For the time of a simulated run: what breaks in it is
 * the run's failure, whichever test runner surrounds it.
 */
export function catchStrays(onStray: (error: unknown) => void): () => void {
  const own = (error: unknown): void => onStray(error)
  told.push(own)
  giveBack ??= takeOver()
  return () => {
    const at = told.indexOf(own)
    if (at >= 0) told.splice(at, 1)
    if (told.length > 0) return
    giveBack?.()
    giveBack = undefined
  }
}

function takeOver(): () => void {
  const rejections = takeListeners('unhandledRejection')
  const exceptions = takeListeners('uncaughtException')
  const tell = (error: unknown): void => {
    for (const onStray of [...told]) onStray(error)
  }
  process.on('unhandledRejection', tell)
  process.on('uncaughtException', tell)
  return () => {
    process.off('unhandledRejection', tell)
    process.off('uncaughtException', tell)
    for (const listener of rejections) process.on('unhandledRejection', listener)
    for (const listener of exceptions) process.on('uncaughtException', listener)
  }
}

type Listener = (...args: unknown[]) => void

function takeListeners(event: 'unhandledRejection' | 'uncaughtException'): Listener[] {
  const emitter = process as NodeJS.EventEmitter
  const listeners = emitter.rawListeners(event) as Listener[]
  emitter.removeAllListeners(event)
  return listeners
}
