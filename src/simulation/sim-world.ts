import type { Random } from '../base/random.js'
import { realCompress } from '../world/real/real-compress.js'
import { realCrypto } from '../world/real/real-crypto.js'
import type { World } from '../world/world.js'
import { type GuardLog, type GuardPolicies, SimGuardedHost } from './guarded-host.js'
import { HeldStore } from './held-store.js'
import { SimEntropy } from './sim-entropy.js'
import type { Life } from './sim-host.js'
import { SimNetwork, type Wires } from './sim-network.js'
import { SimStore } from './sim-store.js'
import { SimTurn } from './sim-turn.js'
import type { WaitLedger } from './sim-waits.js'
import { VirtualClock } from './virtual-clock.js'

/** What keeps nondeterminism out of one simulation. */
export interface Keepers {
  readonly waits: WaitLedger | undefined
  readonly policies: GuardPolicies
  readonly guardLog: GuardLog
}

/** The world of one incarnation of a host. Crypto and compression are pure and therefore the real ones. */
export function simWorld(
  wires: Wires,
  life: Life,
  random: Random,
  keepers: Keepers,
  fail: (error: unknown) => void,
): World {
  const { agenda } = wires
  const own = random.fork(`host ${life.name} life ${life.number}`)
  const waits = keepers.waits?.of(life)
  const store = new SimStore(agenda, life)
  const world: World = {
    clock: new VirtualClock(agenda, life),
    random: own.fork('random'),
    entropy: new SimEntropy(own.fork('entropy')),
    crypto: realCrypto,
    compress: realCompress,
    turn: new SimTurn(agenda, life, fail),
    network: new SimNetwork(wires, life),
    store: waits === undefined ? store : new HeldStore(store, waits),
    ...(waits && { waits }),
  }
  const { policies, guardLog } = keepers
  life.guarded = new SimGuardedHost(life, agenda, world, own, policies, guardLog, fail)
  return world
}
