import { betweenRegions, latencies } from '../../src/simulation/latency.js'
import { Simulation } from '../../src/simulation/simulation.js'
import type { Store } from '../../src/world/store.js'
import { clockContract } from '../contracts/clock.js'
import { networkContract } from '../contracts/network.js'
import { storeContract } from '../contracts/store.js'
import { seeds } from '../seeds.js'

for (const drain of ['fast', 'portable'] as const) {
  networkContract(`simulation, ${drain} drain`, () => {
    const sim = new Simulation({ seed: 'contract', drain })
    return {
      server: sim.world('server').network,
      client: sim.world('client').network,
      host: 'server',
      until: (predicate, what) => sim.runUntil(predicate, 60_000, what),
      complete: (promise) => sim.complete(promise),
      pass: (ms) => sim.run(ms),
      async dispose() {},
    }
  })
}

networkContract('simulation, one host, thin line', () => {
  const sim = new Simulation({ seed: 'thin', windowBytes: 9_000 })
  const { network } = sim.world('a')
  return {
    server: network,
    client: network,
    host: '127.0.0.1',
    until: (predicate, what) => sim.runUntil(predicate, 600_000, what),
    complete: (promise) => sim.complete(promise),
    pass: (ms) => sim.run(ms),
    async dispose() {},
  }
})

/** Ways that are far, uneven and narrow, and cut again and again. */
for (const seed of seeds(20)) {
  networkContract(`simulation, troubled ways [SEED=${seed}]`, () => {
    const sim = new Simulation({ seed, latencyUs: latencies.wan })
    const random = sim.random.fork('trouble')
    sim.link('server', 'client', {
      latencyUs: random.pick([latencies.lan, latencies.wan, betweenRegions('europe', 'asia')]),
      bytesPerMs: random.pick([2_000, 20_000, Number.POSITIVE_INFINITY]),
    })
    const trouble = (): void => {
      const heal = sim.partition(['server'], ['client'], { oneWay: random.int(2) === 0 })
      const { clock } = sim.world('trouble')
      clock.after(
        1 + random.int(300),
        () => {
          heal()
          clock.after(1 + random.int(1_000), trouble, true)
        },
        true,
      )
    }
    trouble()
    return {
      server: sim.world('server').network,
      client: sim.world('client').network,
      host: 'server',
      until: (predicate, what) => sim.runUntil(predicate, 600_000, what),
      complete: (promise) => sim.complete(promise, 600_000),
      pass: (ms) => sim.run(ms),
      async dispose() {},
    }
  })

  storeContract(`simulation, a slow and torn disk [SEED=${seed}]`, () => {
    const sim = new Simulation({ seed })
    sim.disk('a', sim.random.pick(['slow', 'torn', 'sound']))
    return {
      store: sim.world('a').store as Store,
      complete: (promise) => sim.complete(promise),
      async dispose() {},
    }
  })
}

clockContract('simulation', () => {
  const sim = new Simulation()
  return {
    clock: sim.world('a').clock,
    until: (predicate, what) => sim.runUntil(predicate, 60_000, what),
    pass: (ms) => sim.run(ms),
  }
})

storeContract('simulation', () => {
  const sim = new Simulation()
  return {
    store: sim.world('a').store as Store,
    complete: (promise) => sim.complete(promise),
    async dispose() {},
  }
})
