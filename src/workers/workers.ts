import { EventEmitter } from 'eventemitter3'
import type { TroupeError } from '../base/errors.js'
import { durationMs, type Fields, readOptions } from '../base/options.js'
import type { StopOptions } from '../node/node.js'
import { RestartWindow } from '../supervision/restart-policy.js'
import type { Clock } from '../world/clock.js'
import type { Contacts } from './worker-message.js'
import { optionsOfWorker, type ReadWorkersOptions } from './worker-options.js'
import { WorkerRun } from './worker-run.js'

/** What workers tell their starter. */
export interface WorkersEvents {
  /** A worker ended though nobody stopped it; to others its node is down. */
  workerDown: (event: {
    readonly name: string
    readonly number: number
    readonly error: TroupeError
    /** It is started again, under the same name. */
    readonly restarts: boolean
  }) => void
  /** A worker that was started again is ready. */
  workerUp: (event: {
    readonly name: string
    readonly number: number
    readonly address: string
  }) => void
}

/** What a node may take beyond its own times to close its connections, before its thread is ended. */
const GRACE_MS = 3_000
const STOP_FIELDS = {
  timeoutMs: { fallback: 5_000, check: durationMs() },
  drainMs: { fallback: 1_000, check: durationMs() },
} as unknown as Fields<StopOptions>

interface Slot {
  readonly name: string
  readonly number: number
  run: WorkerRun | undefined
}

/** A group of worker threads, each with a node. Made by `startWorkers`. */
export class Workers {
  /** The names of their nodes, by number. */
  readonly names: readonly string[]
  /** See `WorkersEvents`. */
  readonly events = new EventEmitter<WorkersEvents>()
  readonly #options: ReadWorkersOptions
  readonly #clock: Clock
  readonly #slots: readonly Slot[]
  readonly #restarts: RestartWindow
  #state: 'starting' | 'up' | 'stopping' = 'starting'
  #stopped: Promise<void> | undefined
  /** Why one ended while the others were starting. */
  #early: TroupeError | undefined

  constructor(options: ReadWorkersOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#restarts = new RestartWindow(options.restart)
    this.#slots = Array.from({ length: options.count }, (_, i) => ({
      name: `${options.name}.${i + 1}`,
      number: i + 1,
      run: undefined,
    }))
    this.names = this.#slots.map(({ name }) => name)
  }

  /** Where the nodes of those that run listen, as `node.join` takes it. */
  get addresses(): readonly string[] {
    return this.#slots.flatMap(({ run }) => run?.address ?? [])
  }

  /** All at once, or none. @throws TroupeError ERR_WORKER_ENDED */
  async start(): Promise<this> {
    try {
      const runs = this.#slots.map((slot) => this.#run(slot))
      await Promise.all(runs.map((run) => run.listening))
      const contactsOf = (i: number) => this.#contacts(runs.slice(0, i))
      await Promise.all(runs.map((run, i) => run.join(contactsOf(i))))
      if (this.#early !== undefined) throw this.#early
      this.#state = 'up'
      return this
    } catch (error) {
      this.#state = 'stopping'
      await Promise.all(this.#slots.map(({ run }) => run?.kill()))
      throw error
    }
  }

  /**
   * Stops all nodes in order, all at once, and ends their threads: by force where one takes longer than its times
   * allow. Idempotent.
   */
  stop(options?: StopOptions): Promise<void> {
    const read = readOptions('stop', STOP_FIELDS, options)
    this.#state = 'stopping'
    this.#stopped ??= this.#stop(read)
    return this.#stopped
  }

  async #stop(options: StopOptions): Promise<void> {
    const { timeoutMs = 0, drainMs = 0 } = options
    const limitMs = timeoutMs + 2 * drainMs + GRACE_MS
    await Promise.all(this.#slots.map(({ run }) => run?.stop(options, limitMs)))
    this.events.removeAllListeners()
  }

  #run(slot: Slot): WorkerRun {
    const { module, data, count, imports, heapMiB, startTimeoutMs } = this.#options
    const { name, number } = slot
    const node = optionsOfWorker(this.#options, name, number)
    const run = new WorkerRun({
      gift: { name, number, count, data, module, node },
      clock: this.#clock,
      imports,
      heapMiB,
      startTimeoutMs,
      ended: (error) => this.#ended(slot, run, error),
    })
    slot.run = run
    return run
  }

  /** Whom a worker joins when those others run. */
  #contacts(others: readonly WorkerRun[]): Contacts {
    const { join } = this.#options
    const addresses = others.flatMap(({ address }) => address ?? [])
    if (join === undefined) return { must: addresses, may: [] }
    return { must: join, may: join.length === 0 ? [] : addresses }
  }

  #ended(slot: Slot, run: WorkerRun, error: TroupeError): void {
    if (slot.run === run) slot.run = undefined
    if (this.#state === 'starting') this.#early ??= error
    if (this.#state !== 'up') return
    const { name, number } = slot
    const restarts = this.#restarts.grants(this.#clock.now())
    if (restarts) void this.#again(slot)
    this.events.emit('workerDown', { name, number, error, restarts })
  }

  async #again(slot: Slot): Promise<void> {
    const run = this.#run(slot)
    const { name, number } = slot
    try {
      await run.listening
      const others = this.#slots.flatMap((other) => (other === slot ? [] : (other.run ?? [])))
      await run.join(this.#contacts(others))
    } catch {
      return // its end is told by `ended`
    }
    this.events.emit('workerUp', { name, number, address: run.address ?? '' })
  }
}
