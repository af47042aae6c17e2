import { assert } from 'chai'
import type {
  NondeterminismError as Nondeterminism,
  Scenario,
  SeededRun,
  SimulatedSeed,
} from '../../src/simulation/index.js'
import { compiled, compiledImport } from '../compiled.js'

// What threads and other processes run is compiled, so that none of them needs a loader.
const { codeOf } = await compiledImport<typeof import('../../src/index.js')>('src/index.js')
const { EventLog } = await compiledImport<typeof import('../../src/simulation/event-log.js')>(
  'src/simulation/event-log.js',
)
const {
  NondeterminismError,
  printCounterexample,
  runInWorker,
  Simulation,
  simulate,
  simulateInWorker,
  verifyDeterminism,
} = await compiledImport<typeof import('../../src/simulation/index.js')>('src/simulation/index.js')
const RUNS = 'test/simulation/seeded-runs.js'
const SCENARIOS_PATH = 'test/simulation/scenarios.js'
const { run } = await compiledImport<typeof import('./seeded-runs.js')>(RUNS)
const { spinning, troubled } = await compiledImport<typeof import('./scenarios.js')>(SCENARIOS_PATH)

/** A run that spins takes a processor for as long. */
const STALL_MS = 1_500
const MODULE = compiled(RUNS)
const SCENARIOS = compiled(SCENARIOS_PATH)

/** A host that sets a timer after the other, with delays that are given. */
const ticking =
  (delays: () => readonly number[]): SeededRun =>
  async (seed, trace) => {
    const sim = new Simulation({ seed, trace })
    const { clock } = sim.world('a')
    const left = [...delays()]
    const next = (): void => {
      const delay = left.shift()
      if (delay !== undefined) clock.after(delay, next)
    }
    next()
    await sim.run(100_000)
    return sim
  }

async function differenceOf(run: SeededRun): Promise<Nondeterminism> {
  try {
    await verifyDeterminism(run, { seeds: [7] })
  } catch (error) {
    if (error instanceof NondeterminismError) return error
    throw error
  }
  throw new Error('no difference was found')
}

describe('verifyDeterminism', () => {
  it('is content with runs that follow from their seed, here and in another process', async function () {
    this.timeout(60_000)
    await verifyDeterminism(run, { seeds: [1, 'two'], otherProcess: { module: MODULE } })
  })

  it('names the first event that differs, with both sides, whichever it is', async () => {
    const delays = Array.from({ length: 200 }, () => 1)
    for (const at of [1, 2, 17, 99, 198]) {
      let runs = 0
      const error = await differenceOf(
        ticking(() => delays.map((delay, i) => (i === at && runs++ % 2 === 1 ? 2 : delay))),
      )
      assert.equal(error.code, 'ERR_NONDETERMINISM')
      assert.equal(error.index, at + 1)
      assert.equal(error.first, `timer a at ${at + 1} ms`)
      assert.equal(error.second, `timer a at ${at + 2} ms`)
      assert.include(error.message, 'seed 7')
      assert.include(error.message, `event ${at}: timer a at ${at} ms`)
    }
  })

  it('names the event after which one run goes on and the other does not', async () => {
    let runs = 0
    const error = await differenceOf(ticking(() => [1, 1, ...(runs++ > 0 ? [5] : [])]))
    assert.equal(error.index, 3)
    assert.match(error.first, /^the end, with hash/)
    assert.equal(error.second, 'timer a at 7 ms')
  })

  it('finds hashes of results that differ after equal events', async () => {
    let runs = 0
    const tick = ticking(() => [1])
    const error = await differenceOf(async (seed, trace) => {
      const { hash } = await tick(seed, trace)
      return { hash: `${hash}/${++runs}` }
    })
    assert.equal(error.index, 2)
    assert.match(error.first, /\/1$/)
    assert.match(error.second, /\/2$/)
  })

  it('finds that one run fails and another does not', async () => {
    let runs = 0
    const tick = ticking(() => [1])
    const error = await differenceOf(async (seed, trace) => {
      const result = await tick(seed, trace)
      if (++runs === 2) throw new RangeError('only now')
      return result
    })
    assert.match(error.second, /failed: RangeError: only now/)
  })

  it('rejects with what a run fails with each time', async () => {
    const failing = verifyDeterminism(() => Promise.reject(new RangeError('always')), {
      seeds: [1],
    })
    assert.equal(await failing.catch((error) => error.message), 'always')
  })

  it('says what is wrong with its options', async () => {
    const codes = [{}, { seeds: [] }, { seeds: [1], otherProcess: 5 }].map((options) =>
      verifyDeterminism(run, options as never).catch(codeOf),
    )
    assert.deepEqual(await Promise.all(codes), Array(3).fill('ERR_BAD_OPTION'))
  })

  it('takes a scenario as it is, here and in another process', async function () {
    this.timeout(60_000)
    await verifyDeterminism(troubled, {
      seeds: [5],
      otherProcess: { module: SCENARIOS, export: 'troubled' },
    })
  })

  it('finds what a scenario draws from the machine, though all events are the same', async () => {
    let runs = 0
    const sloppy: Scenario = {
      name: 'sloppy',
      nodes: 1,
      operations: { count: () => ++runs },
      workload: async (w) => void (await w.call('count')),
    }
    const error = await verifyDeterminism(sloppy, { seeds: [1] }).catch((e: unknown) => e)
    assert.instanceOf(error, NondeterminismError)
    assert.match((error as Error).message, /seed 1 differ/)
  })

  it('is content with a scenario that fails the same way each time', async () => {
    const failing: Scenario = {
      name: 'failing',
      nodes: 1,
      workload: () => Promise.reject(new RangeError('always')),
    }
    await verifyDeterminism(failing, { seeds: [1] })
  })

  it('refuses what is neither a run nor a scenario', async () => {
    const refused = await verifyDeterminism({} as never, { seeds: [1] }).catch(codeOf)
    assert.equal(refused, 'ERR_BAD_OPTION')
  })

  it('says that the other process finds no run', async function () {
    this.timeout(30_000)
    const otherProcess = { module: MODULE, export: 'walk' }
    const error = await verifyDeterminism(run, { seeds: [1], otherProcess }).catch((e) => e)
    assert.match(error.message, /no function and no scenario by the name 'walk'/)
  })
})

