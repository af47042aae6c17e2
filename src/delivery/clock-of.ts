import type { ClockWriter } from './causal-clock.js'
import type { CausalNode } from './causal-node.js'
import { type CausalNodes, SELF } from './causal-nodes.js'
import type { Dependencies } from './dependencies.js'

/** The clock of an own message: all that is under way, but for own messages to the very receiver: `after` stands for those. */
export function encodeClock<M>(
  writer: ClockWriter,
  underWay: Dependencies,
  nodes: CausalNodes<M>,
  to: CausalNode<M>,
  seq: number,
): Uint8Array {
  const own = underWay.get(to.index, SELF) > 0 ? 1 : 0
  const { height } = underWay
  let rows = 0
  for (let i = 0; i < height; i++) {
    if (underWay.countOf(i) - (i === to.index ? own : 0) > 0) rows++
  }
  writer.begin(seq, to.sent > to.settled ? to.sent : 0, rows)
  for (let i = 0; i < height && rows > 0; i++) {
    const without = i === to.index ? own : 0
    const count = underWay.countOf(i) - without
    if (count === 0) continue
    writer.row(i, nodes.idAt(i), count)
    const row = underWay.row(i)
    for (let sender = without; sender < row.length; sender++) {
      const latest = row[sender] as number
      if (latest > 0) writer.entry(sender, nodes.idAt(sender), latest)
    }
  }
  return writer.take()
}
