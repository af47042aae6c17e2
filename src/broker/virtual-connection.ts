import { TroupeError } from '../base/errors.js'
import { RingQueue } from '../base/ring-queue.js'
import type { Timer } from '../world/clock.js'
import type { Connection, ConnectionHandler } from '../world/network.js'
import type { World } from '../world/world.js'
import { PACKET, type PacketKind } from './packet.js'

/** From here on `write` returns false. */
const HIGH_WATER_BYTES = 64 * 1024
/** Of one message of the broker. */
const CHUNK_MAX_BYTES = 64 * 1024
/** After everything queued was sent, the other side has this long to close too. */
const LINGER_MS = 5_000

/** What carries the packets of a virtual connection. */
export interface ConnectionHost {
  readonly world: Pick<World, 'clock' | 'turn'>
  /** Bytes that may be under way to this end and unread. */
  readonly windowBytes: number
  /** False while the broker has not confirmed enough of what it was handed. */
  readonly hasRoom: boolean
  /** The next `hasRoom` comes back as `pump`. */
  awaitRoom(connection: VirtualConnection): void
  send(connection: VirtualConnection, kind: PacketKind, value: number, parts?: Uint8Array[]): void
  forget(connection: VirtualConnection): void
}

/** Who is at the other end. */
export interface FarEnd {
  readonly incarnation: string
  readonly number: number
  /** This end opened the connection. */
  readonly dialled: boolean
  /** As text, for logs. */
  readonly remote: string
}

/**
 * A byte stream carried by messages of a broker. As TCP: in order, whole or broken; each end may have
 * `windowBytes` unread, and the other waits with the rest. Data is numbered: what comes twice is
 * dropped, and where something is missing the connection breaks.
 */
export class VirtualConnection implements Connection {
  readonly far: FarEnd
  readonly #host: ConnectionHost
  readonly #unsent = new RingQueue<Uint8Array>()
  #headOffset = 0
  #unsentBytes = 0
  /** Bytes sent so far, and how many the other side lets through. */
  #sent = 0
  readonly #windowOfOther: number
  #credit: number
  #nextOut = 0
  readonly #inbox = new RingQueue<Uint8Array>()
  #nextIn = 0
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
  #endSeen: 'no' | 'end' | 'gone' = 'no'
  #closed = false
  #error: Error | undefined
  #linger: Timer | undefined

  /** `window`: bytes that the other end lets be unread. */
  constructor(host: ConnectionHost, far: FarEnd, window: number) {
    this.#host = host
    this.far = far
    this.#windowOfOther = window
    this.#credit = window
  }

  get remote(): string {
    return this.far.remote
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
    if (!this.#corked) this.pump()
    if (this.#unsentBytes < HIGH_WATER_BYTES) return true
    this.#awaitsDrain = true
    return false
  }

  cork(): void {
    this.#corked = true
  }

  uncork(): void {
    if (!this.#corked) return
    this.#corked = false
    this.pump()
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
    this.#readSoon()
    this.pump()
  }

  destroy(): void {
    if (this.#closed) return
    this.#host.send(this, PACKET.GONE, this.#nextOut)
    this.close()
  }

  // what the host calls

  /** Sends as much as the other side and the broker let through. */
  pump(): void {
    if (this.#closed) return
    while (this.#unsentBytes > 0 && this.#sent < this.#credit) {
      if (!this.#host.hasRoom) {
        this.#host.awaitRoom(this)
        return
      }
      this.#sendChunk()
    }
    if (this.#unsentBytes > 0) return
    if (this.#awaitsDrain) {
      this.#awaitsDrain = false
      this.#host.world.turn.micro(() => this.#drained())
    }
    if (this.#ended && !this.#endSent) this.#sendEnd()
  }

  data(number: number, bytes: Uint8Array): void {
    if (this.#closed || !this.#isNext(number)) return
    this.#nextIn++
    this.#received += bytes.length
    if (this.#endSeen !== 'no' || this.#received - this.#read > this.#host.windowBytes) {
      this.break('the other side sent more than it may')
      return
    }
    this.#inbox.push(bytes)
    this.#readNow()
  }

  /** The other side has read so many bytes. */
  window(read: number): void {
    if (this.#closed || read > this.#sent) return
    this.#credit = Math.max(this.#credit, read + this.#windowOfOther)
    this.pump()
  }

  /** Nothing follows after that number; `gone`: and nothing is heard there any more. */
  endSeen(number: number, how: 'end' | 'gone'): void {
    if (this.#closed || !this.#isNext(number)) return
    this.#endSeen = how
    this.#readNow()
  }

  /** Tells the other side, and closes with an error. */
  break(reason: string): void {
    if (this.#closed) return
    this.#host.send(this, PACKET.RESET, 0)
    this.fail(reason)
  }

  /** Closes with an error; the other side knows, or cannot be told. */
  fail(reason: string): void {
    const detail = `connection ${this.remote} broke: ${reason}`
    this.close(new TroupeError('ERR_CONNECTION_LOST', detail))
  }

  close(error?: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#ended = true
    this.#error = error
    this.#unsent.clear()
    this.#unsentBytes = 0
    this.#inbox.clear()
    this.#linger?.cancel()
    this.#host.forget(this)
    if (this.#handler !== undefined) this.#reportClose()
  }

  // sending

  #sendChunk(): void {
    let room = Math.min(CHUNK_MAX_BYTES, this.#credit - this.#sent)
    const parts: Uint8Array[] = []
    while (room > 0) {
      const head = this.#unsent.peek()
      if (head === undefined) break
      const size = Math.min(room, head.length - this.#headOffset)
      parts.push(head.subarray(this.#headOffset, this.#headOffset + size))
      this.#headOffset += size
      if (this.#headOffset === head.length) {
        this.#unsent.shift()
        this.#headOffset = 0
      }
      room -= size
      this.#sent += size
      this.#unsentBytes -= size
    }
    this.#host.send(this, PACKET.DATA, this.#nextOut++, parts)
  }

  #sendEnd(): void {
    this.#endSent = true
    this.#host.send(this, PACKET.END, this.#nextOut)
    if (this.#endSeen !== 'no' && this.#inbox.size === 0) {
      this.close()
      return
    }
    this.#linger = this.#host.world.clock.after(LINGER_MS, () => this.destroy(), true)
  }

  #drained(): void {
    if (!this.#closed && !this.#ended) this.#handler?.onDrain()
  }

  // receiving

  /** True for the next in order. A message that the broker delivers again is dropped; a gap is the end. */
  #isNext(number: number): boolean {
    if (number > this.#nextIn) this.break(`${number - this.#nextIn} messages are missing`)
    return number === this.#nextIn
  }

  #readSoon(): void {
    if (this.#readDue || this.#closed) return
    this.#readDue = true
    this.#host.world.turn.micro(() => {
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
      this.#read += bytes.length
      if (!this.#ended) this.#handler?.onData(bytes)
      this.#tell()
    }
  }

  #readAll(): void {
    if (this.#endSeen === 'gone') this.close()
    else if (this.#endSeen === 'end') {
      if (this.#endSent) this.close()
      else if (!this.#ended) this.end()
    }
  }

  /** The other side hears now and then how much was read, early enough not to wait for it. */
  #tell(): void {
    if (this.#closed || this.#endSeen !== 'no') return
    if (this.#read - this.#told < this.#host.windowBytes / 4) return
    this.#told = this.#read
    this.#host.send(this, PACKET.WINDOW, this.#read)
  }

  #reportClose(): void {
    this.#host.world.turn.micro(() => this.#handler?.onClose(this.#error))
  }
}
