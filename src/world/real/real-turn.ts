import type { Turn } from '../turn.js'

// Captured once: whoever patches the globals later does not change the world's turns.
const micro = queueMicrotask
const immediate = setImmediate

/** Microtasks and turns of this process's event loop. */
export const realTurn: Turn = {
  micro: (run) => micro(run),
  immediate: (run) => {
    immediate(run)
  },
}
