/**
 * Until the returned function is called, unhandled rejections and uncaught exceptions of this
 * process go to `onStray` and to nobody else. For the time of a simulated run: what breaks in it is
 * the run's failure, whichever test runner surrounds it.
 */
export function catchStrays(onStray: (error: unknown) => void): () => void {
  const rejections = takeListeners('unhandledRejection')
  const exceptions = takeListeners('uncaughtException')
  process.on('unhandledRejection', onStray)
  process.on('uncaughtException', onStray)
  return () => {
    process.off('unhandledRejection', onStray)
    process.off('uncaughtException', onStray)
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
