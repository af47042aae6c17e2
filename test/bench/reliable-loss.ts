/**
 * How often is a reliable message transmitted when 30 % of all frames are lost, each way? Every message must
 * arrive once, in order. Baseline: 1 / 0.7, when no acknowledgement were lost in vain; `ratio` is baseline /
 * value. With an acknowledgement for each attempt it would be 1 / 0.49.
 */
import { faults } from '../../src/fault/faults.js'
import { meshOf, receiverOn, tallies, tellAll, until } from './delivery-nodes.js'

const MESSAGES = 10_000
const LOST = 0.3
/** The default is 1,000. It must be longer than a round trip and what the machine adds to it. */
const RETRY_MS = 400

const [a, b] = (await meshOf(2, { delivery: { acknowledged: { retryMs: RETRY_MS } } })) as [
  Awaited<ReturnType<typeof meshOf>>[number],
  Awaited<ReturnType<typeof meshOf>>[number],
]
const receiver = (await receiverOn(a, b)).with({ reliable: true })
for (const node of [a, b]) {
  faults(node, { seed: node.name }).inject(
    `fault omit_send ${node.name} ${node === a ? b.name : a.name} ${LOST * 100}%`,
  )
}

const start = performance.now()
await tellAll(
  MESSAGES,
  (i) => receiver.tell.reliable('one', i),
  () => receiver.ready(),
)
await until(() => tallies.reliable.received >= MESSAGES && a.stats().delivery?.pending === 0)
const seconds = (performance.now() - start) / 1_000
const { received, reordered, repeated } = tallies.reliable
if (received !== MESSAGES || reordered > 0 || repeated > 0) {
  throw new Error(`${received} of ${MESSAGES}, ${repeated} twice, ${reordered} out of order`)
}
const retransmitted = a.stats().delivery?.retransmitted ?? 0
const value = (MESSAGES + retransmitted) / MESSAGES
const baseline = 1 / (1 - LOST)
const line = {
  bench: 'reliable-loss',
  value,
  unit: 'transmissions/message',
  baseline,
  ratio: baseline / value,
  messagesPerSecond: MESSAGES / seconds,
  duplicates: b.stats().delivery?.duplicates,
}
console.log(JSON.stringify(line))
process.exit(0)
