import net from 'node:net'

/**
 * A stretch of network in front of a node: what the node advertises leads here. Cut, it swallows
 * what comes, as a network does that is split: connections stand, new ones are made, nothing gets
 * through. Healed, it breaks what was cut, for bytes of it are missing.
 */
export class TcpProxy {
  /** Where connections go. */
  target = 0
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()
  #isCut = false
  /** Connections that came in. */
  accepted = 0

  private constructor(server: net.Server) {
    this.#server = server
    server.on('connection', (socket) => this.#connected(socket))
  }

  static open(host = '127.0.0.1'): Promise<TcpProxy> {
    return new Promise((resolve, reject) => {
      const server = net.createServer()
      server.once('error', reject)
      server.listen(0, host, () => resolve(new TcpProxy(server)))
    })
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port
  }

  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.pause()
  }

  heal(): void {
    this.#isCut = false
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #connected(near: net.Socket): void {
    this.accepted++
    this.#keep(near)
    if (this.#isCut) {
      near.pause()
      return
    }
    const far = net.connect(this.target, '127.0.0.1')
    this.#keep(far)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes) => to.write(bytes))
      from.on('close', () => {
        if (!this.#isCut) to.destroy()
      })
      from.on('end', () => {
        if (!this.#isCut) to.end()
      })
    }
  }

  #keep(socket: net.Socket): void {
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    this.#sockets.add(socket)
  }
}
