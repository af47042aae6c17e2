import type { Trace, TraceLine } from '../../simulation/trace-line.js'

/** Lines of a trace that belong together: of one node, in one event of the simulation. */
export interface LineGroup {
  readonly node: string | undefined
  readonly lines: TraceLine[]
  /** Choices that were made just before. */
  readonly choices: TraceLine[]
}

/** Kinds that are of no node. */
const APART: ReadonlySet<string> = new Set(['fault', 'end-fault', 'note', 'sometimes'])

/**
 * The lines of a trace in groups, each a row of the diagram. In a trace of real nodes, which has no
 * events, every line is a group of its own.
 */
export function groupLines({ header, lines }: Trace): LineGroup[] {
  const groups: LineGroup[] = []
  const calledOn = new Map<string | undefined, string | undefined>()
  let choices: TraceLine[] = []
  let calls = false
  for (const line of lines) {
    if (line.k === 'op.call') calledOn.set(line.id, line.n)
    if (line.k === 'choice') {
      choices.push(line)
      continue
    }
    const node = nodeOf(line, calledOn)
    const last = groups.at(-1)
    const before = last?.lines.at(-1)
    const joins: boolean =
      header.world === 'simulation' &&
      before !== undefined &&
      last?.node === node &&
      before.h === line.h &&
      choices.length === 0 &&
      !APART.has(line.k) &&
      !APART.has(before.k) &&
      !(calls && line.k === 'op.call')
    if (joins) last?.lines.push(line)
    else groups.push({ node, lines: [line], choices })
    calls = line.k === 'op.call' || (joins && calls)
    choices = []
  }
  return groups
}

/** A return is seen on the node of its call; a client's own patience ends on none. */
function nodeOf(
  line: TraceLine,
  calledOn: ReadonlyMap<string | undefined, string | undefined>,
): string | undefined {
  if (APART.has(line.k)) return undefined
  if (line.k !== 'op.ret') return line.n
  const { code } = (line.d ?? {}) as { readonly code?: unknown }
  return code === 'TIMEOUT' ? undefined : calledOn.get(line.id)
}
