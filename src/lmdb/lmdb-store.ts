import type { RootDatabase } from 'lmdb'
import { codeOf, messageOf, TroupeError } from '../base/errors.js'
import { type Fields, isText, readOptions } from '../base/options.js'
import type { Store } from '../world/store.js'

export type Lmdb = Pick<typeof import('lmdb'), 'open'>

export interface LmdbStoreOptions {
  /** A directory, made when missing. Several stores of one process, or of several, may not share it. */
  readonly path: string
}

const OPTIONS = {
  path: { fallback: undefined, check: isText },
} as unknown as Fields<LmdbStoreOptions>

/**
 * A store in LMDB, for `startNode({ store: await lmdbStore({ path }) })`. What is put in one turn is one
 * transaction, there as a whole after a crash or not at all; values are read from mapped files and not
 * kept in memory. The node closes it.
 *
 * @throws TroupeError ERR_BAD_OPTION; ERR_PACKAGE_MISSING without the package `lmdb`; ERR_STORE when it cannot be opened
 */
export async function lmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const { path } = readOptions<LmdbStoreOptions>('lmdbStore', OPTIONS, options)
  if (path === undefined) {
    throw new TroupeError('ERR_BAD_OPTION', `lmdbStore.path must be ${isText.text}`)
  }
  return openLmdb(await loadLmdb(), path)
}

/** @throws TroupeError ERR_PACKAGE_MISSING */
export async function loadLmdb(load: () => Promise<Lmdb> = () => import('lmdb')): Promise<Lmdb> {
  try {
    return await load()
  } catch (cause) {
    if (codeOf(cause) !== 'ERR_MODULE_NOT_FOUND') throw cause
    const detail = 'lmdbStore needs the package lmdb: npm install lmdb'
    throw new TroupeError('ERR_PACKAGE_MISSING', detail, { cause })
  }
}

/** @throws TroupeError ERR_STORE */
function openLmdb({ open }: Lmdb, path: string): Store {
  try {
    return new LmdbStore(
      path,
      open<Uint8Array, Uint8Array>({
        path,
        noSubdir: false,
        keyEncoding: 'binary',
        encoding: 'binary',
        // A commit is on disk when its promise resolves: no state in between that a crash could show.
        overlappingSync: false,
      }),
    )
  } catch (cause) {
    throw new TroupeError('ERR_STORE', `open ${path}: ${messageOf(cause)}`, { cause })
  }
}

/** What was asked for and is not committed. */
interface Pending {
  readonly value: Uint8Array | undefined
  readonly done: Promise<void>
}

class LmdbStore implements Store {
  readonly #path: string
  readonly #db: RootDatabase<Uint8Array, Uint8Array>
  /** The latest change of each key that is not committed. */
  readonly #pending = new Map<string, Pending>()
  #closed: Promise<void> | undefined

  constructor(path: string, db: RootDatabase<Uint8Array, Uint8Array>) {
    this.#path = path
    this.#db = db
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#check('get', key)
    const pending = this.#pending.get(key)
    if (pending === undefined) return this.#read(key)
    try {
      await pending.done
      return pending.value?.slice()
    } catch {
      return this.#read(key)
    }
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.#change('put', key, value.slice())
  }

  delete(key: string): Promise<void> {
    return this.#change('delete', key, undefined)
  }

  async keys(prefix: string): Promise<string[]> {
    this.#check('keys', prefix)
    await this.#settled()
    this.#check('keys', prefix)
    const start = keyBytes(prefix)
    const keys: string[] = []
    try {
      for (const bytes of this.#db.getKeys({ start })) {
        const key = Buffer.from(bytes).toString('utf8').slice(MARK.length)
        if (!key.startsWith(prefix)) break
        keys.push(key)
      }
    } catch (cause) {
      throw this.#error('keys', prefix, cause)
    }
    return keys.sort()
  }

  async sync(): Promise<void> {
    this.#check('sync', '')
    await this.#settled()
    try {
      await this.#db.flushed
    } catch (cause) {
      throw this.#error('sync', '', cause)
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#settled().then(() => this.#db.close())
    return this.#closed
  }

  /** Whoever asked for a change hears of its failure; others only wait for its end. */
  async #settled(): Promise<void> {
    await Promise.allSettled([...this.#pending.values()].map(({ done }) => done))
  }

  async #change(what: string, key: string, value: Uint8Array | undefined): Promise<void> {
    this.#check(what, key)
    const done = this.#commit(what, key, value)
    const pending = { value, done }
    this.#pending.set(key, pending)
    try {
      await done
    } finally {
      if (this.#pending.get(key) === pending) this.#pending.delete(key)
    }
  }

  async #commit(what: string, key: string, value: Uint8Array | undefined): Promise<void> {
    try {
      const bytes = keyBytes(key)
      await (value === undefined ? this.#db.remove(bytes) : this.#db.put(bytes, value))
    } catch (cause) {
      throw this.#error(what, key, cause)
    }
  }

  #read(key: string): Uint8Array | undefined {
    try {
      const value = this.#db.get(keyBytes(key))
      return value === undefined ? undefined : new Uint8Array(value)
    } catch (cause) {
      throw this.#error('get', key, cause)
    }
  }

  #check(what: string, key: string): void {
    if (this.#closed === undefined) return
    throw new TroupeError('ERR_STORE', `${what} ${key}: the store is closed`)
  }

  #error(what: string, key: string, cause: unknown): TroupeError {
    const detail = `${what} ${key} in ${this.#path}: ${messageOf(cause)}`
    return new TroupeError('ERR_STORE', detail, { cause })
  }
}

/** LMDB has no empty key. */
const MARK = '='

const keyBytes = (key: string): Uint8Array => Buffer.from(MARK + key, 'utf8')
