import type { ConnectionHandler } from '../network.js'
import { collectorRoom } from './collector-room.js'

/** Where all sockets of this thread read to that have no better place: what came is copied out at once. */
const COMMON = Buffer.allocUnsafeSlow(64 * 1024)

/**
 * How a dialled socket reads: straight into the memory its handler offers, else into common memory and
 * a copy of what came. Accepted sockets have no such option in Node.
 */
export class TcpRead {
  #handler: ConnectionHandler | undefined
  #early: Buffer[] = []
  /** The handler's own memory is being read to. */
  #direct = false
  /** The `onread` option of `net.connect`. */
  readonly onread = {
    buffer: (): Uint8Array => this.#next(),
    callback: (bytes: number): boolean => {
      this.#took(bytes)
      return true
    },
  }

  /** From now on what comes goes to that handler, as does what came before. */
  handTo(handler: ConnectionHandler): void {
    this.#handler = handler
    for (const bytes of this.#early) handler.onData(bytes)
    this.#early = []
  }

  /** Whatever comes is dropped. */
  close(): void {
    this.#handler = NOBODY
  }

  #next(): Uint8Array {
    const room = this.#handler?.room?.()
    this.#direct = room !== undefined
    return room ?? COMMON
  }

  #took(bytes: number): void {
    const handler = this.#handler
    collectorRoom.moved(bytes)
    if (this.#direct) handler?.filled?.(bytes)
    else {
      const copy = Buffer.from(COMMON.subarray(0, bytes))
      if (handler === undefined) this.#early.push(copy)
      else handler.onData(copy)
    }
  }
}

const NOBODY: ConnectionHandler = { onData() {}, onDrain() {}, onClose() {} }
