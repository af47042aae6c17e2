import net from 'node:net'
import tls from 'node:tls'
import { TroupeError } from '../../base/errors.js'
import type { Address, Connection, Listener, Network, TlsOptions, TurnedAway } from '../network.js'
import { runOutside } from './outside.js'
import { ownAddresses } from './own-addresses.js'
import { TcpConnection } from './tcp-connection.js'
import { TcpRead } from './tcp-read.js'
import { guardTlsDoor } from './tls-door.js'

/** How long a dialler may take over its side of the TLS handshake. */
const TLS_HANDSHAKE_MS = 10_000
/** A lane may be idle for hours: keeps routers on the way from forgetting it. */
const ALIVE = { keepAlive: true, keepAliveInitialDelay: 30_000 }

/** TCP, with TLS where asked for. */
export const tcpNetwork: Network = {
  listen: (...args) => runOutside(() => listen(...args)),
  connect: (to, options) => runOutside(() => connect(to, options)),
}

function listen(
  at: Address,
  accept: (connection: Connection) => void,
  secure: TlsOptions | undefined,
  turnedAway: TurnedAway = () => {},
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = makeServer(at, accept, secure, turnedAway)
    const refuse = (error: Error): void => reject(listenError(at, error))
    server.once('error', refuse)
    server.once('listening', () => {
      server.off('error', refuse)
      // Running out of descriptors while accepting must not end the process; the dialler sees a loss.
      server.on('error', () => {})
      resolve(new TcpListener(server, at.host))
    })
    try {
      server.listen({ host: at.host, port: at.port, exclusive: true })
    } catch (error) {
      refuse(error as Error)
    }
  })
}

function makeServer(
  at: Address,
  accept: (connection: Connection) => void,
  secure: TlsOptions | undefined,
  turnedAway: TurnedAway,
): net.Server {
  const take = (socket: net.Socket): void => {
    accept(new TcpConnection(socket))
  }
  if (secure === undefined) return net.createServer({ ...ALIVE, noDelay: true }, take)
  try {
    const server = tls.createServer(
      {
        ...pem(secure),
        ...ALIVE,
        noDelay: true,
        requestCert: secure.ca !== undefined,
        rejectUnauthorized: secure.ca !== undefined,
        handshakeTimeout: TLS_HANDSHAKE_MS,
      },
      take,
    )
    guardTlsDoor(server, turnedAway)
    return server
  } catch (cause) {
    const detail = `tls options for ${show(at)} were refused: ${(cause as Error).message}`
    throw new TroupeError('ERR_BAD_OPTION', detail, { cause })
  }
}

function listenError(at: Address, cause: Error): TroupeError {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE') {
    return new TroupeError('ERR_ADDRESS_IN_USE', `another program listens on ${show(at)}`, {
      cause,
    })
  }
  return new TroupeError('ERR_BAD_ADDRESS', `cannot listen on ${show(at)}: ${reasonOf(cause)}`, {
    cause,
  })
}

class TcpListener implements Listener {
  readonly address: Address
  readonly addresses: readonly Address[]
  readonly #server: net.Server

  constructor(server: net.Server, host: string) {
    this.#server = server
    const { port } = server.address() as net.AddressInfo
    this.address = { host, port }
    this.addresses = ownAddresses(host, port)
  }

  close(): Promise<void> {
    // The server's own callback would wait for the connections that stand. The port is free at once.
    return new Promise((resolve) => {
      this.#server.close()
      setImmediate(resolve)
    })
  }
}

function connect(
  to: Address,
  options: { timeoutMs: number; tls?: TlsOptions },
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let socket: net.Socket
    // What TLS decrypts lies in its own memory anyway.
    const read = options.tls === undefined ? new TcpRead() : undefined
    try {
      socket = dial(to, options.tls, read)
    } catch (cause) {
      reject(connectError(to, reasonOf(cause), cause))
      return
    }
    const timeout = setTimeout(() => {
      fail(`no answer within ${options.timeoutMs} ms`)
    }, options.timeoutMs)
    const fail = (reason: string, cause?: unknown): void => {
      clearTimeout(timeout)
      socket.off('close', onClose)
      socket.destroy()
      reject(connectError(to, reason, cause))
    }
    const onError = (error: Error): void => fail(reasonOf(error), error)
    const onClose = (): void => fail('the connection was closed')
    socket.on('error', onError) // stays until the connection has its own: an error never goes unheard
    socket.on('close', onClose)
    socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timeout)
      socket.off('close', onClose)
      const connection = new TcpConnection(socket, undefined, read)
      socket.off('error', onError)
      resolve(connection)
    })
  })
}

function dial(to: Address, secure: TlsOptions | undefined, read: TcpRead | undefined): net.Socket {
  const where = { ...ALIVE, host: to.host, port: to.port, noDelay: true }
  if (secure === undefined) {
    return net.connect(read === undefined ? where : { ...where, onread: read.onread })
  }
  // SNI carries names only; without one the certificate is checked against the address dialled.
  const name = secure.serverName ?? (net.isIP(to.host) === 0 ? to.host : undefined)
  const socket = tls.connect({
    ...where,
    ...pem(secure),
    ...(name === undefined ? {} : { servername: name }),
  })
  socket.setNoDelay(true)
  socket.setKeepAlive(true, ALIVE.keepAliveInitialDelay)
  return socket
}

const connectError = (to: Address, reason: string, cause: unknown): TroupeError =>
  new TroupeError(
    'ERR_CONNECT',
    `cannot connect to ${show(to)}: ${reason}`,
    cause === undefined ? {} : { cause },
  )

const pem = (secure: TlsOptions): { key?: string; cert?: string; ca?: string } => ({
  ...(secure.key === undefined ? {} : { key: secure.key }),
  ...(secure.cert === undefined ? {} : { cert: secure.cert }),
  ...(secure.ca === undefined ? {} : { ca: secure.ca }),
})

const show = (at: Address): string =>
  at.host.includes(':') ? `[${at.host}]:${at.port}` : `${at.host}:${at.port}`

/** An AggregateError (several addresses of one name tried) has no message of its own. */
function reasonOf(error: unknown): string {
  const { message, code, errors } = error as NodeJS.ErrnoException & { errors?: Error[] }
  if (errors !== undefined && errors.length > 0) return errors.map((e) => e.message).join('; ')
  return message || code || String(error)
}
