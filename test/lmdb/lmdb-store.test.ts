import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { lmdbStore } from '../../src/lmdb/index.js'
import { loadLmdb } from '../../src/lmdb/lmdb-store.js'
import { failureOf } from '../contracts/network.js'
import { storeContract } from '../contracts/store.js'
import { realComplete } from '../world/real-env.js'

const temporary = (): string => mkdtempSync(join(tmpdir(), 'troupe-lmdb-'))

const directory = temporary()
let made = 0
const stores = await Promise.all(
  Array.from({ length: 40 }, (_, at) => lmdbStore({ path: join(directory, String(at)) })),
)
after(() => rmSync(directory, { recursive: true }))

storeContract('LMDB', () => ({
  store: stores[made++ % stores.length] as (typeof stores)[number],
  complete: realComplete,
  async dispose() {},
}))

describe('LMDB store', () => {
  it('finds what was put when it is opened again', async () => {
    const path = join(directory, 'again')
    const first = await lmdbStore({ path })
    await first.put('k', Uint8Array.of(1, 2))
    await first.sync()
    await first.close()
    const second = await lmdbStore({ path })
    assert.deepEqual(await second.get('k'), Uint8Array.of(1, 2))
    await second.close()
  })

  it('refuses a directory that is none with ERR_STORE, and a missing path with ERR_BAD_OPTION', async () => {
    assert.strictEqual(codeOf(await failureOf(lmdbStore({ path: '/dev/null/x' }))), 'ERR_STORE')
    assert.strictEqual(codeOf(await failureOf(lmdbStore({} as never))), 'ERR_BAD_OPTION')
  })

  it('says how to install the package where it is missing', async () => {
    const missing = Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' })
    const error = await failureOf(loadLmdb(() => Promise.reject(missing)))
    assert.strictEqual(codeOf(error), 'ERR_PACKAGE_MISSING')
    assert.include(String(error), 'npm install lmdb')
  })
})
