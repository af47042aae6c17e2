import net from 'node:net'

/** A TCP port of this machine that was free a moment ago. */
export function freePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, host, () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
}

/**
 * The first of so many free ports in a row, below those that the kernel gives to whoever asks for any: between this
 * and their use, nobody gets them by accident.
 */
export async function freePortsInARow(count: number, host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const first = 20_000 + Math.floor(Math.random() * 10_000)
    const free = await Promise.all(
      Array.from({ length: count }, (_, at) => isFree(first + at, host)),
    )
    if (free.every(Boolean)) return first
  }
  throw new Error(`no ${count} free ports in a row`)
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
