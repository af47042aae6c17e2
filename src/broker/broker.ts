import { TroupeError } from '../base/errors.js'
import type { Medium, MediumGround, OverlayWithMedium } from '../cluster/medium.js'
import { PresenceOverlay } from '../overlay/presence.js'
import { AmqpBroker, loadAmqp } from './amqp-broker.js'
import type { Broker } from './broker-link.js'
import { BrokerNetwork } from './broker-network.js'
import { type BrokerOptions, parseBrokerUrl, readBrokerOptions } from './broker-options.js'

const NAME = 'broker'

/**
 * All nodes talk through a message broker (RabbitMQ) and need no way to each other. Each has one queue
 * at a topic exchange; who is a member is told by presence messages, so nothing is joined. Needs the
 * package `amqplib`. While the broker cannot be used (not there, wrong credentials) the node runs
 * alone, logs one error, and tries again until it can or is stopped. `listen`, `advertise` and `tls`
 * of `startNode` do not apply.
 *
 * @throws TroupeError ERR_BAD_OPTION. `startNode` throws ERR_PACKAGE_MISSING without `amqplib`, and
 *   ERR_BAD_OPTION without a cookie, unless the broker is on this machine
 */
export function broker(given?: Partial<BrokerOptions>): OverlayWithMedium {
  const options = readBrokerOptions(given)
  const { hostname } = parseBrokerUrl(options.url)
  return overBroker(options, async ({ secret }) => {
    if (!secret && !isLoopback(hostname)) {
      throw new TroupeError(
        'ERR_BAD_OPTION',
        `startNode.cookie is needed when the broker is not on loopback, but on ${hostname}`,
      )
    }
    return new AmqpBroker(await loadAmqp(), options.url)
  })
}

/** The same overlay over any broker. */
export const overBroker = (
  options: BrokerOptions,
  reach: (ground: MediumGround) => Promise<Broker>,
): OverlayWithMedium => ({
  name: NAME,
  create: (self, random) => new PresenceOverlay(NAME, self, options, random),
  open: async (ground): Promise<Medium> => new BrokerNetwork(ground, await reach(ground), options),
})

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
