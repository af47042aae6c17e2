import { assert } from 'chai'
import { startNode } from '../../src/index.js'
import { mergeTraces, recordTrace } from '../../src/simulation/real-trace.js'
import { parseTrace, printTrace } from '../../src/simulation/trace-file.js'
import type { Trace } from '../../src/simulation/trace-line.js'
import { Counter } from './scenarios.js'

/** Two real nodes that talk, each recorded by itself and both together. */
async function recorded(): Promise<{ both: Trace; a: Trace; b: Trace }> {
  const a = await startNode({ name: 'a' })
  const b = await startNode({ name: 'b' })
  const recordings = [
    recordTrace('talk', [a, b]),
    recordTrace('talk', [a]),
    recordTrace('talk', [b]),
  ]
  await b.join(a.address)
  a.spawn(Counter, undefined, { name: 'counter' })
  const counter = b.lookup(Counter, 'counter', { on: 'a' })
  for (let i = 0; i < 5; i++) await counter.ask.add(i)
  const [both, ofA, ofB] = recordings.map((recording) => recording.stop())
  await Promise.all([a.stop(), b.stop()])
  return { both: both as Trace, a: ofA as Trace, b: ofB as Trace }
}

function checkClocks({ lines }: Trace): void {
  const asks = lines.filter(({ k, id }) => k === 'deliver' && /^b>a:add#/.test(id ?? ''))
  assert.lengthOf(asks, 5)
  for (const { a, c, id, v } of asks) {
    assert.match(a ?? '', /:counter$/)
    const sent = lines[c as number]
    assert.equal(sent?.k, 'send')
    assert.equal(sent?.id, id)
    for (const [node, count] of Object.entries(sent?.v ?? {})) {
      assert.isAtLeast(v?.[node] ?? 0, count)
    }
  }
}

describe('a trace of real nodes', () => {
  it('is read like any other: wall-clock order, vector clocks, deliveries after their sendings', async () => {
    const { both } = await recorded()
    checkClocks(both)
    assert.equal(both.header.world, 'real')
    assert.deepEqual(both.header.nodes, ['a', 'b'])
    assert.deepEqual(parseTrace(printTrace(both)), both)
  })

  it('is merged from what each process has recorded', async () => {
    const { a, b } = await recorded()
    const merged = mergeTraces([a, b])
    checkClocks(merged)
    assert.equal(merged.lines.length, a.lines.length + b.lines.length)
  })

  it('costs nothing when it has ended: the gate is open again', async () => {
    const a = await startNode({ name: 'a' })
    const recording = recordTrace('short', [a])
    const trace = recording.stop()
    assert.equal(trace.lines.length, 1)
    assert.equal(recording.stop().lines.length, 1)
    await a.stop()
  })
})
