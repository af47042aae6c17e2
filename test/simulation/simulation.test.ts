import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { Simulation, type SimulationOptions } from '../../src/simulation/simulation.js'
import { SimulationFailure } from '../../src/simulation/simulation-failure.js'
import type { TraceEvent } from '../../src/simulation/trace-event.js'
import type { Connection, Listener } from '../../src/world/network.js'
import type { World } from '../../src/world/world.js'
import { failureOf, Recorder } from '../contracts/network.js'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** A host that sends back what it hears, and counts. */
class Echo {
  readonly sides: Recorder[] = []
  readonly connections: Connection[] = []
  listen(world: World, host: string): Promise<Listener> {
    return world.network.listen({ host, port: 9000 }, (connection) => {
      const side = new Recorder()
      const take = side.onData.bind(side)
      side.onData = (bytes) => {
        take(bytes)
        connection.write(bytes)
      }
      this.sides.push(side)
      this.connections.push(connection)
      connection.attach(side)
    })
  }
}

async function dial(sim: Simulation, from: string, to: string) {
  const { network } = sim.world(from)
  const pending = network.connect({ host: to, port: 9000 }, { timeoutMs: 1_000 })
  const connection = await sim.complete(pending)
  const side = new Recorder()
  connection.attach(side)
  return { connection, side }
}

async function echoing(options: SimulationOptions = {}) {
  const sim = new Simulation(options)
  const echo = new Echo()
  await sim.complete(echo.listen(sim.world('b'), 'b'))
  const { connection, side } = await dial(sim, 'a', 'b')
  await sim.settle()
  return { sim, echo, connection, side }
}

/** Five hosts that talk to each other at random, with partitions and a crash. */
async function chatter(options: SimulationOptions): Promise<Simulation> {
  const sim = new Simulation(options)
  const hosts = ['a', 'b', 'c', 'd', 'e']
  const echoes = hosts.map(() => new Echo())
  for (const [i, host] of hosts.entries()) {
    await sim.complete((echoes[i] as Echo).listen(sim.world(host), host))
  }
  for (const host of hosts) {
    const { clock, network, random, entropy, store, turn } = sim.world(host)
    const speak = async (): Promise<void> => {
      const to = random.pick(hosts)
      try {
        const connection = await network.connect({ host: to, port: 9000 }, { timeoutMs: 50 })
        connection.attach(new Recorder())
        connection.write(entropy.bytes(1 + random.int(3_000)))
        await store?.put(to, text(String(clock.now())))
        turn.immediate(() => connection.end())
      } catch (error) {
        assert.equal(codeOf(error), 'ERR_CONNECT')
      }
      clock.after(1 + random.int(20), speak)
    }
    clock.after(random.int(10), speak)
  }
  await sim.run(100)
  sim.partition(['a', 'b'], ['c', 'd'])
  await sim.run(100)
  sim.crash('e')
  sim.heal()
  await sim.run(200)
  return sim
}

