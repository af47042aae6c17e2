/**
 * `store-writer KIND DIRECTORY FROM`: puts numbered records in groups for ever, and says on a line of its own
 * which number is the last that `sync` has made durable.
 */
import { lmdbStore } from '../../src/lmdb/index.js'
import { FileStore } from '../../src/world/real/file-store.js'
import { bytesOf, keyOf } from './store-record.js'

const [kind, directory = '', from = '1'] = process.argv.slice(2)
const store =
  kind === 'lmdb'
    ? await lmdbStore({ path: directory })
    : new FileStore(directory, { compactAboveBytes: 20_000 })

for (let next = Number(from); ; ) {
  const group = Array.from({ length: 1 + (next % 7) }, () => next++)
  await Promise.all(group.map((number) => store.put(keyOf(number), bytesOf(number))))
  await store.sync()
  process.stdout.write(`${next - 1}\n`)
}
