import type { Random } from '../base/random.js'
import { realCompress } from '../world/real/real-compress.js'
import { realCrypto } from '../world/real/real-crypto.js'
import type { World } from '../world/world.js'
import { SimEntropy } from './sim-entropy.js'
import type { Life } from './sim-host.js'
import { SimNetwork, type Wires } from './sim-network.js'
import { SimStore } from './sim-store.js'
import { SimTurn } from './sim-turn.js'
import { VirtualClock } from './virtual-clock.js'

/** The world of one incarnation of a host. Crypto and compression are pure and therefore the real ones. */
export function simWorld(
  wires: Wires,
  life: Life,
  random: Random,
  fail: (error: unknown) => void,
): World {
  const { agenda } = wires
  const own = random.fork(`host ${life.name} life ${life.number}`)
  return {
    clock: new VirtualClock(agenda, life),
    random: own.fork('random'),
    entropy: new SimEntropy(own.fork('entropy')),
    crypto: realCrypto,
    compress: realCompress,
    turn: new SimTurn(agenda, life, fail),
    network: new SimNetwork(wires, life),
    store: new SimStore(agenda, life),
  }
}
