import type { HistoryOp } from './history.js'
import type { SessionGraph } from './session-graph.js'
import type { Guarantee } from './session-guarantees.js'

/**
 * Operations by which a write must be older than what another operation shows or writes: how its process came to know it, read by
 * read. None where it is one of that process's own.
 */
export function reasonsFor(
  graph: SessionGraph,
  asked: ReadonlySet<Guarantee>,
  older: number,
  op: number,
): readonly number[] {
  const { writerOf } = graph
  if (graph.isEarlier(older, op) && (graph.isWrite(op) || asked.has('read-your-writes'))) return []
  const sessions = new Sessions(graph)
  /** Writes that were seen or that are followed: from where that is known. */
  const from = new Map<number, { readonly via: number; readonly of: number | undefined }>()
  const queue: number[] = []
  const know = (write: number, via: number, of: number | undefined): void => {
    if (from.has(write)) return
    from.set(write, { via, of })
    queue.push(write)
  }
  const own = graph.writerOf[op]
  for (const one of new Sessions(graph).before(op)) {
    const writer = writerOf[one]
    if (writer !== undefined && writer >= 0) know(writer, one, undefined)
  }
  if (graph.isWrite(op) && own !== undefined && own >= 0) know(own, op, undefined)
  for (const write of queue) {
    if (write === older) break
    const read = writerOf[write]
    if (asked.has('writes-follow-reads') && read !== undefined && read >= 0)
      know(read, write, write)
    for (const one of sessions.before(write)) {
      if (asked.has('monotonic-writes') && graph.isWrite(one)) know(one, one, write)
      const writer = writerOf[one]
      if (!asked.has('writes-follow-reads') || writer === undefined || writer < 0) continue
      know(writer, one, write)
    }
  }
  const reasons: number[] = []
  for (let write: number | undefined = older; write !== undefined; ) {
    const known = from.get(write)
    reasons.push(write)
    if (known !== undefined) reasons.push(known.via)
    write = known?.of
  }
  return reasons
}

/** What each process did, as it returned. */
class Sessions {
  readonly #graph: SessionGraph
  readonly #returned = new Map<number | string, number[]>()
  readonly #given = new Map<number | string, number>()

  constructor(graph: SessionGraph) {
    this.#graph = graph
    for (const [op, { process, status }] of graph.ops.entries()) {
      if (status !== 'ok') continue
      const list = this.#returned.get(process)
      if (list === undefined) this.#returned.set(process, [op])
      else list.push(op)
    }
    for (const list of this.#returned.values()) {
      list.sort((a, b) => this.#op(a).returnedAt - this.#op(b).returnedAt)
    }
  }

  /** What had returned in its process when it was called, but for what was given already. */
  *before(op: number): Generator<number> {
    const { process, calledAt } = this.#op(op)
    const list = this.#returned.get(process) ?? []
    for (let at = this.#given.get(process) ?? 0; at < list.length; at++) {
      const one = list[at] as number
      if (this.#op(one).returnedAt >= calledAt) return
      this.#given.set(process, at + 1)
      yield one
    }
  }

  #op(op: number): HistoryOp {
    return this.#graph.ops[op] as HistoryOp
  }
}
