import { setTimeout as pause } from 'node:timers/promises'

/** Waits for a condition, generously: the machine may be busy. A condition that throws does not hold yet. */
export async function until(what: string, holds: () => unknown, withinMs = 15_000): Promise<void> {
  const end = Date.now() + withinMs
  let last: unknown
  for (;;) {
    try {
      last = await holds()
      if (last) return
    } catch (error) {
      last = error
    }
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what} (last: ${last})`)
    await pause(10)
  }
}
