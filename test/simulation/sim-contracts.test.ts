import { Simulation } from '../../src/simulation/simulation.js'
import type { Store } from '../../src/world/store.js'
import { clockContract } from '../contracts/clock.js'
import { networkContract } from '../contracts/network.js'
import { storeContract } from '../contracts/store.js'

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
