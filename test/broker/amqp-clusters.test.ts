import { silentLogger } from '../../src/base/logger.js'
import { AmqpBroker, loadAmqp } from '../../src/broker/amqp-broker.js'
import type { Broker } from '../../src/broker/broker-link.js'
import { BrokerNetwork, hostOf } from '../../src/broker/broker-network.js'
import { readBrokerOptions } from '../../src/broker/broker-options.js'
import { realWorld } from '../../src/index.js'
import { networkContract } from '../contracts/network.js'
import { type OverlaySubject, overlayClusterCases } from '../contracts/overlay-clusters.js'
import { incarnationFor } from '../overlay/core-network.js'
import { Real } from '../promises/real.js'
import { realComplete, realPass, realUntil } from '../world/real-env.js'
import { AMQP_URL, brokerOrSkip, Links, ownCluster } from './real-broker.js'

/** Real nodes over a real broker; a crash closes a node's connection to it. */
class RealBroker extends Real {
  readonly links = new Links({ cluster: ownCluster() })

  override async crash(name: string): Promise<void> {
    await super.crash(name)
    this.links.sever(name)
  }
}

describe('over RabbitMQ', () => {
  before(function () {
    return brokerOrSkip(this)
  })

  let real: RealBroker | undefined
  const subject: OverlaySubject = {
    name: 'broker',
    make: () => (real ?? new RealBroker()).links.overlay(),
    joins: false,
    partitions: false,
  }
  const ground = (): RealBroker => {
    real = new RealBroker()
    return real
  }
  for (const { title, run } of overlayClusterCases(subject, ground)) {
    it(title, run).timeout(20_000)
  }

  let starts = 0
  networkContract('over RabbitMQ', () => {
    const options = readBrokerOptions({ cluster: ownCluster() })
    const broker: Broker = {
      place: AMQP_URL,
      open: async (...args) => new AmqpBroker(await loadAmqp(), AMQP_URL).open(...args),
    }
    const make = (name: string) => {
      const self = { name, incarnation: incarnationFor(++starts), generation: 1, tags: [] }
      const ground = { world: realWorld(), self, logger: silentLogger, secret: true }
      return { host: hostOf(self), network: new BrokerNetwork(ground, broker, options) }
    }
    const server = make('server')
    const client = make('client')
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
      until: realUntil,
      complete: realComplete,
      pass: realPass,
      async dispose() {
        await Promise.all([server.network.close(), client.network.close()])
      },
    }
  })
})
