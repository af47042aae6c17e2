import { silentLogger } from '../../src/base/logger.js'
import { BrokerNetwork, hostOf } from '../../src/broker/broker-network.js'
import { readBrokerOptions } from '../../src/broker/broker-options.js'
import { Simulation } from '../../src/simulation/simulation.js'
import { networkContract } from '../contracts/network.js'
import { incarnationFor } from '../overlay/core-network.js'
import { FakeBroker, fakeBrokerAt } from './fake-broker.js'

networkContract('over a broker, simulated', () => {
  const sim = new Simulation({ seed: 'broker' })
  const options = readBrokerOptions()
  void new FakeBroker().open(sim.world('broker'), 'broker')
  const make = (name: string, number: number) => {
    const self = { name, incarnation: incarnationFor(number), generation: 1, tags: [] }
    const ground = { world: sim.world(name), self, logger: silentLogger, secret: true }
    return {
      host: hostOf(self),
      network: new BrokerNetwork(ground, fakeBrokerAt('broker'), options),
    }
  }
  const server = make('server', 1)
  const client = make('client', 2)
  const started = client.network.listen({ host: client.host, port: 0 }, () => {})
  return {
    server: server.network,
    client: {
      listen: (at, accept) => client.network.listen(at, accept),
      connect: async (to, how) => {
        await started
        return client.network.connect(to, how)
      },
    },
    host: server.host,
    until: (predicate, what) => sim.runUntil(predicate, 60_000, what),
    complete: (promise) => sim.complete(promise),
    pass: (ms) => sim.run(ms),
    async dispose() {
      await sim.complete(Promise.all([server.network.close(), client.network.close()]))
    },
  }
})
