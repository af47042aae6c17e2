import { isCreditedBody } from '../wire/credited-frame.js'
import { FRAME, type FrameKind, HEAD_BYTES } from '../wire/frame.js'
import { FrameReader, type OnFrame } from '../wire/frame-reader.js'
import { putHead } from '../wire/frame-writer.js'
import type { Connection, ConnectionHandler } from '../world/network.js'
import { Aside } from './aside.js'
import { flipBits } from './bit-flip.js'
import { MEMBERSHIP_NAME } from './channel-table.js'
import { DelayLine } from './delay-line.js'
import { type GateSide, PASS, type Verdict } from './gate.js'
import type { PeerContext } from './peer-context.js'

/** Who handles what a stream brings: a handshake first, then a lane. */
export interface StreamOwner extends GateSide {
  /** The bytes may be kept. Throws only for a broken rule of the wire. */
  frame(kind: FrameKind, bytes: Buffer, start: number, end: number): void
  /** After a read that held whole frames: the peer lives. */
  heard(): void
  /** So many fragments have come in whole by now. */
  took(fragments: number): void
  drained(): void
  /** After a read that held messages that need credit. */
  credited(): void
  /** The peer broke a rule of the wire; the stream is closed by whoever is told. */
  broken(error: unknown): void
  /** Once, last; not after `close` or `abort`. */
  closed(error: Error | undefined): void
}

/** Frames held back by rules before reading stops. */
const HELD_MAX = 1024

export class InFrame {
  readonly kind: FrameKind
  readonly bytes: Buffer
  readonly start: number
  readonly end: number

  constructor(kind: FrameKind, bytes: Buffer, start: number, end: number) {
    this.kind = kind
    this.bytes = bytes
    this.start = start
    this.end = end
  }
}

/** A connection as frames. What comes in crosses the gate here. */
export class FrameStream implements ConnectionHandler {
  readonly connection: Connection
  readonly #context: PeerContext
  readonly #reader: FrameReader
  readonly #deliver: OnFrame = (kind, bytes, start, end) => this.#pass(kind, bytes, start, end)
  #owner: StreamOwner
  #open = true
  #heard = false
  bytesIn = 0
  bytesOut = 0
  framesIn = 0
  framesOut = 0
  /** Messages that need credit and have come in, whatever the gate does with them, and their bytes. */
  creditedIn = 0
  creditedBytesIn = 0
  /** Reasons not to read. */
  #holds = 0
  #delayedIn: DelayLine<InFrame> | undefined
  #asideIn: Aside<InFrame> | undefined
  #delayedOut: DelayLine<Uint8Array> | undefined

  /** Attaches itself: to be called as soon as the connection is handed over. */
  constructor(context: PeerContext, connection: Connection, owner: StreamOwner) {
    this.#context = context
    this.connection = connection
    this.#owner = owner
    const { options, world } = context
    this.#reader = new FrameReader(options.maxMessageBytes, world.compress.inflate)
    context.connections.opened(this)
    connection.attach(this)
  }

  get open(): boolean {
    return this.#open
  }

  /** The handshake is done: frames of all kinds go to `owner`, the rest of the present read included. */
  handTo(owner: StreamOwner): void {
    this.#reader.open()
    this.#owner = owner
  }

  /** Bytes that the connection has not passed on yet. */
  get unsentBytes(): number {
    return this.connection.unsentBytes
  }

