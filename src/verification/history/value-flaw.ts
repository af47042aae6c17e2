/** How deep a value may be nested. */
const DEPTH_MAX = 100

/** `read`: it comes from a text, which may have said a number that is kept as another one. */
export type Source = 'made' | 'read'

/** What keeps a value from being compared with others, as the end of a sentence; undefined: nothing does. */
export function flawOf(value: unknown, source: Source, depth = 0): string | undefined {
  if (typeof value === 'number') return flawOfNumber(value, source)
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') {
    return `holds a ${typeof value}, which is no JSON`
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === DEPTH_MAX) return `is nested more than ${DEPTH_MAX} deep`
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    const flaw = flawOf(item, source, depth + 1)
    if (flaw !== undefined) return flaw
  }
  return undefined
}

function flawOfNumber(value: number, source: Source): string | undefined {
  if (!Number.isFinite(value)) return `holds the number ${value}: numbers must be finite`
  if (source === 'made' || !Number.isInteger(value) || Number.isSafeInteger(value)) return undefined
  const most = Number.MAX_SAFE_INTEGER
  return `holds a whole number beyond ±${most}, which is not kept to the digit: write it as a text`
}
