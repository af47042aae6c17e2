import type { BroadcastFactory } from './broadcast.js'
import { type KeepOptions, readKeepOptions } from './broadcast-options.js'
import { Disseminator } from './disseminator.js'
import type { LoggedMessage } from './message-log.js'

/**
 * Every node sends a new message to all its neighbours but the one it came from: the fastest way and the
 * most expensive, against which Plumtree is compared.
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function flood(options: Partial<KeepOptions> = {}): BroadcastFactory {
  const read = readKeepOptions(options, NAME)
  return { name: NAME, create: ({ incarnation }, random) => new Flood(incarnation, random, read) }
}

const NAME = 'flood'

class Flood extends Disseminator {
  readonly name = NAME

  protected override spread(message: LoggedMessage, body: unknown): void {
    const gossip = this.gossip(message, body)
    for (const peer of this.peers) if (peer !== message.parent) this.send(peer, gossip, 1)
  }

  protected override ownTree(): boolean {
    return false
  }

  protected override control(from: string): void {
    this.bad(from, 'there are no trees here')
  }

  protected override duplicate(): void {}
  protected override repaired(): void {}
  protected override timer(): void {}
  protected override peerLost(): void {}
  protected override aged(): void {}
  protected override roundTrip(): void {}
}
