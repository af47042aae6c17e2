/**
 * Baselines without a framework: what a single thread, a bare queue and a bare socket cost.
 *
 * `BareLink` frames messages as u32 length + msgpackr body, packs one message at a time, gathers all
 * of a tick into one buffer and writes it once; the receiver decodes every message.
 */
import { connect, createServer, type Socket } from 'node:net'
import { Packr } from 'msgpackr'

/** The smallest honest actor: FIFO mailbox, one message at a time, asynchronous handlers allowed. */
export class MiniActor<M> {
  #queue: M[] = []
  #busy = false
  readonly #handle: (message: M) => unknown

  constructor(handle: (message: M) => unknown) {
    this.#handle = handle
  }

  tell(message: M): void {
    this.#queue.push(message)
    if (this.#busy) return
    this.#busy = true
    queueMicrotask(() => void this.#drain())
  }

  ask<T>(make: (reply: (value: T) => void) => M): Promise<T> {
    return new Promise((resolve) => this.tell(make(resolve)))
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      for (const message of batch) {
        const result = this.#handle(message)
        if (result instanceof Promise) await result
      }
    }
    this.#busy = false
  }
}

const FLUSH_BYTES = 64 * 1024
const packr = new Packr({ useRecords: false })

export class BareLink {
  readonly socket: Socket
  readonly #onBody: (body: Buffer) => void
  #buffer = Buffer.allocUnsafe(2 * FLUSH_BYTES)
  #at = 0
  #armed = false
  #parts: Buffer[] = []
  #have = 0
  #need = 4

  constructor(socket: Socket, onBody: (body: Buffer) => void) {
    this.socket = socket
    this.#onBody = onBody
    socket.setNoDelay(true)
    socket.on('data', (data) => this.#read(data))
    socket.on('error', () => {})
  }

  send(message: unknown): void {
    this.sendBody(packr.pack(message))
  }

  sendBody(body: Buffer): void {
    if (body.length > FLUSH_BYTES) {
      this.#sendLarge(body)
      return
    }
    if (this.#at + body.length + 4 > this.#buffer.length) this.#flush()
    this.#buffer.writeUInt32LE(body.length, this.#at)
    body.copy(this.#buffer, this.#at + 4)
    this.#at += body.length + 4
    if (this.#at >= FLUSH_BYTES) this.#flush()
    else if (!this.#armed) {
      this.#armed = true
      queueMicrotask(() => {
        this.#armed = false
        this.#flush()
      })
    }
  }

  /** A large body behind a number, which the other side reads by `bulkNumber`. */
  sendBulk(number: number, bytes: Buffer): void {
    this.#flush()
    const head = Buffer.allocUnsafe(8)
    head.writeUInt32LE(bytes.length + 4)
    head.writeUInt32LE(number, 4)
    this.socket.cork()
    this.socket.write(head)
    this.socket.write(bytes)
    this.socket.uncork()
  }

  /** Undefined for a body that is no bulk. */
  bulkNumber(body: Buffer): number | undefined {
    return body.length > FLUSH_BYTES ? body.readUInt32LE(0) : undefined
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.socket.once('drain', resolve))
  }

  #sendLarge(body: Buffer): void {
    this.#flush()
    const head = Buffer.allocUnsafe(4)
    head.writeUInt32LE(body.length)
    this.socket.cork()
    this.socket.write(head)
    this.socket.write(body)
    this.socket.uncork()
  }

  #flush(): void {
    if (this.#at === 0) return
    this.socket.write(this.#buffer.subarray(0, this.#at))
    this.#buffer = Buffer.allocUnsafe(2 * FLUSH_BYTES)
    this.#at = 0
  }

  #read(data: Buffer): void {
    if (this.#have > 0) {
      this.#parts.push(data)
      this.#have += data.length
      if (this.#have < this.#need) return
      data = Buffer.concat(this.#parts, this.#have)
      this.#parts = []
      this.#have = 0
    }
    let at = 0
    this.#need = 4
    while (data.length - at >= 4) {
      const length = data.readUInt32LE(at)
      if (data.length - at - 4 < length) {
        this.#need = length + 4
        break
      }
      this.#onBody(data.subarray(at + 4, at + 4 + length))
      at += 4 + length
    }
    if (at < data.length) {
      this.#parts = [data.subarray(at)]
      this.#have = data.length - at
    }
  }
}

export const decode = (body: Buffer): unknown => packr.unpack(body)

/** Listens on loopback; resolves to the port. */
export function bareServer(
  onLink: (link: BareLink, body: Buffer) => void,
  host = '127.0.0.1',
): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      const link: BareLink = new BareLink(socket, (body) => onLink(link, body))
    })
    server.listen(0, host, () => resolve((server.address() as { port: number }).port))
  })
}

export function bareConnect(
  port: number,
  onBody: (body: Buffer) => void,
  host = '127.0.0.1',
): Promise<BareLink> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => resolve(new BareLink(socket, onBody)))
  })
}
