const WORK_MS = 50

/**
 * How many times as long as its work takes this process waits for it, because others use the processors.
 * 1 on a machine with time to spare.
 */
export function slowness(): number {
  const startMs = performance.now()
  const before = process.cpuUsage()
  let usedMs = 0
  do {
    const { user, system } = process.cpuUsage(before)
    usedMs = (user + system) / 1_000
  } while (usedMs < WORK_MS)
  return (performance.now() - startMs) / usedMs
}
