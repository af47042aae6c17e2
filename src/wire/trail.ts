/** One step from a container to a value in it: a property, an index, or a place that has no such name. */
export type Step = string | number | Entry

export interface Entry {
  readonly of: 'key' | 'value' | 'item' | 'wire'
  readonly index: number
}

/** From an instance of a registered class to what its `toWire` gave. */
export const WIRE: Entry = { of: 'wire', index: 0 }

/** The way as a programmer would write it: `arguments[0].a.b[3]`. */
export function pathText(root: string, steps: readonly Step[]): string {
  let text = root
  for (const step of steps) {
    if (typeof step === 'number') text += `[${step}]`
    else if (typeof step === 'string') text += property(step)
    else text += ENTRY_TEXT[step.of](step.index)
  }
  return text
}

/** The number of leading steps that lead to a value which contains itself, or undefined. */
export function cycleIn(root: unknown, steps: readonly Step[]): number | undefined {
  const met = new Set<unknown>()
  let value = root
  try {
    for (let i = 0; i < steps.length; i++) {
      if (met.has(value)) return i
      met.add(value)
      value = follow(value, steps[i] as Step)
    }
  } catch {
    return undefined // a getter that makes new values may throw when it is read once more
  }
  return met.has(value) ? steps.length : undefined
}

function follow(value: unknown, step: Step): unknown {
  if (typeof step !== 'object') return (value as Record<string | number, unknown>)[step]
  if (step.of === 'item') return [...(value as Set<unknown>)][step.index]
  if (step.of === 'wire') return undefined
  return [...(value as Map<unknown, unknown>)][step.index]?.[step.of === 'key' ? 0 : 1]
}

function property(name: string): string {
  const short = name.length > 60 ? `${name.slice(0, 57)}…` : name
  const plain = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(short)
  return plain ? `.${short}` : `[${JSON.stringify(short)}]`
}

const ENTRY_TEXT: Record<Entry['of'], (index: number) => string> = {
  key: (index) => `.keys()[${index}]`,
  value: (index) => `.values()[${index}]`,
  item: (index) => `.values()[${index}]`,
  wire: () => '.toWire()',
}
