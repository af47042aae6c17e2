// Echo of large payloads over bare sockets: what a link and Node.js allow, without actors and encoding.
//   node echo.mjs HOST PORT
//
//   BENCH_N="1 16 64 128" actors, BENCH_SIZE="524288 8388608" bytes, BENCH_CONNS="1 16" connections,
//   BENCH_SECONDS=2 a point
//
// Each actor has one frame underway; actor i uses connection i % connections.
import { connect, head, onFrames, write } from './wire.mjs'

const [host, port] = process.argv.slice(2)
const seconds = Number(process.env.BENCH_SECONDS ?? 2)
const numbers = (name, text) => (process.env[name] ?? text).split(' ').map(Number)

async function point(actors, size, conns) {
  const dialled = Array.from({ length: conns }, () => connect(host, port))
  const sockets = await Promise.all(dialled)
  const payload = Buffer.alloc(size, '0123456789abcdef')
  const waiting = []
  for (const socket of sockets) onFrames(socket, (actor) => waiting[actor]())
  const call = (actor) =>
    new Promise((resolve) => {
      waiting[actor] = resolve
      write(sockets[actor % conns], [head(size, actor), payload])
    })
  const every = (work) => Promise.all(Array.from({ length: actors }, (_, actor) => work(actor)))
  await every(call)
  const times = []
  const start = performance.now()
  const end = start + seconds * 1_000
  await every(async (actor) => {
    for (let sent = performance.now(); sent < end; sent = performance.now()) {
      await call(actor)
      times.push(performance.now() - sent)
    }
  })
  const took = (performance.now() - start) / 1_000
  for (const socket of sockets) socket.destroy()
  times.sort((a, b) => a - b)
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))]
  const latency = { p50_ms: at(0.5), p99_ms: at(0.99) }
  const line = { scenario: 'echo', n: actors, size, conns, ops_s: times.length / took, ...latency }
  console.log(JSON.stringify(line))
}

for (const size of numbers('BENCH_SIZE', '524288 8388608')) {
  for (const conns of numbers('BENCH_CONNS', '1 16')) {
    for (const actors of numbers('BENCH_N', '1 16 64 128')) await point(actors, size, conns)
  }
}
