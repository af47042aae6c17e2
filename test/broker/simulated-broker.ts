import { overBroker } from '../../src/broker/broker.js'
import { type BrokerOptions, readBrokerOptions } from '../../src/broker/broker-options.js'
import type { OverlaySubject } from '../contracts/overlay-clusters.js'
import { Simulated } from '../promises/simulated.js'
import { FakeBroker, fakeBrokerAt } from './fake-broker.js'

const HOST = 'broker'

/** Nodes over the broker of a simulated network. */
export const overFakeBroker = (options: Partial<BrokerOptions> = {}): OverlaySubject => ({
  name: 'broker',
  make: () => overBroker(readBrokerOptions(options), async () => fakeBrokerAt(HOST)),
  joins: false,
  partitions: false,
})

/** A simulated network with a broker in it. */
export class SimulatedBroker extends Simulated {
  broker = new FakeBroker()

  constructor(seed: number | string) {
    super(seed)
    void this.broker.open(this.sim.world(HOST), HOST)
  }

  /** As SIGKILL to the broker. */
  stopBroker(): void {
    this.sim.crash(HOST)
  }

  async startBroker(): Promise<void> {
    this.broker = this.broker.restarted()
    await this.complete(this.broker.open(this.sim.restart(HOST), HOST))
  }
}
