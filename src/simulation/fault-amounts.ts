/** How strong faults are that a model draws, the mildest first. */
export const AMOUNTS = {
  omitPercent: [10, 30, 100],
  bitflipPercent: [1, 5],
  stalePercent: [30, 100],
  delayMs: [5, 50, 500, 2_000],
  duplicatePercent: [10, 50],
  reorderMs: [1, 10, 200],
  clockMs: [50, 500, 60_000],
  driftPpm: [50, 200, 5_000],
  disk: ['slow', 'fail', 'full'],
} as const
