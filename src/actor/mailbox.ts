import type { Message } from './message.js'

const EMPTY: undefined[] = []
/** A ring of more slots is given up once it is empty: what one rush needed is not kept for ever. */
const KEPT_SLOTS = 1_024

/**
 * The messages that wait for an actor, oldest first, on a ring that doubles when full; an empty
 * mailbox that never held one owns no ring. The bound is kept by the cell.
 *
 * The message taken last stays in its slot until `release`: so the one being handled can be found
 * without a field for it, whose update would cost a tell a tenth of its time.
 */
export class Mailbox {
  #ring: (Message | undefined)[] = EMPTY
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Messages that may be taken while a handler awaits. */
  get reentrantSize(): number {
    return 0
  }

  /** The message taken and not yet released. */
  get taken(): Message | undefined {
    return this.#kept
  }

  /** As `taken`, and of this ring whatever a subclass says. */
  get #kept(): Message | undefined {
    const ring = this.#ring
    return ring.length === 0 ? undefined : ring[(this.#head - 1) & (ring.length - 1)]
  }

  push(message: Message): void {
    const size = this.#size
    // one slot is kept free for the message taken
    if (size + 1 >= this.#ring.length) this.#grow()
    const ring = this.#ring
    ring[(this.#head + size) & (ring.length - 1)] = message
    this.#size = size + 1
  }

  peek(): Message | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head]
  }

  /** Takes the oldest; `release` follows before the next. */
  take(): Message | undefined {
    if (this.#size === 0) return undefined
    const head = this.#head
    const ring = this.#ring
    this.#head = (head + 1) & (ring.length - 1)
    this.#size--
    return ring[head]
  }

  /** Takes the oldest one of a reentrant method. */
  takeReentrant(): Message | undefined {
    return undefined
  }

  /** Lets go of the message taken. Harmless when there is none. */
  release(): void {
    const ring = this.#ring
    if (this.#size === 0 && ring.length > KEPT_SLOTS) {
      this.#ring = EMPTY
      this.#head = 0
    } else if (ring.length > 0) ring[(this.#head - 1) & (ring.length - 1)] = undefined
  }

  /** Puts messages before all others; the first of them comes out first. */
  putBack(messages: readonly Message[]): void {
    const taken = this.#kept
    if (taken !== undefined) this.#ring[(this.#head - 1) & (this.#ring.length - 1)] = undefined
    for (let i = messages.length - 1; i >= 0; i--) {
      if (this.#size + 1 >= this.#ring.length) this.#grow()
      this.#head = (this.#head - 1) & (this.#ring.length - 1)
      this.#ring[this.#head] = messages[i]
      this.#size++
    }
    this.#keep(taken)
  }

  /** Takes all out, oldest first, but leaves the one taken before. */
  drain(): Message[] {
    const taken = this.#kept
    const all: Message[] = []
    for (let message = this.#shift(); message !== undefined; message = this.#shift()) {
      all.push(message)
    }
    this.#ring = taken === undefined ? EMPTY : new Array(8)
    this.#head = 0
    this.#keep(taken)
    return all
  }

  #shift(): Message | undefined {
    if (this.#size === 0) return undefined
    const head = this.#head
    this.#head = (head + 1) & (this.#ring.length - 1)
    this.#size--
    return this.#ring[head]
  }

  #keep(taken: Message | undefined): void {
    if (taken !== undefined) this.#ring[(this.#head - 1) & (this.#ring.length - 1)] = taken
  }

  #grow(): void {
    const taken = this.#kept
    const grown: (Message | undefined)[] = new Array(Math.max(8, this.#ring.length * 2))
    for (let i = 0; i < this.#size; i++) {
      grown[i] = this.#ring[(this.#head + i) & (this.#ring.length - 1)]
    }
    this.#ring = grown
    this.#head = 0
    this.#keep(taken)
  }
}

/**
 * The mailbox of a class that has reentrant methods. Their messages wait apart and may pass a handler
 * that awaits; while nothing awaits, all are taken in the order in which they came.
 */
export class ReentrantMailbox extends Mailbox {
  readonly #reentrant = new Mailbox()
  #order = 0
  #tookReentrant = false

  override get size(): number {
    return super.size + this.#reentrant.size
  }

  override get reentrantSize(): number {
    return this.#reentrant.size
  }

  override get taken(): Message | undefined {
    return this.#tookReentrant ? this.#reentrant.taken : super.taken
  }

  override push(message: Message): void {
    message.order = ++this.#order
    if (message.method.reentrant) this.#reentrant.push(message)
    else super.push(message)
  }

  override take(): Message | undefined {
    const plain = super.peek()
    const passing = this.#reentrant.peek()
    if (passing !== undefined && (plain === undefined || passing.order < plain.order)) {
      return this.takeReentrant()
    }
    this.#tookReentrant = false
    return super.take()
  }

  override takeReentrant(): Message | undefined {
    this.#tookReentrant = true
    return this.#reentrant.take()
  }

  override release(): void {
    if (this.#tookReentrant) this.#reentrant.release()
    else super.release()
  }

  override putBack(messages: readonly Message[]): void {
    super.putBack(messages.filter((message) => !message.method.reentrant))
    this.#reentrant.putBack(messages.filter((message) => message.method.reentrant))
  }

  override drain(): Message[] {
    const all = super.drain().concat(this.#reentrant.drain())
    return all.sort((a, b) => a.order - b.order)
  }
}
