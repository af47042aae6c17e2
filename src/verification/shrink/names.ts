import type { Fault, Link, MessageLabel } from '../../fault/fault.js'
import type { ScriptAct, ScriptStep, Tape } from '../../simulation/index.js'
import type { Trials } from './trials.js'

type Rename = (node: string) => string

/** Calls nodes by the scenario's first names, in the order in which operations name them; small groups of a partition first. */
export async function renameNodes(trials: Trials): Promise<void> {
  const { case: present, result } = trials.present
  const { script } = present
  if (script === undefined) return
  const named = script.steps.flatMap(({ act }) => (act.type === 'op' ? act.node : []))
  const inOrder = [...new Set([...named, ...result.nodes])]
  const names = trials.nodes.slice(0, inOrder.length)
  const renamed = new Map(inOrder.map((node, at) => [node, names[at] as string]))
  const rename: Rename = (node) => renamed.get(node) ?? node
  const steps = script.steps.map(
    ({ act, ...step }): ScriptStep => ({ ...step, act: renamedAct(act, rename) }),
  )
  const nodes = script.nodes && { nodes: names }
  const tape = renamedTape(present.tape, rename)
  const changed = { ...present, script: { ...nodes, steps }, tape }
  if (JSON.stringify(changed.script) === JSON.stringify(script)) return
  await trials.takeExact(changed)
}

function renamedAct(act: ScriptAct, rename: Rename): ScriptAct {
  switch (act.type) {
    case 'op':
    case 'leave':
      return { ...act, node: rename(act.node) }
    case 'join':
      return { ...act, node: rename(act.node), contact: rename(act.contact) }
    case 'fault':
      return { ...act, fault: renamedFault(act.fault, rename) }
  }
}

function renamedFault(fault: Fault, rename: Rename): Fault {
  const way = <W extends Link | MessageLabel>(link: W): W => ({
    ...link,
    from: rename(link.from),
    to: rename(link.to),
  })
  switch (fault.verb) {
    case 'partition':
      return {
        ...fault,
        groups: sorted(
          fault.groups.map((group) => group.map(rename)),
          fault.oneway,
        ),
      }
    case 'omit':
      return { ...fault, message: way(fault.message) }
    case 'duplicate':
      return { ...fault, what: way(fault.what) }
    case 'reorder':
      return way(fault)
    case 'connection':
      return { ...fault, a: rename(fault.a), b: rename(fault.b) }
    case 'heal':
    case 'resolve_all':
    case 'user':
      return fault
    case 'crash': {
      const { after } = fault
      return { ...fault, node: rename(fault.node), ...(after && { after: way(after) }) }
    }
    default: {
      const peer = 'peer' in fault && { peer: rename(fault.peer) }
      return { ...fault, node: rename(fault.node), ...peer }
    }
  }
}

function sorted(
  groups: readonly (readonly string[])[],
  oneway: boolean,
): readonly (readonly string[])[] {
  const each = groups.map((group) => [...group].sort())
  if (oneway) return each
  return each.sort((a, b) => a.length - b.length || ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1))
}

/** In `n1>n2:add#1 before n3>n2:add#1`, `drop n1>n2:add#1`, `crash n1 at n1>n2:add#1`. */
function renamedTape(tape: Tape, rename: Rename): Tape {
  const word = (text: string, at: number, all: readonly string[]): string => {
    const [, from, to, rest] = /^([^>\s]+)>([^:\s]+)(:.*)$/.exec(text) ?? []
    if (from !== undefined && to !== undefined) return `${rename(from)}>${rename(to)}${rest}`
    return at === 1 && all[0] === 'crash' ? rename(text) : text
  }
  const entries = Object.entries(tape).map(([label, pick]) => [
    label.split(' ').map(word).join(' '),
    pick,
  ])
  return Object.fromEntries(entries)
}
