import { RingQueue } from '../base/ring-queue.js'
import type { Agenda, EventKind } from './agenda.js'
import type { Draws } from './draws.js'
import type { Waiting, Way } from './links.js'

const SEGMENT_MAX_BYTES = 64 * 1024
const NO_BYTES = new Uint8Array(0)

export type PacketKind = Extract<
  EventKind,
  'syn' | 'synAck' | 'accept' | 'refuse' | 'data' | 'end' | 'reset'
>

export class Packet {
  readonly kind: PacketKind
  bytes: Uint8Array
  atUs: number

  constructor(kind: PacketKind, bytes: Uint8Array, atUs: number) {
    this.kind = kind
    this.bytes = bytes
    this.atUs = atUs
  }
}

/** Who stands at either end of a pipe. Called by the "kernel", also when the program is paused or dead. */
export interface PipeEnds {
  arrived(packet: Packet): void
  /** Nothing is left unsent. */
  sent(): void
}

/**
 * One direction of a connection: first in, first out, whatever the latency of each chunk. At most
 * `windowBytes` are on their way or unread; the rest waits at the sender. Chunks are split and
 * joined at random, as TCP may. What meets a cut link waits there, like a retransmission.
 */
export class Pipe implements Waiting {
  readonly label: string
  /** The host it leads to. */
  readonly to: string
  readonly #agenda: Agenda
  readonly #way: Way
  readonly #wayBack: Way
  readonly #draws: Draws
  readonly #windowBytes: number
  readonly #unsent = new RingQueue<Uint8Array>()
  readonly #flying = new RingQueue<Packet>()
  readonly #acks = new RingQueue<{ atUs: number; bytes: number }>()
  readonly #arrival = (): void => this.#arrive()
  readonly #ackWaiting: Waiting = { healed: () => this.#awaitAck() }
  #headOffset = 0
  #outstanding = 0
  #lastArrivalUs = 0
  #lastAckUs = 0
  #ackDue = false
  #ending = false
  #severed = false
  /** Bytes the "kernel" has not taken. */
  unsentBytes = 0
  /** The last packet has left: an end or a reset. */
  finished = false
  receiver: Pick<PipeEnds, 'arrived'> | undefined
  sender: Pick<PipeEnds, 'sent'> | undefined

  constructor(
    agenda: Agenda,
    way: Way,
    wayBack: Way,
    draws: Draws,
    to: string,
    label: string,
    windowBytes: number,
  ) {
    this.#agenda = agenda
    this.#way = way
    this.#wayBack = wayBack
    this.#draws = draws
    this.to = to
    this.label = label
    this.#windowBytes = windowBytes
  }

  /** Takes bytes; `pump` sends them. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#ending) return
    this.#unsent.push(bytes)
    this.unsentBytes += bytes.length
  }

  /** Sends as much as the window lets through. */
  pump(): void {
    this.#takeAcks()
    while (this.unsentBytes > 0 && this.#outstanding < this.#windowBytes) {
      const bytes = this.#segment()
      this.#outstanding += bytes.length
      this.emit('data', bytes)
    }
    if (this.unsentBytes > 0) this.#awaitAck()
    else if (this.#ending && !this.finished) {
      this.finished = true
      this.emit('end')
    }
  }

  /** An end follows after all that is unsent, or at once. */
  end(dropUnsent: boolean): void {
    this.#ending = true
    if (dropUnsent) this.#drop()
    this.pump()
  }

  reset(): void {
    this.#ending = true
    this.#drop()
    if (!this.finished) this.emit('reset')
    this.finished = true
  }

  /** The answer to what nobody here expects: also after an end. */
  refuseMore(): void {
    this.#ending = true
    this.finished = true
    this.emit('reset')
  }

  /** The machine lost its power: what has left is under way, nothing follows. */
  halt(): void {
    this.#ending = true
    this.finished = true
    this.#drop()
  }

  /** The connection broke: nothing that is under way arrives. */
  sever(): void {
    this.#severed = true
    this.halt()
    this.#flying.clear()
  }

