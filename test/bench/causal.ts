/**
 * What does a causal label cost over reliable delivery, five nodes that all tell each other? Baseline: the
 * same tells, reliable without a label. CPU time of all five, for they share a process. `releaseMs`: 10,000
 * messages wait at one node for one that was late; from its arrival until all are handed over.
 */
import type { ActorRef } from '../../src/actor/ref.js'
import { seededRandom } from '../../src/base/random.js'
import { deliveryPlan } from '../../src/delivery/delivery-plan.js'
import { Pipeline } from '../../src/delivery/pipeline.js'
import type { PipelineEffect } from '../../src/delivery/pipeline-event.js'
import { meshOf, type Receiver, receiverOn, tallies, tellAll, until } from './delivery-nodes.js'
import { alternate } from './local-system.js'

const NODES = 5
const EACH = 4_000
const BLOCKED = 10_000

const nodes = await meshOf(NODES)
const refs: ActorRef<Receiver>[] = []
for (const from of nodes) {
  for (const to of nodes) if (to !== from) refs.push(await receiverOn(from, to))
}

/** Messages a second of CPU. */
async function tells(counters: readonly ActorRef<Receiver>[]): Promise<number> {
  const due = tallies.plain.received + counters.length * EACH
  const before = process.cpuUsage()
  await Promise.all(
    counters.map((ref) =>
      tellAll(
        EACH,
        (i) => ref.tell.add(1, i),
        () => ref.ready(),
      ),
    ),
  )
  await until(() => tallies.plain.received >= due)
  const { user, system } = process.cpuUsage(before)
  return ((counters.length * EACH) / (user + system)) * 1e3
}

const reliable = refs.map((ref) => ref.with({ reliable: true }))
const causal = refs.map((ref) => ref.with({ causal: 'bench' }))
const { value, baseline } = await alternate(
  () => tells(causal),
  () => tells(reliable),
  5,
)

/** Arrival of the late message at `c`, which has 10,000 from `b` that happened after it. */
function release(): number {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new Pipeline<number>(name, seededRandom(1))) as [
    Pipeline<number>,
    Pipeline<number>,
    Pipeline<number>,
  ]
  const plan = deliveryPlan({ causal: 'bench' })
  const sent = (effects: readonly PipelineEffect<number>[]): Uint8Array => {
    for (const effect of effects) if (effect.type === 'transmit') return effect.stamp as Uint8Array
    throw new Error('nothing was sent')
  }
  const send = (from: Pipeline<number>, to: string, message: number): Uint8Array =>
    sent(
      from.step({
        type: 'send',
        to,
        channel: 'default',
        key: 0,
        plan,
        message,
        bytes: 8,
        slot: undefined,
        congested: false,
        nowMs: 0,
      }),
    )
  const receive = (at: Pipeline<number>, from: string, stamp: Uint8Array, message: number) =>
    at.step({ type: 'received', from, channel: 'default', stamp, message, bytes: 8, nowMs: 0 })
  const late = send(a, 'c', -1)
  receive(b, 'a', send(a, 'b', -2), -2)
  for (let i = 0; i < BLOCKED; i++) {
    const delivered = receive(c, 'b', send(b, 'c', i), i).some(({ type }) => type === 'deliver')
    if (delivered) throw new Error('it did not wait')
  }
  const start = performance.now()
  const effects = receive(c, 'a', late, -1)
  const took = performance.now() - start
  const handed = effects.filter(({ type }) => type === 'deliver').length
  if (handed !== BLOCKED + 1) throw new Error(`${handed} were handed over`)
  return took
}

const releaseMs = [release(), release(), release()].sort((x, y) => x - y)[1] as number
const unit = 'k messages/s of CPU'
const line = { bench: 'causal', value, unit, baseline, ratio: value / baseline, releaseMs }
console.log(JSON.stringify(line))
process.exit(0)