describe('simulation', () => {
  it('starts at 0 and moves by what it is told', async () => {
    const sim = new Simulation()
    assert.equal(sim.nowMs, 0)
    await sim.run(12.5)
    assert.equal(sim.nowMs, 12.5)
    await sim.run(0.001)
    assert.equal(sim.nowMs, 12.501)
  })

  it('takes hours of virtual time in no time', async () => {
    const sim = new Simulation()
    const { clock } = sim.world('a')
    let ticks = 0
    const tick = (): void => {
      ticks++
      clock.after(1_000, tick)
    }
    clock.after(1_000, tick)
    await sim.run(3_600_000)
    assert.equal(ticks, 3_600)
  })

  it('runs a callback’s promises to their end before the next event', async () => {
    for (const drain of ['fast', 'portable'] as const) {
      const sim = new Simulation({ drain })
      const { clock, turn } = sim.world('a')
      const order: string[] = []
      clock.after(1, async () => {
        order.push('first')
        for (let i = 0; i < 100; i++) await null
        turn.micro(() => order.push('micro of first'))
        await new Promise<void>((resolve) => process.nextTick(resolve))
        order.push('end of first')
      })
      clock.after(1, () => order.push('second'))
      await sim.run(1)
      assert.deepEqual(order, ['first', 'micro of first', 'end of first', 'second'], drain)
    }
  })

  it('runs an immediate at the same virtual time, after what is due already', async () => {
    const sim = new Simulation()
    const { clock, turn } = sim.world('a')
    const order: string[] = []
    clock.after(1, () => {
      turn.immediate(() => order.push(`immediate at ${clock.now()}`))
    })
    clock.after(1, () => order.push('timer of the same time'))
    await sim.run(2)
    assert.deepEqual(order, ['timer of the same time', 'immediate at 1'])
  })

  it('gives the same run for the same seed, and for either drain', async () => {
    const hash = async (options: SimulationOptions): Promise<string> => {
      const sim = await chatter(options)
      assert.isAbove(sim.events, 500)
      return `${sim.hash} ${sim.events}`
    }
    const first = await hash({ seed: 7 })
    assert.equal(await hash({ seed: 7 }), first)
    assert.equal(await hash({ seed: '7', drain: 'portable' }), first)
    assert.equal(await hash({ seed: 7, drain: 'fast' }), first)
    assert.notEqual(await hash({ seed: 8 }), first)
  })

  it('has a hash that sees one changed byte', async () => {
    const hashOf = async (byte: number): Promise<string> => {
      const { sim, connection } = await echoing()
      const bytes = new Uint8Array(1_000)
      bytes[500] = byte
      connection.write(bytes)
      await sim.settle()
      return sim.hash
    }
    assert.equal(await hashOf(1), await hashOf(1))
    assert.notEqual(await hashOf(1), await hashOf(2))
  })

  it('tells its events to a trace, in order', async () => {
    const seen: TraceEvent[] = []
    const { sim, connection } = await echoing({ trace: (event) => seen.push(event) })
    connection.write(text('x'))
    await sim.settle()
    assert.deepEqual(
      seen.map((event) => event.kind),
      ['listening', 'syn', 'synAck', 'connected', 'accept', 'accept', 'data', 'data'],
    )
    assert.deepEqual(
      seen.map((event) => event.index),
      [1, 2, 3, 4, 5, 6, 7, 8],
    )
    assert.equal(seen[6]?.label, 'a>b:9000#1')
    assert.equal(seen[7]?.label, 'b:9000>a#1')
    for (const [i, event] of seen.entries()) {
      assert.isAtLeast(event.atMs, seen[i - 1]?.atMs ?? 0)
    }
  })

  it('fails the run with seed, time, event and cause when a callback throws', async () => {
    const sim = new Simulation({ seed: 42 })
    const cause = new TypeError('broken')
    sim.world('a').clock.after(3, () => {
      throw cause
    })
    let later = false
    sim.world('a').clock.after(4, () => {
      later = true
    })
    const failure = (await failureOf(sim.run(10))) as SimulationFailure
    assert.instanceOf(failure, SimulationFailure)
    assert.equal(failure.cause, cause)
    assert.equal(failure.message, 'TypeError: broken (in timer on a) [SEED=42, event 1 at 3 ms]')
    assert.isFalse(later)
    assert.equal(await failureOf(sim.run(10)), failure, 'a failed simulation stays failed')
  })

  it('fails the run for what microtasks, nextTick callbacks and unhandled promises throw', async () => {
    const ways: Record<string, (world: World, cause: Error) => void> = {
      turn: ({ turn }, cause) =>
        turn.micro(() => {
          throw cause
        }),
      microtask: (_, cause) =>
        queueMicrotask(() => {
          throw cause
        }),
      nextTick: (_, cause) =>
        process.nextTick(() => {
          throw cause
        }),
      rejection: (_, cause) => {
        Promise.reject(cause)
      },
    }
    for (const drain of ['fast', 'portable'] as const) {
      for (const [way, breakIt] of Object.entries(ways)) {
        const sim = new Simulation({ drain })
        const world = sim.world('a')
        const cause = new Error(way)
        world.clock.after(1, () => breakIt(world, cause))
        const failure = await failureOf(sim.run(10))
        assert.equal((failure as Error).cause, cause, `${way}, ${drain}`)
      }
    }
  })

  it('leaves the listeners of the process as they were', async () => {
    const count = (): number => process.listenerCount('unhandledRejection')
    const before = count()
    await new Simulation().run(1)
    assert.equal(count(), before)
  })

  it('fails when virtual time stands still', async () => {
    const sim = new Simulation()
    const { turn } = sim.world('a')
    const again = (): void => turn.immediate(again)
    again()
    assert.match(String(await failureOf(sim.run(1))), /virtual time stands still/)
  })

  it('says so when a condition is not reached, a promise does not settle or it never is quiet', async () => {
    const sim = new Simulation({ seed: 5 })
    const never = await failureOf(sim.runUntil(() => false, 20, 'a miracle'))
    assert.match(
      String(never),
      /a miracle was not reached within 20 ms \[SEED=5, event 0 at 20 ms\]/,
    )
    assert.match(
      String(await failureOf(sim.complete(new Promise(() => {}), 10))),
      /end of a promise/,
    )
    const { clock, turn } = sim.world('a')
    const busy = (): void => {
      clock.after(1, () => turn.immediate(busy))
      turn.immediate(() => {})
    }
    busy()
    await sim.settle()
    assert.equal(await sim.complete(Promise.resolve(5)), 5)
    assert.equal(
      ((await failureOf(sim.complete(Promise.reject(new Error('own'))))) as Error).message,
      'own',
    )
  })

  it('refuses a second run while one runs', async () => {
    const sim = new Simulation()
    const first = sim.run(1)
    assert.match(String(await failureOf(sim.run(1))), /running already/)
    await first
  })

  it('refuses unknown options and bad values by name', () => {
    const make = (options: object) => () => new Simulation(options)
    assert.throws(make({ sead: 1 }), /simulation\.sead is not an option/)
    assert.throws(make({ latencyMs: [2, 1] }), /simulation\.latencyMs must be two numbers/)
    assert.throws(make({ drain: 'slow' }), /simulation\.drain must be 'fast' or 'portable'/)
  })

  it('gives each host streams of its own, so that one more draw shifts no other', () => {
    const draw = (before: number): number => {
      const sim = new Simulation({ seed: 3 })
      for (let i = 0; i < before; i++) sim.world('a').random.u32()
      return sim.world('b').random.u32()
    }
    assert.equal(draw(0), draw(5))
    const sim = new Simulation({ seed: 3 })
    assert.notDeepEqual(sim.world('a').entropy.bytes(8), sim.world('b').entropy.bytes(8))
  })
})