describe('a log of events', () => {
  it('is the same on the other side of a copy', () => {
    const log = new EventLog()
    for (let index = 1; index < 5; index++) {
      log.note({
        index,
        cause: 0,
        atMs: index,
        kind: 'data',
        host: 'b',
        label: 'a>b',
        hash: `${index}`.repeat(16),
      })
    }
    const copy = new EventLog(structuredClone(log.data))
    assert.equal(copy.firstDifference(log), 4)
    assert.equal(copy.text(2), 'data a>b on b at 3 ms')
    assert.isUndefined(copy.text(4))
  })
})

describe('runInWorker', () => {
  it('kills a run that never comes to an end, names its seed, and goes on', async function () {
    this.timeout(60_000)
    const options = { export: 'stuck', stallMs: STALL_MS }
    const outcomes = await runInWorker(MODULE, [1, 2, 3, 4], options)
    assert.deepEqual(
      outcomes.map(({ seed, verdict }) => [seed, verdict]),
      [
        [1, 'done'],
        [2, 'stuck'],
        [3, 'failed'],
        [4, 'done'],
      ],
    )
    assert.deepEqual(outcomes[0]?.value, await run(1))
    assert.match(outcomes[1]?.reason ?? '', /no step within 1500 ms after step \d+ \[SEED=2\]/)
    assert.match(outcomes[2]?.reason ?? '', /RangeError: seed 3 fails/)
  })

  it('leaves a long run alone as long as it takes steps', async function () {
    this.timeout(60_000)
    const [outcome] = await runInWorker(MODULE, [2 * STALL_MS], {
      export: 'long',
      stallMs: STALL_MS,
    })
    assert.equal(outcome?.verdict, 'done')
  })

  it('says that a module exports no run', async function () {
    this.timeout(30_000)
    const [outcome] = await runInWorker(MODULE, [1], { export: 'walk' })
    assert.match(outcome?.reason ?? '', /no function and no scenario by the name 'walk'/)
  })

  it('says why a thread ended that could not begin', async () => {
    const [outcome] = await runInWorker(MODULE, [1], { imports: [new URL('none.mjs', MODULE)] })
    assert.equal(outcome?.verdict, 'stuck')
    assert.match(outcome?.reason ?? '', /its thread ended: .*none\.mjs.*\[SEED=1\]/)
  })

  it('refuses bad options', async () => {
    const refused = await runInWorker(MODULE, [1], { stallMs: 0 }).catch(codeOf)
    assert.equal(refused, 'ERR_BAD_OPTION')
  })
})

describe('simulateInWorker', () => {
  it('gives results as `simulate` does, and kills a seed whose scenario never ends', async function () {
    this.timeout(60_000)
    const options = { export: 'spinning', stallMs: STALL_MS, trace: 'memory' as const }
    const seen: SimulatedSeed[] = []
    for await (const one of simulateInWorker(SCENARIOS, [1, 2, 3], options)) seen.push(one)
    assert.deepEqual(
      seen.map(({ seed, verdict }) => [seed, verdict]),
      [
        [1, 'done'],
        [2, 'stuck'],
        [3, 'done'],
      ],
    )
    assert.match(seen[1]?.reason ?? '', /no step within 1500 ms after step \d+ \[SEED=2\]/)
    const here = await simulate(spinning, { seed: 3, trace: 'memory' })
    const there = seen[2]?.result
    assert.equal(there?.hash, here.hash)
    assert.deepEqual(there?.history, here.history)
    assert.deepEqual(there?.trace, here.trace)
    assert.equal(there && printCounterexample(there), printCounterexample(here))
  })

  it('ends its thread when nobody asks for more seeds, of which there may be any number', async function () {
    this.timeout(60_000)
    function* seeds(): Generator<number> {
      for (let seed = 1; ; seed++) yield seed
    }
    const options = { export: 'counting', nodes: 2 }
    const nodes: number[] = []
    for await (const { seed, result } of simulateInWorker(SCENARIOS, seeds(), options)) {
      nodes.push(result?.nodes.length ?? 0)
      if (seed === 3) break
    }
    assert.deepEqual(nodes, [2, 2, 2])
  })

  it('says that a module exports no scenario, and what is wrong with one', async function () {
    this.timeout(60_000)
    const reasons: (string | undefined)[] = []
    for (const name of ['none', 'Counter', 'nameless']) {
      for await (const one of simulateInWorker(SCENARIOS, [1], { export: name })) {
        assert.equal(one.verdict, 'failed')
        reasons.push(one.reason)
      }
    }
    assert.match(String(reasons[0]), /exports no scenario by the name 'none'/)
    assert.match(String(reasons[1]), /exports no scenario by the name 'Counter'/)
    assert.match(String(reasons[2]), /it has no name/)
  })
})
