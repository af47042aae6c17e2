import type { Trace, TraceEnd, TraceHeader, TraceLine } from '../../../src/simulation/index.js'

/** A line without what follows from its place. `step`: which event of the simulation it is of; by default one of its own. */
export type Given = Omit<Partial<TraceLine>, 'i' | 'h'> &
  Pick<TraceLine, 'k'> & { readonly step?: number }

export interface BuiltTrace {
  readonly nodes?: readonly string[]
  readonly header?: Partial<TraceHeader>
  readonly end?: Partial<TraceEnd>
}

/** A trace of these lines; the time of each is its place, in ms, unless it says otherwise. */
export function builtTrace(given: readonly Given[], options: BuiltTrace = {}): Trace {
  const { nodes = ['n1', 'n2', 'n3'], header, end } = options
  const lines = given.map(({ step, ...line }, i): TraceLine => {
    return { i, t: i * 1_000, h: step === undefined ? `own ${i}` : `step ${step}`, ...line }
  })
  return {
    header: {
      v: 1,
      kind: 'trace',
      name: 'built',
      seed: '1',
      runtime: '0.0.0',
      code: '',
      nodes,
      world: 'simulation',
      tape: {},
      faults: [],
      ...header,
    },
    lines,
    end: { k: 'end', verdict: 'ok', lines: lines.length, events: 0, hash: '', ...end },
  }
}

/** Starts of these nodes, a line each. */
export const starts = (...nodes: readonly string[]): Given[] =>
  nodes.map((n) => ({ k: 'start', n, d: { incarnation: '01', restarts: 0 } }))

/** A message that is sent and delivered, in two lines. @param line the index of the first */
export const passed = (id: string, line: number, more: Partial<Given> = {}): Given[] => {
  const [from = '', to = ''] = id.split(':')[0]?.split('>') ?? []
  return [
    { k: 'send', n: from, id, ch: 'default', d: [], ...more },
    { k: 'deliver', n: to, id, ch: 'default', c: line },
  ]
}

/** What a run under all kinds of trouble wrote: a thousand lines, texts of a thousand characters, hostile ones among them. */
export function longTrace(lines: number, body: string): Trace {
  const nodes = ['n1', 'n2', 'n3', 'n4', 'n5']
  const given: Given[] = starts(...nodes)
  const at = (by: number): string => nodes[by % nodes.length] as string
  for (let turn = 0; given.length < lines - 1; turn++) {
    const i = given.length
    const id = `${at(turn)}>${at(turn + 1 + (turn % 3))}:write#${turn + 1}`
    if (turn % 9 === 8) {
      given.push({ k: 'op.call', n: at(turn), id: `c.${turn % 3}#${turn}`, d: ['write', body] })
      given.push({ k: 'op.ret', id: `c.${turn % 3}#${turn}`, d: { status: 'ok', value: body } })
    } else if (turn % 7 === 6) {
      given.push({ k: 'send', n: at(turn), id, ch: 'data', d: [body, turn] })
      given.push({ k: 'drop', n: at(turn + 1 + (turn % 3)), id, c: i })
    } else if (turn % 40 === 20) given.push({ k: 'log', n: at(turn), id: 'warn', d: [body, {}] })
    else given.push(...passed(id, i, { d: [body, turn], ch: 'data' }))
  }
  while (given.length < lines) given.push({ k: 'note', id: 'the end', d: body })
  return builtTrace(given, { nodes, end: { verdict: 'fail', check: 'c', error: `c: ${body}` } })
}
