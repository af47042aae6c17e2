import { TroupeError } from '../../src/base/errors.js'
import type { Network } from '../../src/world/network.js'
import { tcpNetwork } from '../../src/world/real/tcp-network.js'
import { ThreadNetwork } from '../../src/world/real/thread-network.js'
import { Real } from '../promises/real.js'

/** Nobody is dialled over TCP: whatever two nodes say to each other goes over ports. */
const portsOnly: Network = {
  listen: tcpNetwork.listen,
  connect: ({ host, port }) =>
    Promise.reject(new TroupeError('ERR_CONNECT', `${host}:${port} is of no thread`)),
}

/** Networks as threads have them that were started by one other, all in this thread. */
export class Threads {
  readonly #parent = new ThreadNetwork(portsOnly)

  network(name: string): Network {
    const network = new ThreadNetwork(portsOnly)
    network.joinParent(this.#parent.addThread(name))
    return network
  }
}

/** Nodes as in worker threads, each with the network of a thread of its own. */
export class OverPorts extends Real {
  override readonly title: string = 'ports'
  readonly #threads = new Threads()

  protected override networkOf(name: string): Network {
    return this.#threads.network(name)
  }
}
