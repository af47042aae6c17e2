import type { OverlayFactory } from '../overlay.js'
import { ClientCore } from './client-core.js'
import { OVERLAY_NAME } from './client-server-message.js'
import { type GivenClientServerOptions, readClientServerOptions } from './client-server-options.js'
import { ServerCore } from './server-core.js'

/**
 * Clients talk to servers, servers are a full mesh of their own, and a message from client to client
 * goes through the server of each. A client learns the list of servers and moves to another when its
 * own is down. It joins through a server or through a client, which points it to servers; `servers`
 * makes the join unnecessary. For few servers and thousands of clients.
 *
 * Every node knows all members: servers tell each other their clients, and each client follows the view of
 * its server.
 *
 * @throws TroupeError ERR_BAD_OPTION, ERR_BAD_ADDRESS
 */
export function clientServer(options: GivenClientServerOptions): OverlayFactory {
  const read = readClientServerOptions(options)
  return {
    name: OVERLAY_NAME,
    create: (self, random) =>
      read.role === 'client'
        ? new ClientCore(self, random, read)
        : new ServerCore(self, random, read),
  }
}
