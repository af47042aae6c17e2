/**
 * What does reliable delivery cost a remote tell while nothing is lost? The sending loop of `remote-tell`,
 * acknowledged, beside the same loop not acknowledged, in the same two processes in turn.
 */
import { alternate } from './local-system.js'
import { remotePair } from './remote-pair.js'

const MESSAGES = 150_000

const pair = await remotePair()
const plain = pair.counter
const reliable = pair.counter.with({ reliable: true })

async function tells(counter: typeof plain): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < MESSAGES; i++) if (!counter.tell.add(7, i)) await counter.ready()
  await counter.ask.total()
  return MESSAGES / (performance.now() - start) / 1_000
}

const { value, baseline } = await alternate(
  () => tells(reliable),
  () => tells(plain),
  7,
)
const { delivery } = pair.node.stats()
const line = {
  bench: 'reliable',
  value,
  unit: 'M messages/s',
  baseline,
  ratio: value / baseline,
  retransmitted: delivery?.retransmitted,
}
console.log(JSON.stringify(line))
pair.end()
process.exit(0)
