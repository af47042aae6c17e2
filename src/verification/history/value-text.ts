import type { Plain } from '../../simulation/op.js'

/** A text that two values share exactly when they are equal; the order of an object's fields does not count. */
export function valueText(value: Plain): string {
  if (value === undefined || value === null) return 'null'
  if (typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(valueText).join(',')}]`
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${valueText(field)}`).join(',')}}`
}

const LONGEST = 80

/** A value for people: short. */
export function shortText(value: Plain): string {
  const text = valueText(value)
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`
}