  /** The receiver has read these bytes: the sender may send as many more, once it hears of it. */
  consumed(bytes: number): void {
    const latency = this.#wayBack.latencyUs(this.#draws)
    this.#lastAckUs = Math.max(this.#lastAckUs, this.#agenda.nowUs + latency)
    this.#acks.push({ atUs: this.#lastAckUs, bytes })
    if (this.unsentBytes > 0) this.#awaitAck()
  }

  emit(kind: PacketKind, bytes: Uint8Array = NO_BYTES): void {
    if (this.#severed || (kind === 'data' && this.#join(bytes))) return
    const left = this.#way.departureUs(bytes.length, this.#agenda.nowUs)
    const latency = this.#way.latencyUs(this.#draws)
    this.#lastArrivalUs = Math.max(this.#lastArrivalUs, left + latency)
    this.#flying.push(new Packet(kind, bytes, this.#lastArrivalUs))
    if (this.#flying.size === 1) this.#fly()
  }

  healed(): void {
    const head = this.#flying.peek()
    if (head === undefined) return
    head.atUs = this.#agenda.nowUs + this.#way.latencyUs(this.#draws)
    this.#lastArrivalUs = Math.max(this.#lastArrivalUs, head.atUs)
    this.#fly()
  }

  #fly(): void {
    const head = this.#flying.peek() as Packet
    const delay = Math.max(0, head.atUs - this.#agenda.nowUs)
    this.#agenda.schedule(delay, head.kind, undefined, this.label, this.#arrival)
  }

  #arrive(): void {
    if (this.#way.isCut) {
      this.#way.wait(this)
      return
    }
    const packet = this.#flying.shift()
    if (packet === undefined) return // severed
    if (this.#flying.size > 0) this.#fly()
    this.#agenda.hash.bytes(packet.bytes)
    this.receiver?.arrived(packet)
  }

  /** One read of the receiver often returns what several writes sent. */
  #join(bytes: Uint8Array): boolean {
    const last = this.#flying.last()
    if (last?.kind !== 'data' || last.bytes.length + bytes.length > SEGMENT_MAX_BYTES) return false
    if (this.#draws.int(4) !== 0) return false
    const joined = Buffer.allocUnsafe(last.bytes.length + bytes.length)
    joined.set(last.bytes)
    joined.set(bytes, last.bytes.length)
    last.bytes = joined
    return true
  }

  /** Mostly a chunk as it was written; now and then a piece of it, or a few bytes. Always a copy. */
  #segment(): Uint8Array {
    const head = this.#unsent.peek() as Uint8Array
    const left = head.length - this.#headOffset
    let size = Math.min(left, SEGMENT_MAX_BYTES, this.#windowBytes - this.#outstanding)
    const roll = this.#draws.int(8)
    if (roll === 0) size = 1 + this.#draws.int(Math.min(size, 16))
    else if (roll === 1) size = 1 + this.#draws.int(size)
    const from = this.#headOffset
    this.#headOffset += size
    this.unsentBytes -= size
    if (this.#headOffset === head.length) {
      this.#unsent.shift()
      this.#headOffset = 0
    }
    const segment = Buffer.allocUnsafe(size)
    segment.set(size === head.length ? head : head.subarray(from, from + size))
    return segment
  }

  #takeAcks(): void {
    if (this.#wayBack.isCut) return
    for (let ack = this.#acks.peek(); ack !== undefined; ack = this.#acks.peek()) {
      if (ack.atUs > this.#agenda.nowUs) return
      this.#outstanding -= ack.bytes
      this.#acks.shift()
    }
  }

  #awaitAck(): void {
    const next = this.#acks.peek()
    if (this.#ackDue || next === undefined) return
    this.#ackDue = true
    const delay = Math.max(0, next.atUs - this.#agenda.nowUs)
    this.#agenda.schedule(delay, 'ack', undefined, this.label, () => this.#acked())
  }

  #acked(): void {
    this.#ackDue = false
    if (this.#wayBack.isCut) {
      this.#wayBack.wait(this.#ackWaiting)
      return
    }
    this.pump()
    if (this.unsentBytes === 0) this.sender?.sent()
  }

  #drop(): void {
    this.#unsent.clear()
    this.#headOffset = 0
    this.unsentBytes = 0
  }
}
