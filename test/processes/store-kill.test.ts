import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { lmdbStore } from '../../src/lmdb/index.js'
import { FileStore } from '../../src/world/real/file-store.js'
import type { Store } from '../../src/world/store.js'
import { compiled } from '../compiled.js'
import { allKeys, bytesOf, keyOf, lastOf, numberOf } from './store-record.js'

/** `KILLS=200` as the mission has it; few of them here. */
const KILLS = Number(process.env['KILLS'] ?? 5)
const WRITER = fileURLToPath(compiled('test/processes/store-writer.js'))
const KILL_AFTER_MS = 60

/** Lets a process write from that number on, kills it in the middle of it, and returns what it said last. */
async function writeUntilKilled(
  kind: string,
  directory: string,
  from: number,
  killMs: number,
): Promise<number> {
  const child = spawn(process.execPath, [WRITER, kind, directory, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  let killing = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (killing) return
    killing = true
    setTimeout(() => child.kill('SIGKILL'), killMs)
  })
  await new Promise<void>((resolve) => child.once('close', () => resolve()))
  const lines = said.slice(0, said.lastIndexOf('\n')).split('\n')
  const last = Number(lines.at(-1))
  assert.isAtLeast(last, from, 'the process wrote before it was killed')
  return last
}

async function check(store: Store, durable: number): Promise<number> {
  let newest = durable
  for (const key of allKeys) {
    const least = lastOf(key, durable)
    if (least < 1) continue
    const bytes = await store.get(keyOf(key))
    assert.isDefined(bytes, `record ${key} is there`)
    const number = numberOf(bytes as Uint8Array)
    assert.isAtLeast(number, least, `record ${key} is not older than what was acknowledged`)
    assert.strictEqual(number % allKeys.length, key)
    assert.deepEqual(bytes, bytesOf(number), `record ${number} is whole`)
    newest = Math.max(newest, number)
  }
  await store.close()
  return newest
}

for (const kind of ['files', 'lmdb']) {
  describe(`kill -9 of a process that writes to a store of ${kind}`, () => {
    it(`loses no record that was acknowledged, ${KILLS} times`, async () => {
      const directory = mkdtempSync(join(tmpdir(), 'troupe-kill-'))
      const random = seededRandom(kind)
      let next = 1
      try {
        for (let kill = 0; kill < KILLS; kill++) {
          const durable = await writeUntilKilled(kind, directory, next, random.int(KILL_AFTER_MS))
          const store =
            kind === 'lmdb' ? await lmdbStore({ path: directory }) : new FileStore(directory)
          next = (await check(store, durable)) + 1
        }
      } finally {
        rmSync(directory, { recursive: true })
      }
    }).timeout(10_000 + KILLS * 10_000)
  })
}
