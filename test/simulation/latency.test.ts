import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import {
  betweenRegions,
  type LatencyTable,
  latencies,
  latencyAt,
} from '../../src/simulation/latency.js'
import { Simulation } from '../../src/simulation/simulation.js'
import type { TraceEvent } from '../../src/simulation/trace-event.js'
import { Recorder } from '../contracts/network.js'

const LAST = 2 ** 32 - 1

interface Line {
  readonly sim: Simulation
  readonly trace: TraceEvent[]
  /** Connects two hosts and gives a function that writes so many bytes to the second. */
  connect(from: string, to: string): Promise<(bytes: number) => void>
}

function line(options: object): Line {
  const trace: TraceEvent[] = []
  const sim = new Simulation({ ...options, trace: (event) => trace.push(event) })
  const listening = new Set<string>()
  return {
    sim,
    trace,
    async connect(from, to) {
      if (!listening.has(to)) {
        listening.add(to)
        const accept = (connection: { attach(side: Recorder): void }): void =>
          connection.attach(new Recorder())
        await sim.complete(sim.world(to).network.listen({ host: to, port: 1 }, accept))
      }
      const dial = sim.world(from).network.connect({ host: to, port: 1 }, { timeoutMs: 60_000 })
      const connection = await sim.complete(dial)
      connection.attach(new Recorder())
      return (bytes) => void connection.write(new Uint8Array(bytes))
    },
  }
}

describe('latency tables', () => {
  it('give their ends, their quantiles and what lies between', () => {
    const table = [100, 200, 1_000]
    assert.equal(latencyAt(table, 0), 100)
    assert.equal(latencyAt(table, 2 ** 30), 150)
    assert.equal(latencyAt(table, 2 ** 31), 200)
    assert.equal(latencyAt(table, 3 * 2 ** 30), 600)
    assert.closeTo(latencyAt(table, LAST), 1_000, 1)
    assert.equal(latencyAt([7, 7], 12_345), 7)
  })

  it('are integers throughout, and never fall as the draw rises', () => {
    const tables: LatencyTable[] = [...Object.values(latencies), betweenRegions('europe', 'asia')]
    for (const table of tables) {
      let last = 0
      for (let draw = 0; draw <= LAST; draw += 999_983) {
        const us = latencyAt(table, draw)
        assert.isTrue(Number.isInteger(us))
        assert.isAtLeast(us, last)
        last = us
      }
      assert.isAtMost(last, table[table.length - 1] as number)
    }
  })

  it('are as far between two regions in either direction, and nearest at home', () => {
    assert.deepEqual(betweenRegions('europe', 'asia'), betweenRegions('asia', 'europe'))
    const least = (table: LatencyTable): number => table[0] as number
    assert.isBelow(
      least(betweenRegions('asia', 'asia')),
      least(betweenRegions('asia', 'australia')),
    )
    assert.throws(() => betweenRegions('europe', 'moon' as 'asia'), /regions are/)
  })

  it('rule a whole simulation, and one link of it', async () => {
    const { sim, connect, trace } = line({ latencyUs: [3_000, 3_000] })
    sim.link('a', 'c', { latencyUs: [40_000, 40_000] })
    const toB = await connect('a', 'b')
    const toC = await connect('a', 'c')
    const start = sim.nowMs
    toB(4)
    toC(4)
    await sim.settle()
    const first = (label: string): number =>
      trace.find((e) => e.kind === 'data' && e.label.startsWith(label))?.atMs ?? 0
    assert.equal(first('a>b') - start, 3)
    assert.equal(first('a>c') - start, 40)
    sim.link('a', 'c', { latencyMs: [1, 1] })
    const later = sim.nowMs
    trace.length = 0
    toC(4)
    await sim.settle()
    assert.equal(first('a>c') - later, 1)
  })

  it('are refused when they are none', () => {
    for (const table of [[], [5], [5, 4], [1, 2.5], [-1, 2], [0, 60_000_001], 'lan']) {
      const bad = (): unknown => new Simulation({ latencyUs: table as number[] })
      assert.throws(bad, /latencyUs must be at least two integers/)
    }
    let code: string | undefined
    try {
      new Simulation().link('a', 'b', { latency: 5 } as object)
    } catch (error) {
      code = codeOf(error)
    }
    assert.equal(code, 'ERR_BAD_OPTION')
  })
})

/** What a trace holds besides one link, with times. */
const without = (trace: readonly TraceEvent[], link: RegExp): string[] =>
  trace.filter(({ label }) => !link.test(label)).map((e) => `${e.kind} ${e.label} at ${e.atMs}`)

describe('what the simulated network draws', () => {
  for (let seed = 1; seed <= 10; seed++) {
    it(`does not depend on a message that is not sent on another connection [SEED=${seed}]`, async () => {
      const run = async (dropped: number): Promise<TraceEvent[]> => {
        const { sim, connect, trace } = line({ seed })
        const ways = [await connect('a', 'b'), await connect('a', 'b'), await connect('c', 'b')]
        const workload = sim.random
        for (let i = 0; i < 60; i++) {
          const way = workload.int(3)
          const bytes = 1 + workload.int(2_000)
          if (i !== dropped || way !== 1) ways[way]?.(bytes)
          await sim.run(workload.int(3))
        }
        await sim.settle()
        return trace
      }
      const whole = await run(-1)
      const changed = /#2$/
      let differing = 0
      for (let dropped = 0; dropped < 60; dropped += 7) {
        const less = await run(dropped)
        if (less.length !== whole.length) differing++
        assert.deepEqual(without(less, changed), without(whole, changed))
      }
      assert.isAbove(differing, 0, 'no message was ever dropped')
    })

    it(`is the same for later messages of the connection once the dropped one would have arrived [SEED=${seed}]`, async () => {
      const run = async (dropped: number): Promise<TraceEvent[]> => {
        const { sim, connect, trace } = line({ seed, latencyMs: [1, 5] })
        const way = await connect('a', 'b')
        for (let i = 0; i < 20; i++) {
          if (i !== dropped) way(100)
          await sim.run(100)
        }
        return trace
      }
      const whole = await run(-1)
      const less = await run(5)
      const from = (trace: readonly TraceEvent[], ms: number): string[] =>
        without(
          trace.filter((event) => event.atMs >= ms),
          /^$/,
        )
      const pauseMs = (whole[4]?.atMs ?? 0) + 600
      assert.isBelow(less.length, whole.length)
      assert.isNotEmpty(from(less, pauseMs))
      assert.deepEqual(from(less, pauseMs), from(whole, pauseMs))
    })
  }
})
