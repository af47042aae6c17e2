import { RingQueue } from '../base/ring-queue.js'
import type { Connection, ConnectionHandler } from '../world/network.js'
import type { Agenda, SimEvent } from './agenda.js'
import { guardSlot } from './guards/slot.js'
import type { Packet, Pipe, PipeEnds } from './pipe.js'
import type { Life } from './sim-host.js'

/** From here on `write` returns false. */
const HIGH_WATER_BYTES = 16 * 1024

/** After everything queued was sent, the other side has this long to close too. */
const LINGER_US = 5_000_000

/** One end of a simulated connection: what the kernel keeps of it, and the program's handle on it. */
export class SimConnection implements Connection, PipeEnds {
  readonly remote: string
  readonly #agenda: Agenda
  readonly #life: Life
  readonly #out: Pipe
  readonly #in: Pipe
  readonly #inbox = new RingQueue<Packet>()
  #handler: ConnectionHandler | undefined
  #paused = false
  #corked = false
  #awaitsDrain = false
  #readDue = false
  /** The program is done with it. */
  #ended = false
  /** The other side is done with it. */
  #endSeen = false
  #closed = false
  #error: Error | undefined
  #linger: SimEvent | undefined

  constructor(agenda: Agenda, life: Life, remote: string, out: Pipe, incoming: Pipe) {
    this.#agenda = agenda
    this.#life = life
    this.remote = remote
    this.#out = out
    this.#in = incoming
    out.sender = this
    incoming.receiver = this
    life.host.connections.add(this)
  }

  get unsentBytes(): number {
    return this.#out.unsentBytes
  }

  attach(handler: ConnectionHandler): void {
    if (this.#handler !== undefined)
      throw new Error(`connection ${this.remote} is attached already`)
    this.#handler = handler
    if (this.#closed) this.#reportClose()
    else this.#readSoon()
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended || this.#closed || !this.#life.alive) return false
    if (++this.#agenda.sends > this.#agenda.maxSends) return false
    this.#out.push(bytes)
    if (!this.#corked) this.#out.pump()
    if (this.#out.unsentBytes < HIGH_WATER_BYTES) return true
    this.#awaitsDrain = true
    return false
  }

  cork(): void {
    this.#corked = true
  }

  uncork(): void {
    if (!this.#corked) return
    this.#corked = false
    if (this.#closed || !this.#life.alive) return
    this.#out.pump()
    this.sent()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#readSoon()
  }

  end(): void {
    if (this.#ended || this.#closed || !this.#life.alive) return
    this.#ended = true
    this.#finishSending()
    this.#readSoon()
  }

  destroy(): void {
    if (this.#closed || !this.#life.alive) return
    this.#ended = true
    // As a kernel does: unread data turns the end into a reset.
    if (this.#inbox.size > 0 && !this.#endSeen) this.#out.reset()
    else this.#out.end(true)
    this.#close(undefined)
  }

  /** The machine lost its power. */
  halt(): void {
    this.#closed = true
    this.#out.halt()
    this.#inbox.clear()
  }

  /** The host at the other end. */
  get peer(): string {
    return this.#out.to
  }

  /** The network breaks the connection at this end; what is under way to it is lost. */
  sever(): void {
    this.#ended = true
    this.#in.sever()
    this.#out.sever()
    this.#close(new Error(`connection ${this.remote} was reset`))
  }

  /** The machine is on again and knows nothing of this connection that somebody spoke to. */
  disown(): void {
    this.#out.refuseMore()
  }

  arrived(packet: Packet): void {
    const { host } = this.#life
    if (!this.#life.alive || this.#closed) {
      if (!host.on) host.orphans.add(this)
      else if (packet.kind === 'data') this.#out.refuseMore()
      return
    }
    if (packet.kind === 'reset') this.#inbox.clear()
    this.#inbox.push(packet)
    if (host.paused) this.#readSoon()
    else if (!this.#readDue && this.#canRead()) this.#read()
  }

  sent(): void {
    if (this.#out.finished) this.#afterFinish()
    if (!this.#awaitsDrain || this.#ended || this.#out.unsentBytes > 0) return
    this.#awaitsDrain = false
    this.#agenda.schedule(0, 'drain', this.#life, this.#out.label, () => {
      if (!this.#ended && !this.#closed) this.#handler?.onDrain()
    })
  }

  #canRead(): boolean {
    const next = this.#inbox.peek()
    if (next === undefined || this.#closed) return false
    if (next.kind === 'reset' || this.#ended) return true
    return this.#handler !== undefined && !this.#paused
  }

  #readSoon(): void {
    if (this.#readDue || !this.#canRead()) return
    this.#readDue = true
    this.#agenda.schedule(0, 'read', this.#life, this.#in.label, () => {
      this.#readDue = false
      if (this.#canRead()) this.#read()
    })
  }

  /** One packet an event; the rest of the inbox comes with the next. */
  #read(): void {
    const packet = this.#inbox.shift() as Packet
    // The arrival is the network's event; what follows from it is this program's.
    guardSlot.host = this.#life.guarded
    if (packet.kind === 'data') {
      this.#in.consumed(packet.bytes.length)
      if (!this.#ended) this.#handler?.onData(packet.bytes)
    } else if (packet.kind === 'reset') {
      this.#out.halt()
      this.#close(new Error(`connection ${this.remote} was reset by the other side`))
    } else {
      this.#endSeen = true
      this.#finishSending()
    }
    this.#readSoon()
  }

  #finishSending(): void {
    this.#corked = false
    this.#out.end(false)
    if (this.#out.finished) this.#afterFinish()
  }

  #afterFinish(): void {
    if (this.#closed) return
    if (this.#endSeen) this.#close(undefined)
    else {
      this.#linger ??= this.#agenda.schedule(LINGER_US, 'timer', this.#life, this.#out.label, () =>
        this.destroy(),
      )
    }
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#error = error
    this.#inbox.clear()
    this.#life.host.connections.delete(this)
    if (this.#linger !== undefined) this.#agenda.cancel(this.#linger)
    if (this.#handler !== undefined) this.#reportClose()
  }

  #reportClose(): void {
    this.#agenda.schedule(0, 'close', this.#life, this.#out.label, () =>
      this.#handler?.onClose(this.#error),
    )
  }
}
