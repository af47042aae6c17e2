import net from 'node:net'
import { Codec } from '../../src/wire/codec.js'
import { FRAME, type FrameKind, HEAD_BYTES } from '../../src/wire/frame.js'
import { FrameReader } from '../../src/wire/frame-reader.js'
import { putHead } from '../../src/wire/frame-writer.js'

export interface RawFrame {
  readonly kind: FrameKind
  readonly body: Buffer
}

/** References arrive as what they are on the wire. */
export const codec = new Codec({
  refs: { isRef: () => false, toWire: () => [], fromWire: (wire) => ({ wire }) },
})

export function frame(kind: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const head = Buffer.alloc(HEAD_BYTES)
  putHead(head, 0, kind, body.length)
  return Buffer.concat([head, body])
}

/** A frame of the handshake or of a room: its body is one value. */
export const valueFrame = (kind: number, value: unknown): Buffer =>
  frame(kind, codec.encodeValue(value))

/** A bare socket to a node, and the frames that come back. */
export class RawSocket {
  readonly frames: RawFrame[] = []
  /** Settles when the connection is closed, by whoever. */
  readonly closed: Promise<void>
  onFrame: (frame: RawFrame) => void = () => {}
  readonly #socket: net.Socket
  readonly #reader = new FrameReader()

  private constructor(socket: net.Socket) {
    this.#socket = socket
    this.#reader.open()
    socket.setNoDelay(true)
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('data', (bytes) =>
      this.#reader.push(bytes, (kind, all, start, end) => {
        const one = { kind, body: Buffer.from(all.subarray(start, end)) }
        this.frames.push(one)
        this.onFrame(one)
      }),
    )
  }

  static open(port: number, host = '127.0.0.1'): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, host)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawSocket(socket))
      })
    })
  }

  get open(): boolean {
    return !this.#socket.destroyed
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** The code with which the node refused, once it has closed the connection. */
  async refusal(): Promise<string | undefined> {
    await this.closed
    const refused = this.frames.find(({ kind }) => kind === FRAME.REFUSE)
    return refused && ((codec.decodeValue(refused.body) as unknown[])[0] as string)
  }
}
