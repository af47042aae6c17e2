import type { Result } from './result.js'
import type { Script, ScriptAct, ScriptStep } from './script.js'

/**
 * A run's operations, faults and changes of membership as a script, with the same order and concurrency.
 * `times`: `gaps` keeps those that do not follow from what a step waits for, `all` keeps every one.
 */
export function scriptOf(result: Result, times: 'gaps' | 'all' = 'gaps'): Script {
  const placed = placedSteps(result)
  const nodes = result.script?.nodes
  const steps: ScriptStep[] = []
  let freeUs = 0
  let earlierEnd = Number.NEGATIVE_INFINITY
  for (const [at, { act, begin, atUs }] of placed.entries()) {
    const before = placed.slice(0, at)
    const ended = before.filter(({ end }) => end <= begin)
    const readyUs = ended.reduce((us, { endUs }) => Math.max(us, endUs), freeUs)
    const late = times === 'all' ? atUs > 0 : atUs > readyUs
    const sequential = earlierEnd <= begin
    steps.push({
      act,
      ...(!sequential && { after: nearest(placed, at) }),
      ...(late && { atUs }),
    })
    freeUs = atUs
    earlierEnd = Math.max(earlierEnd, placed[at]?.end ?? 0)
  }
  return { ...(nodes !== undefined && { nodes }), steps }
}

/** What has ended before a step began, without what has ended before the beginning of another such one. */
function nearest(placed: readonly Placed[], at: number): number[] {
  const { begin } = placed[at] as Placed
  const ended = placed.slice(0, at).map(({ end }) => end <= begin)
  const latest = placed
    .slice(0, at)
    .reduce((most, one, index) => (ended[index] ? Math.max(most, one.begin) : most), -1)
  return ended.flatMap((has, index) =>
    has && (placed[index] as Placed).end >= latest ? [index] : [],
  )
}

function placedSteps({ history, faults, membership, workloadUs }: Result): Placed[] {
  const placed: Placed[] = history.map((op) => {
    const { client, node, name, args, callOrder, returnOrder, calledUs, returnedUs } = op
    const open = op.status === 'open'
    return {
      act: { type: 'op', client, node, name, args, ...(open && { open }) },
      begin: callOrder,
      end: returnOrder ?? Number.POSITIVE_INFINITY,
      atUs: calledUs - workloadUs,
      endUs: (returnedUs ?? Number.POSITIVE_INFINITY) - workloadUs,
    }
  })
  const instant = (act: ScriptAct, order: number, atUs: number): void => {
    placed.push({ act, begin: order - 0.5, end: order - 0.5, atUs, endUs: atUs })
  }
  for (const { fault, ends, atUs, order = 0 } of faults) {
    instant({ type: 'fault', fault, ends }, order, atUs)
  }
  for (const { line, atUs, order } of membership) {
    if (order === undefined) continue
    if (line.type === 'join') {
      const { node, contact } = line
      instant({ type: 'join', node, contact }, order, atUs - workloadUs)
    } else if (line.type === 'leave') {
      instant({ type: 'leave', node: line.node }, order, atUs - workloadUs)
    }
  }
  return placed.sort((a, b) => a.begin - b.begin || a.atUs - b.atUs)
}

/** A step with its place among all calls and returns of a run. */
interface Placed {
  readonly act: ScriptAct
  readonly begin: number
  readonly end: number
  readonly atUs: number
  readonly endUs: number
}