describe('simulated links', () => {
  it('take the latency they are given, and twice that for an echo', async () => {
    const { sim, connection, side } = await echoing({ latencyMs: [10, 10] })
    const start = sim.nowMs
    connection.write(text('x'))
    await sim.runUntil(() => side.bytes === 1)
    assert.equal(sim.nowMs - start, 20)
    sim.link('a', 'b', { latencyMs: [50, 50] })
    connection.write(text('y'))
    await sim.runUntil(() => side.bytes === 2)
    assert.equal(sim.nowMs - start, 120)
  })

  it('reorder between connections but never inside one', async () => {
    const { sim, echo, connection } = await echoing({ latencyMs: [1, 50] })
    const other = await dial(sim, 'a', 'b')
    await sim.settle()
    const order: string[] = []
    for (const [i, name] of ['first', 'second'].entries()) {
      const side = echo.sides[i] as Recorder
      side.onData = (bytes) =>
        order.push(
          ...Buffer.from(bytes)
            .toString()
            .split('')
            .map((c) => name + c),
        )
    }
    for (let i = 0; i < 10; i++) {
      connection.write(text(String(i)))
      other.connection.write(text(String(i)))
      await sim.run(3)
    }
    await sim.settle()
    const of = (name: string): string[] => order.filter((one) => one.startsWith(name))
    assert.deepEqual(
      of('first'),
      Array.from({ length: 10 }, (_, i) => `first${i}`),
    )
    assert.deepEqual(
      of('second'),
      Array.from({ length: 10 }, (_, i) => `second${i}`),
    )
    const sent = Array.from({ length: 10 }, (_, i) => [`first${i}`, `second${i}`]).flat()
    assert.notDeepEqual(order, sent)
  })

  it('split and join chunks', async () => {
    const { sim, echo, connection } = await echoing()
    for (let i = 0; i < 400; i++) connection.write(new Uint8Array(100))
    await sim.settle()
    const sizes = (echo.sides[0] as Recorder).chunks.map((chunk) => chunk.length)
    assert.equal(
      sizes.reduce((a, b) => a + b),
      40_000,
    )
    assert.isTrue(
      sizes.some((size) => size < 100),
      'none was split',
    )
    assert.isTrue(
      sizes.some((size) => size > 100),
      'none were joined',
    )
  })

  it('deliver copies: changing what arrived does not change what was sent', async () => {
    const { sim, echo, connection } = await echoing()
    const sent = new Uint8Array(50)
    connection.write(sent)
    await sim.settle()
    for (const chunk of (echo.sides[0] as Recorder).chunks) chunk.fill(9)
    assert.deepEqual([...sent], new Array(50).fill(0))
  })

  it('share a limited bandwidth between connections', async () => {
    const { sim, echo, connection } = await echoing({ latencyMs: [1, 1], bytesPerMs: 1_000 })
    const other = await dial(sim, 'a', 'b')
    await sim.settle()
    const start = sim.nowMs
    connection.write(new Uint8Array(50_000))
    other.connection.write(new Uint8Array(50_000))
    await sim.runUntil(() => echo.sides.every((side) => side.bytes === 50_000))
    assert.closeTo(sim.nowMs - start, 101, 1)
  })
})

