import { Actor, contextOf } from '../../src/actor/actor.js'
import type { Down, Exit } from '../../src/actor/bonds.js'
import { accepts, actor, hidden } from '../../src/actor/decorators.js'
import type { ActorRef, AnyRef } from '../../src/actor/ref.js'
import type { Reply } from '../../src/actor/reply.js'
import type { StandardSchema } from '../../src/actor/standard-schema.js'
import { Refusal } from '../../src/base/refusal.js'

const positive: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'number' && value > 0
        ? { value }
        : { issues: [{ message: 'must be positive' }] },
  },
}

/** Says back, counts, refuses, crashes. */
@actor('behaviour/echo')
export class Echo extends Actor {
  #notes: unknown[] = []
  #aborted = 'not aborted'
  protected secret = 'field'

  say(value: unknown): unknown {
    return value
  }

  note(value: unknown): void {
    this.#notes.push(value)
  }

  notes(): unknown[] {
    return this.#notes
  }

  async slowly(ms: number, value: unknown): Promise<unknown> {
    await this.#pause(ms)
    return value
  }

  refuse(seats: number): never {
    throw new Refusal('ROOM_FULL', 'no seat left', { seats })
  }

  crash(): never {
    throw Object.assign(new RangeError('out of range'), { code: 'FAR', data: { by: 3 } })
  }

  throwText(): never {
    throw 'a text'
  }

  async untilAborted(): Promise<string> {
    const { signal } = this
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    this.#aborted = String((signal.reason as { code?: unknown }).code)
    return this.#aborted
  }

  aborted(): string {
    return this.#aborted
  }

  @accepts(positive)
  pay(amount: number): number {
    return amount
  }

  function(): () => void {
    return () => {}
  }

  @hidden
  hiddenOne(): string {
    return 'hidden'
  }

  get property(): string {
    return 'property'
  }

  #pause(ms: number): Promise<void> {
    const { clock } = contextOf(this).cell.system
    return new Promise((resolve) => void clock.after(ms, resolve))
  }
}

/** Handles nothing but `open` until it was opened. */
@actor('behaviour/gate')
export class Gate extends Actor {
  #open = false
  #passed: number[] = []

  pass(n: number): number | undefined {
    if (!this.#open) {
      this.stash()
      return undefined
    }
    this.#passed.push(n)
    return n * 10
  }

  open(): void {
    this.#open = true
    this.unstashAll()
  }

  passed(): number[] {
    return this.#passed
  }
}

/** Answers later, or lets others answer. */
@actor('behaviour/clerk')
export class Clerk extends Actor {
  #waiting: Reply<string>[] = []

  later(): Reply<string> {
    const reply = this.deferReply<string>()
    this.#waiting.push(reply)
    return reply
  }

  answer(text: string): number {
    const waiting = this.#waiting.splice(0)
    for (const reply of waiting) reply.resolve(text)
    return waiting.length
  }

  refuse(code: string): void {
    for (const reply of this.#waiting.splice(0)) reply.reject(new Refusal(code))
  }

  through(other: ActorRef<Clerk>): Reply<string> {
    const reply = this.deferReply<string>()
    other.tell.answerFor(reply, 'from the other')
    return reply
  }

  answerFor(reply: Reply<string>, text: string): void {
    reply.resolve(text)
  }

  async home(other: ActorRef<Clerk>): Promise<string> {
    const reply = this.deferReply<string>()
    const back = await other.ask.giveBack(reply)
    const same = back === reply
    reply.resolve(same ? 'the same' : 'another')
    return ''
  }

  giveBack(reply: unknown): unknown {
    return reply
  }
}

/** Watches and links, and keeps what it hears. */
@actor('behaviour/observer')
export class Observer extends Actor<{ readonly trap: boolean } | undefined> {
  protected override trapExits = true
  #heard: string[] = []

  override onStart(): void {
    this.trapExits = this.args?.trap ?? true
  }

  follow(ref: AnyRef): void {
    this.watch(ref)
  }

  unfollow(ref: AnyRef): void {
    this.unwatch(ref)
  }

  tie(ref: AnyRef): void {
    this.link(ref)
  }

  untie(ref: AnyRef): void {
    this.unlink(ref)
  }

  heard(): string[] {
    return this.#heard
  }

  override onDown({ ref, incarnation, reason, willRestart }: Down): void {
    const detail = reason.type === 'error' ? `: ${(reason.error as Error).message}` : ''
    const again = willRestart ? ', restarts' : ''
    this.#heard.push(`${ref.type} #${incarnation} ${reason.type}${detail}${again}`)
  }

  override onExit({ ref, reason }: Exit): void {
    this.#heard.push(`exit ${ref.type} ${reason.type}`)
  }
}

/** Does not start. */
@actor('behaviour/unborn')
export class Unborn extends Actor {
  override onStart(): void {
    throw new Error('no luck')
  }

  hello(): string {
    return 'hello'
  }
}

/** Says when it has stopped. */
@actor('behaviour/stopper')
export class Stopper extends Actor<{ readonly told: ActorRef<Echo> }> {
  hello(): string {
    return 'hello'
  }

  override async onStop(): Promise<void> {
    await Promise.resolve()
    this.args.told.tell.note('stopped')
  }
}
