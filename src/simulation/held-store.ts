import type { Store } from '../world/store.js'
import type { Waits } from '../world/waits.js'

/** A store whose answers a handler may wait for. */
export class HeldStore implements Store {
  readonly #store: Store
  readonly #waits: Waits

  constructor(store: Store, waits: Waits) {
    this.#store = store
    this.#waits = waits
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#waits.hold(this.#store.get(key))
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.#waits.hold(this.#store.put(key, value))
  }

  delete(key: string): Promise<void> {
    return this.#waits.hold(this.#store.delete(key))
  }

  keys(prefix: string): Promise<string[]> {
    return this.#waits.hold(this.#store.keys(prefix))
  }

  sync(): Promise<void> {
    return this.#waits.hold(this.#store.sync())
  }

  close(): Promise<void> {
    return this.#waits.hold(this.#store.close())
  }
}
