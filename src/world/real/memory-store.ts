import { TroupeError } from '../../base/errors.js'
import type { Store } from '../store.js'

/** A store that lives as long as this object: for tests, and for nodes that need not outlive their process. */
export class MemoryStore implements Store {
  readonly #values: Map<string, Uint8Array>
  #closed = false

  constructor(values = new Map<string, Uint8Array>()) {
    this.#values = values
  }

  /** The same values for the next start of a node, which closes its store when it stops. */
  reopened(): MemoryStore {
    return new MemoryStore(this.#values)
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#check()
    return this.#values.get(key)?.slice()
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    this.#check()
    this.#values.set(key, value.slice())
  }

  async delete(key: string): Promise<void> {
    this.#check()
    this.#values.delete(key)
  }

  async keys(prefix: string): Promise<string[]> {
    this.#check()
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix)).sort()
  }

  async sync(): Promise<void> {
    this.#check()
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #check(): void {
    if (this.#closed) throw new TroupeError('ERR_STORE', 'the store is closed')
  }
}
