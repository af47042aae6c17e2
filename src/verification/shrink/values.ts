import type { Plain, Script } from '../../simulation/index.js'
import type { Trials } from './trials.js'

/** Strings of the run that failed that are tried for others. */
const STRINGS_MAX = 8

/** Puts simple values in the place of arguments: equal ones for equal ones, different ones for different ones. */
export async function simplifyValues(trials: Trials): Promise<void> {
  await renumber(trials)
  const strings = leavesOf(trials.first).filter((leaf) => typeof leaf === 'string')
  const known = strings.sort().slice(0, STRINGS_MAX)
  for (const value of leavesOf(trials.present.case.script)) {
    for (const simpler of simplerThan(value, known)) {
      if (leavesOf(trials.present.case.script).includes(simpler)) continue
      if (await attempt(trials, (leaf) => (leaf === value ? simpler : leaf))) break
    }
  }
}

/** 1, 2, 3 … for the numbers of all arguments, in the order in which they come. */
async function renumber(trials: Trials): Promise<void> {
  const numbers = leavesOf(trials.present.case.script).filter((leaf) => typeof leaf === 'number')
  const names = new Map(numbers.map((value, at) => [value as Plain, at + 1]))
  await attempt(trials, (leaf) => names.get(leaf) ?? leaf)
}

function simplerThan(value: Plain, strings: readonly Plain[]): readonly Plain[] {
  if (typeof value === 'number') return [1, 2, 3]
  if (typeof value !== 'string' || value === '') return []
  return [...strings, value[0] as string]
}

/** All different values in the arguments of a script's operations that have no parts. */
function leavesOf(script: Script | undefined): Plain[] {
  const leaves = new Set<Plain>()
  if (script !== undefined) eachLeaf(script, (leaf) => leaves.add(leaf))
  return [...leaves]
}

async function attempt(trials: Trials, change: (leaf: Plain) => Plain): Promise<boolean> {
  const { case: present } = trials.present
  const { script } = present
  if (script === undefined) return false
  const steps = script.steps.map((step) => {
    const { act } = step
    if (act.type !== 'op') return step
    return { ...step, act: { ...act, args: act.args.map((arg) => mapped(arg, change)) } }
  })
  const changed: Script = { ...script, steps }
  return weight(changed) < weight(script) && trials.take({ ...present, script: changed })
}

/** Falls with every change, so that changes come to an end. */
function weight(script: Script): number {
  let sum = 0
  eachLeaf(script, (leaf) => {
    if (typeof leaf === 'number') sum += Math.abs(leaf)
    else if (typeof leaf === 'string')
      sum += 1_000 * leaf.length + (leaf.charCodeAt(0) % 1_000 || 0)
  })
  return sum
}

function eachLeaf({ steps }: Script, see: (leaf: Plain) => void): void {
  const pass = (leaf: Plain): Plain => {
    see(leaf)
    return leaf
  }
  for (const { act } of steps) if (act.type === 'op') for (const arg of act.args) mapped(arg, pass)
}

function mapped(value: Plain, change: (leaf: Plain) => Plain): Plain {
  if (typeof value !== 'object' || value === null) return change(value)
  if (Array.isArray(value)) return (value as readonly Plain[]).map((item) => mapped(item, change))
  const entries = Object.entries(value).map(([key, item]) => [key, mapped(item as Plain, change)])
  return Object.fromEntries(entries)
}
