import type net from 'node:net'
import type tls from 'node:tls'
import { TroupeError } from '../../base/errors.js'
import type { TurnedAway } from '../network.js'
import { remoteOf } from './tcp-connection.js'

/** Connections that may be in their TLS handshake at one time; beyond it the oldest is closed. */
const PENDING_MAX = 256

/** Bounds who stands at the door of a TLS server, and tells who did not come in. */
export function guardTlsDoor(server: tls.Server, turnedAway: TurnedAway): void {
  const pending = new Map<string, net.Socket>()
  server.on('connection', (socket: net.Socket) => {
    const who = remoteOf(socket)
    const [oldest] = pending
    if (oldest !== undefined && pending.size >= PENDING_MAX) {
      const [remote, stranger] = oldest
      pending.delete(remote)
      stranger.destroy()
      const detail = `${PENDING_MAX} TLS handshakes are under way`
      turnedAway(remote, new TroupeError('ERR_TOO_MANY_CONNECTIONS', detail))
    }
    pending.set(who, socket)
    socket.once('close', () => {
      if (!pending.delete(who)) return
      turnedAway(who, new TroupeError('ERR_HANDSHAKE', 'the TLS handshake did not succeed'))
    })
  })
  server.on('secureConnection', (socket: tls.TLSSocket) => pending.delete(remoteOf(socket)))
  // Its socket has to go, whoever is to blame; that it is gone is told above.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
}