describe('simulated partitions', () => {
  it('hold what is sent until they heal, and lose nothing', async () => {
    const { sim, connection, side } = await echoing()
    const heal = sim.partition(['a'], ['b'])
    connection.write(text('held'))
    await sim.run(10_000)
    assert.equal(side.bytes, 0)
    assert.equal(side.closes, 0, 'a partition is silence, not a close')
    heal()
    heal()
    await sim.settle()
    assert.equal(side.text, 'held')
  })

  it('cut one way only with oneWay', async () => {
    const { sim, echo, connection, side } = await echoing()
    sim.partition(['b'], ['a'], { oneWay: true })
    connection.write(text('there'))
    await sim.run(1_000)
    assert.equal(echo.sides[0]?.text, 'there')
    assert.equal(side.text, '')
    sim.heal()
    await sim.settle()
    assert.equal(side.text, 'there')
  })

  it('hold back what the other side has read of, so that the line fills', async () => {
    const { sim, echo, connection, side } = await echoing({ windowBytes: 50_000 })
    const server = echo.sides[0] as Recorder
    server.onData = Recorder.prototype.onData
    const heal = sim.partition(['b'], ['a'], { oneWay: true })
    connection.write(new Uint8Array(200_000))
    await sim.run(1_000)
    connection.write(new Uint8Array(1))
    await sim.run(1_000)
    assert.equal(server.bytes, 50_000)
    heal()
    await sim.settle()
    assert.equal(server.bytes, 200_001)
    assert.equal(side.drains, 1)
  })

  it('add up, and each heals by itself', async () => {
    const { sim, connection, side } = await echoing()
    const first = sim.partition(['a', 'x'], ['b', 'y'])
    const second = sim.partition(['b'], ['a'])
    connection.write(text('x'))
    first()
    await sim.run(1_000)
    assert.equal(side.bytes, 0)
    second()
    await sim.settle()
    assert.equal(side.bytes, 1)
  })

  it('fill the line: write says false, and drains after they heal', async () => {
    const { sim, connection, side } = await echoing()
    const heal = sim.partition(['a'], ['b'])
    let written = 0
    while (connection.write(new Uint8Array(10_000))) written += 10_000
    assert.isBelow(written, 400_000)
    await sim.run(5_000)
    assert.equal(side.drains, 0)
    heal()
    await sim.settle()
    assert.equal(side.drains, 1)
  })

  it('keep both sides without a connection when either way is cut', async () => {
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const sim = new Simulation()
      const echo = new Echo()
      await sim.complete(echo.listen(sim.world('b'), 'b'))
      const heal = sim.partition([from], [to], { oneWay: true })
      const { network } = sim.world('a')
      const attempt = network.connect({ host: 'b', port: 9000 }, { timeoutMs: 500 })
      const error = await sim.complete(failureOf(attempt))
      assert.equal(codeOf(error), 'ERR_CONNECT')
      assert.equal(sim.nowMs, 500)
      heal()
      await sim.settle()
      assert.lengthOf(echo.connections, 0, `cut ${from}>${to}`)
    }
  })

  it('let a dial through that they only delay', async () => {
    const sim = new Simulation()
    await sim.complete(new Echo().listen(sim.world('b'), 'b'))
    const heal = sim.partition(['a'], ['b'])
    const { network } = sim.world('a')
    const attempt = network.connect({ host: 'b', port: 9000 }, { timeoutMs: 500 })
    await sim.run(100)
    heal()
    assert.equal((await sim.complete(attempt)).remote, 'b:9000')
  })
})

