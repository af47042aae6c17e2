import type { Logger } from '../base/logger.js'
import type { Codec } from '../wire/codec.js'
import type { Store } from '../world/store.js'

/**
 * What an overlay wants to find again at the next start. Only the latest state counts: while one is
 * being written the next waits, and replaces one that waited. What is written outlives a loss of power.
 * Without a store nothing is kept.
 */
export class OverlayMemory {
  readonly #store: Store | undefined
  readonly #codec: Codec
  readonly #logger: Logger
  readonly #key: string
  #waiting: (() => unknown) | undefined
  #writing: Promise<void> | undefined

  constructor(store: Store | undefined, codec: Codec, logger: Logger, overlay: string) {
    this.#store = store
    this.#codec = codec
    this.#logger = logger
    this.#key = `cluster/overlay/${overlay}`
  }

  /** Undefined when nothing was kept, or it is damaged. @throws TroupeError ERR_STORE */
  async restore(): Promise<unknown> {
    const bytes = await this.#store?.get(this.#key)
    if (bytes === undefined) return undefined
    try {
      return this.#codec.decodeValue(bytes, bytes.length)
    } catch (err) {
      this.#logger.warn({ err, key: this.#key }, 'the stored membership is damaged and not used')
      return undefined
    }
  }

  /** `state` is asked once it is written. */
  keep(state: () => unknown): void {
    if (this.#store === undefined) return
    this.#waiting = state
    this.#writing ??= this.#write(this.#store)
  }

  /** Resolves when all that was kept is in the store. */
  async flush(): Promise<void> {
    await this.#writing
  }

  async #write(store: Store): Promise<void> {
    for (let next = this.#waiting; next !== undefined; next = this.#waiting) {
      this.#waiting = undefined
      try {
        await store.put(this.#key, this.#codec.encodeValue(next()))
        // Nodes that lose their power one after another, and nobody else knows them, must find each other again.
        await store.sync()
      } catch (err) {
        this.#logger.warn({ err, key: this.#key }, 'the membership could not be stored')
      }
    }
    this.#writing = undefined
  }
}
