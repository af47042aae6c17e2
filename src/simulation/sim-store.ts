import { TroupeError } from '../base/errors.js'
import type { Store } from '../world/store.js'
import type { Agenda } from './agenda.js'
import type { Draws } from './draws.js'
import type { Life } from './sim-host.js'

/** How long an operation takes, in microseconds: from, to. */
const LATENCY_US = [20, 500] as const
const SLOW_TIMES = 100

/**
 * How a disk is: `sound`; `slow`, a hundred times; `fail`, every operation but `close` is refused; `full`, nothing new can be put;
 * `torn`, the last write before a loss of power may be there in part or as garbage.
 */
export type DiskState = 'sound' | 'slow' | 'fail' | 'full' | 'torn'

export const DISK_STATES: readonly DiskState[] = ['sound', 'slow', 'fail', 'full', 'torn']

/** What is on a host's disk: it outlives the host's incarnations. */
export class SimDisk {
  state: DiskState = 'sound'
  /** Bits that are wrong in what is read. */
  bitFlips = 0
  /** Of so many per cent of the values. */
  flippedPercent = 100
  /** As programs see it. */
  present = new Map<string, Uint8Array>()
  /** As a crash of the machine leaves it. */
  durable = new Map<string, Uint8Array>()
  #lastUnsynced: string | undefined

  put(key: string, value: Uint8Array): void {
    this.present.set(key, value)
    this.#lastUnsynced = key
  }

  delete(key: string): void {
    this.present.delete(key)
    if (this.#lastUnsynced === key) this.#lastUnsynced = undefined
  }

  sync(): void {
    this.durable = new Map(this.present)
    this.#lastUnsynced = undefined
  }

  /** The machine lost its power. */
  loseUnsynced(draws: Draws): void {
    const torn = this.state === 'torn' ? this.#lastUnsynced : undefined
    const value = torn === undefined ? undefined : this.present.get(torn)
    if (torn !== undefined && value !== undefined) this.durable.set(torn, tear(value, draws))
    this.present = new Map(this.durable)
    this.#lastUnsynced = undefined
  }
}

/** Half of the time the beginning of what was written, else bytes that nobody wrote. */
function tear(value: Uint8Array, draws: Draws): Uint8Array {
  if (value.length === 0) return value
  if (draws.int(2) === 0) return value.slice(0, draws.int(value.length))
  return value.map(() => draws.int(256))
}

/** The store of one incarnation. Every operation is an event of its own, in the order of the calls. */
export class SimStore implements Store {
  readonly #agenda: Agenda
  readonly #life: Life
  readonly #disk: SimDisk
  readonly #draws: Draws
  #freeAtUs = 0
  #closed = false

  constructor(agenda: Agenda, life: Life) {
    this.#agenda = agenda
    this.#life = life
    this.#disk = life.host.disk
    this.#draws = life.host.draws
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#next('get', () => {
      const value = this.#disk.present.get(key)?.slice()
      if (value !== undefined && value.length > 0) this.#flipBits(value)
      return value
    })
  }

  put(key: string, value: Uint8Array): Promise<void> {
    const kept = value.slice()
    return this.#next('put', () => {
      if (this.#disk.state === 'full') throw storeError('put', 'no space is left')
      this.#disk.put(key, kept)
    })
  }

  delete(key: string): Promise<void> {
    return this.#next('delete', () => this.#disk.delete(key))
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
    const done = this.#event(() => {})
    this.#closed = true
    return done
  }

  #next<T>(what: string, run: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(storeError(what, 'the store is closed'))
    return this.#event(() => {
      if (this.#disk.state === 'fail') throw storeError(what, 'input/output error')
      return run()
    })
  }

  #event<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#life.alive) return // a dead incarnation waits for ever
      const [from, to] = LATENCY_US
      const takes = from + this.#draws.int(to - from)
      const slow = this.#disk.state === 'slow' ? SLOW_TIMES : 1
      this.#freeAtUs = Math.max(this.#freeAtUs, this.#agenda.nowUs) + takes * slow
      const delay = this.#freeAtUs - this.#agenda.nowUs
      this.#agenda.schedule(delay, 'store', this.#life, this.#life.name, () => {
        try {
          resolve(run())
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #flipBits(value: Uint8Array): void {
    const { bitFlips, flippedPercent } = this.#disk
    if (bitFlips === 0) return
    if (flippedPercent < 100 && this.#draws.int(10_000) >= flippedPercent * 100) return
    for (let i = 0; i < bitFlips; i++) {
      const at = this.#draws.int(value.length)
      value[at] = (value[at] as number) ^ (1 << this.#draws.int(8))
    }
  }
}

const storeError = (what: string, detail: string): TroupeError =>
  new TroupeError('ERR_STORE', `${what}: ${detail}`)
