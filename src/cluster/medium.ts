import type { Logger } from '../base/logger.js'
import type { Member, OverlayFactory } from '../overlay/overlay.js'
import type { PeerOptions } from '../peer/peer-options.js'
import type { Network } from '../world/network.js'
import type { World } from '../world/world.js'

/**
 * What an overlay brings that does not use the world's network: byte streams by other means, and a
 * way to speak to all nodes at once. A message broker is one.
 */
export interface Medium {
  /** Takes the place of the world's network. Where `listen` is told to listen does not matter to it. */
  readonly network: Network
  /** What suits it better than the defaults of connections, where the user says nothing. */
  readonly options: Partial<PeerOptions>
  /** Who hears what is published; once, before anything is. */
  subscribe(heard: (body: Uint8Array) => void): void
  /** To all nodes that are there now, this one included; dropped in silence while there is no way. */
  publish(body: Uint8Array): void
  /** The last thing a node does with it, when all connections are closed. */
  close(): Promise<void>
}

/** What a medium is opened for. */
export interface MediumGround {
  readonly world: World
  /** The node; its addresses follow from the medium. */
  readonly self: Omit<Member, 'addresses'>
  readonly logger: Logger
  /** True when nodes prove a cookie to each other. */
  readonly secret: boolean
}

/** What `startNode` takes as `overlay` when the overlay brings its medium along. */
export interface OverlayWithMedium extends OverlayFactory {
  /** @throws TroupeError ERR_BAD_OPTION, ERR_PACKAGE_MISSING */
  open(ground: MediumGround): Promise<Medium>
}

export const bringsMedium = (overlay: OverlayFactory): overlay is OverlayWithMedium =>
  typeof (overlay as Partial<OverlayWithMedium>).open === 'function'