describe('simulated hosts', () => {
  it('close their connections when their program is killed, and refuse dials', async () => {
    const { sim, echo, side } = await echoing()
    sim.crash('b')
    await sim.settle()
    assert.equal(side.closes, 1)
    assert.equal(echo.sides[0]?.closes, 0, 'the dead hear nothing')
    const { network } = sim.world('a')
    const attempt = network.connect({ host: 'b', port: 9000 }, { timeoutMs: 500 })
    assert.include(String(await sim.complete(failureOf(attempt))), 'refused')
  })

  it('fall silent when their machine loses its power', async () => {
    const { sim, connection, side } = await echoing()
    sim.crash('b', { silent: true })
    connection.write(text('x'))
    await sim.run(10_000)
    assert.equal(side.closes, 0)
    const { network } = sim.world('a')
    const attempt = network.connect({ host: 'b', port: 9000 }, { timeoutMs: 500 })
    assert.include(String(await sim.complete(failureOf(attempt))), 'no answer within 500 ms')
    sim.restart('b')
    await sim.settle()
    assert.equal(side.closes, 1, 'a new kernel resets connections it does not know')
    assert.match(String(side.error), /reset/)
  })

  it('reset what is sent to them after a restart on a connection of before', async () => {
    const { sim, connection, side } = await echoing()
    sim.crash('b', { silent: true })
    await sim.run(100)
    sim.restart('b')
    await sim.settle()
    assert.equal(side.closes, 0, 'nobody has spoken yet')
    connection.write(text('x'))
    await sim.settle()
    assert.equal(side.closes, 1)
  })

  it('run nothing of a life that ended', async () => {
    const sim = new Simulation()
    const { clock, turn, network, store } = sim.world('a')
    const seen: string[] = []
    const act = (what: string): void => {
      clock.after(1, () => seen.push(`timer ${what}`))
      turn.immediate(() => seen.push(`immediate ${what}`))
      turn.micro(() => seen.push(`micro ${what}`))
      network.listen({ host: 'a', port: 0 }, () => {}).then(() => seen.push(`listen ${what}`))
      store?.get('k').then(() => seen.push(`store ${what}`))
      network
        .connect({ host: 'a', port: 1 }, { timeoutMs: 5 })
        .catch(() => seen.push(`dial ${what}`))
    }
    act('before')
    sim.crash('a')
    act('after')
    await sim.run(1_000)
    assert.deepEqual(seen, [])
  })

  it('start anew with another life, the same disk and free ports', async () => {
    const sim = new Simulation()
    const first = sim.world('a')
    assert.equal(sim.world('a'), first)
    await sim.complete(new Echo().listen(first, 'a'))
    await sim.complete(first.store?.put('k', text('v')) as Promise<void>)
    const second = sim.restart('a')
    assert.notEqual(second, first)
    assert.equal(sim.world('a'), second)
    assert.notDeepEqual(second.entropy.bytes(8), first.entropy.bytes(8))
    await sim.complete(new Echo().listen(second, 'a'))
    const value = await sim.complete(second.store?.get('k') as Promise<Uint8Array | undefined>)
    assert.equal(Buffer.from(value ?? []).toString(), 'v', 'a kill loses nothing')
  })

  it('lose what was not synced when the power goes', async () => {
    const sim = new Simulation()
    const { store } = sim.world('a')
    if (store === undefined) throw new Error('no store')
    await sim.complete(store.put('synced', text('1')))
    await sim.complete(store.sync())
    await sim.complete(store.put('synced', text('2')))
    await sim.complete(store.put('new', text('3')))
    sim.crash('a', { silent: true })
    const after = sim.restart('a').store
    if (after === undefined) throw new Error('no store')
    assert.deepEqual(await sim.complete(after.keys('')), ['synced'])
    assert.deepEqual(await sim.complete(after.get('synced')), text('1'))
  })

  it('do nothing while paused, and catch up in order when resumed', async () => {
    const { sim, echo, connection, side } = await echoing()
    const { clock } = sim.world('b')
    const seen: string[] = []
    clock.after(5, () => seen.push('timer'))
    clock.after(50, () => seen.push('late timer'))
    sim.pause('b')
    connection.write(text('x'))
    await sim.run(20)
    assert.deepEqual(seen, [])
    assert.equal(echo.sides[0]?.bytes, 0)
    assert.equal(side.closes, 0)
    sim.resume('b')
    await sim.run(20)
    assert.deepEqual(seen, ['timer'])
    assert.equal(side.text, 'x')
    await sim.run(20)
    assert.deepEqual(seen, ['timer', 'late timer'])
  })

  it('accept while paused as a kernel does, and hear of it when resumed', async () => {
    const { sim, echo } = await echoing()
    sim.pause('b')
    await dial(sim, 'a', 'b')
    await sim.run(10)
    assert.lengthOf(echo.connections, 1)
    sim.resume('b')
    await sim.run(10)
    assert.lengthOf(echo.connections, 2)
  })

  it('reach a loopback listener only from themselves', async () => {
    const sim = new Simulation()
    const echo = new Echo()
    await sim.complete(echo.listen(sim.world('b'), '127.0.0.1'))
    const error = await sim.complete(
      failureOf(sim.world('a').network.connect({ host: 'b', port: 9000 }, { timeoutMs: 100 })),
    )
    assert.equal(codeOf(error), 'ERR_CONNECT')
    await dial(sim, 'b', '127.0.0.1')
    assert.lengthOf(echo.connections, 0)
    await sim.settle()
    assert.lengthOf(echo.connections, 1)
  })

  it('do not connect TLS with plain', async () => {
    const sim = new Simulation()
    const { network } = sim.world('b')
    await sim.complete(network.listen({ host: 'b', port: 9000 }, () => {}, { key: 'k', cert: 'c' }))
    const plain = sim.world('a').network.connect({ host: 'b', port: 9000 }, { timeoutMs: 100 })
    assert.include(String(await sim.complete(failureOf(plain))), 'TLS')
    const tls = { timeoutMs: 100, tls: {} }
    await sim.complete(sim.world('a').network.connect({ host: 'b', port: 9000 }, tls))
  })

  it('end a connection whose other side never answers the end', async () => {
    const { sim, connection, side } = await echoing()
    sim.crash('b', { silent: true })
    connection.end()
    await sim.run(4_000)
    assert.equal(side.closes, 0)
    await sim.run(2_000)
    assert.equal(side.closes, 1)
  })
})