  /** Raw bytes of whole frames, or of parts of one, in order. False: wait for `drained`. */
  write(bytes: Uint8Array): boolean {
    if (!this.#open) return false
    this.bytesOut += bytes.length
    if (this.#delayedOut !== undefined && this.#delayedOut.size > 0) {
      this.#delayedOut.push(bytes, 0)
      return true
    }
    return this.connection.write(bytes)
  }

  /** One small frame of its own, through the gate. */
  writeFrame(kind: FrameKind, body: Uint8Array): void {
    if (!this.#open) return
    const verdict = this.#context.gate.out(this.#owner, kind, undefined, body.length + HEAD_BYTES)
    if (verdict.drop) return
    const frame = Buffer.allocUnsafe(HEAD_BYTES + body.length)
    putHead(frame, 0, kind, body.length)
    frame.set(body, HEAD_BYTES)
    this.framesOut++
    if (verdict.delayMs > 0) {
      this.#delayedOut ??= new DelayLine(this.#context.world.clock, (bytes) => {
        if (this.#open) this.connection.write(bytes)
      })
      this.bytesOut += frame.length
      this.#delayedOut.push(frame, verdict.delayMs)
    } else this.write(frame)
  }

  /** Sends what was written, then closes. The owner hears nothing more. */
  close(): void {
    if (!this.#open) return
    this.#delayedOut?.flush()
    this.#shut()
    this.#context.connections.closing(this)
    this.connection.end()
  }

  /** Closes at once. The owner hears nothing more. */
  abort(): void {
    this.#shut()
    this.connection.destroy()
  }

  onData(bytes: Uint8Array): void {
    this.#take(bytes.length, bytes)
  }

  room(): Uint8Array | undefined {
    return this.#open ? this.#reader.room() : undefined
  }

  filled(bytes: number): void {
    this.#take(bytes, undefined)
  }

  /** Without `bytes` they were read to where they belong. */
  #take(count: number, bytes: Uint8Array | undefined): void {
    if (!this.#open) return
    this.bytesIn += count
    const before = this.framesIn
    const credited = this.creditedIn
    const { fragments, wholeFragments } = this.#reader
    try {
      if (bytes === undefined) this.#reader.filled(count, this.#deliver)
      else this.#reader.push(bytes, this.#deliver)
    } catch (error) {
      if (this.#open) this.#owner.broken(error)
      return
    }
    if (this.creditedIn !== credited && this.#open) this.#owner.credited()
    if (this.#reader.wholeFragments !== wholeFragments && this.#open) {
      this.#owner.took(this.#reader.wholeFragments)
    }
    const heard = this.#heard || (this.#reader.fragments > fragments && this.#context.gate.isOpen)
    if (!heard || !this.#open) return
    this.#heard = false
    this.#owner.heard()
    const { pace } = this.#context
    if (pace.behind && this.#owner.channel !== MEMBERSHIP_NAME) {
      this.hold()
      pace.afterHandled(this.framesIn - before, this.letGo)
    }
  }

  /** Stops reading until as many `letGo` have come as there were holds. */
  hold(): void {
    if (this.#holds++ === 0) this.connection.pause()
  }

  readonly letGo = (): void => {
    if (--this.#holds === 0) this.connection.resume()
  }

  onDrain(): void {
    if (this.#open) this.#owner.drained()
  }

  onClose(error?: Error): void {
    this.#context.connections.closed(this)
    if (!this.#open) return
    this.#delayedIn?.flush()
    this.#asideIn?.flush()
    this.#shut()
    this.#owner.closed(error)
  }

  #shut(): void {
    this.#open = false
    this.#reader.close()
    this.#delayedIn?.clear()
    this.#asideIn?.clear()
    this.#delayedOut?.clear()
  }

  /** One frame on its way in, across the gate. */
  #pass(kind: FrameKind, bytes: Buffer, start: number, end: number): void {
    if (!this.#open) return
    this.framesIn++
    const size = end - start + HEAD_BYTES
    if (kind === FRAME.ENVELOPE && isCreditedBody(bytes, start)) {
      this.creditedIn++
      this.creditedBytesIn += size
    }
    const verdict = this.#context.gate.in(this.#owner, kind, undefined, size, bytes, start, end)
    if (verdict === PASS && this.#delayedIn === undefined) {
      this.#heard = true
      this.#owner.frame(kind, bytes, start, end)
    } else this.#detour(verdict, new InFrame(kind, bytes, start, end))
  }

  /** Off the fast path: a rule has spoken, or frames before this one are held back. */
  #detour(verdict: Verdict, frame: InFrame): void {
    if (this.#delayedIn?.size === 0) this.#delayedIn = undefined
    if (verdict.drop) return
    if (frame.kind === FRAME.WELCOME) this.#reader.open()
    const { delayMs } = verdict
    const { copies, asideMs, flips } = frame.kind <= FRAME.REFUSE ? PASS : verdict
    const changed = flips.length === 0 ? frame : flipped(frame, flips)
    for (let i = 0; i < copies; i++) {
      if (asideMs > 0) this.#aside(changed, delayMs + asideMs)
      else if (this.#delayedIn === undefined && delayMs === 0) this.#release(changed)
      else this.#delay(changed, delayMs)
    }
  }

  #aside(frame: InFrame, delayMs: number): void {
    this.#asideIn ??= new Aside(this.#context.world.clock, (late) => this.#release(late))
    this.#asideIn.push(frame, delayMs)
  }

  #delay(frame: InFrame, delayMs: number): void {
    this.#delayedIn ??= new DelayLine(this.#context.world.clock, (late) => {
      if (this.#delayedIn?.size === HELD_MAX) this.letGo()
      this.#release(late)
    })
    this.#delayedIn.push(frame, delayMs)
    if (this.#delayedIn.size === HELD_MAX) this.hold()
  }

  #release(frame: InFrame): void {
    if (!this.#open) return
    try {
      this.#owner.frame(frame.kind, frame.bytes, frame.start, frame.end)
      if (this.#open) this.#owner.heard()
    } catch (error) {
      if (this.#open) this.#owner.broken(error)
    }
  }
}

function flipped(frame: InFrame, flips: readonly number[]): InFrame {
  const body = Buffer.from(frame.bytes.subarray(frame.start, frame.end))
  flipBits([body], 0, flips)
  return new InFrame(frame.kind, body, 0, body.length)
}
