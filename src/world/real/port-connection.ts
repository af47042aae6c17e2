import type { MessagePort } from 'node:worker_threads'
import { TroupeError } from '../../base/errors.js'
import { RingQueue } from '../../base/ring-queue.js'
import type { Connection, ConnectionHandler } from '../network.js'
import { collectorRoom } from './collector-room.js'

/** Bytes that each end may have sent and the other not read. */
export const WINDOW_BYTES = 1024 * 1024
/** Of one message of the port, so that the other thread reads while this one still writes. */
const CHUNK_MAX_BYTES = WINDOW_BYTES / 2
/** From here on `write` returns false while the connection is corked. */
const HIGH_WATER_BYTES = 64 * 1024
/** The other side hears after so many bytes that they were read. */
const TELL_BYTES = WINDOW_BYTES / 4
/** After everything queued was sent, the other side has this long to close too. */
const LINGER_MS = 5_000

/** No more bytes follow. */
const END = 'end'
/** No more bytes follow, and none are read. */
const GONE = 'gone'

/**
 * A byte stream between two threads of one process. What goes over the port: bytes as an ArrayBuffer,
 * which is transferred; a number, how many bytes were read in all; END and GONE.
 *
 * What is written is copied once, into the buffer that is given away: the writer's own memory may be
 * a part of something larger, or still be used. From there on nothing is copied.
 */
export class PortConnection implements Connection {
  readonly remote: string
  readonly sameHost = true
  readonly #port: MessagePort
  readonly #unsent = new RingQueue<Uint8Array>()
  #headOffset = 0
  #unsentBytes = 0
  /** Bytes sent in all, and how many the other side lets through. */
  #sent = 0
  #credit = WINDOW_BYTES
  readonly #inbox = new RingQueue<ArrayBuffer>()
  /** Bytes that came in, were read, and were told to be. */
  #received = 0
  #read = 0
  #told = 0
  #handler: ConnectionHandler | undefined
  #paused = false
  #corked = false
  #awaitsDrain = false
  #readDue = false
  /** The program is done with it. */
  #ended = false
  #endSent = false
  /** The other side is done sending, or is gone. */
  #endSeen: 'no' | typeof END | typeof GONE = 'no'
  #closed = false
  #error: Error | undefined
  #linger: NodeJS.Timeout | undefined

