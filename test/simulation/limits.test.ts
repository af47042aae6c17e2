import { assert } from 'chai'
import type { SimEvent } from '../../src/simulation/agenda.js'
import { Simulation, type SimulationOptions } from '../../src/simulation/simulation.js'
import { type FailureKind, SimulationFailure } from '../../src/simulation/simulation-failure.js'
import type { TraceEvent } from '../../src/simulation/trace-event.js'
import type { Connection } from '../../src/world/network.js'
import { failureOf, Recorder } from '../contracts/network.js'

/** A connection between two hosts, the dialling end. */
async function connected(options: SimulationOptions = {}): Promise<{
  sim: Simulation
  connection: Connection
  side: Recorder
  accepted: Recorder[]
}> {
  const sim = new Simulation(options)
  const accepted: Recorder[] = []
  const { network } = sim.world('b')
  const listening = network.listen({ host: 'b', port: 1 }, (connection) => {
    const side = new Recorder()
    accepted.push(side)
    connection.attach(side)
  })
  await sim.complete(listening)
  const dial = sim.world('a').network.connect({ host: 'b', port: 1 }, { timeoutMs: 1_000 })
  const connection = await sim.complete(dial)
  const side = new Recorder()
  connection.attach(side)
  await sim.settle()
  return { sim, connection, side, accepted }
}

async function verdict(run: Promise<unknown>): Promise<FailureKind> {
  const failure = await failureOf(run)
  assert.instanceOf(failure, SimulationFailure)
  return (failure as SimulationFailure).kind
}

/** Every millisecond an event, for ever. */
function tick(sim: Simulation): void {
  const { clock } = sim.world('a')
  const again = (): void => void clock.after(1, again)
  again()
}

describe('the limits of a simulated run', () => {
  it('end it after so many events', async () => {
    const sim = new Simulation({ maxEvents: 10 })
    tick(sim)
    assert.equal(await verdict(sim.run(1_000)), 'events')
    assert.equal(sim.events, 10)
    assert.equal(await verdict(sim.run(1_000)), 'events')
  })

  it('end it at a virtual time', async () => {
    const sim = new Simulation({ maxVirtualMs: 50 })
    tick(sim)
    await sim.run(50)
    assert.equal(sim.events, 50)
    assert.equal(await verdict(sim.run(1)), 'time')
    assert.equal(sim.nowMs, 50)
  })

  it('end it when one event sends too often, and what goes beyond is not sent', async () => {
    for (const drain of ['fast', 'portable'] as const) {
      const { sim, connection, accepted } = await connected({ maxSendsAnEvent: 20, drain })
      sim.world('a').clock.after(1, () => {
        for (let i = 0; i < 20; i++) connection.write(new Uint8Array(1))
      })
      await sim.run(1_000)
      assert.equal(accepted[0]?.bytes, 20)
      sim.world('a').clock.after(1, async () => {
        for (let i = 0; i < 1_000; i++) {
          await null
          connection.write(new Uint8Array(1))
        }
      })
      assert.equal(await verdict(sim.run(1_000)), 'sends')
      assert.equal(accepted[0]?.bytes, 20, 'the run has ended')
    }
  })

  it('tell standing time, what did not come and what broke apart', async () => {
    const still = new Simulation()
    const { turn } = still.world('a')
    const again = (): void => turn.immediate(again)
    again()
    assert.equal(await verdict(still.run(1)), 'standstill')
    assert.equal(await verdict(new Simulation().runUntil(() => false, 5)), 'unreached')
    const broken = new Simulation()
    broken.world('a').clock.after(1, () => {
      throw new Error('own')
    })
    assert.equal(await verdict(broken.run(5)), 'error')
  })
})

describe('what a simulated run tells before every event', () => {
  it('is the event that led to it', async () => {
    const trace: TraceEvent[] = []
    const { sim, connection } = await connected({ trace: (event) => trace.push(event) })
    const { clock } = sim.world('a')
    trace.length = 0
    clock.after(1, async () => {
      await null
      connection.write(new Uint8Array(1))
      clock.after(100, () => {})
    })
    await sim.run(1_000)
    const [timer, ...followers] = trace
    assert.equal(timer?.kind, 'timer')
    assert.equal(timer?.cause, 0, 'it was set between runs')
    assert.isAtLeast(followers.length, 2)
    for (const event of followers) assert.equal(event.cause, timer?.index)
    assert.deepEqual(
      trace.map((event) => event.index),
      trace.map((_, i) => (timer?.index ?? 0) + i),
    )
  })

  it('comes to every hook until it is taken away, and a hook that throws fails the run', async () => {
    const sim = new Simulation()
    tick(sim)
    const seen: Record<string, number> = { first: 0, second: 0 }
    const count = (name: string) => (event: SimEvent) => {
      assert.isAbove(event.index, event.cause)
      seen[name] = (seen[name] ?? 0) + 1
    }
    const endFirst = sim.beforeEvent(count('first'))
    sim.beforeEvent(count('second'))
    await sim.run(10)
    endFirst()
    await sim.run(10)
    assert.deepEqual(seen, { first: 10, second: 20 })
    sim.beforeEvent(() => {
      throw new Error('seen enough')
    })
    assert.match(String(await failureOf(sim.run(10))), /seen enough/)
  })

  it('does not change the run', async () => {
    const hash = async (hooked: boolean): Promise<string> => {
      const { sim, connection } = await connected(hooked ? { trace: () => {} } : {})
      if (hooked) sim.beforeEvent(() => {})
      connection.write(new Uint8Array(5_000))
      await sim.settle()
      return sim.hash
    }
    assert.equal(await hash(true), await hash(false))
  })
})

describe('a reset of simulated connections', () => {
  it('closes both ends with an error, and loses what was under way', async () => {
    const { sim, connection, side, accepted } = await connected()
    connection.write(new Uint8Array(1_000))
    assert.equal(sim.resetConnections('b', 'a'), 2)
    await sim.settle()
    for (const end of [side, accepted[0]]) {
      assert.equal(end?.closes, 1)
      assert.match(String(end?.error), /reset/)
    }
    assert.equal(accepted[0]?.bytes, 0)
    assert.isFalse(connection.write(new Uint8Array(1)))
    assert.equal(sim.resetConnections('a', 'b'), 0)
  })

  it('leaves connections to others alone, and lets new ones be made', async () => {
    const { sim, accepted } = await connected()
    const dial = async (from: string): Promise<Recorder> => {
      const { network } = sim.world(from)
      const made = await sim.complete(network.connect({ host: 'b', port: 1 }, { timeoutMs: 500 }))
      const side = new Recorder()
      made.attach(side)
      return side
    }
    const other = await dial('c')
    sim.resetConnections('a', 'b')
    const again = await dial('a')
    await sim.settle()
    assert.equal(other.closes, 0)
    assert.equal(again.closes, 0)
    assert.lengthOf(accepted, 3)
  })

  it('reaches what waits at a cut', async () => {
    const { sim, connection, side } = await connected()
    const heal = sim.partition(['a'], ['b'])
    connection.write(new Uint8Array(10))
    await sim.run(100)
    sim.resetConnections('a', 'b')
    heal()
    await sim.settle()
    assert.equal(side.closes, 1)
  })
})
