import { RingQueue } from '../base/ring-queue.js'
import { VERSION } from '../base/version.js'
import { FaultGate, type NumberedMessage } from '../fault/fault-gate.js'
import type { Node } from '../node/node.js'
import { type FrameInfo, GATED } from '../peer/gate.js'
import { FRAME } from '../wire/frame.js'
import { addressee, systemOf } from './node-insides.js'
import type { Plain } from './op.js'
import { toPlain } from './plain.js'
import { TRACE_VERSION, type Trace, type TraceKind, type TraceLine } from './trace-line.js'

/** What one node saw. */
interface Seen {
  readonly t: number
  readonly k: TraceKind
  readonly n: string
  readonly id: string | undefined
  readonly ch: string | undefined
  readonly a: string | undefined
  readonly d: Plain
}

export interface Recording {
  /** Ends it, and gives what was seen: wall-clock order, vector clocks. */
  stop(): Trace
}

const LINES_MAX = 1_000_000

/**
 * Records what running nodes of this process send each other and get, for people to read: the same
 * format as a simulated run's, and no way to replay it. Nodes of other processes are recorded there;
 * `mergeTraces` makes one trace of several. Begin before the nodes meet, or the numbers in labels
 * differ from node to node.
 *
 * @param name what the trace is called
 */
export function recordTrace(name: string, nodes: readonly Node[]): Recording {
  const seen: Seen[] = []
  const ends = nodes.map((node) =>
    watch(node, (line) => {
      if (seen.length < LINES_MAX) seen.push(line)
    }),
  )
  return {
    stop() {
      for (const end of ends.splice(0)) end()
      return traceOf(name, [...seen])
    },
  }
}

/** One trace of those that several processes recorded of one cluster. @throws RangeError when there is none */
export function mergeTraces(traces: readonly Trace[]): Trace {
  const [first] = traces
  if (first === undefined) throw new RangeError('mergeTraces: there is nothing to merge')
  const seen = traces.flatMap(({ lines }) =>
    lines.map(({ t, k, n = '', id, ch, a, d }) => ({ t, k, n, id, ch, a, d })),
  )
  return traceOf(first.header.name, seen)
}

function watch(node: Node, take: (line: Seen) => void): () => void {
  const { name, events } = node
  const { clock } = systemOf(node)
  const note = (k: TraceKind, id?: string, ch?: string, d?: Plain, a?: string): void => {
    take({ t: Math.round(clock.wallMs() * 1000), k, n: name, id, ch, a, d })
  }
  const onFrame = (frame: FrameInfo, message: NumberedMessage | undefined): undefined => {
    if (message === undefined || (frame.kind !== FRAME.ENVELOPE && frame.kind !== FRAME.RELAY))
      return
    const id = `${message.from}>${message.to}:${message.name}#${message.ordinal}`
    const { envelope, channel } = frame
    if (frame.direction === 'out') {
      if (message.from === name) note('send', id, channel, toPlain(envelope?.args))
    } else if (message.to === name) {
      note('deliver', id, channel, undefined, envelope && addressee(node, envelope.to))
    }
  }
  const rule = new FaultGate(node[GATED]).add({ named: true, judge: onFrame })
  const onDown = ({ node: down }: { node: { name: string } }): void =>
    note('note', 'nodeDown', undefined, down.name)
  const onUp = ({ node: up }: { node: { name: string } }): void =>
    note('note', 'nodeUp', undefined, up.name)
  events.on('nodeDown', onDown)
  events.on('nodeUp', onUp)
  note('start', undefined, undefined, { incarnation: node.incarnation, restarts: 0 })
  return () => {
    rule.remove()
    events.off('nodeDown', onDown)
    events.off('nodeUp', onUp)
  }
}

/** By wall clock, but no delivery before its sending: clocks of machines differ. */
function traceOf(name: string, seen: readonly Seen[]): Trace {
  const nodes = [...new Set(seen.map(({ n }) => n))].sort()
  const queues = new Map(nodes.map((node) => [node, new RingQueue<Seen>()]))
  for (const line of seen) queues.get(line.n)?.push(line)
  const sends = new Set(seen.filter(({ k }) => k === 'send').map(({ id }) => id))
  const placed = new Map<string | undefined, number>()
  const clocks = new Map<string, Map<string, number>>(nodes.map((node) => [node, new Map()]))
  const began = seen.reduce((least, { t }) => Math.min(least, t), Number.POSITIVE_INFINITY)
  const lines: (TraceLine & { v: Record<string, number> })[] = []
  const waits = ({ k, id }: Seen): boolean => k === 'deliver' && sends.has(id) && !placed.has(id)
  for (let left = seen.length; left > 0; left--) {
    const heads = [...queues.values()].flatMap((queue) => queue.peek() ?? [])
    const ready = heads.filter((head) => !waits(head))
    // All wait for each other only where labels are not unique; then the clock decides alone.
    const next = earliest(ready.length > 0 ? ready : heads)
    queues.get(next.n)?.shift()
    const cause = next.k === 'deliver' ? placed.get(next.id) : undefined
    const clock = clocks.get(next.n) as Map<string, number>
    if (cause !== undefined) {
      for (const [node, count] of Object.entries(lines[cause]?.v ?? {})) {
        clock.set(node, Math.max(clock.get(node) ?? 0, count))
      }
    }
    clock.set(next.n, (clock.get(next.n) ?? 0) + 1)
    const i = lines.length
    if (next.k === 'send') placed.set(next.id, i)
    const { t, ...rest } = next
    const line = { i, t: t - began, ...rest, c: cause, v: Object.fromEntries(clock), h: '' }
    lines.push(JSON.parse(JSON.stringify(line)))
  }
  const header = {
    v: TRACE_VERSION,
    kind: 'trace' as const,
    name,
    seed: '',
    runtime: VERSION,
    code: '',
    nodes,
    world: 'real' as const,
    tape: {},
    faults: [],
  }
  const end = {
    k: 'end' as const,
    verdict: 'recorded',
    lines: lines.length,
    events: lines.length,
    hash: '',
  }
  return { header, lines, end }
}

const earliest = (heads: readonly Seen[]): Seen =>
  heads.reduce((first, head) => (head.t < first.t ? head : first))
