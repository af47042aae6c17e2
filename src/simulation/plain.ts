import type { Plain } from './op.js'

const DEPTH_MAX = 8
const ITEMS_MAX = 1_000

/**
 * What a history or a trace can hold of any value: JSON's kinds as they are, all else as a text that
 * says what it is. Never throws.
 */
export function toPlain(value: unknown, depth = 0): Plain {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
    case 'string':
      return value
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      return value === null ? null : ofObject(value, depth)
    default:
      return `[${typeof value}]`
  }
}

function ofObject(value: object, depth: number): Plain {
  if (depth >= DEPTH_MAX) return '…'
  const items = (list: Iterable<unknown>): Plain[] => {
    const plain: Plain[] = []
    for (const item of list) {
      if (plain.length >= ITEMS_MAX) break
      plain.push(toPlain(item, depth + 1) ?? null)
    }
    return plain
  }
  try {
    if (Array.isArray(value)) return items(value)
    if (value instanceof Uint8Array) return `[${value.length} bytes]`
    if (value instanceof Error) return `${value.name}: ${value.message}`
    if (value instanceof Date) return value.toISOString()
    if (value instanceof Set) return items(value)
    if (value instanceof Map) return items(value.entries())
    const prototype = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) return String(value)
    const plain: Record<string, Plain> = {}
    for (const [key, item] of Object.entries(value).slice(0, ITEMS_MAX)) {
      const own = toPlain(item, depth + 1)
      if (own !== undefined) plain[key] = own
    }
    return plain
  } catch {
    return '[unreadable]'
  }
}
