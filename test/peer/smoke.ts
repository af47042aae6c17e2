import { SimLab } from './lab.js'
let flaps = 0, maxMs = 0, maxConn = 0
for (let s = 0; s < 400; s++) {
  const lab = new SimLab({ seed: s, latencyMs: [0.2, 1 + (s % 20)] })
  const a = await lab.start('a', { channels: { game: { connections: 2 } } })
  const b = await lab.start('b')
  const gap = lab.sim.random.float() * (s % 40)
  const mode = s % 3
  const t0 = lab.sim.nowMs
  a.peers.connect(b.peers.self)
  if (mode === 1) a.peers.introduce(b.address, 5000).catch((e) => console.log('intro', s, e.message))
  await lab.pass(gap)
  b.peers.connect(a.peers.self)
  if (mode === 2) b.peers.introduce(a.address, 5000).catch((e) => console.log('intro b', s, e.message))
  for (let i = 0; i < 20; i++) { a.tell('b', i % 3, i); b.tell('a', i % 3, i) }
  try {
  await lab.sim.runUntil(() => a.got.length >= 20 && b.got.length >= 20, 20000)
  } catch (e) { console.log('stuck', s, gap, a.news, b.news, a.got.length, b.got.length); continue }
  maxMs = Math.max(maxMs, lab.sim.nowMs - t0)
  await lab.pass(6000)
  maxConn = Math.max(maxConn, a.peers.stats().connections)
  if (a.count('down b') || b.count('down a') || a.count('up b') !== 1 || a.got.length !== 20 || b.got.length !== 20 || a.peers.stats().connections !== 4 || b.peers.stats().connections !== 4) { flaps++; console.log(s, gap, a.news, b.news, a.peers.stats().connections) }
  if (a.count('failed b')) console.log(s, a.news)
}
console.log({ flaps, maxMs, maxConn })
