import { performance } from 'node:perf_hooks'
import type { Turn } from '../turn.js'

// Captured once: whoever patches the globals later does not change the world's turns.
const micro = queueMicrotask
const immediate = setImmediate
const utilization = performance.eventLoopUtilization.bind(performance)

/** Microtasks and turns of this process's event loop. */
export const realTurn: Turn = {
  micro: (run) => micro(run),
  immediate: (run) => {
    immediate(run)
  },
  workedMs: () => utilization().active,
}
