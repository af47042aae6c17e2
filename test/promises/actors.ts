import { contextOf } from '../../src/actor/actor.js'
import {
  Actor,
  type ActorRef,
  type AnyRef,
  accepts,
  actor,
  type Down,
  type Exit,
  hidden,
  Refusal,
  type Reply,
  reentrant,
  showReason,
} from '../../src/index.js'

/** Waits on the clock of the actor's world. */
function pause(self: Actor<unknown>, ms: number): Promise<void> {
  const { clock } = contextOf(self).cell.system
  return new Promise((resolve) => void clock.after(ms, resolve))
}

/** Writes down what comes, and in which order. */
@actor('promises/ledger')
export class Ledger extends Actor {
  #entries: unknown[] = []

  write(entry: unknown, _weight?: Uint8Array): void {
    this.#entries.push(entry)
  }

  record(entry: unknown): number {
    return this.#entries.push(entry)
  }

  entries(): unknown[] {
    return this.#entries
  }

  size(): number {
    return this.#entries.length
  }

  async slowly(ms: number, entry: unknown): Promise<unknown> {
    await pause(this, ms)
    this.#entries.push(entry)
    return entry
  }

  @reentrant
  async aside(ms: number, entry: unknown): Promise<void> {
    this.#entries.push(`${entry} begins`)
    await pause(this, ms)
    this.#entries.push(`${entry} ends`)
  }

  never(): Promise<never> {
    return new Promise(() => {})
  }

  crash(text = 'boom'): never {
    throw Object.assign(new RangeError(text), { code: 'FAR', data: { by: 3 } })
  }

  async crashLater(ms: number): Promise<never> {
    await pause(this, ms)
    throw new Error('boom, later')
  }

  refuse(seats: number): never {
    throw new Refusal('ROOM_FULL', 'no seat left', { seats })
  }

  @accepts({
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        typeof value === 'number' && value > 0
          ? { value }
          : { issues: [{ message: 'must be positive', path: [] }] },
    },
  })
  pay(amount: number): number {
    return amount
  }

  @hidden
  secret(): string {
    return 'secret'
  }

  incarnation(): number {
    return contextOf(this).incarnation
  }

  host(): string {
    return this.node.name
  }
}

/** Answers as it is told to. */
@actor('promises/oracle')
export class Oracle extends Actor {
  #owed: Reply<string>[] = []
  #aborted: unknown[] = []

  same(value: unknown): unknown {
    return value
  }

  /** Keeps what it was given; who shares it sees the change. */
  change(list: unknown[]): unknown[] {
    list.push('changed')
    return list
  }

  async slowly(ms: number, value: unknown): Promise<unknown> {
    await pause(this, ms)
    return value
  }

  async untilAborted(): Promise<void> {
    const { signal } = this
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    this.#aborted.push((signal.reason as { code?: unknown }).code)
  }

  @reentrant
  aborted(): unknown[] {
    return this.#aborted
  }

  later(): Reply<string> {
    const reply = this.deferReply<string>()
    this.#owed.push(reply)
    return reply
  }

  answerAll(text: string): number {
    const owed = this.#owed.splice(0)
    return owed.filter((reply) => reply.resolve(text)).length
  }

  through(other: ActorRef<Oracle>): Reply<string> {
    const reply = this.deferReply<string>()
    other.tell.answerFor(reply)
    return reply
  }

  refused(other: ActorRef<Oracle>): Reply<string> {
    const reply = this.deferReply<string>()
    other.tell.refuseFor(reply)
    return reply
  }

  answerFor(reply: Reply<string>): void {
    reply.resolve(`from ${this.node.name}`)
  }

  refuseFor(reply: Reply<string>): void {
    reply.reject(new Refusal('NO', `refused on ${this.node.name}`))
  }

  fails(): never {
    const cause = new TypeError('the cause')
    throw Object.assign(new RangeError('out of range', { cause }), { code: 'FAR', data: { by: 3 } })
  }

  throwsText(): never {
    throw 'a text'
  }

  returnsFunction(): unknown {
    return () => {}
  }
}

/** Watches and links, and keeps what it hears. */
@actor('promises/observer')
export class Observer extends Actor {
  protected override trapExits = true
  #heard: string[] = []

  follow(ref: AnyRef): void {
    this.watch(ref)
  }

  unfollow(ref: AnyRef): void {
    this.unwatch(ref)
  }

  tie(ref: AnyRef): void {
    this.link(ref)
  }

  fragile(): void {
    this.trapExits = false
  }

  heard(): string[] {
    return this.#heard
  }

  override onDown({ incarnation, reason, willRestart }: Down): void {
    this.#heard.push(`${incarnation} ${showReason(reason)}${willRestart ? ', restarts' : ''}`)
  }

  override onExit({ reason }: Exit): void {
    this.#heard.push(`exit ${showReason(reason)}`)
  }
}