  /** The port does not keep its thread alive: as long as somebody listens, the listener does. */
  constructor(port: MessagePort, remote: string) {
    this.remote = remote
    this.#port = port
    port.on('message', (message: unknown) => this.#onMessage(message))
    port.on('messageerror', (error: Error) => this.#break(`a message was lost: ${error.message}`))
    port.on('close', () => this.#onPortClosed())
    port.unref()
  }

  get unsentBytes(): number {
    return this.#unsentBytes
  }

  attach(handler: ConnectionHandler): void {
    if (this.#handler !== undefined)
      throw new Error(`connection ${this.remote} is attached already`)
    this.#handler = handler
    if (this.#closed) this.#reportClose()
    else this.#readSoon()
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended || this.#closed) return false
    if (bytes.length > 0) {
      this.#unsent.push(bytes)
      this.#unsentBytes += bytes.length
    }
    if (this.#corked) return this.#unsentBytes < HIGH_WATER_BYTES || this.#waits()
    this.#pump()
    return this.#unsentBytes === 0 || this.#waits()
  }

  cork(): void {
    this.#corked = true
  }

  uncork(): void {
    if (!this.#corked) return
    this.#corked = false
    this.#pump()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#readSoon()
  }

  end(): void {
    if (this.#ended || this.#closed) return
    this.#ended = true
    this.#corked = false
    this.#readSoon() // what still comes is dropped, but the other side's end is seen
    this.#pump()
  }

  destroy(): void {
    if (this.#closed) return
    this.#port.postMessage(GONE)
    this.#close()
  }

  // sending

  #waits(): boolean {
    this.#awaitsDrain = true
    return false
  }

  /** Sends as much as the other side lets through. */
  #pump(): void {
    if (this.#closed) return
    while (this.#unsentBytes > 0 && this.#sent < this.#credit) this.#sendChunk()
    if (this.#unsentBytes > 0) return
    if (this.#awaitsDrain) {
      this.#awaitsDrain = false
      queueMicrotask(() => {
        if (!this.#closed && !this.#ended) this.#handler?.onDrain()
      })
    }
    if (this.#ended && !this.#endSent) this.#sendEnd()
  }

  #sendChunk(): void {
    const size = Math.min(CHUNK_MAX_BYTES, this.#credit - this.#sent, this.#unsentBytes)
    const chunk = Buffer.allocUnsafeSlow(size) // not of the pool, which is never given away
    let at = 0
    while (at < size) {
      const head = this.#unsent.peek() as Uint8Array
      const end = Math.min(head.length, this.#headOffset + size - at)
      chunk.set(
        this.#headOffset === 0 && end === head.length ? head : head.subarray(this.#headOffset, end),
        at,
      )
      at += end - this.#headOffset
      this.#headOffset = end
      if (end === head.length) {
        this.#unsent.shift()
        this.#headOffset = 0
      }
    }
    this.#sent += size
    collectorRoom.moved(size)
    this.#unsentBytes -= size
    const memory = chunk.buffer as ArrayBuffer
    this.#port.postMessage(memory, [memory])
  }

  #sendEnd(): void {
    this.#endSent = true
    this.#port.postMessage(END)
    if (this.#endSeen !== 'no' && this.#inbox.size === 0) {
      this.#close()
      return
    }
    this.#linger = setTimeout(() => this.destroy(), LINGER_MS)
    this.#linger.unref()
  }

  // receiving

  #onMessage(message: unknown): void {
    if (this.#closed) return
    if (message instanceof ArrayBuffer) this.#onBytes(message)
    else if (typeof message === 'number') this.#onRead(message)
    else if (message === END || message === GONE) this.#onEnd(message)
    else this.#break(`a message that is none of a connection's: ${typeof message}`)
  }

  #onBytes(bytes: ArrayBuffer): void {
    this.#received += bytes.byteLength
    collectorRoom.moved(bytes.byteLength)
    const tooMuch = this.#received - this.#read > WINDOW_BYTES
    if (this.#endSeen !== 'no' || tooMuch || bytes.byteLength === 0) {
      this.#break('the other side sent what it may not')
      return
    }
    this.#inbox.push(bytes)
    this.#readNow()
  }

  /** The other side has read so many bytes. */
  #onRead(bytes: number): void {
    if (!(bytes >= this.#credit - WINDOW_BYTES && bytes <= this.#sent)) {
      this.#break(`the other side says it has read ${bytes} bytes of ${this.#sent}`)
      return
    }
    this.#credit = bytes + WINDOW_BYTES
    this.#pump()
  }

  #onEnd(how: typeof END | typeof GONE): void {
    if (this.#endSeen === 'no' || how === GONE) this.#endSeen = how
    this.#readNow()
  }

  /** Its thread has ended, or threw the port away: it said nothing before. */
  #onPortClosed(): void {
    if (this.#closed) return
    this.#endSeen = GONE
    this.#error ??= lost(this.remote, 'its thread is gone')
    this.#readNow()
  }

  #readSoon(): void {
    if (this.#readDue || this.#closed) return
    this.#readDue = true
    queueMicrotask(() => {
      this.#readDue = false
      this.#readNow()
    })
  }

  /** Hands over what came in, unless the program rests; what it does not want any more is dropped. */
  #readNow(): void {
    while (!this.#closed && (this.#ended || (this.#handler !== undefined && !this.#paused))) {
      const bytes = this.#inbox.shift()
      if (bytes === undefined) {
        this.#readAll()
        return
      }
      this.#read += bytes.byteLength
      if (!this.#ended) this.#handler?.onData(Buffer.from(bytes))
      this.#tell()
    }
  }

  #readAll(): void {
    if (this.#endSeen === GONE) this.#close(this.#error)
    else if (this.#endSeen === END) {
      if (this.#endSent) this.#close()
      else if (!this.#ended) this.end()
    }
  }

  /** Early enough, so that the other side does not have to wait for it. */
  #tell(): void {
    if (this.#closed || this.#endSeen !== 'no' || this.#read - this.#told < TELL_BYTES) return
    this.#told = this.#read
    this.#port.postMessage(this.#read)
  }

  // closing

  #break(reason: string): void {
    if (this.#closed) return
    this.#port.postMessage(GONE)
    this.#close(lost(this.remote, reason))
  }

  #close(error?: Error): void {
    this.#closed = true
    this.#ended = true
    this.#error = error
    this.#unsent.clear()
    this.#unsentBytes = 0
    this.#inbox.clear()
    clearTimeout(this.#linger)
    this.#port.close()
    if (this.#handler !== undefined) this.#reportClose()
  }

  #reportClose(): void {
    queueMicrotask(() => this.#handler?.onClose(this.#error))
  }
}

const lost = (remote: string, reason: string): TroupeError =>
  new TroupeError('ERR_CONNECTION_LOST', `connection ${remote} broke: ${reason}`)
