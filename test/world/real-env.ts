import { setTimeout as sleep } from 'node:timers/promises'
import { assert } from 'chai'

const PATIENCE_MS = 4_000

/** Polls until the predicate holds: the real world's way to wait in a contract suite. */
export async function realUntil(predicate: () => boolean, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!predicate()) {
    if (performance.now() > end) assert.fail(`${what} did not happen within ${PATIENCE_MS} ms`)
    await sleep(1)
  }
}

export const realPass = async (ms: number): Promise<void> => {
  await sleep(Math.ceil(ms) + 1)
}

export const realComplete = <T>(promise: Promise<T>): Promise<T> => promise
