import {
  Actor,
  type ActorRef,
  type AnyRef,
  actor,
  child,
  type Down,
  hidden,
  leastLoaded,
  oneForOne,
  Supervisor,
  showReason,
} from '../../src/index.js'

/** Writes down what it is told, in the order in which it comes. */
@actor('processes/ledger')
export class Ledger extends Actor {
  readonly #entries: number[] = []

  write(entry: number): void {
    this.#entries.push(entry)
  }

  entries(): number[] {
    return this.#entries
  }

  size(): number {
    return this.#entries.length
  }

  process(): number {
    return process.pid
  }

  never(): Promise<never> {
    return new Promise(() => {})
  }

  keep(value: unknown): number {
    return this.#entries.push(typeof value === 'number' ? value : -1)
  }

  @hidden
  secret(): string {
    return 'secret'
  }
}

export interface CopyEvent {
  readonly event: 'started' | 'stopped'
  readonly reason: string
  readonly atMs: number
}

/** A placed child. Its process remembers which copies it has run. */
@actor('processes/copy')
export class Copy extends Actor {
  static readonly log: CopyEvent[] = []
  static living = 0

  override onStart(): void {
    Copy.living++
    Copy.log.push({ event: 'started', reason: '', atMs: Date.now() })
  }

  override onStop(reason: Parameters<typeof showReason>[0]): void {
    Copy.living--
    Copy.log.push({ event: 'stopped', reason: showReason(reason), atMs: Date.now() })
  }

  host(): string {
    return this.node.name
  }
}

/** Keeps one copy somewhere else than on its own node, as long as there is somewhere else. */
export class Keeper extends Supervisor<{ readonly prefer: string }> {
  override readonly strategy = oneForOne({ maxRestarts: 100, withinMs: 5_000 })

  override children() {
    const { prefer } = this.args
    return [
      child('copy', Copy, {
        on: (members, spec) =>
          members.find((member) => member.name === prefer)?.name ?? leastLoaded(members, spec),
      }),
    ]
  }

  /** Follows the copy wherever it goes. */
  handle(): ActorRef<Copy> {
    return this.child<Copy>('copy')
  }
}

export interface SeenDown {
  readonly ref: string
  readonly reason: string
  readonly willRestart: boolean
}

@actor('processes/watcher')
export class Watcher extends Actor {
  readonly #downs: SeenDown[] = []

  watchOver(ref: AnyRef): void {
    this.watch(ref)
  }

  downs(): SeenDown[] {
    return this.#downs
  }

  override onDown({ ref, reason, willRestart }: Down): void {
    this.#downs.push({ ref: String(ref), reason: showReason(reason), willRestart })
  }
}
