import { TroupeError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import type { Store } from '../world/store.js'
import type { Agenda } from './agenda.js'
import type { Life } from './sim-host.js'

/** How long an operation takes, in microseconds: from, to. */
const LATENCY_US = [20, 500] as const

/** What is on a host's disk: it outlives the host's incarnations. */
export class SimDisk {
  /** As programs see it. */
  present = new Map<string, Uint8Array>()
  /** As a crash of the machine leaves it. */
  durable = new Map<string, Uint8Array>()

  sync(): void {
    this.durable = new Map(this.present)
  }

  loseUnsynced(): void {
    this.present = new Map(this.durable)
  }
}

/** The store of one incarnation. Every operation is an event of its own, in the order of the calls. */
export class SimStore implements Store {
  readonly #agenda: Agenda
  readonly #life: Life
  readonly #disk: SimDisk
  readonly #random: Random
  #freeAtUs = 0
  #closed = false

  constructor(agenda: Agenda, life: Life, disk: SimDisk, random: Random) {
    this.#agenda = agenda
    this.#life = life
    this.#disk = disk
    this.#random = random
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#next('get', () => this.#disk.present.get(key)?.slice())
  }

  put(key: string, value: Uint8Array): Promise<void> {
    const kept = value.slice()
    return this.#next('put', () => {
      this.#disk.present.set(key, kept)
    })
  }

  delete(key: string): Promise<void> {
    return this.#next('delete', () => {
      this.#disk.present.delete(key)
    })
  }

  keys(prefix: string): Promise<string[]> {
    return this.#next('keys', () =>
      [...this.#disk.present.keys()].filter((key) => key.startsWith(prefix)).sort(),
    )
  }

  sync(): Promise<void> {
    return this.#next('sync', () => this.#disk.sync())
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    const done = this.#next('close', () => {})
    this.#closed = true
    return done
  }

  #next<T>(what: string, run: () => T): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new TroupeError('ERR_STORE', `${what}: the store is closed`))
    }
    return new Promise((resolve) => {
      if (!this.#life.alive) return // a dead incarnation waits for ever
      const [from, to] = LATENCY_US
      const takes = from + this.#random.int(to - from)
      this.#freeAtUs = Math.max(this.#freeAtUs, this.#agenda.nowUs) + takes
      const delay = this.#freeAtUs - this.#agenda.nowUs
      this.#agenda.schedule(delay, 'store', this.#life, this.#life.name, () => resolve(run()))
    })
  }
}
