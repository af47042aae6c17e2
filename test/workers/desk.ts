import {
  Actor,
  type ActorRef,
  type AnyRef,
  actor,
  child,
  type Down,
  oneForOne,
  Supervisor,
  showReason,
  type WorkerSelf,
} from '../../src/index.js'

/** One on every worker, for tests to talk to. */
@actor('test/worker-desk')
export class Desk extends Actor<WorkerSelf> {
  readonly #downs: string[] = []
  #noted = 0

  who(): WorkerSelf {
    return this.args
  }

  echo(bytes: Uint8Array): Uint8Array {
    return bytes
  }

  note(number: number): void {
    if (number !== this.#noted) throw new Error(`${number} came in place of ${this.#noted}`)
    this.#noted++
  }

  noted(): number {
    return this.#noted
  }

  follow(other: ActorRef<Desk>): void {
    this.watch(other)
  }

  override onDown(down: Down): void {
    this.#downs.push(showReason(down.reason))
  }

  downs(): readonly string[] {
    return this.#downs
  }

  async askOther(other: ActorRef<Desk>): Promise<string> {
    return (await other.ask.who()).name
  }

  /** Throws where no actor is blamed for it. */
  crash(): void {
    setTimeout(() => {
      throw new Error('as bad as it gets')
    })
  }

  exit(code: number): void {
    process.exit(code)
  }

  /** Takes memory until there is none. */
  devour(): void {
    const all: unknown[] = []
    for (;;) all.push(Array.from({ length: 10_000 }, (_, i) => ({ i })))
  }

  spin(): void {
    for (;;);
  }
}

/** A child that is placed. */
@actor('test/worker-guest')
export class Guest extends Actor {
  where(): string {
    return this.node.name
  }
}

export class Host extends Supervisor<{ readonly on: string }> {
  override readonly strategy = oneForOne({ maxRestarts: 5, withinMs: 5_000 })

  override children() {
    return [child('guest', Guest, { on: this.args.on })]
  }

  guest(): AnyRef | undefined {
    return this.whichChildren()[0]?.ref
  }
}
