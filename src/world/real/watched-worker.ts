import { parentPort, Worker, workerData } from 'node:worker_threads'

export interface WorkerEvents {
  onMessage(message: unknown): void
  /** What the thread writes to its standard output goes to this process's standard error. Default false. */
  readonly quietOut?: boolean
  /** The worker is gone: it took no step for `stallMs` and was killed, or it ended by itself. */
  onEnd(stalled: boolean, error: unknown): void
}

/** What a thread gets to load its modules, at least, in ms. */
const LOADING_MS = 60_000

/**
 * A thread that counts its steps in memory it shares with this one, and is killed when it stops
 * counting: a loop that never ends cannot be stopped from inside.
 */
export class WatchedWorker {
  readonly #worker: Worker
  readonly #progress = new Int32Array(new SharedArrayBuffer(4))
  readonly #watch: NodeJS.Timeout
  #since = performance.now()
  #over = false

  /** @param imports modules that the thread loads first */
  constructor(
    main: URL,
    imports: readonly string[],
    data: object,
    stallMs: number,
    events: WorkerEvents,
  ) {
    const load = [...imports, main.href].map((module) => `import(${JSON.stringify(module)})`)
    this.#worker = new Worker(
      load.reduce((before, next) => `${before}.then(() => ${next})`),
      {
        eval: true,
        workerData: { ...data, progress: this.#progress },
        stdout: events.quietOut === true,
      },
    )
    if (events.quietOut === true) this.#worker.stdout.pipe(process.stderr, { end: false })
    let seen = -1
    let limitMs = Math.max(stallMs, LOADING_MS)
    this.#watch = setInterval(
      () => {
        const steps = this.steps
        if (steps !== seen) {
          seen = steps
          this.#since = performance.now()
        } else if (performance.now() - this.#since >= limitMs) this.#end(events, true, undefined)
      },
      Math.max(10, stallMs / 10),
    )
    this.#worker.on('message', (message) => {
      this.#since = performance.now()
      limitMs = stallMs
      if (!this.#over && message !== LOADED) events.onMessage(message)
    })
    this.#worker.on('error', (error) => this.#end(events, false, error))
    this.#worker.on('exit', (code) => this.#end(events, false, new Error(`exit code ${code}`)))
  }

  /** Steps so far, modulo 2^32. */
  get steps(): number {
    return Atomics.load(this.#progress, 0)
  }

  /** Gives it work; from here on it has to take steps. */
  send(message: unknown): void {
    this.#since = performance.now()
    this.#worker.postMessage(message)
  }

  async close(): Promise<void> {
    this.#over = true
    clearInterval(this.#watch)
    await this.#worker.terminate()
  }

  #end(events: WorkerEvents, stalled: boolean, error: unknown): void {
    if (this.#over) return
    void this.close()
    events.onEnd(stalled, error)
  }
}

const LOADED = 'loaded'

/** Inside of such a thread: what it was given. */
export const workerGift = workerData as { readonly progress: Int32Array } & Record<string, unknown>

/** Says that everything is loaded, and takes work. */
export function onWork(handle: (message: unknown) => void): void {
  report(LOADED)
  parentPort?.on('message', handle)
}

/** @throws DataCloneError for what cannot be copied */
export function report(message: unknown): void {
  parentPort?.postMessage(message)
}
