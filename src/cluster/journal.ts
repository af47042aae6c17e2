import { messageOf, TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { Clock } from '../world/clock.js'
import type { Store } from '../world/store.js'
import type { Turn } from '../world/turn.js'

/** A change of the store. What is written is made when its group is, and may stand for many changes. */
export interface Writing {
  make(): readonly { readonly key: string; readonly value: Uint8Array }[]
  /** It is in the store for good, or there is an error and it may not be. */
  done(error: TroupeError | undefined): void
}

/** After a failure nothing new is taken for so long, in ms. */
const PAUSE_MS = 500

/**
 * Changes of the store in groups: what comes up in one turn, or while a group is being written, is
 * written together and made durable by one `sync`. Without a store all is done at the end of the turn.
 */
export class Journal {
  readonly #store: Store | undefined
  readonly #clock: Clock
  readonly #turn: Turn
  readonly #logger: Logger
  #writings: Writing[] = []
  #erasing = new Set<string>()
  #running: Promise<void> | undefined
  #failedAtMs = Number.NEGATIVE_INFINITY
  #stopped = false
  /** Groups that were written, and those of them that failed, in whole or in part. */
  groups = 0
  failures = 0

  constructor(store: Store | undefined, clock: Clock, turn: Turn, logger: Logger) {
    this.#store = store
    this.#clock = clock
    this.#turn = turn
    this.#logger = logger
  }

  /** The store failed a moment ago. */
  get failing(): boolean {
    return this.#clock.now() < this.#failedAtMs + PAUSE_MS
  }

  write(writing: Writing): void {
    this.#writings.push(writing)
    this.#start()
  }

  /** In no hurry: what comes back after a crash is erased once more. */
  erase(key: string): void {
    if (this.#store === undefined) return
    this.#erasing.add(key)
    this.#start()
  }

  /** Resolves when all that was asked for is done or has failed. */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running
    this.#stopped = true
  }

  #start(): void {
    if (this.#running !== undefined || this.#stopped) return
    this.#running = new Promise((resolve) => {
      this.#turn.micro(() => {
        this.#run().then(resolve, resolve)
      })
    })
  }

  async #run(): Promise<void> {
    for (let due = true; due; due = this.#writings.length > 0) {
      const writings = this.#writings
      const erasing = this.#erasing
      this.#writings = []
      this.#erasing = new Set()
      const errors = await this.#group(writings, erasing)
      writings.forEach(({ done }, at) => {
        done(errors[at])
      })
    }
    this.#running = undefined
  }

  /** What became of each writing. Never rejects. */
  async #group(
    writings: readonly Writing[],
    erasing: ReadonlySet<string>,
  ): Promise<readonly (TroupeError | undefined)[]> {
    const store = this.#store
    if (store === undefined) {
      for (const writing of writings) writing.make()
      return []
    }
    this.groups++
    const written = writings.map((writing) => attempt(() => this.#put(store, writing)))
    const erased = [...erasing].map((key) => attempt(() => store.delete(key)))
    const errors = await Promise.all(written)
    const others = await Promise.all(erased)
    // What could not be erased is tried again with the next group.
    ;[...erasing].forEach((key, at) => {
      if (others[at] !== undefined) this.#erasing.add(key)
    })
    const some = errors.some((error) => error === undefined)
    const unsynced = some ? await attempt(() => store.sync()) : undefined
    const failure = [unsynced, ...errors, ...others].find((error) => error !== undefined)
    if (failure !== undefined) this.#failed(failure)
    return errors.map((error) => error ?? unsynced)
  }

  async #put(store: Store, writing: Writing): Promise<void> {
    await Promise.all(writing.make().map(({ key, value }) => store.put(key, value)))
  }

  #failed(err: TroupeError): void {
    if (!this.failing) this.#logger.warn({ err }, 'the store of durable messages failed')
    this.failures++
    this.#failedAtMs = this.#clock.now()
  }
}

/** The error of a call, whatever it was. */
async function attempt(run: () => Promise<void>): Promise<TroupeError | undefined> {
  try {
    await run()
    return undefined
  } catch (cause) {
    if (cause instanceof TroupeError) return cause
    return new TroupeError('ERR_STORE', messageOf(cause), { cause })
  }
}
