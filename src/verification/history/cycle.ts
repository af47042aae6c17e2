/** Starts from which a short cycle is looked for. */
const STARTS = 32

/**
 * An order of the nodes that all edges follow, or a cycle: a short one, though not always the shortest.
 * `to(node)` gives where its edges lead.
 */
export function orderOrCycle(
  nodes: number,
  to: (node: number) => Iterable<number>,
): { readonly order: readonly number[] } | { readonly cycle: readonly number[] } {
  const incoming = new Int32Array(nodes)
  for (let node = 0; node < nodes; node++)
    for (const next of to(node)) incoming[next] = (incoming[next] as number) + 1
  const order: number[] = []
  for (let node = 0; node < nodes; node++) if (incoming[node] === 0) order.push(node)
  for (let at = 0; at < order.length; at++) {
    for (const next of to(order[at] as number)) {
      const left = (incoming[next] as number) - 1
      incoming[next] = left
      if (left === 0) order.push(next)
    }
  }
  if (order.length === nodes) return { order }
  const rest: number[] = []
  for (let node = 0; node < nodes; node++) if ((incoming[node] as number) > 0) rest.push(node)
  let cycle: readonly number[] | undefined
  for (const start of rest) {
    const found = cycleThrough(start, to)
    if (found !== undefined && (cycle === undefined || found.length < cycle.length)) cycle = found
    if (cycle !== undefined && start > (rest[STARTS] ?? Number.POSITIVE_INFINITY)) break
  }
  return { cycle: cycle as readonly number[] }
}

/** The shortest cycle through a node, from that node on. */
function cycleThrough(
  start: number,
  to: (node: number) => Iterable<number>,
): readonly number[] | undefined {
  const from = new Map<number, number>()
  const queue = [start]
  for (const node of queue) {
    for (const next of to(node)) {
      if (next === start) {
        const way = [node]
        for (let at = node; at !== start; ) {
          at = from.get(at) as number
          way.push(at)
        }
        return way.reverse()
      }
      if (from.has(next)) continue
      from.set(next, node)
      queue.push(next)
    }
  }
  return undefined
}
