import { type FileHandle, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TroupeError } from '../../base/errors.js'
import type { Store } from '../store.js'
import { readLog, recordBytes, writeRecord } from './store-log.js'

/** The log is rewritten when it is this large and more than half of it is outdated. */
const COMPACT_ABOVE_BYTES = 1024 * 1024

/**
 * A map in memory with a log on disk: every change is appended as one checksummed record, `sync`
 * makes the log durable, and now and then the log is rewritten beside the old one and renamed over
 * it. A record torn by a crash ends the log: what came before it counts, the rest is moved to
 * `store.cut`. One process a directory; all values are kept in memory.
 */
export class FileStore implements Store {
  readonly #directory: string
  readonly #compactAbove: number
  readonly #values = new Map<string, Uint8Array>()
  #log: FileHandle | undefined
  /** Bytes of the log that are known to be whole. */
  #logBytes = 0
  /** The log may end in a part of a record. */
  #torn = false
  /** Bytes a log of the present values only would have. */
  #liveBytes = 0
  #tail: Promise<unknown> = Promise.resolve()
  #closed = false

  /** Nothing is touched before the first call. */
  constructor(directory: string, options: { readonly compactAboveBytes?: number } = {}) {
    this.#directory = directory
    this.#compactAbove = options.compactAboveBytes ?? COMPACT_ABOVE_BYTES
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#next(`get ${key}`, async () => this.#values.get(key)?.slice())
  }

  put(key: string, value: Uint8Array): Promise<void> {
    const kept = value.slice()
    return this.#next(`put ${key}`, (log) => this.#change(log, key, kept))
  }

  delete(key: string): Promise<void> {
    return this.#next(`delete ${key}`, async (log) => {
      if (this.#values.has(key)) await this.#change(log, key, undefined)
    })
  }

  keys(prefix: string): Promise<string[]> {
    return this.#next('keys', async () =>
      [...this.#values.keys()].filter((key) => key.startsWith(prefix)).sort(),
    )
  }

  sync(): Promise<void> {
    return this.#next('sync', (log) => log.datasync())
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    const done = this.#tail.then(async () => {
      await this.#log?.close()
      this.#log = undefined
    })
    this.#closed = true
    this.#tail = done.catch(() => {})
    return done
  }

  /** One call after the other, in the order they are made; a failure does not stop the next. */
  #next<T>(what: string, run: (log: FileHandle) => Promise<T>): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new TroupeError('ERR_STORE', `${what}: the store is closed`))
    }
    const done = this.#tail.then(async () => {
      try {
        return await run(this.#log ?? (await this.#open()))
      } catch (cause) {
        const detail = `${what} in ${this.#directory}: ${(cause as Error).message}`
        throw new TroupeError('ERR_STORE', detail, { cause })
      }
    })
    this.#tail = done.catch(() => {})
    return done
  }

  get #path(): string {
    return join(this.#directory, 'store.log')
  }

  async #open(): Promise<FileHandle> {
    await mkdir(this.#directory, { recursive: true })
    const log = await open(this.#path, 'a+')
    try {
      const bytes = await readFile(log)
      const whole = readLog(bytes, (key, value) => this.#remember(key, value))
      if (whole < bytes.length) {
        await writeFile(join(this.#directory, 'store.cut'), bytes.subarray(whole))
        await log.truncate(whole)
      }
      this.#logBytes = whole
      await syncDirectory(this.#directory)
    } catch (error) {
      await log.close()
      this.#values.clear()
      this.#liveBytes = 0
      throw error
    }
    this.#log = log
    return log
  }

  async #change(log: FileHandle, key: string, value: Uint8Array | undefined): Promise<void> {
    const record = writeRecord(key, value)
    if (this.#torn) await this.#mend(log)
    try {
      await log.appendFile(record)
    } catch (error) {
      this.#torn = true
      await this.#mend(log).catch(() => {}) // before the next change, then
      throw error
    }
    this.#logBytes += record.length
    this.#remember(key, value)
    const limit = Math.max(this.#compactAbove, 2 * this.#liveBytes)
    if (this.#logBytes <= limit) return
    // The change itself is done; a rewrite that fails (a full disk) is tried again with the next one.
    await this.#compact(log).catch(() => {})
  }

  /** A half-written record would hide all later ones. */
  async #mend(log: FileHandle): Promise<void> {
    await log.truncate(this.#logBytes)
    this.#torn = false
  }

  #remember(key: string, value: Uint8Array | undefined): void {
    const old = this.#values.get(key)
    if (old !== undefined) this.#liveBytes -= recordBytes(key, old)
    if (value === undefined) {
      this.#values.delete(key)
    } else {
      this.#values.set(key, value)
      this.#liveBytes += recordBytes(key, value)
    }
  }

  async #compact(old: FileHandle): Promise<void> {
    const path = join(this.#directory, 'store.next')
    const next = await open(path, 'a+')
    try {
      await next.truncate(0)
      for (const [key, value] of this.#values) await next.appendFile(writeRecord(key, value))
      await next.sync()
      await rename(path, this.#path)
    } catch (error) {
      await next.close()
      throw error
    }
    this.#log = next
    this.#logBytes = this.#liveBytes
    await old.close()
    await syncDirectory(this.#directory)
  }
}

/** Makes a rename durable. Systems that cannot open a directory do not need it. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined)
  try {
    await handle?.sync()
  } catch {
    // as above
  } finally {
    await handle?.close()
  }
}
