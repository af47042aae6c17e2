import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { FileStore } from '../../src/world/real/file-store.js'
import { MemoryStore } from '../../src/world/real/memory-store.js'
import { failureOf } from '../contracts/network.js'
import { storeContract } from '../contracts/store.js'
import { realComplete } from './real-env.js'

const temporary = (): string => mkdtempSync(join(tmpdir(), 'troupe-store-'))
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

storeContract('memory', () => ({
  store: new MemoryStore(),
  complete: realComplete,
  async dispose() {},
}))

for (const compactAboveBytes of [undefined, 64]) {
  storeContract(`files, rewritten above ${compactAboveBytes ?? 'the default'}`, () => {
    const directory = temporary()
    const options = compactAboveBytes === undefined ? {} : { compactAboveBytes }
    return {
      store: new FileStore(join(directory, 'made', 'when missing'), options),
      complete: realComplete,
      dispose: async () => rmSync(directory, { recursive: true }),
    }
  })
}

describe('file store', () => {
  let directory: string
  let log: string
  beforeEach(() => {
    directory = temporary()
    log = join(directory, 'store.log')
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  const contents = async (): Promise<Record<string, number[]>> => {
    const store = new FileStore(directory)
    const found: Record<string, number[]> = {}
    for (const key of await store.keys('')) found[key] = [...((await store.get(key)) ?? [])]
    await store.close()
    return found
  }

  it('hides nothing behind a record that was half written on a disk which failed twice', async () => {
    const store = new FileStore(directory)
    await store.put('a', bytes(1))
    const probe = await open(log)
    const handles = Object.getPrototypeOf(probe)
    const { appendFile, truncate } = handles
    await probe.close()
    let failures = 2
    handles.truncate = function (...given: unknown[]) {
      if (failures-- > 0) return Promise.reject(new Error('EIO'))
      return truncate.apply(this, given)
    }
    handles.appendFile = async function (data: Uint8Array) {
      await appendFile.call(this, data.subarray(0, 20))
      throw new Error('ENOSPC')
    }
    try {
      assert.equal(codeOf(await failureOf(store.put('b', bytes(2)))), 'ERR_STORE')
      handles.appendFile = appendFile
      assert.equal(codeOf(await failureOf(store.put('c', bytes(3)))), 'ERR_STORE')
      await store.put('d', bytes(4))
    } finally {
      Object.assign(handles, { appendFile, truncate })
    }
    await store.close()
    assert.deepEqual(await contents(), { a: [1], d: [4] })
  })

  it('gives everything back after it was closed and opened again', async () => {
    const store = new FileStore(directory)
    await store.put('kept', bytes(1, 2))
    await store.put('replaced', bytes(1))
    await store.put('replaced', bytes(3))
    await store.put('deleted', bytes(4))
    await store.delete('deleted')
    await store.sync()
    await store.close()
    assert.deepEqual(await contents(), { kept: [1, 2], replaced: [3] })
  })

  it('gives back what was put without close, as after a kill', async () => {
    const killed = new FileStore(directory)
    await killed.put('a', bytes(1))
    assert.deepEqual(await contents(), { a: [1] })
    await killed.close()
  })

  it('survives a log torn at any byte: whole records count, the rest is set aside', async () => {
    const store = new FileStore(directory)
    await store.put('a', bytes(1))
    await store.put('b', bytes(2, 2))
    await store.close()
    const whole = readFileSync(log)
    const first = 16 + 1 + 1
    for (let size = 0; size < whole.length; size++) {
      writeFileSync(log, whole.subarray(0, size))
      assert.deepEqual(await contents(), size < first ? {} : { a: [1] }, `torn at ${size}`)
      assert.equal(statSync(log).size, size < first ? 0 : first)
    }
    assert.include(readdirSync(directory), 'store.cut')
  })

  it('goes on writing after a torn record', async () => {
    const store = new FileStore(directory)
    await store.put('a', bytes(1))
    await store.put('b', bytes(2))
    await store.close()
    truncateSync(log, statSync(log).size - 1)
    const again = new FileStore(directory)
    await again.put('c', bytes(3))
    await again.close()
    assert.deepEqual(await contents(), { a: [1], c: [3] })
  })

  it('does not believe a record with a flipped bit', async () => {
    const store = new FileStore(directory)
    await store.put('a', bytes(1))
    await store.put('b', bytes(2))
    await store.close()
    const whole = readFileSync(log)
    for (let at = 18; at < whole.length; at++) {
      const flipped = Buffer.from(whole)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      writeFileSync(log, flipped)
      assert.deepEqual(await contents(), { a: [1] }, `flipped at ${at}`)
    }
  })

  it('rewrites its log when most of it is outdated', async () => {
    const store = new FileStore(directory, { compactAboveBytes: 10_000 })
    for (let i = 0; i < 1_000; i++) await store.put('counter', new Uint8Array(100).fill(i & 255))
    await store.put('other', bytes(7))
    await store.close()
    assert.isBelow(statSync(log).size, 20_000)
    assert.deepEqual(readdirSync(directory), ['store.log'])
    assert.deepEqual(await contents(), { counter: new Array(100).fill(999 & 255), other: [7] })
  })

  it('says what failed, with the path, and works again when the cause is gone', async () => {
    const path = join(directory, 'file')
    writeFileSync(path, 'not a directory')
    const store = new FileStore(path)
    const error = await failureOf(store.put('a', bytes(1)))
    assert.equal(codeOf(error), 'ERR_STORE')
    assert.include((error as Error).message, path)
    assert.instanceOf((error as Error).cause, Error)
    rmSync(path)
    await store.put('a', bytes(1))
    assert.deepEqual([...((await store.get('a')) ?? [])], [1])
    await store.close()
  })
})
