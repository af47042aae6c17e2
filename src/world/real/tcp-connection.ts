import type net from 'node:net'
import type { Connection, ConnectionHandler } from '../network.js'
import { collectorRoom } from './collector-room.js'
import type { TcpRead } from './tcp-read.js'

/** After everything queued was sent, the other side has this long to close too. */
const LINGER_MS = 5_000

/**
 * A socket as a Connection. Nothing is read before `attach`: a stream without a 'data' listener
 * keeps what arrives, and its end, to itself. Errors are always heard and end in `onClose`.
 */
export class TcpConnection implements Connection {
  readonly remote: string
  readonly sameHost: boolean
  readonly #socket: net.Socket
  readonly #lingerMs: number
  readonly #read: TcpRead | undefined
  #handler: ConnectionHandler | undefined
  #error: Error | undefined
  #closed = false
  #ended = false
  #awaitsDrain = false

  /** `read` belongs to a socket that was dialled with its `onread`. */
  constructor(socket: net.Socket, lingerMs = LINGER_MS, read?: TcpRead) {
    this.#socket = socket
    this.#read = read
    this.#lingerMs = lingerMs
    this.remote = remoteOf(socket)
    this.sameHost =
      socket.remoteAddress !== undefined && socket.remoteAddress === socket.localAddress
    socket.on('error', (error) => {
      this.#error ??= error
    })
    socket.on('close', () => this.#onClose())
    socket.on('drain', () => this.#onDrain())
  }

  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  attach(handler: ConnectionHandler): void {
    if (this.#handler !== undefined)
      throw new Error(`connection ${this.remote} is attached already`)
    this.#handler = handler
    if (this.#closed) {
      queueMicrotask(() => handler.onClose(this.#error))
      return
    }
    if (this.#read !== undefined) this.#read.handTo(handler)
    else
      this.#socket.on('data', (bytes: Buffer) => {
        collectorRoom.moved(bytes.length)
        if (!this.#ended) handler.onData(bytes)
      })
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended || !this.#socket.writable) return false
    collectorRoom.moved(bytes.length)
    // The stream says false for a large chunk even when the kernel took all of it at once.
    if (this.#socket.write(bytes) || this.#socket.writableLength === 0) return true
    this.#awaitsDrain = true
    return false
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  pause(): void {
    if (!this.#ended) this.#socket.pause()
  }

  resume(): void {
    if (this.#handler !== undefined) this.#socket.resume()
  }

  end(): void {
    if (this.#ended || this.#closed) return
    this.#ended = true
    this.#read?.close()
    this.#socket.resume() // reads on, so that the other side's end is seen
    this.#socket.end(() => {
      const linger = setTimeout(() => this.#socket.destroy(), this.#lingerMs)
      linger.unref()
      this.#socket.once('close', () => clearTimeout(linger))
    })
  }

  destroy(): void {
    this.#ended = true
    this.#read?.close()
    this.#socket.destroy()
  }

  #onDrain(): void {
    if (!this.#awaitsDrain || this.#ended) return
    this.#awaitsDrain = false
    this.#handler?.onDrain()
  }

  #onClose(): void {
    this.#closed = true
    this.#handler?.onClose(this.#error)
  }
}

/** The other end as text. */
export function remoteOf(socket: net.Socket): string {
  const { remoteAddress = 'unknown', remotePort = 0 } = socket
  return remoteAddress.includes(':')
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`
}
