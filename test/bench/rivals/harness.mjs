// Runs one row of one rival in this process: node PROGRAM.mjs ROW; prints one JSON line.
// A row is a function of a number of operations that answers with the milliseconds they took. It is
// called with more and more of them until a call takes some time; that warms up, too. Then it is
// measured a few times: `value` is the median, in operations a second.
import { fork } from 'node:child_process'

const WARM_MS = 300
const ROUND_MS = 600
const ROUNDS = 3

/** Rows by name. A row is `{ run, start?, least?, most?, extra? }`, or `run` alone. */
export async function main(program, rows, serve) {
  const [row, role] = process.argv.slice(2)
  if (role === 'serve') {
    process.on('disconnect', () => process.exit(0))
    return serve()
  }
  if (!(row in rows)) throw new Error(`${program} has no row ${row}, only ${Object.keys(rows)}`)
  const line = { program, row, ...(await measure(rows[row])) }
  process.stdout.write(`${JSON.stringify(line)}\n`, () => process.exit(0))
}

async function measure(row) {
  const { run, least = 1_000, most = 1e7, unit = 1, extra } = row.run ? row : { run: row }
  let count = least
  let ms = await run(count)
  while (ms < WARM_MS && count < most) {
    count = Math.min(most, 2 * count)
    ms = await run(count)
  }
  count = Math.max(least, Math.min(most, Math.round((count * ROUND_MS) / ms)))
  const values = []
  for (let round = 0; round < ROUNDS; round++)
    values.push((unit * count * 1_000) / (await run(count)))
  values.sort((a, b) => a - b)
  return { value: values[ROUNDS >> 1], count: unit * count, ...extra?.() }
}

export async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** So many calls of `ask`, a few of them under way at a time; milliseconds. */
export const loops = (ask, inFlight) => (count) => {
  let next = 0
  const loop = async () => {
    while (next < count) await ask(next++)
  }
  return timed(() => Promise.all(Array.from({ length: inFlight }, loop)))
}

export const turn = () => new Promise((resolve) => setImmediate(resolve))

export function deferred() {
  let resolve
  const promise = new Promise((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** A second process of the same program; resolves once it has sent `{ ready }`. */
export function server() {
  const child = fork(process.argv[1], ['-', 'serve'], { serialization: 'advanced' })
  process.on('exit', () => child.kill('SIGKILL'))
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)))
    child.once('message', (ready) => resolve({ child, ...ready }))
  })
}

/** Bytes of the heap once all garbage is gone. Needs --expose-gc. */
export async function usedBytes() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** In the server: counts what comes, and says when as many came as the client waits for. */
export function counter() {
  let count = 0
  let target = Number.POSITIVE_INFINITY
  const look = () => {
    if (count < target) return
    target = Number.POSITIVE_INFINITY
    process.send({ reached: count })
  }
  process.on('message', (message) => {
    target = message.target
    look()
  })
  return () => {
    count++
    if (count >= target) look()
  }
}

/** In the client: resolves when the server has counted so many. */
export const reached = ({ child }, target) =>
  new Promise((resolve) => {
    child.once('message', resolve)
    child.send({ target })
  })
