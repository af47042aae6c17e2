import { guardedLogger, type Logger } from '../base/logger.js'
import { jsonLogger } from '../world/real/json-logger.js'
import { realEnvironment } from '../world/real/real-environment.js'
import { realWorld } from '../world/real/real-world.js'
import { threadNetwork } from '../world/real/thread-network.js'
import type { World } from '../world/world.js'
import { completeOptions, readConfig } from './given-options.js'
import { buildHouse } from './house.js'
import { Node } from './node.js'
import { type NodeOptions, type ReadNodeOptions, readNodeOptions } from './node-options.js'

/**
 * Starts a node. Resolves when it listens; it knows only itself then (and, with `dataDir`, the
 * members of its last start): `node.join(address)` comes next.
 *
 * @throws TroupeError ERR_BAD_OPTION naming option, rule and value, before anything starts;
 *   ERR_BAD_DEFINITION for a class in `remoteSpawn` without `@actor`; ERR_PACKAGE_MISSING for an
 *   overlay whose package is not installed; ERR_ADDRESS_IN_USE, ERR_BAD_ADDRESS and ERR_STORE, with
 *   nothing left open
 */
export async function startNode(options: NodeOptions): Promise<Node> {
  const environment = options?.world === undefined ? realEnvironment : options.world?.environment
  const file =
    options?.config === undefined ? undefined : await readConfig(options.config, environment)
  const read = readNodeOptions(completeOptions(options, environment, file))
  const { name } = read
  const log = read.logger
    ? guardedLogger(read.logger)
    : jsonLogger({ level: 'warn', fields: { node: name } })
  const world = read.world ?? worldOf(read)
  try {
    const house = await buildHouse(world, log, read, (failed) => {
      try {
        house.events.emit('rootFailed', failed)
      } finally {
        if (read.onRootFailed === 'stop') stopFor(node, log)
      }
    })
    const node = new Node(house)
    house.system.node = node
    await house.cluster.start()
    return node
  } catch (error) {
    if (read.world === undefined) await world.store?.close()
    throw error
  }
}

function worldOf({ dataDir, store, advertise }: ReadNodeOptions): World {
  const real = realWorld(dataDir === undefined ? {} : { dataDir })
  const world = store === undefined ? real : { ...real, store }
  if (advertise === undefined) return world
  return { ...world, network: threadNetwork.knownAs([advertise]) }
}

/** Stops a node whose root has failed; nobody awaits it. */
function stopFor(node: Node, log: Logger): void {
  node.stop().catch((err: unknown) => log.error({ err }, 'the node did not stop in order'))
}
